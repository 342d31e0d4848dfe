//! The copy of the authority to debit an account, for whoever signed it (S70).

use crate::{
    Engine, Error,
    clock::{on_the_wall, zone},
    jobs::Ran,
    send_mail::{AUTHORITY, rendered},
};
use domain::{
    date::{moment_in_words, zone_in_words},
    ids::MethodId,
};
use minijinja::context;
use store::{Job, MerchantDb, NewMail};

impl Engine {
    /// Written once for each account, however often the job runs.
    pub(crate) async fn write_authority(&self, db: &MerchantDb, job: &Job, id: MethodId) -> Result<Ran, Error> {
        let Some(authority) = db.authority(id).await? else { return Ok(Ran::Finished) };
        let (method, set_up) = (db.method(id).await?, self.set_up(db).await?);
        let merchant = &set_up.merchant;
        let text = rendered(
            AUTHORITY,
            context! {
                merchant => &merchant.name,
                support => &merchant.support_email,
                customer => &method.customer_name,
                wording => &authority.wording,
                holder => &authority.holder,
                account => &method.face,
                date => moment_in_words(on_the_wall(authority.given_at, zone(&merchant.time_zone))),
                zone => zone_in_words(&merchant.time_zone),
            },
        )?;
        let mail = NewMail {
            payment: None,
            unique_key: authority_key(id),
            recipient: authority.email,
            subject: format!("Your authority for {} to debit your bank account", merchant.name),
            text,
            state: self.first_mail_state(),
        };
        self.keep_mail(db, job, mail).await
    }
}

/// The one mail of an account's authority.
pub(crate) fn authority_key(method: MethodId) -> String {
    format!("authority:{method}")
}
