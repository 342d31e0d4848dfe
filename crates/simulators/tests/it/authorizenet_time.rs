//! What Authorize.Net's clock does: batches, bank debits that clear or come back, reports, held transactions, statuses.

use serde_json::{Value, json};
use simulators::facts::{authorizenet::UNAUTHORISED_ACCOUNT, bank_accounts};

use crate::authorizenet::{VISA, bank, card, charge, id_of, outcome};
use crate::harness::Vendors;

impl Vendors {
    async fn all_batches(&self) -> Vec<Value> {
        let now = self.simulators.clock().now();
        let day = |days: i64| (now + chrono::TimeDelta::days(days)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let range = format!(
            "\"includeStatistics\":true,\"firstSettlementDate\":\"{}\",\"lastSettlementDate\":\"{}\"",
            day(-29),
            day(1)
        );
        let reply = self.anet("getSettledBatchListRequest", &range).await;
        reply["batchList"].as_array().cloned().unwrap_or_default()
    }
}

#[tokio::test]
async fn a_night_settles_cards_into_one_batch_with_its_statistics() {
    let vendors = Vendors::start().await;
    let first = vendors.transact(&charge("10.00", &card(VISA), "INV-1")).await;
    vendors.transact(&charge("15.00", &card(VISA), "INV-2")).await;
    vendors.transact(&charge("20.00", &card("5424000000000015"), "INV-3")).await;
    vendors.transact(&charge("20.00", &card(simulators::facts::cards::DECLINED), "INV-4")).await;
    let unsettled = vendors.anet("getUnsettledTransactionListRequest", "").await;
    assert_eq!(unsettled["totalNumInResultSet"], 4);
    assert!(vendors.all_batches().await.is_empty());
    vendors.advance_days(1).await;
    let batches = vendors.all_batches().await;
    assert_eq!(batches.len(), 1);
    let batch = &batches[0];
    assert_eq!(
        (&batch["paymentMethod"], &batch["settlementState"]),
        (&json!("creditCard"), &json!("settledSuccessfully"))
    );
    assert_eq!(batch["statistics"][1]["accountType"], "Visa");
    assert_eq!(
        (&batch["statistics"][1]["chargeAmount"], &batch["statistics"][1]["chargeCount"]),
        (&json!("25.00"), &json!(2))
    );
    let id = batch["batchId"].as_str().unwrap();
    let page = |limit: u32, offset: u32| {
        format!(
            "\"batchId\":\"{id}\",\"sorting\":{{\"orderBy\":\"submitTimeUTC\",\"orderDescending\":false}},\
             \"paging\":{{\"limit\":\"{limit}\",\"offset\":\"{offset}\"}}"
        )
    };
    let rows = vendors.anet("getTransactionListRequest", &page(2, 1)).await;
    assert_eq!((rows["transactions"].as_array().unwrap().len(), &rows["totalNumInResultSet"]), (2, &json!(3)));
    assert_eq!(rows["transactions"][0]["transId"], id_of(&first));
    assert_eq!(rows["transactions"][0]["invoiceNumber"], "INV-1");
    let rest = vendors.anet("getTransactionListRequest", &page(2, 2)).await;
    assert_eq!(rest["transactions"].as_array().unwrap().len(), 1);
    assert!(vendors.anet("getTransactionListRequest", &page(2, 3)).await.get("transactions").is_none());
    assert_eq!(vendors.anet("getTransactionListRequest", &page(2, 0)).await["messages"]["resultCode"], "Error");
    assert_eq!(vendors.details(id_of(&first)).await["transaction"]["batch"]["batchId"], id);
    assert_eq!(vendors.anet("getUnsettledTransactionListRequest", "").await["totalNumInResultSet"], 0);
}

#[tokio::test]
async fn bank_debits_clear_come_back_or_are_refused() {
    let vendors = Vendors::start().await;
    let clears = vendors.transact(&charge("350.00", &bank(bank_accounts::CLEARS), "INV-1")).await;
    let unpaid = vendors.transact(&charge("350.00", &bank(bank_accounts::LATE_RETURN), "INV-2")).await;
    let disputed = vendors.transact(&charge("350.00", &bank(UNAUTHORISED_ACCOUNT), "INV-3")).await;
    let refused = vendors.transact(&charge("350.00", &bank(bank_accounts::FAILS), "INV-4")).await;
    assert_eq!((outcome(&clears), outcome(&refused)), (("1", "1"), ("2", "2")));
    assert_eq!(clears["transactionResponse"]["accountType"], "eCheck");
    let states = async || -> Vec<String> {
        let state = vendors.state("authorizenet").await;
        state["charges"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(states().await, ["pending", "pending", "pending", "failed"]);
    vendors.advance_days(1).await;
    assert_eq!(
        vendors.status_of(id_of(&clears)).await,
        "capturedPendingSettlement",
        "a bank takes longer than a night"
    );
    // Three banking days are at most five days.
    vendors.advance_days(4).await;
    assert_eq!(vendors.status_of(id_of(&clears)).await, "settledSuccessfully");
    vendors.advance_days(6).await;
    assert_eq!(states().await, ["succeeded", "returned", "succeeded", "failed"]);
    let returned = vendors.details(id_of(&unpaid)).await;
    assert_eq!(returned["transaction"]["transactionStatus"], "returnedItem");
    assert_eq!(returned["transaction"]["returnedItems"][0]["code"], "R01");
    let batch = vendors.all_batches().await.into_iter().find(|batch| batch["paymentMethod"] == "eCheck").unwrap();
    assert_eq!(batch["statistics"][0]["returnedItemCount"], 1);
    assert_eq!(batch["statistics"][0]["chargeReturnedItemsAmount"], "350.00");
    let rows = vendors.anet("getTransactionListRequest", &format!("\"batchId\":{}", batch["batchId"])).await;
    let rows = rows["transactions"].as_array().unwrap();
    let row = rows.iter().find(|row| row["transId"] == id_of(&unpaid)).unwrap();
    assert_eq!((&row["hasReturnedItems"], &row["transactionStatus"]), (&json!(true), &json!("returnedItem")));
    vendors.advance_days(20).await;
    let late = vendors.details(id_of(&disputed)).await;
    assert_eq!(late["transaction"]["returnedItems"][0]["code"], "R10");
    assert_eq!(vendors.status_of(id_of(&clears)).await, "settledSuccessfully");
}

#[tokio::test]
async fn a_debit_may_come_back_without_a_word_of_it_in_its_status() {
    let vendors = Vendors::start().await;
    let debit = vendors.transact(&charge("350.00", &bank(bank_accounts::LATE_RETURN), "INV-1")).await;
    let id = id_of(&debit);
    vendors.advance_days(5).await;
    let settled = "settledSuccessfully";
    let order = json!({ "id": id, "return_code": "R10", "status": settled });
    let taken = vendors.control("authorizenet/transaction", order.clone()).await;
    assert_eq!((taken.status, &taken.json["transaction"]["status"]), (200, &json!("returned")));
    assert_eq!(vendors.control("authorizenet/transaction", order).await.status, 400, "once");
    vendors.advance_days(20).await;
    let details = vendors.details(id).await;
    assert_eq!(details["transaction"]["transactionStatus"], settled);
    assert_eq!(details["transaction"]["returnedItems"][0]["code"], "R10", "nor does the clock take it back again");
    let batch = vendors.all_batches().await.remove(0);
    let rows = vendors.anet("getTransactionListRequest", &format!("\"batchId\":{}", batch["batchId"])).await;
    let row = &rows["transactions"][0];
    assert_eq!((&row["hasReturnedItems"], &row["transactionStatus"]), (&json!(true), &json!(settled)));
}

#[tokio::test]
async fn ordinary_bank_accounts_follow_the_sandboxs_rule() {
    let vendors = Vendors::start().await;
    let account = bank("987654321");
    assert_eq!(outcome(&vendors.transact(&charge("100.00", &account, "INV-0")).await), ("1", "1"));
    assert_eq!(outcome(&vendors.transact(&charge("100.01", &account, "INV-0")).await), ("2", "2"));
    for number in 1..50 {
        assert_eq!(outcome(&vendors.transact(&charge("100.00", &account, &format!("INV-{number}"))).await).0, "1");
    }
    assert_eq!(outcome(&vendors.transact(&charge("0.01", &account, "INV-99")).await), ("2", "2"), "5000 a month");
}

#[tokio::test]
async fn a_settled_bank_debit_is_refunded_to_its_account() {
    let vendors = Vendors::start().await;
    let paid = vendors.transact(&charge("80.00", &bank(bank_accounts::CLEARS), "INV-1")).await;
    vendors.advance_days(5).await;
    let request = format!(
        "\"transactionType\":\"refundTransaction\",\"amount\":\"80.00\",\"payment\":{{{}}},\"refTransId\":\"{}\"",
        bank(bank_accounts::CLEARS),
        id_of(&paid)
    );
    let refunded = vendors.transact(&request).await;
    assert_eq!(outcome(&refunded), ("1", "1"));
    vendors.advance_days(5).await;
    assert_eq!(vendors.status_of(id_of(&refunded)).await, "refundSettledSuccessfully");
}

#[tokio::test]
async fn a_held_transaction_is_let_through_or_not() {
    let vendors = Vendors::start().await;
    let hold = async |invoice: &str| {
        vendors.arm("authorizenet", "decline:253").await;
        let held = vendors.transact(&charge("10.00", &card(VISA), invoice)).await;
        assert_eq!((outcome(&held), &held["messages"]["resultCode"]), (("4", "253"), &json!("Ok")));
        id_of(&held).to_owned()
    };
    let decide = async |id: &str, action: &str| {
        let request = format!("\"heldTransactionRequest\":{{\"action\":\"{action}\",\"refTransId\":\"{id}\"}}");
        vendors.anet("updateHeldTransactionRequest", &request).await
    };
    let (good, bad) = (hold("INV-1").await, hold("INV-2").await);
    assert_eq!(vendors.status_of(&good).await, "FDSAuthorizedPendingReview");
    let waiting = vendors.anet("getUnsettledTransactionListRequest", "\"status\":\"pendingApproval\"").await;
    assert_eq!(waiting["totalNumInResultSet"], 2);
    vendors.advance_days(2).await;
    assert_eq!(vendors.status_of(&good).await, "FDSAuthorizedPendingReview", "nothing settles while it is held");
    decide(&good, "approve").await;
    decide(&bad, "decline").await;
    assert_eq!(vendors.status_of(&good).await, "capturedPendingSettlement");
    assert_eq!(vendors.status_of(&bad).await, "failedReview");
    assert_eq!(outcome(&decide(&bad, "approve").await), ("3", "16"), "decided is decided");
}

#[tokio::test]
async fn every_status_of_the_vendor_can_be_met() {
    let vendors = Vendors::start().await;
    let paid = vendors.transact(&charge("10.00", &card(VISA), "INV-1")).await;
    let id = id_of(&paid);
    let unknown = vendors.control("authorizenet/transaction", json!({ "id": id, "status": "happy" })).await;
    assert_eq!(unknown.status, 400);
    let known = unknown.json["error"].as_str().unwrap().split("known: ").nth(1).unwrap().to_owned();
    let known: Vec<&str> = known.split(", ").collect();
    assert_eq!(known.len(), 24);
    for status in known {
        let set = vendors.control("authorizenet/transaction", json!({ "id": id, "status": status })).await;
        assert_eq!((set.status, vendors.status_of(id).await.as_str()), (200, status));
    }
    let debit = vendors.transact(&charge("10.00", &bank(bank_accounts::CLEARS), "INV-2")).await;
    let taken = vendors.control("authorizenet/transaction", json!({ "id": id_of(&debit), "return_code": "R29" })).await;
    assert_eq!(taken.json["transaction"]["return_code"], "R29");
    let twice = vendors.control("authorizenet/transaction", json!({ "id": id_of(&debit), "return_code": "R29" })).await;
    assert_eq!(twice.status, 400);
    let missing = vendors.control("authorizenet/transaction", json!({ "id": "1", "status": "voided" })).await;
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn an_authorisation_lapses() {
    let vendors = Vendors::start().await;
    let held = vendors.transact(&charge("10.00", &card(VISA), "INV-1").replace("authCapture", "authOnly")).await;
    vendors.advance_days(31).await;
    assert_eq!(vendors.status_of(id_of(&held)).await, "expired");
}
