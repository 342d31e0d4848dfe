//! What is laid before a bank: what the payer agreed to, what was seen and what followed, in one file; and a record that
//! shows when it was touched (N15).

use crate::support::{Client, Form, House, On, ana, assert_has, field, http};
use domain::consent::{Paid, Wording};
use simulators::facts;

/// Started, money taken, posted, mailed.
const LINES_OF_A_PAYMENT: u64 = 4;

fn agreed_to() -> String {
    agreed_with("Northwind IT")
}

fn agreed_with(merchant: &str) -> String {
    let shares = [("INV-501", "$1,204.50".to_owned())];
    let paid = Paid { shares: &shares, credit: None, surcharge: None, amount: "$1,204.50" };
    Wording::Pay1.text(merchant, &paid)
}

/// The text of a page as it is copied: without what keeps references in one line.
fn copied(page: &str) -> String {
    page.replace("<span class=\"nowrap\">", "").replace("</span>", "")
}

/// INV-501, paid from somewhere, posted and sealed.
async fn paid(house: &House) -> Form {
    let guest = house.client().from("203.0.113.7");
    let form = guest.open("INV-501").await;
    let press = http().post(format!("{}/api/payments/take", house.portal)).header("accept", "text/html");
    let press = press.header("origin", &house.portal).header("user-agent", "Lynx/2.9 <of a test>");
    assert_eq!(guest.send(press.form(&form.fields("pm_card_visa"))).await.status, 303);
    house.assert_paid_once("INV-501", 120_450).await;
    sealed(house, LINES_OF_A_PAYMENT).await;
    house.assert_everything_agrees().await;
    form
}

fn proof_of(form: &Form) -> String {
    format!("/admin/transactions/{}/proof", form.payment)
}

/// Waits for so many lines in the trail.
async fn sealed(house: &House, lines: u64) {
    let sealed = async || house.engine.verify_books(None).await.unwrap().lines;
    house.until("it is sealed", async || sealed().await == lines).await;
}

/// Five dollars back, pressed twice.
async fn refund(admin: &Client, form: &Form) {
    let dialog = admin.get(&format!("/admin/transactions/{}", form.payment)).await.body;
    let refund = field(&dialog, "refund");
    let asked = [
        ("payment", form.payment.as_str()),
        ("refund", refund.as_str()),
        ("currency", "USD"),
        ("amount", "5.00"),
        ("reason", "Late"),
    ];
    for _ in 0..2 {
        assert_eq!(admin.post("/api/refunds/start", &asked).await.status, 303);
    }
}

/// INV-501, begun on the gateway's page and given up there, with another act's line between its own.
async fn given_up(house: &House, admin: &Client) -> Form {
    let guest = house.client();
    let form = guest.open("INV-501").await;
    guest.pay(&form, "").await;
    sealed(house, 1).await;
    admin.sign_in(facts::NORTHWIND.admin_email).await;
    sealed(house, 2).await;
    let cancel = [("checkout", form.checkout.as_str()), ("payment", form.payment.as_str())];
    assert_eq!(guest.post("/api/payments/cancel", &cancel).await.status, 303);
    sealed(house, 4).await;
    form
}

#[tokio::test]
async fn n15_the_proof_tells_what_was_agreed_to_what_followed_and_that_the_trail_is_whole() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let shown = house.client();
        let opened = shown.open("INV-501").await;
        let page = shown.get(&format!("/npe?transactionId={}", opened.checkout)).await.body;
        assert!(page.contains(&agreed_to()), "the page says what pressing Pay agrees to: {page}");
        let form = paid(&house).await;
        let admin = house.staff().await;
        let story = admin.get(&format!("/admin/transactions/{}", form.payment)).await.body;
        assert!(story.contains(&proof_of(&form)) && story.contains("Download proof"), "{story}");

        let proof = admin.get(&proof_of(&form)).await;
        assert_eq!(proof.status, 200, "{}", proof.body);
        for words in [
            "Proof of payment PAY-",
            &agreed_to(),
            "pay-1",
            "$1,204.50",
            "$0.00",
            "203.0.113.7",
            "Lynx/2.9 &lt;of a test&gt;",
            "Acme Pty Ltd",
            "New York time, America/New_York",
            "UTC-0",
            "Approved",
            "Clearing account at Stripe",
            "Xero, clearing account 825",
            "accounts@acme.test",
            "Receipt: $1,204.50 to Northwind IT",
            "Keep this mail as your receipt.",
            "Lines 1 to ",
            "each follows from the one before it",
            "Payment started",
            "Money taken",
            "Posted to the books",
        ] {
            assert!(copied(&proof.body).contains(words), "{words}: {}", proof.body);
        }
        assert!(proof.body.contains("<span class=\"nowrap\">INV-501.</span>"), "in one line: {}", proof.body);
        assert!(!proof.body.contains("pm_card_visa") && !proof.body.contains("<script"), "{}", proof.body);
        let header = |name: &str| proof.headers[name].to_str().unwrap().to_owned();
        assert!(header("content-disposition").starts_with("inline; filename=\"proof-PAY-"));
        assert_eq!(header("cache-control"), "private, no-store");
        let policy = header("content-security-policy");
        let nonce = proof.body.split("<style nonce=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(policy.contains(&format!("style-src 'nonce-{nonce}'")) && !policy.contains("unsafe"), "{policy}");
        assert!(proof.body.contains("@media print"), "its style is in it");
    }
}

#[tokio::test]
async fn n15_a_refund_stands_in_the_proof_with_who_asked_for_it_and_why() {
    let house = House::new().await;
    let form = paid(&house).await;
    let admin = house.staff().await;
    refund(&admin, &form).await;
    let asked_for = format!("Refund asked for ({})", facts::NORTHWIND.admin_email);
    let told = async || {
        let proof = admin.get(&proof_of(&form)).await.body;
        let sealed = proof.contains(&asked_for) && proof.contains("Refund paid (gateway)");
        let posted = proof.contains("Refund posted to the books (portal)");
        sealed && posted && proof.contains("Refund: $5.00 from Northwind IT")
    };
    house.until("the refund is posted, sealed and mailed", told).await;
    let proof = admin.get(&proof_of(&form)).await.body;
    assert_eq!(proof.matches(&asked_for).count(), 1, "the same form asks once: {proof}");
    assert_has!(proof, "1 refund", facts::NORTHWIND.admin_email, "Late", "$5.00");
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn n15_words_that_nobody_was_shown_are_read_before_anything_is_charged() {
    let house = House::new().await;
    let guest = house.client();
    let form = guest.open("INV-501").await;
    let silent = Form { consent: String::new(), ..form.clone() };
    house.execute("UPDATE merchant SET name = 'Northwind Group' WHERE name = 'Northwind IT'").await;
    let now = agreed_with("Northwind Group");
    for stale in [&silent, &form] {
        let back = guest.pay(stale, "pm_card_visa").await.location.unwrap();
        let page = guest.get(&back).await.body;
        assert!(page.contains("What you agree to by pressing Pay has changed") && page.contains(&now), "{page}");
        assert!(!page.contains("<title>Error"), "nobody has made a mistake: {page}");
    }
    assert_eq!(guest.call("/api/payments/take", &form.fields("pm_card_visa")).await.status, 409);
    assert!(house.charges().await.is_empty());

    let again = guest.form(&format!("/npe?transactionId={}", form.checkout)).await;
    guest.pay(&again, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    let proof = copied(&house.staff().await.get(&proof_of(&again)).await.body);
    assert!(proof.contains(&now) && !proof.contains(&agreed_to()), "{proof}");
}

#[tokio::test]
async fn n15_who_gives_a_payment_up_and_who_has_one_posted_again_is_written_down() {
    let house = House::new().await;
    let admin = house.client();
    let form = given_up(&house, &admin).await;
    let proof = admin.get(&proof_of(&form)).await.body;
    assert_has!(proof, "Cancelling asked for (guest)", "Payment ended without money (gateway)", "each follows from");

    house.arm("xero", "period_locked", "PUT /xero/api.xro/2.0/Payments").await;
    let guest = house.client();
    let form = guest.open("INV-501").await;
    guest.pay(&form, "pm_card_visa").await;
    let refused = async || house.story(&form).await.contains("but the books refused it");
    house.until("the books have refused it", refused).await;
    for _ in 0..2 {
        assert_eq!(admin.post("/api/transactions/post_again", &[("payment", &form.payment)]).await.status, 303);
    }
    let told = async || admin.get(&proof_of(&form)).await.body.contains("Posted to the books (portal)");
    house.until("it is posted and sealed", told).await;
    let proof = admin.get(&proof_of(&form)).await.body;
    let asked_for = format!("Posting again asked for ({})", facts::NORTHWIND.admin_email);
    assert_eq!(proof.matches(&asked_for).count(), 1, "pressed twice is pressed once: {proof}");
    assert!(!proof.contains("per_"), "people are named as they are known: {proof}");
    let (_, happened) = proof.split_once("What happened, in order").unwrap();
    let (happened, _) = happened.split_once("Postings").unwrap();
    let places =
        ["The books refused it", "Posting again asked for", facts::NORTHWIND.admin_email, "Posted to the books"]
            .map(|words| happened.find(words).unwrap_or_else(|| panic!("{words}: {happened}")));
    assert!(places.is_sorted(), "{places:?}: {happened}");
    house.assert_everything_agrees().await;
}

#[tokio::test]
async fn n15_a_payer_who_is_signed_in_gives_up_by_name() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let dashboard = ana.get("/dashboard").await.body;
    let (_, row) = dashboard.split_once("INV-501").unwrap();
    let opened = ana.post("/api/invoices/pay", &[("invoice", &field(row, "invoice"))]).await;
    let form = ana.form(&opened.location.unwrap()).await;
    ana.pay(&form, "").await;
    let cancel = [("checkout", form.checkout.as_str()), ("payment", form.payment.as_str())];
    assert_eq!(ana.post("/api/payments/cancel", &cancel).await.status, 303);
    let admin = house.staff().await;
    let asked_for = format!("Cancelling asked for ({})", facts::ANA_EMAIL);
    let told = async || admin.get(&proof_of(&form)).await.body.contains(&asked_for);
    house.until("it is sealed", told).await;
}

#[tokio::test]
async fn n15_a_start_that_is_gone_is_missed_though_the_lines_that_are_left_follow() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let admin = house.client();
        let form = given_up(&house, &admin).await;
        let proof = async || admin.get(&proof_of(&form)).await.body;
        assert!(proof().await.contains("each follows from"));

        house.unlock("audit_line").await;
        house.execute("UPDATE consent SET wording = 'By pressing Pay you agree to everything.'").await;
        house.execute("DELETE FROM audit_line WHERE kind = 'payment_started'").await;
        let forged = proof().await;
        assert_has!(
            forged,
            "The audit trail does not hold",
            "the start of att_",
            "stands nowhere in the audit trail",
            "1 line(s) before line 3 of the audit trail are missing"
        );
        assert!(!forged.contains("each follows from"), "{forged}");

        house.execute("DELETE FROM consent").await;
        let bare = proof().await;
        assert!(bare.contains("stands nowhere") && !bare.contains("made before consents were kept"), "{bare}");
        house.execute("DELETE FROM audit_line").await;
        let bare = proof().await;
        assert!(bare.contains("stands nowhere") && !bare.contains("is sealed yet"), "{bare}");

        // As it was before there were trails.
        house.execute("DELETE FROM audit_head").await;
        let old = proof().await;
        assert_has!(old, "made before consents were kept", "trail began after this payment");
    }
}

#[tokio::test]
async fn n15_what_is_shown_is_what_the_lines_say_and_no_more() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = paid(&house).await;
        let admin = house.staff().await;
        refund(&admin, &form).await;
        let proof = async || admin.get(&proof_of(&form)).await.body;
        let told = async || {
            let proof = proof().await;
            proof.contains("Refund posted to the books (portal)") && proof.contains("Refund: $5.00 from Northwind IT")
        };
        house.until("the refund is posted, sealed and mailed", told).await;
        house.assert_everything_agrees().await;
        assert!(proof().await.contains("each follows from"));

        for (forgery, difference) in [
            (
                "UPDATE mail SET text = 'You read our terms.'",
                "(Mail kept, no mail server is set) tells of a mail with other",
            ),
            ("UPDATE attempt SET gateway_id = 'pi_forged'", "(Money taken) names another id than is shown"),
            ("UPDATE books_entry SET external_id = 'forged'", "(Posted to the books) names another id than is shown"),
            ("UPDATE books_entry SET amount_minor = 1", "(Posted to the books) tells of another amount than is shown"),
            ("UPDATE refund SET meaning = 'still_owed'", "(Refund asked for) gives another reason or meaning"),
            (
                "UPDATE refund SET meaning = 'sale_cancelled', reason = 'Early'",
                "(Refund asked for) gives another reason",
            ),
            ("UPDATE refund SET gateway_id = 're_forged'", "(Refund paid) names another id than is shown"),
            (
                "UPDATE refund_entry SET credit_id = 'forged'",
                "(Refund posted to the books) names another id than is shown",
            ),
        ] {
            house.execute(forgery).await;
            let forged = proof().await;
            assert!(forged.contains("does not hold") && forged.contains(difference), "{forgery}: {forged}");
            let named = house.differences(None).await;
            assert!(named.iter().any(|words| words.contains(difference)), "{forgery}: {named:?}");
        }
        house
            .execute(
                "INSERT INTO mail (merchant_id, id, payment_id, unique_key, recipient, subject, text, state, created_at)
                SELECT merchant_id, payment_id, payment_id, 'forged', recipient, 'Your order', text, state, created_at
                FROM mail WHERE unique_key LIKE 'receipt:%'",
            )
            .await;
        let forged = proof().await;
        assert!(forged.contains("the mail “Your order” stands nowhere in the audit trail"), "{forged}");
    }
}

#[tokio::test]
async fn n15_lines_that_lie_too_far_behind_are_named_as_not_computed() {
    let house = House::new().await;
    let form = paid(&house).await;
    house
        .execute(
            "INSERT INTO audit_slip (merchant_id, id, payment_id, kind, actor, body, at)
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 21000)
            SELECT merchant_id, randomblob(16), NULL, 'staff_signed_in', 'portal', '{}', at
            FROM audit_line, n WHERE kind = 'payment_started'",
        )
        .await;
    house.until("all is sealed", async || house.number("SELECT COUNT(*) FROM audit_slip").await == 0).await;
    let admin = house.staff().await;
    refund(&admin, &form).await;
    let proof = async || admin.get(&proof_of(&form)).await.body;
    house.until("the refund is sealed", async || proof().await.contains("Refund paid (gateway)")).await;
    let proof = proof().await;
    assert!(proof.contains("each follows from") && proof.contains("Not computed for this document"), "{proof}");
}

#[tokio::test]
async fn n15_a_changed_a_missing_and_a_moved_line_are_named() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let form = paid(&house).await;

        house.unlock("audit_line").await;
        house.execute("UPDATE audit_line SET actor = 'per_0' WHERE kind = 'money_came'").await;
        let changed =
            "line 2 of the audit trail (Money taken) is not as it was sealed, or does not follow from the one before";
        assert_eq!(house.differences(None).await, [format!("Northwind IT: {changed}")]);
        house.execute("UPDATE audit_line SET actor = 'gateway' WHERE kind = 'money_came'").await;
        assert!(house.differences(None).await.is_empty());

        house.execute("UPDATE audit_line SET sequence = 99 WHERE sequence = 3").await;
        house.execute("UPDATE audit_line SET sequence = 3 WHERE sequence = 4").await;
        house.execute("UPDATE audit_line SET sequence = 4 WHERE sequence = 99").await;
        let moved = house.differences(None).await;
        for line in ["line 3 of the audit trail", "line 4 of the audit trail"] {
            assert!(moved.iter().any(|words| words.contains(line)), "{line}: {moved:?}");
        }
        house.execute("UPDATE audit_line SET sequence = 99 WHERE sequence = 3").await;
        house.execute("UPDATE audit_line SET sequence = 3 WHERE sequence = 4").await;
        house.execute("UPDATE audit_line SET sequence = 4 WHERE sequence = 99").await;
        assert!(house.differences(None).await.is_empty());

        house.execute("UPDATE consent SET wording = 'By pressing Pay you agree to everything.'").await;
        let [consent] = house.differences(None).await.try_into().unwrap();
        assert!(consent.ends_with("is not what its line in the audit trail says"), "{consent}");
        let admin = house.staff().await;
        let proof = admin.get(&proof_of(&form)).await.body;
        assert!(proof.contains("The audit trail does not hold") && !proof.contains("each follows from"), "{proof}");
    }
}

#[tokio::test]
async fn n15_lines_that_are_gone_are_missed_the_last_one_too() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        paid(&house).await;
        house.unlock("audit_line").await;
        house.execute("DELETE FROM audit_line WHERE sequence = 2").await;
        let missing = |line: u32| format!("Northwind IT: line {line} of the audit trail is missing");
        assert_eq!(house.differences(None).await, [missing(2)]);
        house.execute("DELETE FROM audit_line WHERE sequence = 4").await;
        assert_eq!(house.differences(None).await, [missing(2), missing(4)]);
        house.execute("DELETE FROM audit_line").await;
        house.execute("DELETE FROM audit_head").await;
        assert_eq!(house.differences(None).await, ["Northwind IT: 1 payment(s) have no line in the audit trail"]);
    }
}

#[tokio::test]
async fn n15_where_a_consent_came_from_is_forgotten_and_the_proof_says_so() {
    let house = House::new().await;
    let form = paid(&house).await;
    house.advance(serde_json::json!({"days": 541})).await;
    let forgotten = "SELECT COUNT(*) FROM consent WHERE salt IS NULL AND address IS NULL AND user_agent IS NULL";
    house.until("it is forgotten", async || house.number(forgotten).await == 1).await;
    let proof = copied(&house.staff().await.get(&proof_of(&form)).await.body);
    assert!(proof.contains("Forgotten, as long after") && !proof.contains("203.0.113.7"), "{proof}");
    assert!(proof.contains(&agreed_to()) && !proof.contains("does not hold"), "{proof}");
}
