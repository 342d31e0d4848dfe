//! The demo's customers and invoices (`demo.md`, "Demo data"): the same ids, numbers and amounts at each reset, dates
//! relative to the day of seeding. Pure data; `xero` turns Northwind's into books, `quickbooks` Southern's, the portal
//! Harbour's into its own.

use chrono::{Days, NaiveDate};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The generated history: how many invoices, over how many days back.
const HISTORY_INVOICES: u32 = 300;
const HISTORY_DAYS: u64 = 548;
const FIRST_HISTORY_NUMBER: u32 = 101;
const TERMS_DAYS: u64 = 14;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub name: String,
    pub email: String,
    /// The customer's number in the PSA; `companyCode` of a Pay Now link may be this or the name.
    pub code: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub description: &'static str,
    pub quantity: i64,
    pub unit_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    pub number: String,
    pub customer: String,
    pub issued: NaiveDate,
    pub due: NaiveDate,
    pub lines: Vec<Line>,
    pub paid_minor: i64,
    pub paid_on: Option<NaiveDate>,
}

impl Invoice {
    pub fn total_minor(&self) -> i64 {
        self.lines.iter().map(|line| line.quantity * line.unit_minor).sum()
    }

    pub fn due_minor(&self) -> i64 {
        self.total_minor() - self.paid_minor
    }
}

/// A merchant's books as they stand on the day of seeding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    pub customers: Vec<Customer>,
    pub invoices: Vec<Invoice>,
}

/// The same id for the same name, everywhere and always; shaped like the random ids that vendors use.
pub fn stable_id(kind: &str, name: &str) -> Uuid {
    let digest = Sha256::digest(format!("wisepay-demo/{kind}/{name}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Names of the 38 customers besides Acme Pty Ltd and Bolt Legal.
const OTHERS: [&str; 38] = [
    "Alder Dental Group",
    "Aspen Architects",
    "Baxter Freight",
    "Beacon Physiotherapy",
    "Birchwood Realty",
    "Blue Heron Cafe",
    "Brightline Accounting",
    "Cedar Creek Vets",
    "Clearwater Plumbing",
    "Cobalt Engineering",
    "Copper Kettle Catering",
    "Crestview Surveyors",
    "Dune Travel",
    "Eastgate Motors",
    "Elm Street Pharmacy",
    "Fairway Insurance",
    "Fern Hill School",
    "Foxglove Florists",
    "Granite Construction Partners",
    "Greenlight Media",
    "Harvest Organics",
    "Hillside Medical Centre",
    "Ironbark Joinery",
    "Juniper Design",
    "Kestrel Logistics",
    "Lakeside Early Learning",
    "Linden & Rowe Solicitors",
    "Maple Leaf Printing",
    "Meridian Recruitment",
    "Northgate Storage",
    "Oakfield Winery",
    "Pinnacle Fitness",
    "Quarry Road Brewing",
    "Redwood Financial",
    "Silverstream Engineering",
    "Tidewater Marine",
    "Union Street Books",
    "Willow Bend Aged Care",
];

/// What an IT provider bills: description, unit price in minor units, least and most units.
const SERVICES: [(&str, i64, i64, i64); 9] = [
    ("Managed services, per user", 8_900, 3, 28),
    ("Microsoft 365 Business Premium, per user", 2_640, 3, 28),
    ("Endpoint protection, per device", 750, 4, 40),
    ("Cloud backup, per server", 6_500, 1, 5),
    ("On-site support, per hour", 16_500, 1, 9),
    ("Remote support, per hour", 12_500, 1, 6),
    ("Laptop, 14 inch, set up", 139_900, 1, 3),
    ("Firewall subscription, one month", 9_950, 1, 2),
    ("VoIP handset rental, each", 1_450, 2, 18),
];

/// Northwind IT's books.
pub fn northwind(today: NaiveDate) -> Ledger {
    let mut customers = vec![
        Customer { name: "Acme Pty Ltd".into(), email: crate::facts::ANA_EMAIL.into(), code: "ACME".into() },
        Customer { name: "Bolt Legal".into(), email: crate::facts::BO_EMAIL.into(), code: "BOLT".into() },
    ];
    customers.extend(OTHERS.iter().enumerate().map(|(at, name)| customer(name, format!("C{:03}", at + 1))));
    let mut invoices = history(today, &customers);
    invoices.extend(northwind_named(today));
    Ledger { customers, invoices }
}

/// The invoices that `demo.md` names.
fn northwind_named(today: NaiveDate) -> Vec<Invoice> {
    let acme = |number: &str, issued_ago: u64, lines: Vec<Line>| {
        let issued = before(today, issued_ago);
        invoice(number, "Acme Pty Ltd", issued, after(issued, TERMS_DAYS), lines)
    };
    let open = acme(
        "INV-501",
        9,
        vec![
            Line { description: "Managed services, per user", quantity: 12, unit_minor: 8_900 },
            Line { description: "Cloud backup, per server", quantity: 2, unit_minor: 6_500 },
            Line { description: "Firewall fan replacement", quantity: 1, unit_minor: 650 },
        ],
    );
    let overdue =
        acme("INV-502", 54, vec![Line { description: "Office network tidy-up", quantity: 1, unit_minor: 35_000 }]);
    let part =
        acme("INV-503", 20, vec![Line { description: "Wi-Fi survey and install", quantity: 1, unit_minor: 90_000 }]);
    let part = Invoice { paid_minor: 20_000, paid_on: Some(before(today, 8)), ..part };
    let paid =
        acme("INV-504", 35, vec![Line { description: "Remote support, per hour", quantity: 4, unit_minor: 12_500 }]);
    let paid = Invoice { paid_minor: paid.total_minor(), paid_on: Some(before(today, 24)), ..paid };
    let issued = before(today, 4);
    let bolt = vec![Line { description: "Domain renewal, two years", quantity: 1, unit_minor: 8_000 }];
    vec![open, overdue, part, paid, invoice("INV-601", "Bolt Legal", issued, after(issued, TERMS_DAYS), bolt)]
}

/// 300 invoices of the past 18 months. Acme's and Bolt's are all paid, so that what they owe is what `demo.md` names.
fn history(today: NaiveDate, customers: &[Customer]) -> Vec<Invoice> {
    let mut dice = Dice(0x5EED_CAFE);
    (0..HISTORY_INVOICES)
        .map(|at| {
            // Spread evenly, newest last, so that numbers grow with dates.
            let ago = HISTORY_DAYS - u64::from(at) * (HISTORY_DAYS - 2) / u64::from(HISTORY_INVOICES);
            let issued = before(today, ago);
            let customer = &customers[dice.below(customers.len() as u64) as usize];
            let lines = (0..=dice.below(2)).map(|_| dice.line()).collect();
            let number = format!("INV-{}", FIRST_HISTORY_NUMBER + at);
            let invoice = invoice(&number, &customer.name, issued, after(issued, TERMS_DAYS), lines);
            let settled = matches!(customer.code.as_str(), "ACME" | "BOLT");
            pay(invoice, ago, settled, &mut dice)
        })
        .collect()
}

/// Old invoices are mostly paid, young ones mostly open, some in part.
fn pay(invoice: Invoice, ago: u64, settled: bool, dice: &mut Dice) -> Invoice {
    let unpaid_of_100 = match ago {
        0..=20 => 70,
        21..=60 => 22,
        61..=120 => 9,
        _ => 2,
    };
    let days_to_pay = 1 + dice.below(ago.clamp(2, 25) - 1);
    let paid_on = Some(after(invoice.issued, days_to_pay));
    let total = invoice.total_minor();
    match dice.below(100) {
        _ if settled => Invoice { paid_minor: total, paid_on, ..invoice },
        roll if roll >= unpaid_of_100 => Invoice { paid_minor: total, paid_on, ..invoice },
        roll if roll % 5 == 0 => Invoice { paid_minor: total / 2, paid_on, ..invoice },
        _ => invoice,
    }
}

/// Southern Cloud's customers, each with the mail address at its own domain.
const SOUTHERN_CUSTOMERS: [&str; 12] = [
    "Coral Bay Diving",
    "Outback Freight",
    "Wattle & Co Solicitors",
    "Harbour View Dental",
    "Kookaburra Kindergarten",
    "Eucalypt Joinery",
    "Southern Cross Physio",
    "Jacaranda Realty",
    "Billabong Brewing",
    "Red Earth Mining Supplies",
    "Lyrebird Music School",
    "Great Ocean Tours",
];

/// Which service, and how many units of it.
type Units = (usize, i64);

/// Southern Cloud's invoices: whose, issued how many days ago, for what, and how many hundredths were paid how many days
/// ago. Terms are fourteen days, so what is older and unpaid is overdue.
const SOUTHERN_INVOICES: [(usize, u64, &[Units], i64, u64); 16] = [
    (3, 75, &[(0, 8), (1, 8)], 100, 60),
    (6, 68, &[(4, 3)], 100, 52),
    (1, 61, &[(0, 14)], 0, 0),
    (8, 55, &[(6, 2), (7, 1)], 50, 40),
    (0, 47, &[(5, 2)], 100, 30),
    (2, 40, &[(0, 9), (2, 9)], 0, 0),
    (5, 33, &[(3, 2)], 0, 0),
    (9, 29, &[(0, 22), (1, 22)], 25, 15),
    (4, 24, &[(8, 6)], 100, 12),
    (7, 19, &[(4, 5)], 0, 0),
    (10, 13, &[(1, 12)], 0, 0),
    (11, 11, &[(0, 5), (3, 1)], 40, 3),
    (0, 9, &[(0, 7), (2, 10)], 0, 0),
    (1, 7, &[(7, 2)], 0, 0),
    (3, 4, &[(5, 3)], 0, 0),
    (2, 2, &[(6, 1)], 0, 0),
];
const SOUTHERN_FIRST_NUMBER: usize = 1_001;

/// Southern Cloud's books.
pub fn southern(today: NaiveDate) -> Ledger {
    let customers = SOUTHERN_CUSTOMERS.iter().enumerate().map(|(at, name)| customer(name, format!("SC{:02}", at + 1)));
    let invoices =
        SOUTHERN_INVOICES.iter().enumerate().map(|(at, (whose, issued_ago, services, percent, paid_ago))| {
            let issued = before(today, *issued_ago);
            let lines = services.iter().map(|(service, quantity)| {
                let (description, unit_minor, ..) = SERVICES[*service];
                Line { description, quantity: *quantity, unit_minor }
            });
            let number = (SOUTHERN_FIRST_NUMBER + at).to_string();
            let open = invoice(&number, SOUTHERN_CUSTOMERS[*whose], issued, after(issued, TERMS_DAYS), lines.collect());
            let paid_minor = open.total_minor() * percent / 100;
            Invoice { paid_minor, paid_on: (paid_minor > 0).then(|| before(today, *paid_ago)), ..open }
        });
    Ledger { customers: customers.collect(), invoices: invoices.collect() }
}

/// A business with a mail address at its own domain.
fn customer(name: &str, code: String) -> Customer {
    let domain: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    Customer { name: name.into(), email: format!("accounts@{domain}.test"), code }
}

/// Harbour Tech's books, which the portal itself keeps: what Acme NZ owes there.
pub fn harbour(today: NaiveDate) -> Ledger {
    let customer =
        |name: &str, email: &str, code: &str| Customer { name: name.into(), email: email.into(), code: code.into() };
    let customers = vec![
        customer("Acme NZ", crate::facts::ANA_EMAIL, "ACMENZ"),
        customer("Kauri Timber", "accounts@kauritimber.test", "KAURI"),
    ];
    let issued = before(today, 6);
    let support = vec![Line { description: "Remote support, per hour", quantity: 3, unit_minor: 14_000 }];
    let backup = vec![Line { description: "Cloud backup, per server", quantity: 2, unit_minor: 7_250 }];
    let invoices = vec![
        invoice("HT-1001", "Acme NZ", issued, after(issued, TERMS_DAYS), support),
        invoice("HT-1002", "Kauri Timber", issued, after(issued, TERMS_DAYS), backup),
    ];
    Ledger { customers, invoices }
}

fn invoice(number: &str, customer: &str, issued: NaiveDate, due: NaiveDate, lines: Vec<Line>) -> Invoice {
    Invoice { number: number.into(), customer: customer.into(), issued, due, lines, paid_minor: 0, paid_on: None }
}

fn before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
}

fn after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

/// SplitMix64: the same throws on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound.max(1)
    }

    fn line(&mut self) -> Line {
        let (description, unit_minor, least, most) = SERVICES[self.below(SERVICES.len() as u64) as usize];
        let spread = u64::try_from(most - least + 1).unwrap_or(1);
        Line { description, quantity: least + i64::try_from(self.below(spread)).unwrap_or_default(), unit_minor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 7, 1).unwrap()
    }

    #[test]
    fn the_named_invoices_are_those_of_the_contract() {
        let ledger = northwind(today());
        let find = |number: &str| ledger.invoices.iter().find(|invoice| invoice.number == number).unwrap();
        assert_eq!((find("INV-501").due_minor(), find("INV-501").due), (120_450, after(today(), 5)));
        assert_eq!((find("INV-502").due_minor(), find("INV-502").due), (35_000, before(today(), 40)));
        assert_eq!((find("INV-503").total_minor(), find("INV-503").paid_minor), (90_000, 20_000));
        assert_eq!(find("INV-504").due_minor(), 0);
        assert_eq!((find("INV-601").due_minor(), find("INV-601").customer.as_str()), (8_000, "Bolt Legal"));
    }

    #[test]
    fn three_hundred_more_for_forty_customers_over_eighteen_months() {
        let ledger = northwind(today());
        assert_eq!(ledger.invoices.len(), 305);
        assert_eq!(ledger.customers.len(), 40);
        let oldest = ledger.invoices.iter().map(|invoice| invoice.issued).min().unwrap();
        assert!((540..=550).contains(&(today() - oldest).num_days()));
        let state = |invoice: &&Invoice| (invoice.paid_minor > 0, invoice.due_minor() > 0);
        let count = |wanted| ledger.invoices.iter().filter(|invoice| state(invoice) == wanted).count();
        assert!(count((false, true)) > 15 && count((true, true)) > 3 && count((true, false)) > 200);
        assert!(ledger.invoices.iter().all(|invoice| invoice.paid_on.is_none_or(|day| day <= today())));
    }

    #[test]
    fn ana_owes_what_the_contract_names_and_nothing_else() {
        let open: i64 = northwind(today())
            .invoices
            .iter()
            .filter(|invoice| invoice.customer == "Acme Pty Ltd")
            .map(Invoice::due_minor)
            .sum();
        assert_eq!(open, 120_450 + 35_000 + 70_000);
    }

    #[test]
    fn southern_has_invoices_of_every_sort() {
        let ledger = southern(today());
        assert_eq!((ledger.customers.len(), ledger.invoices.len()), (12, 16));
        let count = |holds: fn(&Invoice) -> bool| ledger.invoices.iter().filter(|invoice| holds(invoice)).count();
        assert_eq!(count(|invoice| invoice.due_minor() == 0), 4);
        assert_eq!(count(|invoice| invoice.paid_minor > 0 && invoice.due_minor() > 0), 3);
        assert_eq!(count(|invoice| invoice.due_minor() > 0 && invoice.due < today()), 6);
        assert_eq!(count(|invoice| invoice.due_minor() > 0 && invoice.due >= today()), 6);
    }

    #[test]
    fn the_same_day_gives_the_same_books() {
        assert_eq!(northwind(today()), northwind(today()));
        assert_eq!(southern(today()), southern(today()));
        assert_eq!(stable_id("invoice", "INV-501"), stable_id("invoice", "INV-501"));
        assert_ne!(stable_id("invoice", "INV-501"), stable_id("contact", "INV-501"));
    }
}
