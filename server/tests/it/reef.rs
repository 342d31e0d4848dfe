//! Reef Systems, a merchant that the demo has not: founded by a test with whichever gateway, Authorize.Net where none is named,
//! and with the built-in ledger as its books. Coral owes it one invoice.

use crate::support::{Answer, Client, Form, House, On, field, http};
use domain::{
    ids::ConnectionId,
    integration::IntegrationKind,
    invoice::BooksCustomer,
    money::{Currency, Locale, Money},
    own_invoice::{InvoiceTyped, LineTyped},
};
use engine::{BooksSecret, BooksSettings, Founding, GatewaySecret, GatewaySettings, NewMerchant, NewPayer, OwnStart};
use serde_json::{Value, json};
use server::demo;
use simulators::{
    facts::{self, KeyPair, authorizenet as keys},
    seed,
};

pub const MERCHANT: &str = "Reef Systems";
pub const KEY: &str = "reef";
pub const ADMIN: &str = "admin@reef.test";
/// Of Coral, or of the customer that is named.
pub const PAYER: &str = "cora@coral.test";
pub const LINK: &str =
    "/PaymentProxy/PayNow/Email?apiKey=d4a93f4e60c84e27915b8a2c7f3e0d57&invoiceNo=RS-1&companyCode=CORAL";
/// Of its quoting program.
pub const SELL: KeyPair = KeyPair {
    key_id: "wpik_6c1d0f5b7e2a49388d4be07a91f3c25e",
    secret: "wpsk_7be20c4f9a1d63588e07f4b2c5d9136a0f8e7d6c5b4a39281706f5e4d3c2b1a0",
};
pub const VISA: &str = "4111111111111111";

pub struct Reef {
    pub house: House,
    pub guest: Client,
    gateway: ConnectionId,
    currency: Currency,
}

impl Reef {
    pub async fn new() -> Self {
        Self::on(On::Sqlite).await.unwrap()
    }

    /// `None` for PostgreSQL when no server is named.
    pub async fn on(database: On) -> Option<Self> {
        Self::owed(database, Currency::AUD).await
    }

    /// The same for a merchant whose invoice and account have this currency.
    pub async fn owed(database: On, currency: Currency) -> Option<Self> {
        let house = House::on(database).await?;
        Some(Self::of(house, currency, |house| demo::authorizenet(&house.vendors, currency)).await)
    }

    /// The same with a mail server.
    pub async fn owed_with_mail(currency: Currency) -> Self {
        let house = House::with_mail(On::Sqlite).await.unwrap();
        Self::of(house, currency, |house| demo::authorizenet(&house.vendors, currency)).await
    }

    pub async fn through(gateway: impl FnOnce(&House) -> (GatewaySettings, Option<GatewaySecret>)) -> Self {
        Self::of(House::new().await, Currency::AUD, gateway).await
    }

    /// The same without a portal: the test starts its own servers.
    pub async fn without_portal() -> Self {
        let house = House::without_portal().await;
        Self::of(house, Currency::AUD, |house| demo::authorizenet(&house.vendors, Currency::AUD)).await
    }

    /// Presses Pay; answers the address of the gateway's page, which lies under this path.
    pub async fn led_to_page(&self, form: &Form, under: &str) -> String {
        let pressed = self.guest.pay(form, "").await;
        assert_eq!(pressed.status, 303, "{}", pressed.body);
        let page = pressed.location.unwrap();
        assert!(page.starts_with(&format!("{}{under}", self.house.vendors)), "{page}");
        page
    }

    /// A merchant of a house, with whichever gateway.
    pub async fn of(
        house: House,
        currency: Currency,
        gateway: impl FnOnce(&House) -> (GatewaySettings, Option<GatewaySecret>),
    ) -> Self {
        let books = (BooksSettings::BuiltIn, None);
        let gateway = found(&house, currency, books, gateway(&house)).await;
        let url = format!("{}/webhooks/authorizenet/{gateway}", house.portal);
        let news = json!({"vendor": "authorizenet", "url": url, "secret": keys::PORTAL_SIGNATURE_KEY});
        let told = http().post(format!("{}/control/webhooks", house.vendors)).json(&news).send().await.unwrap();
        assert!(told.status().is_success());
        Self { guest: house.client(), house, gateway, currency }
    }

    /// Its billing admin, signed in.
    pub async fn staff(&self) -> Client {
        self.house.signed_in(ADMIN).await
    }

    /// Its customer's payer, signed in.
    pub async fn payer(&self) -> Client {
        self.house.signed_in(PAYER).await
    }

    /// Its newest mails, as its staff read them.
    pub async fn mails(&self) -> String {
        self.staff().await.get("/admin/mail").await.body
    }

    pub async fn form(&self) -> Form {
        let opened = self.guest.get(LINK).await.location.unwrap();
        self.guest.form(&opened).await
    }

    /// What the vendor's window makes of a card, in the payer's browser.
    pub async fn nonce(&self, card: &str) -> String {
        let card = format!(r#""token":{{"cardNumber":"{card}","expirationDate":"122040","cardCode":"123"}}"#);
        self.nonce_of(&card).await
    }

    /// The same of a bank account.
    pub async fn bank_nonce(&self, account: &str) -> String {
        let routing = facts::bank_accounts::ROUTING;
        let account = format!(r#""routingNumber":"{routing}","accountNumber":"{account}","nameOnAccount":"Coral""#);
        self.nonce_of(&format!(r#""bankToken":{{"accountType":"checking",{account}}}"#)).await
    }

    async fn nonce_of(&self, what: &str) -> String {
        let by = format!(r#"{{"name":"{}","clientKey":"{}"}}"#, keys::PORTAL_LOGIN, keys::PORTAL_CLIENT_KEY);
        let data = format!(r#"{{"type":"TOKEN","id":"1",{what}}}"#);
        let made = format!(r#"{{"securePaymentContainerRequest":{{"merchantAuthentication":{by},"data":{data}}}}}"#);
        let answer = self.vendor(made).await;
        answer["opaqueData"]["dataValue"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// How many methods the vendor keeps.
    pub async fn profiles(&self) -> usize {
        let by = format!(r#"{{"name":"{}","transactionKey":"{}"}}"#, keys::PORTAL_LOGIN, keys::PORTAL_TRANSACTION_KEY);
        let asked = format!(r#"{{"getCustomerProfileIdsRequest":{{"merchantAuthentication":{by}}}}}"#);
        self.vendor(asked).await["ids"].as_array().map_or(0, Vec::len)
    }

    /// The merchant's staff delete all of them there.
    pub async fn delete_profiles(&self) {
        let by = format!(r#"{{"name":"{}","transactionKey":"{}"}}"#, keys::PORTAL_LOGIN, keys::PORTAL_TRANSACTION_KEY);
        let asked = format!(r#"{{"getCustomerProfileIdsRequest":{{"merchantAuthentication":{by}}}}}"#);
        for id in self.vendor(asked).await["ids"].as_array().unwrap() {
            let of = format!(r#""merchantAuthentication":{by},"customerProfileId":{id}"#);
            let deleted = self.vendor(format!(r#"{{"deleteCustomerProfileRequest":{{{of}}}}}"#)).await;
            assert_eq!(deleted["messages"]["resultCode"], "Ok", "{deleted}");
        }
    }

    async fn vendor(&self, body: String) -> Value {
        let request = http().post(format!("{}/authorizenet/xml/v1/request.api", self.house.vendors));
        let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
        let text = answer.text().await.unwrap();
        serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap()
    }

    /// Presses Pay with a card; answers the page after it.
    pub async fn pay(&self, form: &Form, card: &str) -> Answer {
        let pressed = self.guest.pay(form, &self.nonce(card).await).await;
        self.guest.get(&pressed.location.unwrap()).await
    }

    /// Presses Pay without script; answers our page, which leads on to the vendor's, and the token that opens that.
    pub async fn go_to_page(&self, form: &Form) -> (Answer, String) {
        let pressed = self.guest.pay(form, "").await.location.unwrap();
        assert_eq!(pressed, format!("/npe?transactionId={}", form.checkout), "no redirect can post a token");
        let page = self.guest.get(&pressed).await;
        let token = field(&page.body, "token");
        (page, token)
    }

    /// A form that the payer's browser posts to the vendor.
    pub async fn at_vendor(&self, path: &str, token: &str, card: &str) -> Answer {
        let form = [("token", token), ("method", "card"), ("number", card), ("expiry", "12/40"), ("code", "123")];
        self.guest.send(http().post(format!("{}/authorizenet/payment/{path}", self.house.vendors)).form(&form)).await
    }

    pub async fn story(&self, form: &Form) -> String {
        self.staff().await.get(&format!("/admin/transactions/{}", form.payment)).await.body
    }

    /// Presses Refund on the payment's page; answers the page after it.
    pub async fn refund(&self, form: &Form, amount: &str) -> String {
        let admin = self.staff().await;
        let page = admin.get(&format!("/admin/transactions/{}", form.payment)).await.body;
        let (refund, currency) = (field(&page, "refund"), field(&page, "currency"));
        let fields = [
            ("payment", form.payment.as_str()),
            ("refund", &refund),
            ("currency", &currency),
            ("amount", amount),
            ("reason", "Wrong quantity"),
        ];
        let pressed = admin.post("/api/refunds/start", &fields).await;
        assert_eq!(pressed.status, 303, "{}", pressed.body);
        let after = pressed.location.unwrap();
        admin.get(after.split('#').next().unwrap()).await.body
    }

    pub async fn tells(&self, form: &Form, words: &str) {
        self.house.until(words, async || self.story(form).await.contains(words)).await;
    }

    /// The charge at the vendor: its status, and what went back of it.
    pub async fn charge(&self) -> (String, i64) {
        let charge = self.house.state("authorizenet").await["charges"][0].clone();
        (charge["transaction_status"].as_str().unwrap().to_owned(), charge["refunded_minor"].as_i64().unwrap())
    }

    /// Gateway, portal and ledger agree, once the last job has run.
    pub async fn assert_agrees(&self) {
        let agree = async || !self.house.differences(None).await.iter().any(|words| words.starts_with(MERCHANT));
        self.house.until("gateway, portal and ledger agree", agree).await;
    }

    /// News that the vendor signs.
    pub async fn hears(&self, body: &str) -> u16 {
        self.told("authorizenet", keys::PORTAL_SIGNATURE_KEY, body).await
    }

    pub async fn told(&self, provider: &str, key: &str, body: &str) -> u16 {
        let request = http().post(self.door(provider)).header("x-anet-signature", sign(key, body.as_bytes()));
        self.guest.send(request.body(body.to_owned())).await.status
    }

    /// Where news of the merchant's gateway come in.
    pub fn door(&self, provider: &str) -> String {
        format!("{}/webhooks/{provider}/{}", self.house.portal, self.gateway)
    }

    pub async fn taken(&self) -> Vec<Value> {
        let charges = self.house.state("authorizenet").await["charges"].as_array().unwrap().clone();
        charges.into_iter().filter(|charge| charge["status"] == "succeeded").collect()
    }

    /// One charge at the gateway, and it stands in the ledger; gateway, portal and ledger agree.
    pub async fn assert_paid_once(&self, form: &Form) {
        let stands = async || self.story(form).await.contains("Paid, and it stands");
        self.house.until("it stands in the ledger", stands).await;
        let [charge] = self.taken().await.try_into().unwrap();
        let currency = Some(self.currency.code());
        assert_eq!((charge["amount_minor"].as_i64(), charge["currency"].as_str()), (Some(35_000), currency));
        // The account is also that of another merchant, which knows nothing of these charges.
        let differences = self.house.differences(None).await;
        let ours: Vec<_> = differences.iter().filter(|words| words.starts_with(MERCHANT)).collect();
        assert!(ours.is_empty(), "{ours:?}");
    }
}

/// Founds the merchant in this house, with these books and this gateway, whose connection it answers. Only in books of our own
/// it has its customer and the invoice.
pub async fn found(
    house: &House,
    currency: Currency,
    books: (BooksSettings, Option<BooksSecret>),
    gateway: (GatewaySettings, Option<GatewaySecret>),
) -> ConnectionId {
    let customer = matches!(books.0, BooksSettings::BuiltIn).then_some("Coral Pty Ltd");
    found_for(house, currency, books, gateway, customer).await
}

/// The same with a payer of this customer, whom the books have.
pub async fn found_for(
    house: &House,
    currency: Currency,
    books: (BooksSettings, Option<BooksSecret>),
    gateway: (GatewaySettings, Option<GatewaySecret>),
    customer: Option<&str>,
) -> ConnectionId {
    let admin = house.engine.add_person(ADMIN, facts::PASSWORD, false).await.unwrap();
    let (mut payers, mut own_books) = (Vec::new(), OwnStart::default());
    if let Some(customer) = customer {
        let payer = house.engine.add_person(PAYER, facts::PASSWORD, false).await.unwrap();
        payers.push(NewPayer { person: payer, customer: customer.to_owned() });
    }
    if matches!(books.0, BooksSettings::BuiltIn) {
        own_books = owed_by_coral(currency);
    }
    let founding = Founding {
        merchant: NewMerchant {
            key: KEY.into(),
            name: MERCHANT.into(),
            currency,
            locale: if currency == Currency::USD { Locale::EnUs } else { Locale::EnAu },
            time_zone: "Australia/Sydney".into(),
            support_email: "billing@reef.test".into(),
            takes_parts: false,
            takes_more: false,
            takes_prepayments: false,
            retries_debits: false,
        },
        books: Some(books),
        gateway: Some(gateway),
        pay_links: vec![("email", "d4a93f4e60c84e27915b8a2c7f3e0d57".into())],
        admins: vec![admin],
        own_books,
        integrations: vec![(IntegrationKind::Sell, SELL.key_id.parse().unwrap(), SELL.secret.into())],
    };
    house.engine.found_merchant(founding, payers).await.unwrap().unwrap()
}

fn owed_by_coral(currency: Currency) -> OwnStart {
    let customer = BooksCustomer {
        external_id: seed::stable_id("customer", "Coral").to_string(),
        name: "Coral Pty Ltd".into(),
        code: Some("CORAL".into()),
        email: None,
        archived: false,
    };
    let line = LineTyped {
        description: "Reef survey".into(),
        quantity: "1".into(),
        unit_price: Money::new(35_000, currency).to_decimal(),
        tax: String::new(),
    };
    let (number, date) = ("RS-1".to_owned(), "2026-11-25".to_owned());
    let invoice = InvoiceTyped { number, date, lines: vec![line], ..InvoiceTyped::default() };
    let invoice = (customer.external_id.clone(), invoice.read(currency, 0).unwrap());
    OwnStart { customers: vec![customer], invoices: vec![invoice], next_number: None }
}

/// Authorize.Net's signature of its news.
pub fn sign(key: &str, body: &[u8]) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha512>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body);
    format!("sha512={}", hex::encode_upper(mac.finalize().into_bytes()))
}
