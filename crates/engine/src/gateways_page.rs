//! Configure > Merchants > Payment methods: a merchant's connections to gateways as they are, for its staff. Read alone, and
//! without a secret: they are set up by the operator.

use crate::{
    AdminPass, Engine, Error, GatewaySettings,
    clock::{on_the_wall, zone},
    jobs::chain,
};
use connectors::gateway::{Capabilities, Cards, Gateway, LateNews, News, Refunds, Stage, Wire};
use domain::{
    date::Moment,
    ids::ConnectionId,
    method::MethodKind,
    views::{MethodEntry, Whoami},
};
use store::Connection;

/// The tab of one merchant.
pub struct GatewaysPage {
    pub who: Whoami,
    /// As the address names it.
    pub merchant: String,
    pub gateways: Vec<GatewayCard>,
}

/// One connection.
pub struct GatewayCard {
    pub id: ConnectionId,
    /// Absent where it cannot be read; the cause is in the log.
    pub facts: Option<GatewayFacts>,
    /// When news of it came last.
    pub news_at: Option<Moment>,
}

/// What a connection is, as far as its settings and its adapter say.
pub struct GatewayFacts {
    pub name: &'static str,
    /// Said of one that was never tried at its vendor.
    pub untried: Option<String>,
    pub stage: Stage,
    /// How payers may pay, each in words.
    pub offered: Vec<String>,
    /// What is asked for, and what it does of that.
    pub can: Vec<(&'static str, String)>,
    pub news: NewsAddress,
}

/// Where a vendor sends its news.
pub enum NewsAddress {
    /// Staff register it there.
    Register(String),
    /// Nothing is to be registered; and why.
    Nothing(String),
}

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn gateways_page(&self, admin: &AdminPass) -> Result<GatewaysPage, Error> {
        let (db, zone) = (&admin.db, zone(&admin.who.time_zone));
        let mut gateways = Vec::new();
        for connection in db.gateways().await? {
            let facts = match self.gateway_facts(admin, &connection) {
                Ok(facts) => Some(facts),
                Err(cause) => {
                    tracing::error!(connection.id = %connection.id, cause = %chain(&cause), "A gateway's connection cannot be read.");
                    None
                }
            };
            let news_at = db.webhook_newest_at(connection.id).await?.map(|at| on_the_wall(at, zone));
            gateways.push(GatewayCard { id: connection.id, facts, news_at });
        }
        Ok(GatewaysPage { who: admin.who.clone(), merchant: self.merchant_key(admin).await?, gateways })
    }

    fn gateway_facts(&self, admin: &AdminPass, connection: &Connection) -> Result<GatewayFacts, Error> {
        let settings: GatewaySettings = serde_json::from_str(&connection.settings)?;
        let gateway = self.gateway_of(&admin.db, connection)?;
        let capabilities = gateway.capabilities();
        let news = match capabilities.wire {
            Wire::Vendor { news: News::Charges { .. } } => NewsAddress::Register(self.news_address(connection)),
            Wire::Vendor { news: News::Page { .. } } => {
                NewsAddress::Nothing("It is told with each page of its own where to send what comes of it.".to_owned())
            }
            Wire::Vendor { news: News::No(why) } => {
                NewsAddress::Nothing(format!("No news are believed, because {why}. Payments are asked about instead."))
            }
            Wire::Here(why) => NewsAddress::Nothing(format!("It runs in this portal: {why}.")),
        };
        Ok(GatewayFacts {
            name: capabilities.name,
            untried: untried(capabilities),
            stage: settings.stage(),
            offered: offered(gateway.as_ref()),
            can: can(capabilities),
            news,
        })
    }

    /// Where the vendor of a connection sends its news.
    pub(crate) fn news_address(&self, connection: &Connection) -> String {
        format!("{}/webhooks/{}/{}", self.0.settings.public_url, connection.provider, connection.id)
    }
}

/// Said of a gateway that was never tried at its vendor.
pub(crate) fn untried(capabilities: &Capabilities) -> Option<String> {
    let words = format!(
        "{} is not yet verified against the vendor. Compare with its own list now and then.",
        capabilities.name
    );
    (!capabilities.verified).then_some(words)
}

fn offered(gateway: &dyn Gateway) -> Vec<String> {
    let capabilities = gateway.capabilities();
    let name = capabilities.name;
    let mut offered = vec![match gateway.method_entry(MethodKind::Card) {
        MethodEntry::Fields { .. } => format!("Cards, typed on Pay Now into fields of {name}’s own"),
        MethodEntry::Popup { .. } => format!("Cards, typed in a window of {name}’s over Pay Now"),
        MethodEntry::Page => format!("Cards, typed on {name}’s own page, to which Pay leads"),
        MethodEntry::TestMethods(_) => "Test cards, which are picked and move no money".to_owned(),
    }];
    if capabilities.hosted_page && capabilities.cards != Cards::Page {
        offered.push(format!("Cards on {name}’s own page, for payers whose browser runs no scripts"));
    }
    if capabilities.stores {
        offered.push("Saved cards, for payers who are signed in".to_owned());
    }
    offered.extend(capabilities.debits.iter().filter_map(|kind| match kind {
        MethodKind::Card => None,
        MethodKind::AchDebit => Some("Debits of saved US bank accounts (ACH), of what is owed in USD".to_owned()),
        MethodKind::BecsDebit => {
            Some("Debits of saved Australian bank accounts (BECS), of what is owed in AUD".to_owned())
        }
    }));
    offered
}

fn can(capabilities: &Capabilities) -> Vec<(&'static str, String)> {
    let refunds = match capabilities.refunds {
        Refunds::Allowed => "In whole and in part".to_owned(),
        Refunds::WholeUntilSettled => "Whole until the payment has settled, then in part as well".to_owned(),
        Refunds::Whole(instead) => format!("Whole alone. {instead}"),
        Refunds::No(instead) => format!("Not from here. {instead}"),
    };
    let mut can = vec![
        ("Refunds", refunds),
        ("Disputes", yes_or_no(capabilities.disputes, "Told to the portal", "Seen at the gateway alone")),
        (
            "Daily comparison",
            yes_or_no(capabilities.lists, "With its list of what it took", "Payment by payment: it keeps no list"),
        ),
        (
            "Fees and payouts",
            yes_or_no(capabilities.payouts, "Each payout is matched with what it pays", "Seen at the gateway alone"),
        ),
        (
            "Surcharges by card",
            yes_or_no(
                capabilities.reads_cards,
                "Yes: it tells which card is paid with before it is charged",
                "No: only what is the same for all cards is added",
            ),
        ),
        ("Keeping a card while paying", yes_or_no(capabilities.keeps_paid, "Yes, by a tick on Pay Now", "No")),
    ];
    if capabilities.postal_code {
        can.push(("Postal code", "Asked for beside the card".to_owned()));
    }
    if !capabilities.debits.is_empty() {
        let told = capabilities.late_news == LateNews::Told;
        can.push(("Debits that come back", yes_or_no(told, "Told by the gateway", "Found by asking once a day")));
    }
    can
}

fn yes_or_no(can: bool, yes: &str, no: &str) -> String {
    (if can { yes } else { no }).to_owned()
}
