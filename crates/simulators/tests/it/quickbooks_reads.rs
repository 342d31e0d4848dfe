//! Reading QuickBooks' books: queries by GET and POST, change data capture, batches, the company's set-up.

use serde_json::{Value, json};
use simulators::facts::qbo;

use crate::quickbooks::{Company, payment, sale, version};

fn numbers(found: &Value) -> Vec<&str> {
    found["Invoice"].as_array().into_iter().flatten().map(|invoice| invoice["DocNumber"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_query_language_over_the_demos_invoices() {
    let company = Company::open().await;
    let cases: [(&str, &[&str]); 10] = [
        ("Balance > '0' AND DueDate < '2026-06-10' ORDERBY DueDate", &["1003", "1004", "1006"]),
        ("Balance = '0' ORDER BY TxnDate DESC", &["1009", "1005", "1002", "1001"]),
        ("Id IN ('101', '103')", &["1001", "1002"]),
        ("DocNumber LIKE '101%' orderby DocNumber startposition 2 maxresults 3", &["1011", "1012", "1013"]),
        ("DocNumber LIKE '101%' orderby DocNumber MAXRESULTS 2 STARTPOSITION 6", &["1015", "1016"]),
        ("CustomerRef = '58' ORDERBY Id", &["1005", "1013"]),
        ("customerref in ('58') and balance > 0", &["1013"]),
        ("MetaData.LastUpdatedTime >= '2026-06-29T00:00:00Z' ORDERBY MetaData.LastUpdatedTime", &["1016"]),
        ("TxnDate >= '2026-06-24' AND TxnDate <= '2026-06-27'", &["1014", "1015"]),
        ("DocNumber = 'none'", &[]),
    ];
    for (rest, expected) in cases {
        let found = company.select(&format!("SELECT * FROM Invoice WHERE {rest}")).await;
        assert_eq!(numbers(&found), expected, "{rest}");
    }
    let page = company.select("select * from Invoice startposition 15 maxresults 10").await;
    assert_eq!((&page["startPosition"], &page["maxResults"], &page["totalCount"]), (&json!(15), &json!(2), &json!(16)));
    assert_eq!(company.select("select count(*) from Invoice where Balance > '0'").await, json!({ "totalCount": 12 }));
    assert_eq!(company.select("select * from Invoice startposition 17").await, json!({}), "nothing is an empty answer");
    for (statement, code) in [("select Id from Invoice", "4000"), ("select * from Invoice maxresults 1001", "4001")] {
        let request = company.request("GET", "query").query(&[("query", statement)]);
        let refused = company.vendors.read(request).await.unwrap();
        assert_eq!((refused.status, &refused.json["Fault"]["Error"][0]["code"]), (400, &json!(code)));
    }
}

#[tokio::test]
async fn a_query_is_posted_as_text_too() {
    let company = Company::open().await;
    let statement = r"select * from Customer where DisplayName = 'O\'Neil\'s'";
    company.made("customer", json!({ "DisplayName": "O'Neil's" })).await;
    let posted = company.request("POST", "query").header("content-type", "application/text").body(statement);
    let posted = company.vendors.read(posted).await.unwrap().json;
    assert_eq!(posted["QueryResponse"], company.select(statement).await);
    assert_eq!(posted["QueryResponse"]["Customer"][0]["DisplayName"], "O'Neil's");
}

#[tokio::test]
async fn the_companys_set_up_is_read_and_queried() {
    let company = Company::open().await;
    let info = company.get(&format!("companyinfo/{}", qbo::REALM_ID)).await.json;
    assert_eq!(
        (&info["CompanyInfo"]["CompanyName"], &info["CompanyInfo"]["Country"]),
        (&json!("Southern Cloud"), &json!("AU"))
    );
    assert_eq!(company.select("select * from CompanyInfo").await["CompanyInfo"][0], info["CompanyInfo"]);
    for (statement, expected) in [
        ("Account where AccountType in ('Bank', 'Other Current Asset')", 3),
        ("Class", 2),
        ("Item", 4),
        ("TaxCode", 3),
        ("TaxRate where RateValue > '0'", 1),
        ("TaxAgency", 1),
        ("Term", 3),
        ("PaymentMethod", 4),
        ("Customer where Active = true", 12),
        ("Preferences", 1),
    ] {
        let found = company.select(&format!("select * from {statement}")).await;
        assert_eq!(found["totalCount"], expected, "{statement}: {found:#}");
    }
    let clearing = company.read("Account", qbo::CLEARING_ACCOUNT_ID).await;
    assert_eq!((&clearing["AccountType"], &clearing["Name"]), (&json!("Bank"), &json!("Card payments clearing")));
    assert_eq!(company.refused("taxcode", json!({ "Name": "More" })).await, "500");
}

#[tokio::test]
async fn change_data_capture_tells_changes_and_deletions() {
    let company = Company::open().await;
    let start = company.get("preferences").await.json["time"].as_str().unwrap().to_owned();
    let cdc = async |query: &str| company.get(&format!("cdc?{query}")).await;
    let since = async |cursor: &str| {
        let cursor = cursor.replace('+', "%2B");
        cdc(&format!("entities=Invoice,Payment,Customer&changedSince={cursor}")).await.json
    };
    let invoice = company.invoice().await;
    let gone = company.invoice().await;
    company.made("invoice?operation=delete", version(&gone)).await;
    company.pay(&invoice, "1250").await;
    let news = since(&start).await;
    let groups = &news["CDCResponse"][0]["QueryResponse"];
    assert_eq!((&groups[0]["maxResults"], &groups[0]["Invoice"][0]["Id"]), (&json!(2), &invoice["Id"]));
    assert_eq!(groups[0]["Invoice"][0]["Balance"].to_string(), "0.00", "the whole object");
    let deleted = &groups[0]["Invoice"][1];
    assert_eq!(
        (&deleted["status"], &deleted["Id"], &deleted["domain"]),
        (&json!("Deleted"), &gone["Id"], &json!("QBO"))
    );
    assert!(deleted["MetaData"]["LastUpdatedTime"].is_string());
    assert_eq!((&groups[1]["maxResults"], &groups[2]), (&json!(1), &json!({})));
    let found = company.select(&format!("select * from Invoice where Id = '{}'", gone["Id"].as_str().unwrap())).await;
    assert_eq!(found, json!({}), "no query shows what was deleted");

    company.vendors.control("advance", json!({ "minutes": 1 })).await;
    let quiet = since(news["time"].as_str().unwrap()).await["CDCResponse"][0]["QueryResponse"].clone();
    assert_eq!(quiet[2], json!({}));
    for (query, code) in [
        ("entities=Invoice", "2020"),
        ("changedSince=2026-07-01", "2020"),
        ("entities=Invoice&changedSince=2020-01-01T00:00:00-07:00", "4001"),
        ("entities=TaxRate&changedSince=2999-01-01", "4001"),
        ("entities=Invoice&changedSince=lately", "2010"),
    ] {
        let refused = cdc(query).await;
        assert_eq!((refused.status, &refused.json["Fault"]["Error"][0]["code"]), (400, &json!(code)), "{query}");
    }
}

#[tokio::test]
async fn change_data_capture_stops_at_a_thousand_objects() {
    let company = Company::open().await;
    let start = company.get("preferences").await.json["time"].as_str().unwrap().to_owned();
    let item = |at: usize| json!({ "bId": at.to_string(), "operation": "create", "Invoice": sale("1") });
    for _ in 0..36 {
        let items: Vec<Value> = (0..28).map(item).collect();
        company.made("batch", json!({ "BatchItemRequest": items })).await;
    }
    company.made("customer", json!({ "DisplayName": "Too late" })).await;
    let news = company.get(&format!("cdc?entities=Invoice,Customer&changedSince={start}")).await.json;
    let groups = &news["CDCResponse"][0]["QueryResponse"];
    assert_eq!((&groups[0]["maxResults"], &groups[1]), (&json!(1000), &json!({})));
}

#[tokio::test]
async fn the_items_of_a_batch_stand_for_themselves() {
    let company = Company::open().await;
    let invoice = company.invoice().await;
    let paid = payment("10", &[("10", "Invoice", &invoice)]);
    let too_much = payment("9999", &[("9999", "Invoice", &invoice)]);
    let stale = json!({ "Id": invoice["Id"], "SyncToken": "7" });
    let items = json!({ "BatchItemRequest": [
        { "bId": "1", "operation": "create", "Payment": paid },
        { "bId": "2", "operation": "create", "Payment": too_much },
        { "bId": "3", "Query": "select count(*) from Term" },
        { "bId": "4", "operation": "delete", "Invoice": stale },
        { "bId": "5" },
    ] });
    let answers = company.made("batch?requestid=batch-1", items.clone()).await;
    let code = |at: usize| answers[at]["Fault"]["Error"][0]["code"].clone();
    assert_eq!((&answers[0]["bId"], answers[0]["Payment"]["TotalAmt"].to_string().as_str()), (&json!("1"), "10.00"));
    assert_eq!(answers[2]["QueryResponse"]["totalCount"], 3);
    assert_eq!([code(1), code(3), code(4)], [json!("6000"), json!("5010"), json!("500")]);
    assert_eq!(company.made("batch?requestid=batch-1", items).await, answers);
    let balance = company.read("Invoice", invoice["Id"].as_str().unwrap()).await["Balance"].to_string();
    assert_eq!(balance, "1240.00", "once");
    let many: Vec<Value> = (0..31).map(|at| json!({ "bId": at.to_string() })).collect();
    assert_eq!(company.refused("batch", json!({ "BatchItemRequest": many })).await, "6000");
    let long = json!({ "BatchItemRequest": [{ "bId": "12345678901", "Query": "select * from Term" }] });
    assert_eq!(company.refused("batch?requestid=batch-2", long).await, "2050");
}
