//! The demo's fixed facts: people, keys, tokens, card numbers. Contract: `demo.md`, "Demo data" and `/demo.json`.
//! Holds constants alone, so that the portal's own demo seeding can use the very same values. None of it is a secret:
//! every value works only against these simulators, which listen on loopback.

/// Password of every demo account.
pub const PASSWORD: &str = "demo-Passw0rd!";
pub const OPERATOR_EMAIL: &str = "operator@wisepay.test";

/// Payer of two merchants: Acme Pty Ltd at Northwind, Acme NZ at Harbour.
pub const ANA_EMAIL: &str = "ana@acme.test";
/// Payer of one merchant: Bolt Legal at Northwind, no saved method.
pub const BO_EMAIL: &str = "bo@bolt.test";

/// A payer's account as one merchant sees it.
#[derive(Debug, Clone, Copy)]
pub struct Payer {
    pub email: &'static str,
    pub customer: &'static str,
}

/// A key of a partner integration (Sell, DeskDirector), as the portal spells them (`wire/connectwise.md`, 3.3).
#[derive(Debug, Clone, Copy)]
pub struct KeyPair {
    pub key_id: &'static str,
    pub secret: &'static str,
}

/// The portal-proxy link's credentials (`wire/connectwise.md`, 4).
#[derive(Debug, Clone, Copy)]
pub struct PortalProxy {
    pub login: &'static str,
    pub transaction_key: &'static str,
    pub signature_key: &'static str,
}

/// API keys of a merchant's Pay Now links: 32 lower-case hex digits each (`wire/connectwise.md`, 6.1).
#[derive(Debug, Clone, Copy)]
pub struct PayNow {
    pub email: &'static str,
    pub xero: &'static str,
    pub quick_link: &'static str,
    pub portal_proxy: PortalProxy,
}

/// One merchant of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Merchant {
    pub key: &'static str,
    pub name: &'static str,
    pub currency: &'static str,
    pub admin_email: &'static str,
    pub pay_now: PayNow,
    pub sell: KeyPair,
    pub desk_director: KeyPair,
    pub payers: &'static [Payer],
}

pub const NORTHWIND: Merchant = Merchant {
    key: "northwind",
    name: "Northwind IT",
    currency: "USD",
    admin_email: "admin@northwind.test",
    pay_now: PayNow {
        email: "a1e0c5d27b3f4896a5d41c7e90b2f638",
        xero: "a2f7b90c4d1e4f5ab86c2d3e71f0a945",
        quick_link: "a3c86e15f2094d7bb1a7e5d49c30f862",
        portal_proxy: PortalProxy {
            login: "nwproxy01",
            transaction_key: "nw7Tk2Q9xR4mZ1aB",
            signature_key: "4E5754485349474E4154555245303031A1B2C3D4E5F60718293A4B5C6D7E8F90",
        },
    },
    sell: KeyPair {
        key_id: "wpik_3280b735312919bb83dcabc7aed8e60e",
        secret: "wpsk_b2ac9f17fa877bddbdb06f9b5eea9012e099ce745665d3b9f6565ca6ce94ec54",
    },
    desk_director: KeyPair {
        key_id: "wpik_9225bd38c929f4cf1bd81db548299fad",
        secret: "wpsk_05b5d6d3535bd111882fed70703dd719e3d749454210aeec0bfbc3c1f2c14448",
    },
    payers: &[Payer { email: ANA_EMAIL, customer: "Acme Pty Ltd" }, Payer { email: BO_EMAIL, customer: "Bolt Legal" }],
};

pub const SOUTHERN: Merchant = Merchant {
    key: "southern",
    name: "Southern Cloud",
    currency: "AUD",
    admin_email: "admin@southern.test",
    pay_now: PayNow {
        email: "b1d94f3a60c84e27915b8a2c7f3e0d56",
        xero: "b2a05c7e81f94b36a2d8f1e60c4b7935",
        quick_link: "b3f62d918ac745e0bd7394e1a80c5f2b",
        portal_proxy: PortalProxy {
            login: "scproxy01",
            transaction_key: "sc4Yd8W2nE6kV3qP",
            signature_key: "534F555448534947303031A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5",
        },
    },
    sell: KeyPair {
        key_id: "wpik_14bb72b1d41b70cd4238b316a99e1ca6",
        secret: "wpsk_c860df00bf5d07267bb641b8aa1356236c4776dde59ebc4899410f95e5476705",
    },
    desk_director: KeyPair {
        key_id: "wpik_92da4b1cc5cc89d2645663751945e61c",
        secret: "wpsk_537f22231995a28f857f3e7bd4f381adda62630edb5498ed5d613fcd5e7b02e5",
    },
    payers: &[],
};

pub const HARBOUR: Merchant = Merchant {
    key: "harbour",
    name: "Harbour Tech",
    currency: "NZD",
    admin_email: "admin@harbour.test",
    pay_now: PayNow {
        email: "c1b73e58d40f4a9c86e2f7105b9d3ca4",
        xero: "c2e91a47f5d043b8970c6b8e2d1f4a53",
        quick_link: "c3d80f26b19e4c75a3f14e9b7c60d582",
        portal_proxy: PortalProxy {
            login: "htproxy01",
            transaction_key: "ht9Lm3C7sU5gX2wJ",
            signature_key: "484152424F5552534947303031A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3",
        },
    },
    sell: KeyPair {
        key_id: "wpik_1d2d579630ae5536bf880c36a1566dec",
        secret: "wpsk_17ab6b10da8ba167fffd22c451391bc963f62e7e34dd64d159ff65432d9ad8f8",
    },
    desk_director: KeyPair {
        key_id: "wpik_f4acdb5b93e10237bc7f71491159125a",
        secret: "wpsk_308f2ff71b172e50b11a419d0c69966f017d3e04abb51ec862b766f1f1ee18af",
    },
    payers: &[Payer { email: ANA_EMAIL, customer: "Acme NZ" }],
};

/// The three merchants, in the order of `demo.md`.
pub const MERCHANTS: [Merchant; 3] = [NORTHWIND, SOUTHERN, HARBOUR];

/// Card numbers of the demo; any future expiry and any security code will do. Source: `wire/gateways.md`, 2.11.
pub mod cards {
    pub const APPROVED: &str = "4242424242424242";
    pub const DECLINED: &str = "4000000000000002";
    pub const NEEDS_3DS: &str = "4000002760003184";
    /// Our own number (Stripe has none): the charge is executed, its answer never comes.
    pub const TIMEOUT_AFTER_EXECUTE: &str = "4000000000006009";
    pub const INSUFFICIENT_FUNDS: &str = "4000000000009995";
}

/// US bank accounts of the demo. Source: `wire/gateways.md`, 2.4.
pub mod bank_accounts {
    pub const ROUTING: &str = "110000000";
    pub const CLEARS: &str = "000123456789";
    pub const LATE_RETURN: &str = "000555555559";
    pub const FAILS: &str = "000222222227";
}

/// Credentials of the Stripe simulator: the portal's own, and a second set for strangers' clients.
pub mod stripe {
    pub const PORTAL_SECRET_KEY: &str = "sk_test_wisepay_portal_51NorthwindDemo";
    pub const PORTAL_PUBLISHABLE_KEY: &str = "pk_test_wisepay_portal_51NorthwindDemo";
    pub const PORTAL_WEBHOOK_SECRET: &str = "whsec_wisepay_portal_demo";
    pub const STRANGER_SECRET_KEY: &str = "sk_test_stranger_51NorthwindDemo";
    pub const STRANGER_PUBLISHABLE_KEY: &str = "pk_test_stranger_51NorthwindDemo";
    pub const STRANGER_WEBHOOK_SECRET: &str = "whsec_stranger_demo";
}

/// Credentials of the Authorize.Net simulator: the portal's own, and a second set for strangers' clients. Signature keys
/// have 128 characters and are used as text (`wire/gateways.md`, 3.8).
pub mod authorizenet {
    pub const PORTAL_LOGIN: &str = "wp9SouthPort1";
    pub const PORTAL_TRANSACTION_KEY: &str = "6Pn4WiSePay77q2K";
    pub const PORTAL_CLIENT_KEY: &str = "5FcB6WrfHGS76gHW3v7btBCE3HuuBuke9Pj96Ztfn5R32G5ep42vne7MCWPortal";
    pub const PORTAL_SIGNATURE_KEY: &str = "504F5254414C534947303031A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4\
                                            E5F60718293A4B5C6D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4";
    pub const STRANGER_LOGIN: &str = "wp9Stranger01";
    pub const STRANGER_TRANSACTION_KEY: &str = "3Zt8StRaNgEr55xV";
    pub const STRANGER_CLIENT_KEY: &str = "7KqD2XstJLU98jKY5x9dvDEG5JwwDwmg1Rl18Bvhp7T54I7gr64xpg9OStranger";
    pub const STRANGER_SIGNATURE_KEY: &str = "535452414E474552303031B1C2D3E4F5061728394A5B6C7D8E9F0B1C2D3E4F506\
                                              1728394A5B6C7D8E9F0B1C2D3E4F50617283940B1C2D3E4F5061728394A5B6C";
    /// Credentials of the vendor's live system: in this sandbox they give reason code 13.
    pub const LIVE_LOGIN: &str = "9LiveAccount1";
    pub const LIVE_TRANSACTION_KEY: &str = "8LiveKeyOnly99zz";
    /// A bank account that settles and is taken back twenty days later as not authorised (R10).
    pub const UNAUTHORISED_ACCOUNT: &str = "000444444449";
}

/// Credentials of the Global Payments simulator: the portal's own, and a second set for strangers' clients. An app's key
/// makes its tokens and signs its news (`wire/gateways.md`, 5).
pub mod globalpayments {
    pub const PORTAL_APP_ID: &str = "wPoRtAlApPiD00000000000000000001";
    pub const PORTAL_APP_KEY: &str = "wPoRtAlApPkEy001";
    pub const STRANGER_APP_ID: &str = "sTrAnGeRaPpId0000000000000000001";
    pub const STRANGER_APP_KEY: &str = "sTrAnGeRaPpKeY01";
    /// The accounts that charge tokens, and that open pages.
    pub const ACCOUNT_NAME: &str = "transaction_processing";
    pub const LINK_ACCOUNT_NAME: &str = "paylink";
    /// Approved.
    pub const CARD: &str = "4263970000005262";
}

/// Credentials of the Payrix simulator: the portal's own, and a second set for strangers' clients.
pub mod payrix {
    pub const BUSINESS_ID: &str = "90024";
    pub const PORTAL_USERNAME: &str = "portal.api";
    pub const PORTAL_PASSWORD: &str = "payrix-demo-portal-key";
    pub const STRANGER_USERNAME: &str = "stranger.api";
    pub const STRANGER_PASSWORD: &str = "payrix-demo-stranger-key";
    pub const CURRENCY: &str = "AUD";
}

/// Credentials of the ConnectWise Sell simulator: the portal's own, and a second pair for strangers' clients.
pub mod sell {
    pub const ACCESS_KEY: &str = "northwindsell";
    pub const PORTAL_PUBLIC_KEY: &str = "SellDemoPortalPub1";
    pub const PORTAL_PRIVATE_KEY: &str = "SellDemoPortalPriv1";
    pub const STRANGER_PUBLIC_KEY: &str = "SellDemoStrangerPub1";
    pub const STRANGER_PRIVATE_KEY: &str = "SellDemoStrangerPriv1";
    /// Where the portal's news of payments are taken.
    pub const HOOK: &str = "/sell/hooks/wisepay";
}

/// Credentials and ids of the QuickBooks Online simulator: the portal's own app and grant, and a second of each for
/// strangers. The ids of clearing account, items and first customer are those of the examples in `wire/accounting.md`, 2.
pub mod qbo {
    pub const PORTAL_CLIENT_ID: &str = "ABwisepayPortalDemoClient0000000000000000000000001";
    pub const PORTAL_CLIENT_SECRET: &str = "qbo-demo-portal-secret";
    pub const PORTAL_REFRESH_TOKEN: &str = "AB11-qbo-demo-portal-refresh-token";
    pub const STRANGER_CLIENT_ID: &str = "ABstrangerDemoClient000000000000000000000000000001";
    pub const STRANGER_CLIENT_SECRET: &str = "qbo-demo-stranger-secret";
    /// The first token of the strangers' grant; it rotates, `/demo.json` always gives the present one.
    pub const STRANGER_REFRESH_TOKEN: &str = "AB11-qbo-demo-stranger-refresh-token";
    /// Sign the webhooks: the portal's own, and those of strangers.
    pub const PORTAL_VERIFIER_TOKEN: &str = "qbo-demo-portal-verifier-token";
    pub const VERIFIER_TOKEN: &str = "qbo-demo-verifier-token";
    /// Southern Cloud's company.
    pub const REALM_ID: &str = "9130350000000001";
    /// Another company of the same user, whose books nobody keeps here.
    pub const OTHER_REALM_ID: &str = "9130350000000002";
    pub const SCOPE: &str = "com.intuit.quickbooks.accounting";
    /// The account that card payments are posted to.
    pub const CLEARING_ACCOUNT_ID: &str = "92";
    pub const BANK_ACCOUNT_ID: &str = "35";
    pub const UNDEPOSITED_FUNDS_ID: &str = "4";
    pub const RECEIVABLE_ACCOUNT_ID: &str = "84";
    pub const INCOME_ACCOUNT_ID: &str = "79";
    /// The account that prepayments are owed on, and the item that posts to it.
    pub const PREPAYMENT_ACCOUNT_ID: &str = "93";
    pub const PREPAYMENT_ITEM_ID: &str = "31";
    pub const SURCHARGE_ACCOUNT_ID: &str = "94";
    pub const SURCHARGE_ITEM_ID: &str = "32";
    pub const SALES_ITEM_ID: &str = "12";
    /// Tax codes: ten percent, none, and none that is reported.
    pub const GST_CODE_ID: &str = "2";
    pub const GST_FREE_CODE_ID: &str = "3";
    pub const OUT_OF_SCOPE_CODE_ID: &str = "4";
    /// Fourteen days.
    pub const TERM_ID: &str = "2";
}

/// Credentials and ids of the Xero simulator: the portal's own app and grant, and a second of each for strangers.
pub mod xero {
    pub const PORTAL_CLIENT_ID: &str = "57495345504159504F5254414C303031";
    pub const PORTAL_CLIENT_SECRET: &str = "xero-demo-portal-secret";
    pub const PORTAL_REFRESH_TOKEN: &str = "xero-demo-portal-refresh-token";
    pub const STRANGER_CLIENT_ID: &str = "535452414E474552434C49454E543031";
    pub const STRANGER_CLIENT_SECRET: &str = "xero-demo-stranger-secret";
    /// The first token of the strangers' grant; it rotates, `/demo.json` always gives the present one.
    pub const STRANGER_REFRESH_TOKEN: &str = "xero-demo-stranger-refresh-token";
    /// A client without a grant, so that each of a merchant's three connections can have its own.
    pub const THIRD_CLIENT_ID: &str = "54484952445F434C49454E5430303031";
    pub const THIRD_CLIENT_SECRET: &str = "xero-demo-third-secret";
    /// Sign the webhooks: the portal's own, and those of strangers.
    pub const PORTAL_WEBHOOK_KEY: &str = "xero-demo-portal-webhook-key";
    pub const WEBHOOK_KEY: &str = "xero-demo-webhook-key";
    /// Northwind IT's organisation.
    pub const TENANT_ID: &str = "11111111-2222-4333-8444-555555555555";
    /// Another organisation of the same user: it has a name and a currency, and no books.
    pub const OTHER_TENANT_ID: &str = "22222222-2222-4333-8444-666666666666";
    pub const OTHER_NAME: &str = "Northwind Labs";
    pub const OTHER_CURRENCY: &str = "NZD";
    pub const SHORT_CODE: &str = "!nW1tD";
    /// The account that card payments are posted to.
    pub const CLEARING_ACCOUNT_CODE: &str = "825";
    pub const CLEARING_ACCOUNT_ID: &str = "99999999-0000-4000-8000-000000000825";
    /// The account that prepayments are owed on.
    pub const PREPAYMENT_ACCOUNT_CODE: &str = "830";
    pub const PREPAYMENT_ACCOUNT_ID: &str = "99999999-0000-4000-8000-000000000830";
    pub const SALES_ACCOUNT_CODE: &str = "200";
    pub const SALES_ACCOUNT_ID: &str = "99999999-0000-4000-8000-000000000200";
    pub const BANK_ACCOUNT_CODE: &str = "090";
    pub const BANK_ACCOUNT_ID: &str = "99999999-0000-4000-8000-000000000090";
    pub const SCOPES: &str = "openid profile email offline_access accounting.invoices accounting.payments \
                              accounting.banktransactions \
                              accounting.contacts accounting.settings.read paymentservices";
}
