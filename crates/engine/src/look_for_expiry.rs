//! Looks once a day for saved cards that end (D18): their payer is written to before, and once more when a card has expired,
//! each once for each card and date. An expired card needs its payer, whatever its bank would say.

use crate::{
    Engine, Error,
    clock::zone,
    methods::title,
    send_mail::{CARD_ENDS, rendered},
};
use chrono::NaiveDate;
use domain::{
    date::in_words,
    method::{MethodFact, MethodSeen, MethodState, WRITTEN_BEFORE},
    payment::DeclineReason,
};
use minijinja::context;
use store::{Merchant, MerchantDb, Method, NewMail};

impl Engine {
    pub(crate) async fn look_for_expiry(&self, db: &MerchantDb) -> Result<(), Error> {
        let set_up = self.set_up(db).await?;
        let merchant = &set_up.merchant;
        let today = self.clock().today(zone(&merchant.time_zone));
        let soon = today + WRITTEN_BEFORE;
        for ending in db.methods_ending(soon).await? {
            let tx = db.begin().await?;
            let method = tx.method_hold(ending.id).await?;
            // Its bank may have renewed it since the list was read, or its payer have taken it out.
            let is_ready = method.state == MethodState::Ready;
            let Some(last) = method.good_until.filter(|last| is_ready && *last <= soon) else { continue };
            self.add_mail(&tx, self.end_mail(merchant, &method, last, last < today)?).await?;
            if last < today {
                let over = MethodFact::Refused { reason: DeclineReason::Expired };
                self.learn_of_method(&tx, method, MethodSeen::bare(over)).await?;
            }
            tx.commit().await?;
        }
        self.0.bell.notify_one();
        Ok(())
    }

    fn end_mail(&self, merchant: &Merchant, method: &Method, last: NaiveDate, is_over: bool) -> Result<NewMail, Error> {
        let text = rendered(
            CARD_ENDS,
            context! {
                is_over,
                card => title(method),
                last => in_words(last),
                customer => &method.customer_name,
                link => format!("{}/methods", self.0.settings.public_url),
                support => &merchant.support_email,
            },
        )?;
        let (state, told) = if is_over { ("expired", "has expired") } else { ("expires", "expires soon") };
        Ok(NewMail {
            payment: None,
            unique_key: format!("card_{state}:{}:{last}", method.id),
            recipient: method.added_by.clone(),
            subject: format!("Your saved card {told} ({})", merchant.name),
            text,
            state: self.first_mail_state(),
        })
    }
}
