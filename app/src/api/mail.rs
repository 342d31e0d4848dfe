//! The mails that were made for a merchant's payers.

use super::Framed;
use crate::fault::Fault;
use domain::views::{MailFace, Page};
use leptos::prelude::*;

#[server(prefix = "/api", endpoint = "mail/list")]
pub async fn list_mails(search: String, page: u64) -> Result<Framed<Page<MailFace>>, Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::SeeMail).await?;
    let page = gate::answer(gate::engine().mails(&admin, engine::ListQuery { search, page }).await)?;
    Ok(Framed { who: admin.who().clone(), page })
}
