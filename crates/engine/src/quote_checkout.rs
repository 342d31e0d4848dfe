//! A quote at its checkout: from what a payer's browser is sent with to the page that offers it, who may pay it with what
//! (S14-S17, S22-S25), and the way back to the quoting program (S19-S21).

use crate::{
    Engine, Error, GuestPass, error::known, open_checkout::random_checkout, quote_sessions::is_quote,
    resolve_link::closed,
};
use connectors::quotes::Return;
use domain::{
    ids::CheckoutId,
    integration::IntegrationKind,
    method::MethodKind,
    quote::{ACCOUNT_NEEDED, SAVED_METHOD_NEEDED, SessionStatus},
    views::{Closed, ClosedReason, QuoteFace, SavedMethod},
};
use store::{IntegrationKey, Invoice, MerchantDb, Quote, QuoteSession, SubKey, TokenHash};

/// What a quote may be paid with at one checkout.
pub(crate) struct QuoteTerms {
    quote: Quote,
    /// Absent where its payer has come from the portal (S40).
    session: Option<QuoteSession>,
    pub(crate) is_over: bool,
}

impl QuoteTerms {
    /// What is saved belongs to a company, and a guest has none of it: bank accounts are always saved (S25), and what recurs
    /// needs something saved (S15-S17).
    pub(crate) fn takes(&self, kind: MethodKind, is_saved: bool) -> bool {
        let is_allowed = if kind.is_debit() { self.quote.takes_debits } else { self.quote.takes_cards };
        is_allowed && (is_saved || (!kind.is_debit() && self.quote.recurring.is_none()))
    }

    /// As its payer reads it, with what is left of what they have saved.
    pub(crate) fn face(self, saved: &mut Vec<SavedMethod>) -> QuoteFace {
        saved.retain(|method| self.takes(method.kind, true));
        let takes_new_card = self.takes(MethodKind::Card, false);
        let why = if self.quote.recurring.is_some() { SAVED_METHOD_NEEDED } else { ACCOUNT_NEEDED };
        QuoteFace {
            takes_new_card,
            needs_account: (!takes_new_card && saved.is_empty()).then(|| why.to_owned()),
            recurring: self.quote.recurring,
            has_way_back: self.session.is_some(),
            email: self.session.map(|session| session.email),
        }
    }
}

impl Engine {
    /// What opens a session in a browser leads to its checkout, or to why nothing can be paid there.
    ///
    /// # Errors
    /// The database is away.
    pub async fn open_quote(&self, token: &str) -> Result<Result<CheckoutId, Closed>, Error> {
        let Some((db, session)) = self.store().door_quote(&TokenHash::of(token)).await? else {
            return closed(None, None, ClosedReason::UnknownLink).await.map(Err);
        };
        if self.stood(&db, &session).await?.status == SessionStatus::Expired {
            let number = db.quote(session.invoice_id).await?.number;
            return closed(Some(&db), Some(number), ClosedReason::QuoteExpired).await.map(Err);
        }
        Ok(Ok(session.checkout_id))
    }

    /// Where the payer of a session goes back to, signed, with what became of it until now.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a checkout that no quoting program has opened.
    pub async fn way_back_to_quote(&self, guest: &GuestPass) -> Result<String, Error> {
        let session = guest.db.quote_session_at(guest.checkout.id).await?.ok_or(Error::NotFound)?;
        let status = self.stood(&guest.db, &session).await?.status;
        let is_left = matches!(status, SessionStatus::Created | SessionStatus::Expired);
        let url = if is_left { &session.cancel_url } else { &session.return_url };
        let (id, nonce) = (session.id.to_string(), random_checkout()?.0.simple().to_string());
        let back = Return { session: &id, status: status.at_return(), at: self.now().timestamp(), nonce: &nonce };
        let key = signing_key(&guest.db, &session).await?;
        let key = guest.db.integration_sub_key(&key, SubKey::Return)?;
        back.address(url, &key).ok_or(Error::NotFound)
    }

    /// Nothing, where no quote is paid.
    pub(crate) async fn quote_terms(
        &self,
        guest: &GuestPass,
        invoices: &[Invoice],
    ) -> Result<Option<QuoteTerms>, Error> {
        let Some(advance) = invoices.iter().find(|invoice| is_quote(invoice)) else { return Ok(None) };
        let (quote, session) =
            tokio::try_join!(guest.db.quote(advance.id), guest.db.quote_session_at(guest.checkout.id))?;
        let is_closed = match &session {
            Some(session) => !self.stood(&guest.db, session).await?.is_open,
            None => false,
        };
        let is_over = is_closed || self.is_overtaken(&guest.db, &quote).await?;
        Ok(Some(QuoteTerms { quote, session, is_over }))
    }
}

/// The one that the session was asked for with; once that is retired, the newest that there is.
pub(crate) async fn signing_key(db: &MerchantDb, session: &QuoteSession) -> Result<IntegrationKey, Error> {
    match known(db.integration_key(session.key_id).await)?.filter(|key| key.retired_at.is_none()) {
        Some(key) => Ok(key),
        None => db.integration_keys(IntegrationKind::Sell).await?.pop().ok_or(Error::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use domain::ids::{InvoiceId, MerchantId};
    use uuid::Uuid;

    fn terms(takes_cards: bool, takes_debits: bool, recurring: bool) -> QuoteTerms {
        let quote = Quote {
            merchant_id: MerchantId(Uuid::nil()),
            invoice_id: InvoiceId(Uuid::nil()),
            quote_id: "8f2c".into(),
            number: "Q-10231".into(),
            version: 1,
            takes_cards,
            takes_debits,
            recurring: recurring.then(|| "Managed services, monthly".into()),
            created_at: DateTime::UNIX_EPOCH,
        };
        QuoteTerms { quote, session: None, is_over: false }
    }

    #[test]
    fn s14_s16_s23_s25_who_pays_a_quote_with_what() {
        let (card, ach) = (MethodKind::Card, MethodKind::AchDebit);
        for (terms, takes) in [
            (
                terms(true, true, false),
                [(card, false, true), (card, true, true), (ach, false, false), (ach, true, true)],
            ),
            (
                terms(true, false, false),
                [(card, false, true), (card, true, true), (ach, false, false), (ach, true, false)],
            ),
            (
                terms(false, true, false),
                [(card, false, false), (card, true, false), (ach, false, false), (ach, true, true)],
            ),
            (
                terms(true, true, true),
                [(card, false, false), (card, true, true), (ach, false, false), (ach, true, true)],
            ),
        ] {
            for (kind, is_saved, taken) in takes {
                assert_eq!(terms.takes(kind, is_saved), taken, "{:?} {kind:?} saved {is_saved}", terms.quote);
            }
        }
    }

    #[test]
    fn s15_s17_a_guest_reads_why_before_any_field() {
        let face = |terms: QuoteTerms| terms.face(&mut Vec::new());
        assert_eq!(face(terms(true, true, false)).needs_account, None);
        assert_eq!(face(terms(true, true, true)).needs_account.as_deref(), Some(SAVED_METHOD_NEEDED));
        assert_eq!(face(terms(false, true, false)).needs_account.as_deref(), Some(ACCOUNT_NEEDED));
    }
}
