//! `/admin/configure/merchants/{merchant}/surcharges`, outside the App like the forms of books of our own: the rules, a trial of
//! them, and the file that replaces them, which is shown first and saved afterwards.

use crate::{
    configure::AtMerchant,
    layers::plain_page,
    router::Web,
    staff::{Answer, Done, Refusal, go_to, page, refused},
};
use app::{SurchargesTold, Trial, addresses, render_refusal, render_surcharge_preview, render_surcharges};
use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequestParts, Multipart, Query, multipart::MultipartError},
    http::request::Parts,
    routing::{get, post},
};
use domain::{
    access::Act,
    money::Money,
    own_invoice::{TOTAL_MAX_MINOR, Wrong},
};
use engine::{AdminPass, SetRulesError, SurchargesPage};

const PATH: &str = "/admin/configure/merchants/{merchant}/surcharges";
/// Some hundred rules, and the same again: a form has the text and the file.
const FORM_MAX_BYTES: usize = 128 * 1024;
const NO_AMOUNT: &str = "Enter an amount, as 100.00.";

pub fn router() -> Router<Web> {
    let at = |part: &str| format!("{PATH}{part}");
    Router::new()
        .route(PATH, get(show))
        .route(&at("/preview"), post(preview))
        .route(&at("/save"), post(save))
        .route(&at("/off"), post(turn_off))
        .layer(DefaultBodyLimit::max(FORM_MAX_BYTES))
}

/// Staff who say what is added. Looked for before any body is read.
struct Setter {
    web: Web,
    admin: AdminPass,
    /// As the address names it.
    merchant: String,
}

impl FromRequestParts<Web> for Setter {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let AtMerchant { admin, merchant, .. } = AtMerchant::may(Act::ManageSurcharges, parts, web).await?;
        Ok(Self { web: web.clone(), admin, merchant })
    }
}

impl Setter {
    async fn stands(&self) -> Result<SurchargesPage, Refusal> {
        self.web.or_refused(self.web.engine.surcharges_page(&self.admin).await)
    }

    async fn page(&self, told: SurchargesTold) -> Answer {
        page(render_surcharges(&self.web.assets, self.stands().await?, told))
    }

    fn done(&self, done: &str) -> Answer {
        go_to(&format!("{}?done={done}", addresses::configure(&self.merchant, "surcharges")))
    }

    /// What a file would change, or what is wrong in it. `moved`: other rules were saved since it was last looked at.
    async fn preview(&self, text: String, moved: bool) -> Answer {
        let found = self.web.engine.preview_surcharge_rules(&self.admin, &text).await;
        match self.web.or_refused(found)? {
            Ok(preview) => page(render_surcharge_preview(&self.web.assets, self.stands().await?, preview, text, moved)),
            Err(cause) => self.page(SurchargesTold::of_wrong_file(text, &cause)).await,
        }
    }
}

async fn show(setter: Setter, Query(asked): Query<Done>, Query(trial): Query<Trial>) -> Answer {
    let mut told = SurchargesTold { done: asked.done, ..SurchargesTold::default() };
    if !trial.amount.is_empty() {
        let currency = setter.stands().await?.currency;
        let typed = Money::from_typed(&trial.amount, currency);
        match typed.ok().filter(|amount| (1..=TOTAL_MAX_MINOR).contains(&amount.minor)) {
            Some(amount) => {
                let tried = setter.web.engine.try_surcharge(&setter.admin, amount, trial.paid_by()).await;
                told.tried = Some(setter.web.or_refused(tried)?);
            }
            None => told.wrong = vec![Wrong::at("amount", NO_AMOUNT)],
        }
    }
    setter.page(SurchargesTold { trial, ..told }).await
}

async fn preview(setter: Setter, sent: Multipart) -> Answer {
    let Sent { text, .. } = read(&setter, sent).await?;
    setter.preview(text, false).await
}

async fn save(setter: Setter, sent: Multipart) -> Answer {
    let Sent { text, stands } = read(&setter, sent).await?;
    match setter.web.engine.set_surcharge_rules(&setter.admin, &text, &stands).await {
        Ok(()) => setter.done("saved"),
        Err(SetRulesError::Moved) => setter.preview(text, true).await,
        Err(SetRulesError::Rules(cause)) => setter.page(SurchargesTold::of_wrong_file(text, &cause)).await,
        Err(SetRulesError::Engine(cause)) => Err(refused(&setter.web, cause)),
    }
}

async fn turn_off(setter: Setter) -> Answer {
    setter.web.or_refused(setter.web.engine.turn_surcharges_off(&setter.admin).await)?;
    setter.done("off")
}

/// What a form has sent.
#[derive(Default)]
struct Sent {
    /// The rules: of the file, where there is one.
    text: String,
    /// By its digest, what they were held against.
    stands: String,
}

async fn read(setter: &Setter, sent: Multipart) -> Result<Sent, Refusal> {
    let refusal = |cause: MultipartError| plain_page(render_refusal(&setter.web.assets, cause.status().as_u16()));
    Ok(parts_of(sent).await.map_err(refusal)?)
}

async fn parts_of(mut sent: Multipart) -> Result<Sent, MultipartError> {
    let (mut form, mut file) = (Sent::default(), String::new());
    while let Some(field) = sent.next_field().await? {
        let name = field.name().map(str::to_owned);
        match name.as_deref() {
            Some("rules") => form.text = field.text().await?,
            Some("file") => file = field.text().await?,
            Some("stands") => form.stands = field.text().await?,
            _ => {}
        }
    }
    Ok(if file.is_empty() { form } else { Sent { text: file, ..form } })
}
