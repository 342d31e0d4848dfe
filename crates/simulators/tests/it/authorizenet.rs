//! Authorize.Net's API: the wire, charges, voids, refunds, the duplicate window and stored methods.

use serde_json::{Value, json};
use simulators::facts::{self, authorizenet as keys, bank_accounts, cards};

use crate::harness::Vendors;

/// The vendor's test Visa; any future expiry will do.
pub const VISA: &str = "4111111111111111";
const API: &str = "/authorizenet/xml/v1/request.api";

impl Vendors {
    /// Sends the body as it stands and reads the answer behind its byte order mark.
    pub async fn anet_raw(&self, body: String) -> Result<Value, reqwest::Error> {
        let request = self.http.post(format!("{}{API}", self.url)).header("content-type", "application/json");
        let response = request.body(body).send().await?;
        assert_eq!(response.status(), 200);
        let bytes = response.bytes().await?;
        assert_eq!(&bytes[..3], b"\xef\xbb\xbf", "replies begin with a byte order mark");
        Ok(serde_json::from_slice(&bytes[3..]).unwrap())
    }

    /// One call: `members` is the text behind the authentication, in the schema's order.
    pub async fn anet(&self, call: &str, members: &str) -> Value {
        self.anet_raw(envelope(call, members)).await.unwrap()
    }

    /// `createTransactionRequest` with this `transactionRequest`.
    pub async fn transact(&self, request: &str) -> Value {
        self.anet("createTransactionRequest", &format!("\"transactionRequest\":{{{request}}}")).await
    }

    pub async fn details(&self, id: &str) -> Value {
        self.anet("getTransactionDetailsRequest", &format!("\"transId\":\"{id}\"")).await
    }

    pub async fn status_of(&self, id: &str) -> String {
        self.details(id).await["transaction"]["transactionStatus"].as_str().unwrap().to_owned()
    }

    pub async fn advance_days(&self, days: u32) {
        assert_eq!(self.control("advance", json!({ "days": days })).await.status, 200);
    }
}

pub fn envelope(call: &str, members: &str) -> String {
    let auth = json!({ "name": keys::PORTAL_LOGIN, "transactionKey": keys::PORTAL_TRANSACTION_KEY });
    let comma = if members.is_empty() { "" } else { "," };
    // serde_json sorts keys: `name` before `transactionKey` is the order of the schema too.
    format!("{{\"{call}\":{{\"merchantAuthentication\":{auth}{comma}{members}}}}}")
}

pub fn card(number: &str) -> String {
    format!("\"creditCard\":{{\"cardNumber\":\"{number}\",\"expirationDate\":\"2040-12\",\"cardCode\":\"123\"}}")
}

pub fn bank(account: &str) -> String {
    format!(
        "\"bankAccount\":{{\"accountType\":\"businessChecking\",\"routingNumber\":\"{}\",\"accountNumber\":\"{account}\",\
         \"nameOnAccount\":\"Acme\",\"echeckType\":\"CCD\"}}",
        bank_accounts::ROUTING
    )
}

pub fn charge(amount: &str, payment: &str, invoice: &str) -> String {
    format!(
        "\"transactionType\":\"authCaptureTransaction\",\"amount\":\"{amount}\",\"payment\":{{{payment}}},\
         \"order\":{{\"invoiceNumber\":\"{invoice}\"}}"
    )
}

pub fn refund(amount: &str, of: &str, last4: &str, invoice: &str) -> String {
    format!(
        "\"transactionType\":\"refundTransaction\",\"amount\":\"{amount}\",\"payment\":{{\"creditCard\":\
         {{\"cardNumber\":\"{last4}\",\"expirationDate\":\"XXXX\"}}}},\"refTransId\":\"{of}\",\
         \"order\":{{\"invoiceNumber\":\"{invoice}\"}}"
    )
}

pub fn id_of(reply: &Value) -> &str {
    reply["transactionResponse"]["transId"].as_str().unwrap()
}

/// `responseCode` and the reason's code.
pub fn outcome(reply: &Value) -> (&str, &str) {
    let response = &reply["transactionResponse"];
    let reason = response["errors"][0]["errorCode"].as_str().or(response["messages"][0]["code"].as_str());
    (response["responseCode"].as_str().unwrap_or_default(), reason.unwrap_or_default())
}

fn refusal(reply: &Value) -> (&str, &str) {
    let message = &reply["messages"]["message"][0];
    assert_eq!(reply["messages"]["resultCode"], "Error");
    (message["code"].as_str().unwrap(), message["text"].as_str().unwrap())
}

#[tokio::test]
async fn a_card_is_charged_and_the_charge_can_be_proved_by_its_ref_id() {
    let vendors = Vendors::start().await;
    let request = "\"refId\":\"A1B2C3D4E5F6G7H8I9J0\",\"transactionRequest\":{\"transactionType\":\
                   \"authCaptureTransaction\",\"amount\":\"12.34\",\"payment\":{\"creditCard\":{\"cardNumber\":\
                   \"4111111111111111\",\"expirationDate\":\"2040-12\",\"cardCode\":\"900\"}},\"order\":\
                   {\"invoiceNumber\":\"INV-1\",\"description\":\"d\"},\"customer\":{\"id\":\"c1\"},\"billTo\":\
                   {\"firstName\":\"Ana\",\"lastName\":\"Acme\",\"zip\":\"46217\"},\"userFields\":{\"userField\":\
                   [{\"name\":\"a\",\"value\":\"b\"}]},\"surcharge\":{\"amount\":\"0.34\",\"name\":\"Surcharge\"}}";
    let paid = vendors.anet("createTransactionRequest", request).await;
    assert_eq!((&paid["refId"], &paid["messages"]["resultCode"]), (&json!("A1B2C3D4E5F6G7H8I9J0"), &json!("Ok")));
    let response = &paid["transactionResponse"];
    assert_eq!(outcome(&paid), ("1", "1"));
    assert_eq!((&response["avsResultCode"], &response["cvvResultCode"]), (&json!("Z"), &json!("M")));
    assert_eq!((&response["accountNumber"], &response["accountType"]), (&json!("XXXX1111"), &json!("Visa")));
    assert_eq!(response["userFields"], json!([{ "name": "a", "value": "b" }]));
    assert_eq!(response["authCode"].as_str().unwrap().len(), 6);

    let details = vendors.details(id_of(&paid)).await;
    assert_eq!(details["transrefId"], "A1B2C3D4E5F6G7H8I9J0", "at the root");
    let transaction = &details["transaction"];
    assert_eq!(transaction["transactionStatus"], "capturedPendingSettlement");
    assert_eq!((&transaction["authAmount"], &transaction["settleAmount"]), (&json!("12.34"), &json!("12.34")));
    assert_eq!(transaction["order"], json!({ "invoiceNumber": "INV-1", "description": "d" }));
    assert_eq!(transaction["customer"]["id"], "c1");
    assert_eq!(transaction["billTo"]["lastName"], "Acme");
    assert_eq!(transaction["surcharge"], json!({ "amount": "0.34", "name": "Surcharge" }));
    assert_eq!(transaction["payment"]["creditCard"]["cardNumber"], "XXXX1111");
    assert!(transaction.get("userFields").is_none(), "echoed, not kept");

    let state = vendors.state("authorizenet").await;
    let kept = &state["charges"][0];
    assert_eq!((&kept["id"], &kept["amount_minor"]), (&response["transId"], &json!(1234)));
    assert_eq!((&kept["reference"], &kept["status"]), (&json!("A1B2C3D4E5F6G7H8I9J0"), &json!("succeeded")));
    assert_eq!((&kept["currency"], &kept["refunded_minor"]), (&json!("AUD"), &json!(0)));
    assert!(!state.to_string().contains("4111111111111111"), "numbers are never kept");
}

#[tokio::test]
async fn declines_and_errors_have_reasons() {
    let vendors = Vendors::start().await;
    let decline = vendors.transact(&charge("10.00", &card(cards::DECLINED), "INV-1")).await;
    assert_eq!((outcome(&decline), refusal(&decline).0), (("2", "2"), "E00027"));
    assert_eq!(vendors.status_of(id_of(&decline)).await, "declined");
    let zip = charge("10.00", &card(VISA), "INV-2") + ",\"billTo\":{\"zip\":\"46282\"}";
    assert_eq!(outcome(&vendors.transact(&zip).await), ("2", "2"));
    let cases = [
        (charge("10.00", &card("4111111111111112"), "INV-3"), "6"),
        (charge("10.00", &card(VISA).replace("2040-12", "2020-01"), "INV-3"), "8"),
        (charge("10.00", &card(VISA).replace("2040-12", "soon"), "INV-3"), "7"),
        (charge("0.00", &card(VISA), "INV-3"), "5"),
        (charge("10.00", &bank("123456789").replace("110000000", "110000001"), "INV-3"), "9"),
    ];
    for (request, reason) in cases {
        let refused = vendors.transact(&request).await;
        assert_eq!((outcome(&refused), id_of(&refused)), (("3", reason), "0"));
    }
    assert_eq!(vendors.state("authorizenet").await["charges"].as_array().unwrap().len(), 2, "errors are not recorded");
}

#[tokio::test]
async fn the_wire_is_as_strict_as_the_vendors() {
    let vendors = Vendors::start().await;
    let wrong_order =
        "\"transactionType\":\"authCaptureTransaction\",\"payment\":{\"creditCard\":{}},\"amount\":\"1.00\"";
    let refused = vendors.transact(wrong_order).await;
    assert_eq!(refusal(&refused).0, "E00003");
    assert!(refusal(&refused).1.contains("List of possible elements expected: 'cardNumber' in namespace"));
    let long = vendors.anet("authenticateTestRequest", "\"refId\":\"123456789012345678901\"").await;
    assert!(refusal(&long).1.contains("The actual length is greater than the MaxLength value."));
    assert_eq!(refusal(&vendors.anet("chargeTheCardRequest", "").await).0, "E00003");
    assert_eq!(refusal(&vendors.anet_raw("{not json".to_owned()).await.unwrap()).0, "E00003");
    let key = envelope("authenticateTestRequest", "").replace(keys::PORTAL_TRANSACTION_KEY, "wrong");
    assert_eq!(refusal(&vendors.anet_raw(key).await.unwrap()).0, "E00007");
    let stranger = envelope("authenticateTestRequest", "")
        .replace(keys::PORTAL_LOGIN, keys::STRANGER_LOGIN)
        .replace(keys::PORTAL_TRANSACTION_KEY, keys::STRANGER_TRANSACTION_KEY);
    assert_eq!(vendors.anet_raw(stranger).await.unwrap()["messages"]["resultCode"], "Ok");
    let live = envelope(
        "createTransactionRequest",
        &format!("\"transactionRequest\":{{{}}}", charge("1.00", &card(VISA), "I")),
    )
    .replace(keys::PORTAL_LOGIN, keys::LIVE_LOGIN)
    .replace(keys::PORTAL_TRANSACTION_KEY, keys::LIVE_TRANSACTION_KEY);
    assert_eq!(outcome(&vendors.anet_raw(live).await.unwrap()), ("3", "13"));
}

#[tokio::test]
async fn the_same_call_works_as_xml() {
    let vendors = Vendors::start().await;
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><createTransactionRequest \
         xmlns=\"AnetApi/xml/v1/schema/AnetApiSchema.xsd\"><merchantAuthentication><name>{}</name><transactionKey>{}\
         </transactionKey></merchantAuthentication><refId>X1</refId><transactionRequest><transactionType>\
         authCaptureTransaction</transactionType><amount>5.00</amount><payment><creditCard><cardNumber>{VISA}\
         </cardNumber><expirationDate>1240</expirationDate></creditCard></payment></transactionRequest>\
         </createTransactionRequest>",
        keys::PORTAL_LOGIN,
        keys::PORTAL_TRANSACTION_KEY
    );
    let request = vendors.http.post(format!("{}{API}", vendors.url)).header("content-type", "text/xml");
    let reply = request.body(body).send().await.unwrap().text().await.unwrap();
    assert!(reply.starts_with("\u{feff}<?xml") && reply.contains("<createTransactionResponse xmlns="), "{reply}");
    assert!(reply.contains("<refId>X1</refId><messages><resultCode>Ok</resultCode>"), "{reply}");
    assert!(reply.contains("<messages><message><code>1</code><description>This transaction has been approved."));
}

#[tokio::test]
async fn a_duplicate_is_refused_and_names_the_original_only_when_a_window_was_asked_for() {
    let vendors = Vendors::start().await;
    let window = |seconds: &str| {
        format!(
            ",\"transactionSettings\":{{\"setting\":[{{\"settingName\":\"duplicateWindow\",\"settingValue\":\"{seconds}\"}}]}}"
        )
    };
    let request = charge("20.00", &card(VISA), "INV-7");
    let first = vendors.transact(&request).await;
    let again = vendors.transact(&request).await;
    assert_eq!((outcome(&again), id_of(&again)), (("3", "11"), "0"));
    let asked = vendors.transact(&(request.clone() + &window("28800"))).await;
    assert_eq!((outcome(&asked), id_of(&asked)), (("3", "11"), id_of(&first)));
    assert_eq!(asked["transactionResponse"]["authCode"], first["transactionResponse"]["authCode"]);
    for other in [
        charge("20.01", &card(VISA), "INV-7"),
        charge("20.00", &card(VISA), "INV-8"),
        charge("20.00", &card("4007000000027"), "INV-7"),
        request.clone() + ",\"customer\":{\"id\":\"c2\"}",
    ] {
        assert_eq!(outcome(&vendors.transact(&other).await), ("1", "1"), "{other}");
    }
    assert_eq!(outcome(&vendors.transact(&(request.clone() + &window("0"))).await), ("1", "1"), "0 looks for nothing");
    vendors.control("advance", json!({ "hours": 1 })).await;
    let late = vendors.transact(&(request.clone() + &window("28800"))).await;
    assert_eq!(outcome(&late).1, "11", "an hour is within eight");
    assert_eq!(outcome(&vendors.transact(&request).await), ("1", "1"), "and beyond two minutes");
}

#[tokio::test]
async fn authorise_capture_and_void() {
    let vendors = Vendors::start().await;
    let authorised = vendors.transact(&charge("50.00", &card(VISA), "INV-1").replace("authCapture", "authOnly")).await;
    let id = id_of(&authorised).to_owned();
    assert_eq!(vendors.status_of(&id).await, "authorizedPendingCapture");
    let act = |kind: &str, amount: &str| {
        let amount = if amount.is_empty() { String::new() } else { format!("\"amount\":\"{amount}\",") };
        format!("\"transactionType\":\"{kind}\",{amount}\"refTransId\":\"{id}\"")
    };
    assert_eq!(outcome(&vendors.transact(&act("priorAuthCaptureTransaction", "60.00")).await), ("3", "47"));
    let captured = vendors.transact(&act("priorAuthCaptureTransaction", "40.00")).await;
    assert_eq!((outcome(&captured), &captured["transactionResponse"]["refTransID"]), (("1", "1"), &json!(id)));
    assert_eq!(outcome(&vendors.transact(&act("priorAuthCaptureTransaction", "40.00")).await), ("1", "311"));
    assert_eq!(outcome(&vendors.transact(&act("voidTransaction", "")).await), ("1", "1"));
    assert_eq!(outcome(&vendors.transact(&act("voidTransaction", "")).await), ("1", "310"));
    assert_eq!(vendors.status_of(&id).await, "voided");
    let unknown = "\"transactionType\":\"voidTransaction\",\"refTransId\":\"1\"";
    assert_eq!(outcome(&vendors.transact(unknown).await), ("3", "16"));
    let by_phone = charge("9.00", &card(VISA), "INV-2").replace("authCapture", "captureOnly");
    assert_eq!(outcome(&vendors.transact(&by_phone).await), ("3", "12"));
    let by_phone = by_phone.replace("\"order\"", "\"authCode\":\"ABC123\",\"order\"");
    assert_eq!(vendors.transact(&by_phone).await["transactionResponse"]["authCode"], "ABC123");
}

#[tokio::test]
async fn refunds_wait_for_settlement_and_never_exceed_it() {
    let vendors = Vendors::start().await;
    let paid = vendors.transact(&charge("30.00", &card(VISA), "INV-1")).await;
    let id = id_of(&paid).to_owned();
    assert_eq!(outcome(&vendors.transact(&refund("30.00", &id, "1111", "R-1")).await), ("3", "54"));
    vendors.advance_days(1).await;
    assert_eq!(vendors.status_of(&id).await, "settledSuccessfully");
    let void = format!("\"transactionType\":\"voidTransaction\",\"refTransId\":\"{id}\"");
    assert_eq!(outcome(&vendors.transact(&void).await), ("3", "16"), "too late to void");
    assert_eq!(outcome(&vendors.transact(&refund("10.00", &id, "2222", "R-1")).await), ("3", "54"), "another card");
    let part = vendors.transact(&refund("10.00", &id, "1111", "R-1")).await;
    assert_eq!((outcome(&part), &part["transactionResponse"]["refTransID"]), (("1", "1"), &json!(id)));
    assert_eq!(outcome(&vendors.transact(&refund("10.00", &id, "1111", "R-1")).await), ("3", "11"), "the same again");
    assert_eq!(outcome(&vendors.transact(&refund("20.01", &id, "XXXX1111", "R-2")).await), ("3", "55"));
    assert_eq!(outcome(&vendors.transact(&refund("20.00", &id, "XXXX1111", "R-2")).await), ("1", "1"));
    assert_eq!(vendors.state("authorizenet").await["charges"][0]["refunded_minor"], 3000);
    let undo = format!("\"transactionType\":\"voidTransaction\",\"refTransId\":\"{}\"", id_of(&part));
    assert_eq!(outcome(&vendors.transact(&undo).await), ("1", "1"), "a refund can be called off before it settles");
    assert_eq!(vendors.state("authorizenet").await["charges"][0]["refunded_minor"], 2000);
    assert_eq!(vendors.status_of(id_of(&part)).await, "voided");
}

#[tokio::test]
async fn a_stored_method_is_charged_and_forgotten() {
    let vendors = Vendors::start().await;
    let create = format!(
        "\"profile\":{{\"merchantCustomerId\":\"c1\",\"email\":\"ana@acme.test\",\"paymentProfiles\":{{\"billTo\":\
         {{\"lastName\":\"Acme\"}},\"payment\":{{{}}}}}}},\"validationMode\":\"liveMode\"",
        card(VISA)
    );
    let made = vendors.anet("createCustomerProfileRequest", &create).await;
    let (profile, method) =
        (made["customerProfileId"].as_str().unwrap(), made["customerPaymentProfileIdList"][0].as_str().unwrap());
    assert!(made["validationDirectResponseList"][0].as_str().unwrap().contains("XXXX1111,Visa"));
    let again = vendors.anet("createCustomerProfileRequest", &create).await;
    let sentence = format!("A duplicate record with ID {profile} already exists.");
    assert_eq!(refusal(&again), ("E00039", sentence.as_str()));
    let same = format!(
        "\"customerProfileId\":\"{profile}\",\"paymentProfile\":{{\"billTo\":{{\"lastName\":\"Acme\"}},\"payment\":{{{}}}}}",
        card(VISA)
    );
    let same = vendors.anet("createCustomerPaymentProfileRequest", &same).await;
    assert_eq!((refusal(&same).0, same["customerPaymentProfileId"].as_str()), ("E00039", Some(method)));

    let by_profile = format!(
        "\"transactionType\":\"authCaptureTransaction\",\"amount\":\"80.00\",\"profile\":{{\"customerProfileId\":\
         \"{profile}\",\"paymentProfile\":{{\"paymentProfileId\":\"{method}\"}}}},\"order\":{{\"invoiceNumber\":\"I1\"}}"
    );
    let paid = vendors.transact(&by_profile).await;
    assert_eq!(paid["transactionResponse"]["profile"]["customerPaymentProfileId"], method);
    let listed =
        vendors.anet("getTransactionListForCustomerRequest", &format!("\"customerProfileId\":\"{profile}\"")).await;
    assert_eq!(listed["transactions"][0]["transId"], id_of(&paid));

    let pair = format!("\"customerProfileId\":\"{profile}\",\"customerPaymentProfileId\":\"{method}\"");
    let read = vendors.anet("getCustomerPaymentProfileRequest", &pair).await;
    assert_eq!(read["paymentProfile"]["payment"]["creditCard"]["expirationDate"], "XXXX");
    let all = vendors.anet("getCustomerProfileRequest", "\"merchantCustomerId\":\"c1\"").await;
    assert_eq!(all["profile"]["paymentProfiles"][0]["customerPaymentProfileId"], method);
    let checked =
        vendors.anet("validateCustomerPaymentProfileRequest", &format!("{pair},\"validationMode\":\"testMode\"")).await;
    assert!(checked["directResponse"].is_string());
    let update = format!(
        "\"customerProfileId\":\"{profile}\",\"paymentProfile\":{{\"billTo\":{{\"lastName\":\"Bolt\"}},\"payment\":{{{}}},\
         \"customerPaymentProfileId\":\"{method}\"}}",
        card("XXXX1111").replace("2040-12", "XXXX")
    );
    vendors.anet("updateCustomerPaymentProfileRequest", &update).await;
    let read = vendors.anet("getCustomerPaymentProfileRequest", &pair).await;
    assert_eq!(read["paymentProfile"]["billTo"]["lastName"], "Bolt");
    assert_eq!(vendors.anet("getCustomerProfileIdsRequest", "").await["ids"], json!([profile]));

    assert_eq!(vendors.anet("deleteCustomerPaymentProfileRequest", &pair).await["messages"]["resultCode"], "Ok");
    assert_eq!(refusal(&vendors.anet("deleteCustomerPaymentProfileRequest", &pair).await).0, "E00040");
    assert_eq!(refusal(&vendors.transact(&by_profile.replace("I1", "I2")).await).0, "E00040");
    let one = format!("\"customerProfileId\":\"{profile}\"");
    assert_eq!(vendors.anet("deleteCustomerProfileRequest", &one).await["messages"]["resultCode"], "Ok");
    assert_eq!(refusal(&vendors.anet("getCustomerProfileRequest", &one).await).0, "E00040");
}

#[tokio::test]
async fn a_charge_may_leave_a_stored_method_behind() {
    let vendors = Vendors::start().await;
    let paid = vendors.transact(&(charge("10.00", &card(VISA), "INV-1") + ",\"customer\":{\"id\":\"c9\"}")).await;
    let from = format!("\"transId\":\"{}\"", id_of(&paid));
    let made = vendors.anet("createCustomerProfileFromTransactionRequest", &from).await;
    let profile = made["customerProfileId"].as_str().unwrap();
    let read = vendors.anet("getCustomerProfileRequest", &format!("\"customerProfileId\":\"{profile}\"")).await;
    assert_eq!(read["profile"]["merchantCustomerId"], "c9");
    let create = "\"transactionType\":\"authCaptureTransaction\",\"amount\":\"11.00\",\"payment\":{".to_owned()
        + &card(VISA)
        + "},\"profile\":{\"createProfile\":true},\"customer\":{\"email\":\"bo@bolt.test\"}";
    let paid = vendors.transact(&create).await;
    assert_eq!(paid["profileResponse"]["messages"]["resultCode"], "Ok");
    let nameless = vendors.transact(&create.replace(",\"customer\":{\"email\":\"bo@bolt.test\"}", "")).await;
    assert_eq!(outcome(&nameless).0, "1", "the charge stands");
    assert_eq!(nameless["profileResponse"]["messages"]["message"][0]["code"], "E00041");
}

#[tokio::test]
async fn the_merchant_and_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let before = Vendors::start_in(Some(folder.path())).await;
    let merchant = before.anet("getMerchantDetailsRequest", "").await;
    assert_eq!((&merchant["merchantName"], &merchant["currencies"]), (&json!(facts::SOUTHERN.name), &json!(["AUD"])));
    assert_eq!(merchant["publicClientKey"], keys::PORTAL_CLIENT_KEY);
    let paid = before.transact(&charge("10.00", &card(VISA), "INV-1")).await;
    before.advance_days(1).await;
    let batches = before.anet("getSettledBatchListRequest", "").await;
    let after = Vendors::start_in(Some(folder.path())).await;
    assert_eq!(after.status_of(id_of(&paid)).await, "settledSuccessfully");
    let kept = after.anet("getSettledBatchListRequest", "").await;
    assert_eq!(kept["batchList"][0]["batchId"], batches["batchList"][0]["batchId"], "what was read stays true");
    after.control("reset", json!({})).await;
    assert!(after.state("authorizenet").await["charges"].as_array().unwrap().is_empty());
}

/// The official SDK's own bytes (`end2end/sdk/golden`): whatever is refused about them, it is never their order.
#[tokio::test]
async fn the_official_sdks_bytes_pass_the_schema() {
    let vendors = Vendors::start().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../end2end/sdk/golden");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let reply = vendors.anet_raw(bytes.clone()).await.unwrap();
        assert_eq!(refusal(&reply).0, "E00007", "{bytes}: {reply}");
        seen += 1;
    }
    assert!(seen > 20);
}
