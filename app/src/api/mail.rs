//! The mails that were made for a merchant's payers.

use super::Framed;
use crate::fault::Fault;
use domain::{ids::MailId, views::MailBox};
use leptos::prelude::*;

/// `open` is the mail that is read.
#[server(prefix = "/api", endpoint = "mail/list")]
pub async fn list_mails(search: String, page: u64, open: Option<MailId>) -> Result<Framed<MailBox>, Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::SeeMail).await?;
    let page = gate::answer(gate::engine().mails(&admin, engine::ListQuery { search, page }, open).await)?;
    Ok(Framed { who: admin.who().clone(), page })
}
