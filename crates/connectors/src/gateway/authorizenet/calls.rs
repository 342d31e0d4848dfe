//! Single calls and the reading of their answers (`wire/gateways.md`, 3.1 and 3.3). An answer speaks twice: of the
//! call, and of the money, which comes first where there is a word about it. Decides nothing beyond one answer.

use super::{
    AuthorizeNet, GatewayError,
    replies::{DetailsReply, Messages, PageReply, Reply, TransactionReply, TransactionResponse, filled},
    requests::{Head, Request, Settings, Transaction},
};
use crate::{
    gateway::{AFTERWORK_MAX, ChargeRequest, refused, unopened, unreadable},
    http::Answer,
};
use domain::payment::{DeclineReason, Fact, Observation};
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

/// Stands before every reply; some clients insist on it.
const BOM: &[u8] = b"\xef\xbb\xbf";
/// The server is too busy, or in maintenance [recalled].
const BUSY: [&str; 2] = ["E00053", "E00104"];
/// The call was understood, refused, and nothing was done: by its form, its sender, its fields, what the account may not,
/// or a nonce that is too old. Those that 3.3 does not name are recalled. Any other code leaves the outcome open: E00001
/// ("an error occurred during processing") first of all, and E00114, a nonce that was used, perhaps by this very request
/// that came twice. E00116 is somebody else's by the vendor's list, and reported of one that was used: so that is looked up
/// as well.
const REFUSED: [&str; 18] = [
    "E00002", "E00003", "E00004", "E00005", "E00006", "E00007", "E00008", "E00010", "E00011", "E00013", "E00014",
    "E00015", "E00016", "E00027", "E00039", "E00040", "E00044", "E00115",
];

impl AuthorizeNet {
    pub(super) fn head<'a>(&'a self, ref_id: Option<&'a str>) -> Head<'a> {
        Head::new(&self.config.login, self.config.transaction_key.expose_secret(), ref_id)
    }

    fn call(&self, request: &Request<'_>) -> RequestBuilder {
        self.http.request(Method::POST, &self.config.api_url).json(request)
    }

    pub(super) async fn ask<T: DeserializeOwned>(&self, request: Request<'_>) -> Result<T, GatewayError> {
        read(&self.http.send(self.call(&request)).await?)
    }

    /// Sends what moves or frees money, once.
    pub(super) async fn transact(
        &self,
        ref_id: Option<&str>,
        transaction: Transaction<'_>,
    ) -> Result<TransactionResponse, GatewayError> {
        let request = Request::Transact { head: self.head(ref_id), transaction_request: transaction };
        read_transaction(&self.http.send(self.call(&request)).await?, ref_id)
    }

    /// Asks for the vendor's own page, which a token opens.
    pub(super) async fn open_page(&self, request: &ChargeRequest, code: &str) -> Result<Observation, GatewayError> {
        let page = Request::Page {
            head: self.head(Some(code)),
            transaction_request: Transaction::on_page(request, code),
            hosted_payment_settings: Settings::of_page(request),
        };
        let PageReply { token } = self.ask(page).await.map_err(unopened)?;
        let fields = vec![("token".to_owned(), token.0)];
        Ok(Observation::bare(Fact::ActionNeeded { url: self.config.page_url.clone(), fields }))
    }

    pub(super) async fn details(&self, trans_id: &str) -> Result<DetailsReply, GatewayError> {
        self.ask(Request::Details { head: self.head(None), trans_id }).await
    }

    /// The same where somebody waits.
    pub(super) async fn details_soon(&self, trans_id: &str) -> Result<DetailsReply, GatewayError> {
        self.ask_soon(Request::Details { head: self.head(None), trans_id }).await
    }

    pub(super) async fn ask_soon<T: DeserializeOwned>(&self, request: Request<'_>) -> Result<T, GatewayError> {
        read(&self.http.send(self.call(&request).timeout(AFTERWORK_MAX)).await?)
    }

    /// What became of a charge of this name.
    pub(super) async fn charged(
        &self,
        request: &ChargeRequest,
        code: &str,
        details: &DetailsReply,
    ) -> Result<Observation, GatewayError> {
        if !details.is_partial(request.amount) {
            return Ok(details.observe(self.config.currency));
        }
        if details.ref_id() != Some(code) {
            return Err(GatewayError::Unknown("approved in part, and not certainly ours to void".into()));
        }
        self.undo_part(&details.transaction.trans_id.0).await
    }

    /// An approval of less than was asked is no payment. It is voided, and nothing is said of it until that has worked.
    pub(super) async fn undo_part(&self, trans_id: &str) -> Result<Observation, GatewayError> {
        let void = Transaction::Void { ref_trans_id: trans_id };
        let void = Request::Transact { head: self.head(None), transaction_request: void };
        let sent = self.http.send(self.call(&void).timeout(AFTERWORK_MAX)).await.map_err(GatewayError::from);
        match sent.and_then(|answer| read_transaction(&answer, None)?.is_voided()) {
            Ok(true) => {
                let fact = Fact::BankNo { reason: DeclineReason::InsufficientFunds };
                let id = Some(trans_id.to_owned());
                Ok(Observation { gateway_id: id.clone(), charge_id: id, ..Observation::bare(fact) })
            }
            Ok(false) => Err(GatewayError::Unknown("approved in part, which cannot be voided".into())),
            Err(error) => Err(GatewayError::Unknown(format!("approved in part, and not voided yet: {error}"))),
        }
    }

    /// The transaction that a charge, or a refund, is called a duplicate of. When it carries our name, the vendor got our
    /// one request twice. Nothing else that comes of this may say that it was not sent.
    pub(super) async fn original(
        &self,
        response: &TransactionResponse,
        code: &str,
    ) -> Result<DetailsReply, GatewayError> {
        let unknown = |why: String| GatewayError::Unknown(format!("called a duplicate, {why}"));
        let trans_id = response.id().ok_or_else(|| unknown("of what is not said".into()))?;
        match self.details_soon(trans_id).await {
            Ok(details) if details.ref_id() == Some(code) => Ok(details),
            Ok(_) => Err(unknown("of another payment".into())),
            Err(error) => Err(unknown(format!("of what cannot be read: {error}"))),
        }
    }
}

impl Messages {
    /// Why nothing came of a call.
    fn failure(&self) -> Option<GatewayError> {
        if self.result_code == "Ok" {
            return None;
        }
        let said = self.message.first();
        let code = said.and_then(|message| filled(message.code.as_ref())).unwrap_or_default();
        let words = said.and_then(|message| filled(message.text.as_ref())).unwrap_or_default();
        Some(match code {
            code if BUSY.contains(&code) => GatewayError::Busy { after: None },
            code if REFUSED.contains(&code) => refused(code, words),
            code => GatewayError::Unknown(format!("{code}: {words}")),
        })
    }
}

/// The vendor answers 200 to everything that it understands and to everything that it does not: another status is
/// somebody else's word, and says nothing about what was done.
fn body(answer: &Answer) -> Result<&[u8], GatewayError> {
    match answer.status.as_u16() {
        200 => Ok(answer.body.strip_prefix(BOM).unwrap_or(&answer.body)),
        429 => Err(GatewayError::Busy { after: answer.retry_after() }),
        _ => Err(unreadable(answer)),
    }
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, GatewayError> {
    let body = body(answer)?;
    let reply: Reply = serde_json::from_slice(body).map_err(|_| unreadable(answer))?;
    match reply.messages.failure() {
        Some(failure) => Err(failure),
        None => serde_json::from_slice(body).map_err(|_| unreadable(answer)),
    }
}

/// A declined transaction is a failed call too: what became of the money is looked at first (3.3).
fn read_transaction(answer: &Answer, ref_id: Option<&str>) -> Result<TransactionResponse, GatewayError> {
    let reply: TransactionReply = serde_json::from_slice(body(answer)?).map_err(|_| unreadable(answer))?;
    let theirs = filled(reply.ref_id.as_ref());
    if theirs.is_some() && ref_id.is_some() && theirs != ref_id {
        return Err(GatewayError::Unknown("the answer is to another request".into()));
    }
    let response = reply.transaction_response.filter(|response| filled(response.response_code.as_ref()).is_some());
    response.ok_or_else(|| reply.messages.failure().unwrap_or_else(|| unreadable(answer)))
}
