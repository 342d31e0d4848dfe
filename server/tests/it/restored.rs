//! The drill of F25 (`quality.md`, 2.2): yesterday's copy of the database is put back, while gateway and books have moved on.
//! What it does not have is named and given to a person, and nobody pays it twice.

use crate::{
    exceptions::a_day_later,
    refunds::{Dialog, credits},
    support::{Client, House, Server, link, paid_and_booked},
};
use simulators::facts;
use std::process::{Output, Stdio};

/// Paid after the copy was made: number, and how amounts are written by command and page.
const LOST: [(&str, &str, &str); 2] = [("INV-502", "350.00", "$350.00"), ("INV-503", "700.00", "$700.00")];

#[tokio::test(flavor = "multi_thread")]
async fn f25_a_restored_copy_names_each_payment_and_refund_that_it_lacks_and_gives_them_to_a_person() {
    let mut house = House::without_portal().await;
    {
        let server = Server::start(&house, None).await;
        let (guest, form) = paid_and_booked(&house, &server.portal).await;
        house.back_up().await;

        for (number, ..) in LOST {
            guest.pay(&guest.open(number).await, "pm_card_visa").await;
            house.until(number, async || house.books_payments(number).await.len() == 1).await;
        }
        let admin = Client::new(&server.portal);
        admin.sign_in(facts::NORTHWIND.admin_email).await;
        Dialog::open(&admin, &form.payment).await.press(&admin, "5.00").await;
        house.until("it is credited", async || credits(&house).await == [("PAID".to_owned(), 500)]).await;
        house.assert_everything_agrees().await;
    }
    house.restore();

    let Output { status, stdout, .. } = house.program(&["verify-books"]).stdout(Stdio::piped()).output().unwrap();
    let told = String::from_utf8(stdout).unwrap();
    assert!(!status.success(), "{told}");
    let named =
        |words: &str, what: &str| told.lines().filter(|line| line.contains(words) && line.contains(what)).count();
    for (_, amount, _) in LOST {
        let took = format!("the gateway took {amount} (pi_");
        assert_eq!(named(&took, "for an attempt that we do not know"), 1, "{told}");
    }
    assert_eq!(named("the gateway paid 5.00 back (re_", "by a refund that we do not know"), 1, "{told}");

    let server = Server::start(&house, None).await;
    house.portal.clone_from(&server.portal);
    a_day_later(&house).await;
    let inbox = house.staff().await.get("/admin/exceptions").await.body;
    let causes = LOST.map(|(_, _, amount)| format!("The gateway took {amount} (pi_"));
    let remedies = [
        "Look at it there: pay it back there, or enter it in the books by hand.",
        "The gateway paid $5.00 (re_",
        "Look at it there, and enter it in the books by hand.",
    ];
    for words in causes.iter().map(String::as_str).chain(remedies) {
        assert!(inbox.contains(words), "{words}: {inbox}");
    }

    for (number, ..) in LOST {
        let guest = house.client();
        let is_closed = async || guest.get(&link(number)).await.status == 409;
        house.until(&format!("{number} is not paid again"), is_closed).await;
    }
    assert_eq!(house.charges().await.len(), 1 + LOST.len());
}
