//! Bank debits of a company's own account (S52, S70, N4, D8-D10): saved under an authority, sent to the bank, booked when
//! they have cleared, and out of all books again when the bank takes them back. Those that are tried again:
//! `debit_retries.rs`.

use crate::{
    debit_retries::{FAILED, RETRIES, SENT},
    disputes::tells,
    kept_cards::change_at_stripe,
    methods::{kept, pay_with},
    refunds::Dialog,
    support::{self, Answer, Client, Form, House, On, ana, assert_has, field, link},
};
use serde_json::json;

/// The form for another account, filled in, signed and sent; its id, and the answer.
pub async fn save(payer: &Client, token: &str, holder: &str) -> (String, Answer) {
    save_as(payer, "ach_debit", token, holder).await
}

/// The same for an account of any scheme.
pub async fn save_as(payer: &Client, kind: &str, token: &str, holder: &str) -> (String, Answer) {
    let page = payer.get(&format!("/methods/bank?kind={kind}")).await.body;
    let (method, consent) = (field(&page, "method"), field(&page, "consent"));
    let fields = [("method", &*method), ("kind", kind), ("token", token), ("holder", holder), ("consent", &consent)];
    let answer = payer.post("/api/methods/save", &fields).await;
    (method, answer)
}

/// INV-501, paid from a saved account; the form, and the page after it.
pub async fn paid(portal: &str, token: &str) -> (Form, String) {
    let ana = ana(portal).await;
    let (method, answer) = save(&ana, token, "Ana Example").await;
    assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/methods")), "{}", answer.body);
    let form = ana.open("INV-501").await;
    let pressed = ana.pay_saved(&form, &method).await;
    let page = ana.get(&pressed.location.unwrap()).await.body;
    (form, page)
}

#[tokio::test]
async fn s24_s2_d8_n4_a_debit_is_offered_once_set_up_sent_with_dates_and_booked_and_receipted_when_it_has_cleared() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let ana = ana(&house.portal).await;
        let offered = async || {
            let form = ana.open("INV-501").await;
            ana.get(&format!("/npe?transactionId={}", form.checkout)).await.body
        };
        let before = offered().await;
        assert!(!before.contains("STRIPE TEST BANK"), "none is set up yet: {before}");
        let (account, _) = save(&ana, "pm_usBankAccount_success", "Ana Example").await;
        let after = offered().await;
        assert!(after.contains("STRIPE TEST BANK ··6789"), "{after}");
        let form = ana.open("INV-501").await;
        let page = ana.get(&ana.pay_saved(&form, &account).await.location.unwrap()).await.body;
        assert_has!(
            page,
            "$1,204.50 was sent to your bank",
            "it clears by",
            "Do not pay again",
            "STRIPE TEST BANK ··6789"
        );
        assert!(house.books_payments("INV-501").await.is_empty(), "nothing is booked yet");
        assert!(!house.mails().await.contains("Receipt: $1,204.50"), "nor receipted");
        let others = house.client();
        let open = others.get(&link("INV-501")).await.location.unwrap();
        assert!(!others.get(&open).await.body.contains("id=\"pay-button\""), "nobody pays it meanwhile");
        tells(&house, &form, "The books are told when it clears").await;
        for page in [ana.get("/dashboard").await.body, house.staff().await.get("/admin/transactions").await.body] {
            assert!(page.contains(", clears by "), "{page}");
        }

        house.advance(json!({"days": 7})).await;
        house.assert_paid_once("INV-501", 120_450).await;
        house.until("it is receipted", async || house.mails().await.contains("Receipt: $1,204.50")).await;
        // Their session has ended meanwhile.
        drop(ana);
        let ana = support::ana(&house.portal).await;
        for page in [ana.get("/payments").await.body, house.staff().await.get("/admin/transactions").await.body] {
            assert!(page.contains(", can be returned until ") && !page.contains("clears by"), "{page}");
        }
        let page = ana.get(&format!("/payments/{}", form.payment)).await.body;
        assert!(page.contains("You paid $1,204.50") && page.contains("can still return it until"), "{page}");
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn d9_s39_s40_a_late_return_leaves_all_books_tells_the_payer_and_is_paid_again_from_the_dashboard() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let (form, _) = paid(&house.portal, "pm_usBankAccount_dispute").await;
        house.advance(json!({"days": 6})).await;
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
        let board = ana(&house.portal).await.get("/dashboard").await.body;
        assert!(!board.contains("INV-501"), "paid is not outstanding: {board}");
        house.advance(json!({"days": 25})).await;
        tells(&house, &form, "The bank took the money back. It does not stand in the books").await;
        assert_eq!(house.books_invoice("INV-501").await["due_minor"], 120_450, "it is owed again");
        house.until("the payer is told", async || house.mails().await.contains("Returned by your bank")).await;
        house.assert_everything_agrees().await;

        let ana = ana(&house.portal).await;
        let page = ana.get("/methods").await.body;
        assert!(page.contains("Needs attention"), "its authority is void: {page}");
        let board = async || ana.get("/dashboard").await.body;
        house.until("it is outstanding again", async || board().await.contains("INV-501")).await;
        let board = board().await;
        let (_, row) = board.split_once("INV-501").unwrap();
        let opened = ana.post("/api/invoices/pay", &[("invoice", &field(row, "invoice"))]).await.location.unwrap();
        assert_eq!(ana.pay(&ana.form(&opened).await, "pm_card_visa").await.status, 303);
        house.until("it is paid by card", async || house.books_invoice("INV-501").await["due_minor"] == 0).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn d4_d9_a_late_return_whose_news_are_lost_is_found_by_the_daily_comparison() {
    let house = House::new().await;
    let (form, _) = paid(&house.portal, "pm_usBankAccount_dispute").await;
    house.advance(json!({"days": 6})).await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.assert_everything_agrees().await;
    house.arm_times("stripe", "webhook_lost", 99).await;
    house.advance(json!({"days": 25})).await;
    // The comparison of the day that it is by now begins three hours after the first look at it.
    house.until("a day's comparison is queued", async || house.number(COMPARISONS).await >= 2).await;
    house.advance(json!({"hours": 4})).await;
    tells(&house, &form, "The bank took the money back. It does not stand in the books").await;
    house.assert_everything_agrees().await;
}

const COMPARISONS: &str = "SELECT COUNT(*) FROM job JOIN merchant ON merchant.id = job.merchant_id
     WHERE merchant.name = 'Northwind IT' AND job.unique_key LIKE 'reconcile:%'";

#[tokio::test]
async fn d9_a_late_return_whose_payment_is_reconciled_is_left_to_a_person() {
    let house = House::new().await;
    let (form, _) = paid(&house.portal, "pm_usBankAccount_dispute").await;
    house.advance(json!({"days": 6})).await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.arm_times("xero", "period_locked", 9).await;
    house.advance(json!({"days": 25})).await;
    tells(&house, &form, "The books keep its payment").await;
    let admin = house.staff().await;
    let home = admin.get("/admin").await.body;
    assert!(home.contains("went back, but the books keep its payment") && home.contains("Try again"), "{home}");
    house.arm_times("xero", "period_locked", 0).await;
    let pressed = admin.post("/api/transactions/post_again", &[("payment", &form.payment)]).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    tells(&house, &form, "It does not stand in the books").await;
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn d10_a_debit_that_the_bank_refuses_frees_the_invoice_and_only_a_hard_no_ends_the_account() {
    for (token, why, next, state) in [
        (
            "pm_usBankAccount_insufficientFunds",
            "There is not enough money",
            "SELECT count(*) FROM mail WHERE text LIKE '%There was not enough money in the account.%'
                AND text LIKE '%What to do now: Pay again when there is enough money in the account.%'",
            "Ready",
        ),
        (
            "pm_usBankAccount_accountClosed",
            "This account is closed",
            "SELECT count(*) FROM mail WHERE text LIKE '%There is no such account any more.%'
                AND text LIKE '%What to do now: Pay from another account, or by card.%'",
            "Needs attention",
        ),
    ] {
        let house = House::with_mail(On::Sqlite).await.unwrap();
        let (form, _) = paid(&house.portal, token).await;
        house.advance(json!({"days": 6})).await;
        tells(&house, &form, why).await;
        house.until("the payer is told", async || house.mails().await.contains("Not paid: $1,204.50")).await;
        assert_eq!(house.number(next).await, 1, "{token}: with the one thing to do");
        assert_eq!(house.number(RETRIES).await, 0, "nobody has switched that on");
        let page = ana(&house.portal).await.get("/methods").await.body;
        assert!(page.contains(state), "{token}: {page}");
        let guest = house.client();
        guest.pay(&guest.open("INV-501").await, "pm_card_visa").await;
        house.until("it is paid by card", async || house.books_invoice("INV-501").await["due_minor"] == 0).await;
        house.assert_everything_agrees().await;
    }
}

#[tokio::test]
async fn d10_g44_staff_are_told_when_many_debits_come_back_and_no_more_when_that_is_long_ago() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let (account, _) = save(&ana, "pm_usBankAccount_accountClosed", "Ana Example").await;
    for number in ["INV-501", "INV-502"] {
        assert_eq!(pay_with(&ana, number, &account).await.status, 303);
    }
    let (other, _) = save(&ana, "pm_usBankAccount_insufficientFunds", "Ana Example").await;
    assert_eq!(pay_with(&ana, "INV-503", &other).await.status, 303);
    house.advance(json!({"days": 6})).await;
    house.until("all came back", async || house.number(FAILED).await == 3).await;
    let inbox = async || house.staff().await.get("/admin/exceptions").await.body;
    let told = inbox().await;
    assert!(told.contains("Of 3 bank debits of the last 60 days, 3 came back:") && told.contains("15 %"), "{told}");
    assert!(!told.contains("because the account is closed"), "two of one kind are no alarm of that kind: {told}");
    let home = house.staff().await.get("/admin").await.body;
    assert!(home.contains("3 came back:") && home.contains("ask these payers to pay by card"), "{home}");

    house.leap(chrono::TimeDelta::days(61));
    let told = inbox().await;
    assert!(!told.contains("bank debits of the last 60 days"), "{told}");
}

#[tokio::test]
async fn d9_a_late_return_of_what_was_refunded_in_part_is_laid_before_a_person() {
    let house = House::with_mail(On::Sqlite).await.unwrap();
    let (form, _) = paid(&house.portal, "pm_usBankAccount_dispute").await;
    house.advance(json!({"days": 6})).await;
    house.assert_paid_once("INV-501", 120_450).await;
    let staff = house.staff().await;
    Dialog::open(&staff, &form.payment).await.press(&staff, "5.00").await;
    house.advance(json!({"days": 25})).await;
    house.until("the payer is told", async || house.mails().await.contains("Returned by your bank")).await;
    house.until("it is owed again", async || house.books_invoice("INV-501").await["due_minor"] == 120_450).await;
    let inbox = async || house.staff().await.get("/admin/exceptions").await.body;
    let words = "The bank took a debit of $1,204.50 back of which $5.00 had been refunded.";
    house.until(words, async || inbox().await.contains(words)).await;
    let open = inbox().await;
    assert!(open.contains("If $1,204.50, its payer has $5.00 twice") && open.contains("If $1,199.50"), "{open}");
    assert_eq!(house.number(RETRIES).await, 0);
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn n15_s70_whoever_signs_an_authority_gets_a_copy_and_a_debits_proof_shows_both() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let (form, _) = paid(&house.portal, "pm_usBankAccount_success").await;
        let copy = "SELECT count(*) FROM mail WHERE recipient = 'ana@acme.test' AND unique_key LIKE 'authority:%'
            AND text LIKE '%I authorise Northwind IT to electronically debit my bank account%Signed by: Ana Example%'
            AND text LIKE '%STRIPE TEST BANK ··6789%You may cancel this at any time%'";
        house.until("the copy is written", async || house.number(copy).await == 1).await;
        house.until("the payer reads that it was sent", async || house.number(SENT).await == 1).await;
        house.advance(json!({"days": 7})).await;
        house.assert_paid_once("INV-501", 120_450).await;
        house.assert_everything_agrees().await;
        let proof = house.staff().await.get(&format!("/admin/transactions/{}/proof", form.payment)).await.body;
        assert_has!(
            proof,
            "Authority to debit the account",
            "I authorise Northwind IT to electronically debit my bank account",
            "ach-2",
            "Ana Example",
            "Your authority for Northwind IT to debit your bank account",
            "Sent to your bank: $1,204.50",
            "under the authority that Ana Example signed"
        );
        house.execute("UPDATE authority SET holder = 'Somebody Else'").await;
        let differences = house.differences(None).await;
        let told = differences.iter().filter(|words| words.contains("tells of another authority than is shown"));
        assert_eq!(told.count(), 2, "when it was given, and when it was used: {differences:?}");
        let proof = house.staff().await.get(&format!("/admin/transactions/{}/proof", form.payment)).await.body;
        assert!(proof.contains("tells of another authority than is shown"), "{proof}");
    }
}

#[tokio::test]
async fn n4_staff_read_by_when_a_debit_clears_and_until_when_it_may_come_back() {
    let house = House::new().await;
    let (form, _) = paid(&house.portal, "pm_usBankAccount_success").await;
    tells(&house, &form, "As a rule that is by").await;
    house.advance(json!({"days": 7})).await;
    house.assert_paid_once("INV-501", 120_450).await;
    tells(&house, &form, "Its bank may return it until").await;
}

#[tokio::test]
async fn d32_an_account_whose_authority_the_bank_ends_is_not_debited_and_its_payer_reads_so() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    save(&ana, "pm_usBankAccount_success", "Ana Example").await;
    let [account] = kept(&house).await.try_into().unwrap();
    change_at_stripe(&house, &account, "mandate_ended").await;
    let page = async || ana.get("/methods").await.body;
    house.until("its news are worked", async || page().await.contains("Needs attention")).await;
    assert!(page().await.contains("Your bank does not allow debits from this account"), "{}", page().await);
    let form = ana.open("INV-501").await;
    let offer = ana.get(&format!("/npe?transactionId={}", form.checkout)).await.body;
    assert!(!offer.contains("6789"), "it is offered no more: {offer}");
}

#[tokio::test]
async fn s70_no_account_is_kept_without_the_words_that_were_signed() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let page = ana.get("/methods/bank?kind=ach_debit").await.body;
    assert!(page.contains("I authorise Northwind IT to electronically debit my bank account"), "{page}");
    let (_, unsigned) = save(&ana, "pm_usBankAccount_success", "  ").await;
    assert_eq!(unsigned.location.as_deref(), Some("/methods/bank?kind=ach_debit"));
    assert!(ana.get("/methods/bank?kind=ach_debit").await.body.contains("Type your name below the authority"));
    let other = [
        ("method", &*field(&page, "method")),
        ("kind", "ach_debit"),
        ("token", "pm_usBankAccount_success"),
        ("holder", "Ana Example"),
        ("consent", "other words"),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    let other: Vec<_> = other.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ana.post("/api/methods/save", &other).await;
    assert!(ana.get("/methods").await.body.contains("Nothing is saved"));

    save(&ana, "pm_usBankAccount_success", "Ana Example").await;
    assert!(ana.get("/methods").await.body.contains("STRIPE TEST BANK ··6789"));
    let kept = "SELECT count(*) FROM authority WHERE holder = 'Ana Example' AND version = 'ach-2'";
    assert_eq!(house.number(kept).await, 1);
}

#[tokio::test]
async fn s25_d22_a_guest_pays_by_card_and_sees_no_account() {
    let house = House::new().await;
    let (form, _) = paid(&house.portal, "pm_usBankAccount_success").await;
    let guest = house.client();
    let offer = guest.open("INV-502").await;
    let page = guest.get(&format!("/npe?transactionId={}", offer.checkout)).await.body;
    assert!(page.contains("Pay by card") && !page.contains("bank account") && !page.contains("6789"), "{page}");
    let method = form.payment.replace("pay_", "mth_");
    let pressed = guest.pay_saved(&offer, &method).await;
    assert!(pressed.location.unwrap().starts_with("/sign-in"), "nobody debits without signing in");
}

#[tokio::test]
async fn d5_a_debit_whose_news_are_lost_is_asked_about() {
    let house = House::new().await;
    house.arm_times("stripe", "webhook_lost", 99).await;
    paid(&house.portal, "pm_usBankAccount_success").await;
    house.advance(json!({"days": 7})).await;
    house.assert_paid_once("INV-501", 120_450).await;
    house.assert_everything_agrees().await;
}
