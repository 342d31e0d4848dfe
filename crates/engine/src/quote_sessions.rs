//! The sessions in which a quoting program has its quotes paid (`wp-quote/1`, `wire/connectwise.md`, 3.3): asked for by the
//! program, opened in its payer's browser, and read by the program again. Whether a quote is paid, the payments of its advance
//! say; nothing of that is kept here a second time.

use crate::{
    Engine, Error, Lane, QuoteError, QuotePass, error::known, payment_standing::why_not, settle_payment::latest,
};
use chrono::{DateTime, Utc};
use connectors::{
    books::Books,
    gateway::Gateway,
    quotes::{host_of, token},
};
use domain::{
    advance::AdvanceKind,
    ids::{CheckoutId, QuoteSessionId},
    invoice::InvoiceStatus,
    money::{Currency, Money},
    quote::{AccountAsked, AllowedMethod, SESSION_LIFE, SessionAsked, SessionRefusal, SessionStatus, is_open},
};
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Attempt, Customer, Invoice, MerchantDb, Payment, Quote, QuoteSession, SubKey, TokenHash};
use uuid::Uuid;

/// More payments than this of one quote, nobody makes.
const PAYMENTS_MAX: u64 = 50;
/// Two programs, or two requests of one, may make the same quote at once.
const TRIES: u32 = 3;

/// A session, as the program is answered.
#[derive(Clone, Debug, Serialize)]
pub struct OpenedSession {
    pub session_id: QuoteSessionId,
    pub status: SessionStatus,
    pub pay_url: String,
    pub expires_at: DateTime<Utc>,
}

/// What became of one.
#[derive(Clone, Debug, Serialize)]
pub struct SessionResult {
    pub session_id: QuoteSessionId,
    pub status: SessionStatus,
    pub amount_minor: i64,
    pub surcharge_minor: i64,
    pub currency: String,
    pub method: Option<PaidWith>,
    pub brand: Option<String>,
    pub last4: Option<String>,
    pub reference: Option<String>,
    pub paid_at: Option<DateTime<Utc>>,
    pub failure: Option<SessionFailure>,
    pub saved_method: bool,
    pub payer_registered: bool,
    pub metadata: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaidWith {
    Card,
    Bank,
}

/// Why no money came.
#[derive(Clone, Debug, Serialize)]
pub struct SessionFailure {
    pub code: String,
    pub message: String,
    pub retryable: bool,
}

/// A session with the payment that says where it stands.
pub(crate) struct Stood {
    pub(crate) status: SessionStatus,
    paid: Option<(Payment, Attempt)>,
    pub(crate) is_open: bool,
}

impl Engine {
    /// Opens a session; the same request again is answered the same, and opens no other.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn open_quote_session(
        &self,
        program: &QuotePass,
        idempotency_key: &str,
        body: &str,
    ) -> Result<OpenedSession, QuoteError> {
        let (db, body_hash) = (&program.db, TokenHash::of(body).into_text());
        if let Some(same) = db.quote_session_by_key(idempotency_key).await? {
            return self.answered_again(db, &same, &body_hash).await;
        }
        let asked: SessionAsked = serde_json::from_str(body).map_err(|_| SessionRefusal::InvalidRequest("body"))?;
        let set_up = self.set_up(db).await?;
        let currency = set_up.currency()?;
        let amount = asked.read(currency)?;
        self.check_addresses(db, &asked).await?;
        self.check_takes(db, &asked, currency).await?;
        for _ in 0..TRIES {
            let quote = match self.quote_to_pay(db, &asked, amount).await {
                Err(QuoteError::Engine(Error::Store(twice))) if twice.is_duplicate("one_quote_per_version") => continue,
                made => made?,
            };
            let session = self.new_session(program, &quote, &asked, (idempotency_key, &body_hash, body)).await?;
            return self.add_session(db, session).await;
        }
        Err(Error::Contended.into())
    }

    async fn add_session(&self, db: &MerchantDb, session: QuoteSession) -> Result<OpenedSession, QuoteError> {
        // One that no session comes to have is pruned like any that nobody pays.
        let checkout_id = self.checkout(db, &[session.invoice_id], None, true).await?;
        let session = QuoteSession { checkout_id, ..session };
        let tx = db.begin().await?;
        match tx.quote_session_add(session.clone()).await {
            Ok(()) => tx.commit().await?,
            Err(twice) if twice.is_duplicate("one_quote_session_per_key") => {
                drop(tx);
                let same = db.quote_session_by_key(&session.idempotency_key).await?.ok_or(Error::Contended)?;
                return self.answered_again(db, &same, &session.body_hash).await;
            }
            Err(other) => return Err(other.into()),
        }
        self.opened(db, &session).await
    }

    async fn new_session(
        &self,
        program: &QuotePass,
        quote: &Quote,
        asked: &SessionAsked,
        (idempotency_key, body_hash, body): (&str, &str, &str),
    ) -> Result<QuoteSession, QuoteError> {
        let (id, now) = (QuoteSessionId(Uuid::now_v7()), self.now());
        let mut session = QuoteSession {
            merchant_id: program.db.merchant_id(),
            id,
            invoice_id: quote.invoice_id,
            checkout_id: CheckoutId(Uuid::nil()),
            key_id: program.key,
            token_hash: String::new(),
            idempotency_key: idempotency_key.to_owned(),
            body_hash: body_hash.to_owned(),
            email: asked.payer.email.trim().to_owned(),
            return_url: asked.return_url.clone(),
            cancel_url: asked.cancel_url.clone(),
            asked: body.to_owned(),
            created_at: now,
            expires_at: now + SESSION_LIFE,
        };
        session.token_hash = TokenHash::of(&token_of(&program.db, &session).await?).into_text();
        Ok(session)
    }

    /// The same key came once more.
    async fn answered_again(
        &self,
        db: &MerchantDb,
        same: &QuoteSession,
        body_hash: &str,
    ) -> Result<OpenedSession, QuoteError> {
        if same.body_hash != body_hash {
            return Err(SessionRefusal::IdempotencyConflict.into());
        }
        let opened = self.opened(db, same).await?;
        if opened.status == SessionStatus::Expired { Err(SessionRefusal::SessionExpired.into()) } else { Ok(opened) }
    }

    async fn opened(&self, db: &MerchantDb, session: &QuoteSession) -> Result<OpenedSession, QuoteError> {
        let token = token_of(db, session).await?;
        Ok(OpenedSession {
            session_id: session.id,
            status: self.stood(db, session).await?.status,
            pay_url: format!("{}/q/{token}", self.0.settings.public_url),
            expires_at: session.expires_at,
        })
    }

    async fn check_addresses(&self, db: &MerchantDb, asked: &SessionAsked) -> Result<(), QuoteError> {
        let rules = db.quote_rules().await?;
        for (field, url) in [("return_url", &asked.return_url), ("cancel_url", &asked.cancel_url)] {
            let host = host_of(url, self.0.settings.private_endpoints);
            if !host.is_some_and(|host| rules.allows(&host)) {
                return Err(SessionRefusal::ReturnUrlNotAllowed(field).into());
            }
        }
        Ok(())
    }

    /// What is allowed there and set up here (S22-S24), and books that have a place for it.
    async fn check_takes(&self, db: &MerchantDb, asked: &SessionAsked, currency: Currency) -> Result<(), QuoteError> {
        let (gateway, books) = (self.gateway(db).await, self.books(db, Lane::UserAction).await);
        let (Ok((_, gateway)), Ok(books)) = (gateway, books) else { return Err(SessionRefusal::NotSetUp.into()) };
        if !has_place(books.as_ref()) {
            return Err(SessionRefusal::NotSetUp.into());
        }
        let takes_any = is_taken(gateway.as_ref(), asked, currency);
        if takes_any { Ok(()) } else { Err(SessionRefusal::NoCommonMethod.into()) }
    }

    /// The version that is to be paid, made where it is new. Its customer as well, where nobody is called so: the books tell
    /// of them later.
    async fn quote_to_pay(&self, db: &MerchantDb, asked: &SessionAsked, amount: Money) -> Result<Quote, QuoteError> {
        let (now, version) = (self.now(), i64::from(asked.quote.version));
        let (takes_cards, takes_debits) = (asked.allows(AllowedMethod::Card), asked.allows(AllowedMethod::Bank));
        let recurring = asked.recurring.as_ref().filter(|it| it.present).map(|recurring| {
            let label = recurring.label.as_deref().unwrap_or("services");
            format!("{label}, {}", recurring.cycle).chars().filter(|c| !c.is_control()).collect::<String>()
        });
        self.refuse_beside(db, &asked.quote.id, version).await?;
        if let Some((quote, advance)) = db.quote_version(&asked.quote.id, version).await? {
            self.refuse_paid(db, &advance).await?;
            if advance.total()? != amount {
                return Err(SessionRefusal::InvalidAmount.into());
            }
            let quote = Quote { takes_cards, takes_debits, recurring, ..quote };
            let tx = db.begin().await?;
            tx.quote_rewrite(quote.clone()).await?;
            tx.commit().await?;
            return Ok(quote);
        }
        // Before the transaction: nobody waits for a second connection with one in their hands.
        let (merchant, has_own_books) = (db.merchant().await?, self.set_up(db).await?.has_own_books());
        let known = called(db, &asked.account).await?;
        let tx = db.begin().await?;
        let customer = if let Some(known) = known {
            known.id
        } else {
            let email = Some(asked.payer.email.trim().to_owned());
            let mut new = Customer::unknown_to_books(merchant.id, asked.account.name.trim().to_owned(), email);
            if has_own_books {
                new.external_id = new.id.to_string();
            }
            let id = new.id;
            tx.customers_add(vec![new]).await?;
            id
        };
        let name = asked.quote.name.trim().to_owned();
        let advance = self.new_advance(&merchant, customer, AdvanceKind::Quote, amount, name);
        let quote = Quote {
            merchant_id: merchant.id,
            invoice_id: advance.id,
            quote_id: asked.quote.id.clone(),
            number: asked.number(),
            version,
            takes_cards,
            takes_debits,
            recurring,
            created_at: now,
        };
        tx.quote_add(quote.clone(), Invoice { number: asked.number(), ..advance }).await?;
        tx.commit().await?;
        Ok(quote)
    }

    /// While another version of the quote is being paid, none begins beside it: its payer would pay for one thing twice.
    async fn refuse_beside(&self, db: &MerchantDb, quote_id: &str, version: i64) -> Result<(), QuoteError> {
        for other in db.quote_versions(quote_id).await?.into_iter().filter(|other| other.version != version) {
            if let Some(payment) = db.live_payment(other.invoice_id).await? {
                let reference = Some(db.payment(payment).await?.reference);
                return Err(QuoteError::Refused { why: SessionRefusal::AlreadyPaid, reference });
            }
        }
        Ok(())
    }

    /// Another version of it was asked for since, or is being paid: what its payer has open is over.
    pub(crate) async fn is_overtaken(&self, db: &MerchantDb, quote: &Quote) -> Result<bool, Error> {
        let newest = db.quote_session_newest(&quote.quote_id).await?;
        if newest.is_some_and(|newest| newest.invoice_id != quote.invoice_id) {
            return Ok(true);
        }
        for other in db.quote_versions(&quote.quote_id).await? {
            if other.invoice_id != quote.invoice_id && db.live_payment(other.invoice_id).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// One version of a quote is paid once.
    async fn refuse_paid(&self, db: &MerchantDb, advance: &Invoice) -> Result<(), QuoteError> {
        for payment in db.payments_of_invoice(advance.id, PAYMENTS_MAX).await? {
            let state = latest(db, payment.id).await?.state;
            if SessionStatus::of(Some(state), false).is_taken() {
                return Err(QuoteError::Refused {
                    why: SessionRefusal::AlreadyPaid,
                    reference: Some(payment.reference),
                });
            }
        }
        if advance.status == InvoiceStatus::Void { Err(SessionRefusal::AlreadyInvoiced.into()) } else { Ok(()) }
    }

    /// What became of a session.
    ///
    /// # Errors
    /// [`SessionRefusal::NotFound`] also for another merchant's.
    pub async fn quote_session_result(
        &self,
        program: &QuotePass,
        id: QuoteSessionId,
    ) -> Result<SessionResult, QuoteError> {
        let db = &program.db;
        let session = known(db.quote_session(id).await)?.ok_or(SessionRefusal::NotFound)?;
        let advance = db.invoice(session.invoice_id).await?;
        let asked: SessionAsked = serde_json::from_str(&session.asked).map_err(Error::from)?;
        let Stood { status, paid, is_open } = self.stood(db, &session).await?;
        let blank = SessionResult {
            session_id: session.id,
            status,
            amount_minor: advance.total_minor,
            surcharge_minor: 0,
            currency: advance.currency,
            method: None,
            brand: None,
            last4: None,
            reference: None,
            paid_at: None,
            failure: None,
            saved_method: false,
            payer_registered: false,
            metadata: asked.metadata,
        };
        let Some((payment, attempt)) = paid else { return Ok(blank) };
        let seen = db.observations(attempt.id).await?;
        let paid_at = seen.iter().find(|known| known.seen.fact.is_money()).map(|known| known.at);
        let (brand, last4) = face_of(attempt.method.as_deref());
        let is_debit = attempt.kind.is_debit();
        let failure = matches!(status, SessionStatus::Failed | SessionStatus::Returned).then(|| SessionFailure {
            code: attempt.reason.clone().unwrap_or_default().trim_matches('"').to_owned(),
            message: why_not(&attempt).to_owned(),
            retryable: is_open,
        });
        let is_saved = attempt.method_id.is_some() || attempt.keeps.is_some();
        Ok(SessionResult {
            surcharge_minor: attempt.surcharge_minor,
            method: Some(if is_debit { PaidWith::Bank } else { PaidWith::Card }),
            brand,
            last4,
            reference: Some(payment.reference),
            paid_at: paid_at.filter(|_| status == SessionStatus::Succeeded),
            failure,
            saved_method: is_saved,
            // A guest has none.
            payer_registered: is_saved,
            ..blank
        })
    }

    /// Where it stands: by the newest payment at its own checkout, and for the newest session of a quote also by one that was
    /// made in the portal (S40).
    pub(crate) async fn stood(&self, db: &MerchantDb, session: &QuoteSession) -> Result<Stood, Error> {
        let (payments, sessions) = tokio::try_join!(
            db.payments_of_invoice(session.invoice_id, PAYMENTS_MAX),
            db.quote_sessions(session.invoice_id)
        )?;
        let is_newest = sessions.last().is_some_and(|last| last.id == session.id);
        let is_of_portal = |at: CheckoutId| sessions.iter().all(|other| other.checkout_id != at);
        let at_own = payments.iter().filter(|payment| payment.checkout_id == session.checkout_id).count();
        let newest = payments.into_iter().find(|payment| {
            payment.checkout_id == session.checkout_id || (is_newest && is_of_portal(payment.checkout_id))
        });
        let is_open = is_open(session.expires_at, at_own, self.now());
        let Some(payment) = newest else {
            return Ok(Stood { status: SessionStatus::of(None, !is_open), paid: None, is_open });
        };
        let attempt = latest(db, payment.id).await?;
        let status = SessionStatus::of(Some(attempt.state), !is_open);
        Ok(Stood { status, paid: Some((payment, attempt)), is_open })
    }
}

/// What opens it in a browser, made of the key that it was asked for with.
async fn token_of(db: &MerchantDb, session: &QuoteSession) -> Result<String, QuoteError> {
    // Once that is retired, nobody is told the address again.
    let key = known(db.integration_key(session.key_id).await)?.filter(|key| key.retired_at.is_none());
    let key = key.ok_or(SessionRefusal::IdempotencyConflict)?;
    let made = token(&db.integration_sub_key(&key, SubKey::Link)?, &session.id.to_string());
    Ok(made.ok_or(Error::NoRandomness)?)
}

/// The company of a quote: by what the PSA calls it, or by its name. Never by the books' id: that of somebody else there may
/// be the number that the PSA has for this one.
async fn called(db: &MerchantDb, account: &AccountAsked) -> Result<Option<Customer>, Error> {
    if let Some(company) = account.psa_company_id.as_deref().map(str::trim).filter(|company| !company.is_empty()) {
        let coded = db.customers_called(company).await?.into_iter();
        let is_it = |customer: &Customer| customer.code.as_ref().is_some_and(|code| code.eq_ignore_ascii_case(company));
        if let Some(coded) = coded.filter(is_it).find(|customer| !customer.archived) {
            return Ok(Some(coded));
        }
    }
    let name = account.name.trim();
    let mut named = db.customers_called(name).await?;
    named.retain(|customer| !customer.archived && customer.name.eq_ignore_ascii_case(name));
    let exact = named.iter().position(|customer| customer.name == name).unwrap_or(0);
    Ok((!named.is_empty()).then(|| named.swap_remove(exact)))
}

fn has_place(books: &dyn Books) -> bool {
    books.advances().quotes
}

/// Something that the quoting program allows can be paid with here.
fn is_taken(gateway: &dyn Gateway, asked: &SessionAsked, currency: Currency) -> bool {
    let capabilities = gateway.capabilities();
    let debits = capabilities.debits.iter().any(|kind| kind.debits() == Some(currency));
    let by_card = asked.allows(AllowedMethod::Card) && (capabilities.stores || !asked.is_recurring());
    by_card || (asked.allows(AllowedMethod::Bank) && capabilities.stores && debits)
}

/// `Visa ··4242`, in its two parts.
fn face_of(method: Option<&str>) -> (Option<String>, Option<String>) {
    match method.and_then(|method| method.split_once(" ··")) {
        Some((brand, last4)) => (Some(brand.to_owned()), Some(last4.to_owned())),
        None => (method.map(str::to_owned), None),
    }
}

/// An advance that is one.
pub(crate) const fn is_quote(invoice: &Invoice) -> bool {
    matches!(invoice.advance, Some(AdvanceKind::Quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s20_a_card_is_told_by_its_brand_and_four_digits() {
        let told = |method| face_of(Some(method));
        assert_eq!(told("Visa ··4242"), (Some("Visa".into()), Some("4242".into())));
        assert_eq!(told("FIRST TEST BANK ··6789"), (Some("FIRST TEST BANK".into()), Some("6789".into())));
        assert_eq!(told("Sandbox"), (Some("Sandbox".into()), None));
        assert_eq!(face_of(None), (None, None));
    }
}
