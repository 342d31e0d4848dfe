//! The demo: the vendors' simulators on a second port, the data of `demo.md`, and the portal (never reachable from
//! outside: both listen on loopback alone).

use crate::{
    cli::open_with,
    serve::{Site, folder, serve, stop_signal},
    settings::Settings,
};
use anyhow::{Context, ensure};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    access::Act,
    ids::{ConnectionId, PersonId},
    integration::IntegrationKind,
    invoice::BooksCustomer,
    method::MethodKind,
    money::{Currency, Locale, Money},
    network::Network,
    own_invoice::{InvoiceRead, Line, Prices, Quantity, Sums, TaxRate},
};
use engine::{
    AuthorizeNetSecret, BooksSecret, BooksSettings, Clock, Engine, Founding, GatewaySecret, GatewaySettings,
    GlobalPaymentsSecret, KeyRing, MerchantChange, NewMerchant, NewPayer, OwnStart, PayrixSecret, QuoteRulesChange,
    SaveMethod, StripeSecret,
};
use indicatif::{ProgressBar, ProgressStyle};
use simulators::{
    HOLD_DEFAULT, Options, Simulators, Vendor,
    facts::{self, Merchant},
    seed,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

const DATABASE: &str = "portal.db";
const KEY_RING: &str = "key-ring";
/// New Zealand's, which is in all prices of the merchant whose books are our own.
const GST: TaxRate = TaxRate { ppm: 150_000 };
/// Whose gateway or books send their news to the portal, and what signs it.
const NEWS: [(&Merchant, &str, Vendor, &str); 4] = [
    (&facts::NORTHWIND, "gateway", Vendor::Stripe, facts::stripe::PORTAL_WEBHOOK_SECRET),
    (&facts::NORTHWIND, "books", Vendor::Xero, facts::xero::PORTAL_WEBHOOK_KEY),
    (&facts::SOUTHERN, "gateway", Vendor::AuthorizeNet, facts::authorizenet::PORTAL_SIGNATURE_KEY),
    (&facts::SOUTHERN, "books", Vendor::Qbo, facts::qbo::PORTAL_VERIFIER_TOKEN),
];

/// Everything prepared, nothing served yet.
pub struct Demo {
    settings: Settings,
    engine: Engine,
    simulators: Simulators,
    listener: tokio::net::TcpListener,
}

/// The vendors alone.
///
/// # Errors
/// The address is taken or the folder cannot be used.
pub async fn simulators_alone(listen: SocketAddr, data: Option<PathBuf>) -> anyhow::Result<()> {
    let (simulators, listener) = simulators(listen, data, "http://127.0.0.1:3000").await?;
    println!("Simulators: http://{listen}");
    simulators.serve(listener, stop_signal()).await.context("the simulators stopped")
}

impl Demo {
    /// Starts the vendors, opens or makes the database, and fills it when it is new.
    ///
    /// # Errors
    /// An address that faces the network or is taken, or a folder that cannot be used.
    pub async fn prepare(mut settings: Settings, listen: SocketAddr, data: PathBuf) -> anyhow::Result<Self> {
        ensure!(settings.listen.ip().is_loopback() && listen.ip().is_loopback(), "the demo listens on loopback alone");
        let data = folder(data)?;
        let vendors = format!("http://{listen}");
        settings.public_url = format!("http://{}", settings.listen);
        settings.simulators_url = Some(vendors.clone());
        // Whoever tries it has their receiver on this machine.
        settings.private_endpoints = true;
        // A database named in the environment is used; by itself the demo keeps to its own folder.
        if std::env::var("DATABASE_URL").is_err() {
            settings.database_url = format!("sqlite://{}", data.join(DATABASE).display()).into();
        }
        let (simulators, listener) = simulators(listen, Some(data.join("vendors")), &settings.public_url).await?;
        let clock = Clock::shifted_by(simulators.clock().offset_ms());
        let engine = open_with(&settings, key_ring(&data)?, clock).await?;
        engine.migrate().await?;
        let demo = Self { settings, engine, simulators, listener };
        Ok(demo)
    }

    /// Serves vendors and portal until Ctrl-C.
    ///
    /// # Errors
    /// An address is taken, or the data cannot be made.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { settings, engine, simulators, listener } = self;
        let vendors = settings.simulators_url.clone().unwrap_or_default();
        let serving = tokio::spawn({
            let simulators = simulators.clone();
            async move { simulators.serve(listener, stop_signal()).await }
        });
        prepare_data(&engine, &simulators, &settings.public_url, &vendors).await?;
        reset_with(&engine, &simulators, &settings.public_url, &vendors);
        let site = Site::load(&settings)?;
        print_addresses(&settings, &vendors);
        serve(&settings, &site, engine, true, stop_signal()).await?;
        serving.await?.context("the simulators stopped")
    }
}

async fn simulators(
    listen: SocketAddr,
    data_dir: Option<PathBuf>,
    portal_url: &str,
) -> anyhow::Result<(Simulators, tokio::net::TcpListener)> {
    ensure!(listen.ip().is_loopback(), "the simulators listen on loopback alone");
    let listener = tokio::net::TcpListener::bind(listen).await;
    let listener =
        listener.with_context(|| format!("{listen} is taken; set WISEPAY_SIMULATORS_LISTEN to another address"))?;
    let options = Options {
        seed_today: seed_day()?,
        data_dir,
        public_url: format!("http://{listen}"),
        portal_url: portal_url.to_owned(),
        hold: HOLD_DEFAULT,
        limits: !std::env::var("WISEPAY_RATE_LIMITS").is_ok_and(|value| value == "off"),
    };
    Ok((Simulators::new(options).context("the simulators' data cannot be read")?, listener))
}

/// The demo's own key ring, made on the first run.
fn key_ring(data: &std::path::Path) -> anyhow::Result<KeyRing> {
    let file = data.join(KEY_RING);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(_) => {
            let fresh = KeyRing::generate("demo")?;
            std::fs::write(&file, &fresh).with_context(|| format!("{} cannot be written", file.display()))?;
            fresh
        }
    };
    text.trim().parse().with_context(|| format!("{} is no key ring; run make demo-reset", file.display()))
}

/// Fills a database that is empty, and has the vendors' news sent to the portal.
async fn prepare_data(engine: &Engine, simulators: &Simulators, portal: &str, vendors: &str) -> anyhow::Result<()> {
    if engine.demo_connection(facts::NORTHWIND.key, "gateway").await?.is_none() {
        let progress = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {msg}")?);
        progress.enable_steady_tick(Duration::from_millis(100));
        progress.set_message("Preparing the demo's merchants, people and invoices …");
        seed(engine, vendors).await?;
        let quotes = quotes_of_sell(vendors);
        engine.set_quote_rules(facts::NORTHWIND.key, quotes).await?;
        save_methods(engine).await?;
        progress.finish_and_clear();
    }
    for (vendor, url, secret) in news(engine, portal).await? {
        simulators.send_webhooks(vendor, &url, secret);
    }
    Ok(())
}

/// Ana's card and bank account at Northwind (`demo.md`), saved as she would save them.
async fn save_methods(engine: &Engine) -> anyhow::Result<()> {
    let network = Network::of(Ipv4Addr::LOCALHOST.into());
    let session = engine.sign_in(facts::ANA_EMAIL, facts::PASSWORD, network).await?;
    let ana = engine.payer(&session.token, Act::ManageMethods).await?;
    for (kind, token, nickname) in [
        (MethodKind::Card, "pm_card_visa", ""),
        (MethodKind::AchDebit, "pm_usBankAccount_success", "Operating account"),
    ] {
        let form = engine.new_method(&ana, kind, None).await?;
        let order = SaveMethod {
            method: form.method,
            kind,
            token: token.to_owned(),
            postal_code: None,
            replaces: None,
            nickname: nickname.to_owned(),
            holder: "Ana Example".to_owned(),
            consent: form.authority.map(|authority| authority.mark).unwrap_or_default(),
            network,
            user_agent: None,
        };
        engine.save_method(&ana, order).await?;
    }
    Ok(engine.sign_out(&session.token).await?)
}

/// Payers go back to the simulated Sell, which is told what became of its quotes.
#[must_use]
pub fn quotes_of_sell(vendors: &str) -> QuoteRulesChange {
    let host = vendors.trim_start_matches("http://").split(':').next().unwrap_or_default();
    QuoteRulesChange {
        return_hosts: Some(vec![host.to_owned()]),
        webhook_url: Some(format!("{vendors}{}", facts::sell::HOOK)),
        ..QuoteRulesChange::default()
    }
}

/// Where the news of the gateways and books that there are go, and what signs them.
async fn news(engine: &Engine, portal: &str) -> anyhow::Result<Vec<(Vendor, String, &'static str)>> {
    let mut news = Vec::new();
    for (merchant, kind, vendor, secret) in NEWS {
        if let Some((provider, connection)) = engine.demo_connection(merchant.key, kind).await? {
            news.push((vendor, format!("{portal}/webhooks/{provider}/{connection}"), secret));
        }
    }
    Ok(news)
}

/// `POST /control/reset`: fresh data on both sides.
fn reset_with(engine: &Engine, simulators: &Simulators, portal: &str, vendors: &str) {
    let (engine, portal, vendors) = (engine.clone(), portal.to_owned(), vendors.to_owned());
    let handle = simulators.clone();
    simulators.on_reset(move || {
        let (engine, portal, vendors, simulators) = (engine.clone(), portal.clone(), vendors.clone(), handle.clone());
        async move {
            // The fresh connections have addresses of their own.
            for (vendor, url, _) in news(&engine, &portal).await? {
                simulators.forget_webhooks(vendor, &url);
            }
            engine.demo_wipe().await?;
            prepare_data(&engine, &simulators, &portal, &vendors).await?;
            Ok(())
        }
    });
}

/// The demo's people and merchants. Answers the connection that the gateway's webhooks go to.
///
/// # Errors
/// The database has other data, or the simulators do not answer.
pub async fn seed(engine: &Engine, vendors: &str) -> anyhow::Result<Option<ConnectionId>> {
    let person = async |email: &str, operator| engine.add_person(email, facts::PASSWORD, operator).await;
    person(facts::OPERATOR_EMAIL, true).await?;
    let (ana, bo) = (person(facts::ANA_EMAIL, false).await?, person(facts::BO_EMAIL, false).await?);
    let payers = |merchant: &Merchant| {
        let pays = |payer: &facts::Payer| NewPayer {
            person: if payer.email == facts::ANA_EMAIL { ana } else { bo },
            customer: payer.customer.to_owned(),
        };
        merchant.payers.iter().map(pays).collect::<Vec<_>>()
    };
    let mut gateway = None;
    for merchant in facts::MERCHANTS {
        let admin = person(merchant.admin_email, false).await?;
        let founding = founding(&merchant, admin, vendors)?;
        let found = engine.found_merchant(founding, payers(&merchant)).await;
        gateway = gateway.or(found.with_context(|| format!("{} could not be set up", merchant.name))?);
    }
    let letterhead = MerchantChange {
        address: Some("1 Quay Street\nAuckland 1010\nNew Zealand".to_owned()),
        tax_number: Some("123-456-789".to_owned()),
        ..MerchantChange::default()
    };
    engine.set_merchant(facts::HARBOUR.key, letterhead).await?;
    Ok(gateway)
}

fn founding(merchant: &Merchant, admin: PersonId, vendors: &str) -> anyhow::Result<Founding> {
    let currency: Currency = merchant.currency.parse()?;
    let (locale, time_zone) = home_of(merchant);
    let northwind = merchant.key == facts::NORTHWIND.key;
    let harbour = merchant.key == facts::HARBOUR.key;
    let books = match (northwind, harbour) {
        (true, _) => xero(vendors),
        (_, true) => (BooksSettings::BuiltIn, None),
        _ => quickbooks(vendors, currency),
    };
    let own_books = if harbour { own_books(&seed::harbour(seed_day()?), currency)? } else { OwnStart::default() };
    Ok(Founding {
        merchant: NewMerchant {
            key: merchant.key.to_owned(),
            name: merchant.name.to_owned(),
            currency,
            locale,
            time_zone: time_zone.to_owned(),
            support_email: format!("billing@{}.test", merchant.key),
            takes_parts: harbour,
            takes_more: harbour,
            takes_prepayments: harbour,
            retries_debits: false,
        },
        books: Some(books),
        gateway: match (northwind, harbour) {
            (true, _) => Some(stripe(vendors)),
            (_, true) => Some((GatewaySettings::Sandbox, None)),
            _ => Some(authorizenet(vendors, currency)),
        },
        pay_links: vec![("email", merchant.pay_now.email.into())],
        admins: vec![admin],
        own_books,
        integrations: vec![
            (IntegrationKind::Sell, merchant.sell.key_id.parse()?, merchant.sell.secret.into()),
            (IntegrationKind::Portal, merchant.desk_director.key_id.parse()?, merchant.desk_director.secret.into()),
        ],
    })
}

fn home_of(merchant: &Merchant) -> (Locale, &'static str) {
    match merchant.currency {
        "AUD" => (Locale::EnAu, "Australia/Sydney"),
        "NZD" => (Locale::EnNz, "Pacific/Auckland"),
        _ => (Locale::EnUs, "America/New_York"),
    }
}

/// The day that the dates of all the demo's data count from: Northwind's, whichever merchant's.
fn seed_day() -> anyhow::Result<NaiveDate> {
    let zone: chrono_tz::Tz = home_of(&facts::NORTHWIND).1.parse()?;
    Ok(Utc::now().with_timezone(&zone).date_naive())
}

fn xero(vendors: &str) -> (BooksSettings, Option<BooksSecret>) {
    let settings = BooksSettings::Xero {
        api_base: format!("{vendors}/xero/api.xro/2.0"),
        token_url: format!("{vendors}/xero/connect/token"),
        tenant_id: facts::xero::TENANT_ID.to_owned(),
        clearing_account: facts::xero::CLEARING_ACCOUNT_CODE.to_owned(),
        clearing_is_bank: true,
        prepayment_account: Some(facts::xero::PREPAYMENT_ACCOUNT_CODE.to_owned()),
        zero_tax: None,
        writes_notes: false,
    };
    use facts::xero::{PORTAL_CLIENT_ID, PORTAL_CLIENT_SECRET, PORTAL_REFRESH_TOKEN, PORTAL_WEBHOOK_KEY};
    (settings, Some(grant(PORTAL_CLIENT_ID, PORTAL_CLIENT_SECRET, PORTAL_REFRESH_TOKEN, PORTAL_WEBHOOK_KEY)))
}

/// The simulated company, for whichever merchant.
#[must_use]
pub fn quickbooks(vendors: &str, home_currency: Currency) -> (BooksSettings, Option<BooksSecret>) {
    let settings = BooksSettings::QuickBooks {
        api_base: format!("{vendors}/qbo"),
        token_url: format!("{vendors}/qbo/oauth2/v1/tokens/bearer"),
        realm_id: facts::qbo::REALM_ID.to_owned(),
        clearing_account: facts::qbo::CLEARING_ACCOUNT_ID.to_owned(),
        prepayment_account: Some(facts::qbo::PREPAYMENT_ACCOUNT_ID.to_owned()),
        home_currency,
    };
    use facts::qbo::{PORTAL_CLIENT_ID, PORTAL_CLIENT_SECRET, PORTAL_REFRESH_TOKEN, PORTAL_VERIFIER_TOKEN};
    (settings, Some(grant(PORTAL_CLIENT_ID, PORTAL_CLIENT_SECRET, PORTAL_REFRESH_TOKEN, PORTAL_VERIFIER_TOKEN)))
}

/// The portal's own grant to some books, before its first use.
fn grant(client_id: &str, client_secret: &str, refresh_token: &str, webhook_secret: &str) -> BooksSecret {
    BooksSecret {
        client_id: client_id.to_owned(),
        client_secret: client_secret.into(),
        refresh_token: refresh_token.into(),
        access_token: "".into(),
        // Long over, so that the first use refreshes.
        expires_at: DateTime::UNIX_EPOCH,
        webhook_secrets: vec![webhook_secret.into()],
    }
}

/// The simulated account, for whichever merchant.
#[must_use]
pub fn stripe(vendors: &str) -> (GatewaySettings, Option<GatewaySecret>) {
    let settings = GatewaySettings::Stripe {
        base_url: format!("{vendors}/stripe"),
        script_url: format!("{vendors}/stripe/js/v3"),
        publishable_key: facts::stripe::PORTAL_PUBLISHABLE_KEY.to_owned(),
    };
    let secret = StripeSecret {
        secret_key: facts::stripe::PORTAL_SECRET_KEY.into(),
        webhook_secrets: vec![facts::stripe::PORTAL_WEBHOOK_SECRET.into()],
    };
    (settings, Some(GatewaySecret::Stripe(secret)))
}

/// The simulated account, for whichever merchant.
#[must_use]
pub fn authorizenet(vendors: &str, currency: Currency) -> (GatewaySettings, Option<GatewaySecret>) {
    let settings = GatewaySettings::AuthorizeNet {
        api_url: format!("{vendors}/authorizenet/xml/v1/request.api"),
        page_url: format!("{vendors}/authorizenet/payment/payment"),
        script_url: format!("{vendors}/authorizenet/v3/AcceptUI.js"),
        login: facts::authorizenet::PORTAL_LOGIN.to_owned(),
        client_key: facts::authorizenet::PORTAL_CLIENT_KEY.to_owned(),
        currency,
    };
    let secret = AuthorizeNetSecret {
        transaction_key: facts::authorizenet::PORTAL_TRANSACTION_KEY.into(),
        signature_keys: vec![facts::authorizenet::PORTAL_SIGNATURE_KEY.into()],
    };
    (settings, Some(GatewaySecret::AuthorizeNet(secret)))
}

/// The simulated account of the other gateway, which no merchant of the demo has.
#[must_use]
pub fn globalpayments(vendors: &str) -> (GatewaySettings, Option<GatewaySecret>) {
    let settings = GatewaySettings::GlobalPayments {
        base_url: format!("{vendors}/globalpayments/ucp"),
        app_id: facts::globalpayments::PORTAL_APP_ID.to_owned(),
        account_name: facts::globalpayments::ACCOUNT_NAME.to_owned(),
        link_account_name: facts::globalpayments::LINK_ACCOUNT_NAME.to_owned(),
        country: "AU".to_owned(),
    };
    let secret = GlobalPaymentsSecret { app_key: facts::globalpayments::PORTAL_APP_KEY.into() };
    (settings, Some(GatewaySecret::GlobalPayments(secret)))
}

/// The simulated account of one more, whose currency is the Australian dollar.
#[must_use]
pub fn payrix(vendors: &str) -> (GatewaySettings, Option<GatewaySecret>) {
    let settings = GatewaySettings::Payrix {
        auth_url: format!("{vendors}/payrix/auth"),
        base_url: format!("{vendors}/payrix/rest"),
        business_id: facts::payrix::BUSINESS_ID.to_owned(),
        username: facts::payrix::PORTAL_USERNAME.to_owned(),
        currency: Currency::AUD,
    };
    let secret = PayrixSecret { password: facts::payrix::PORTAL_PASSWORD.into() };
    (settings, Some(GatewaySecret::Payrix(secret)))
}

fn own_books(ledger: &seed::Ledger, currency: Currency) -> anyhow::Result<OwnStart> {
    let id_of = |name: &str| seed::stable_id("customer", name).to_string();
    let customers = ledger.customers.iter().map(|customer| BooksCustomer {
        external_id: id_of(&customer.name),
        name: customer.name.clone(),
        code: Some(customer.code.clone()),
        email: Some(customer.email.clone()),
        archived: false,
    });
    let invoices = ledger.invoices.iter().map(|invoice| {
        let lines: Vec<_> = invoice.lines.iter().map(|line| own_line(line, currency)).collect();
        let read = InvoiceRead {
            number: Some(invoice.number.clone()),
            date: invoice.issued,
            due_date: invoice.due,
            prices: Prices::TaxIncluded,
            notes: "Thank you for your business.".to_owned(),
            sums: Sums::of(&lines, Prices::TaxIncluded, currency)?,
            lines,
        };
        Ok((id_of(&invoice.customer), read))
    });
    let invoices = invoices.collect::<anyhow::Result<_>>()?;
    Ok(OwnStart { customers: customers.collect(), invoices, next_number: Some("HT-1003") })
}

fn own_line(line: &seed::Line, currency: Currency) -> Line {
    Line {
        description: line.description.to_owned(),
        quantity: Quantity { milli: line.quantity * 1_000 },
        unit_price: Money::new(line.unit_minor, currency),
        tax: GST,
    }
}

fn print_addresses(settings: &Settings, vendors: &str) {
    let (portal, key) = (&settings.public_url, facts::NORTHWIND.pay_now.email);
    println!(
        "
Wise-Pay's demo is ready.

  Portal      {portal}
  Vendors     {vendors}   (Stripe, Authorize.Net, Xero, QuickBooks Online and ConnectWise Sell as simulators, with buttons for faults)

  Pay INV-501 as a guest:
  {portal}/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo=INV-501&amount=1204.50&companyCode=ACME

  Accept, sign and pay a quote in ConnectWise Sell, as its customer:
  {vendors}/sell/quote/Q-10231

  Pay HT-1001 of Harbour Tech, which uses no vendor at all (sandbox, built-in ledger):
  {portal}/PaymentProxy/PayNow/Email?apiKey={harbour}&invoiceNo=HT-1001&companyCode=ACMENZ

  Cards       {approved} approved, {declined} declined; any future expiry, any code
  Sign in     {admin} (merchant's staff), {ana} (payer), {operator} (operator)
  Password    {password}

Ctrl-C stops it; make demo-reset starts from fresh data.
",
        harbour = facts::HARBOUR.pay_now.email,
        approved = facts::cards::APPROVED,
        declined = facts::cards::DECLINED,
        admin = facts::NORTHWIND.admin_email,
        ana = facts::ANA_EMAIL,
        operator = facts::OPERATOR_EMAIL,
        password = facts::PASSWORD,
    );
}
