//! `/sign-in`: one form for payers, staff and the operator. Posts without script; paste and password managers welcome.

use crate::{components::drawn::server_drawn, pages::Screen};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use crate::{
    components::{
        field::{Field, Kind},
        page_title::PageTitle,
        summary::{ErrorSummary, Mend},
        who::MerchantMark,
    },
    fault::Fault,
    note::Note,
};

pub struct SignInPage;

impl Screen for SignInPage {
    fn fetch() -> Self {
        Self
    }

    fn show(self) -> AnyView {
        server_drawn!(page(leptos_router::hooks::use_query_map().get_untracked().get("next").unwrap_or_default()))
    }
}

#[cfg(feature = "ssr")]
async fn page(next: String) -> AnyView {
    match crate::api::session::read_note(next.clone()).await {
        Ok(note) => {
            let merchant = merchant_of(&next).await;
            view! { <SignInView note next merchant/> }.into_any()
        }
        Err(fault) => crate::components::load::failed(fault),
    }
}

/// Who asks for the money, when the reader comes from a checkout.
#[cfg(feature = "ssr")]
async fn merchant_of(next: &str) -> Option<String> {
    let checkout = crate::addresses::checkout_of(next)?;
    Some(crate::gate::guest(checkout, crate::gate::Act::SeeCheckout).await.ok()?.merchant_name().to_owned())
}

#[cfg(feature = "ssr")]
#[component]
pub fn SignInView(note: Note, next: String, merchant: Option<String>) -> impl IntoView {
    let wrong = note.fault.as_ref().is_some_and(|fault| *fault != Fault::SignInNeeded);
    let unfilled = note.fault == Some(Fault::SignInUnfilled);
    let no_email = (unfilled && note.email.trim().is_empty()).then(|| "Enter your e-mail address".to_owned());
    // It does not come back, so it is typed again in any case.
    let no_password = unfilled.then(|| "Enter your password".to_owned());
    let summary = note.fault.map(|fault| match fault {
        // A button of ours has led here (`gate::signed_out`).
        Fault::SignInNeeded => {
            view! { <p class="notice" role="status">"You were signed out. Sign in to go on."</p> }.into_any()
        }
        Fault::SignInUnfilled => {
            let missing = [("email", &no_email), ("password", &no_password)].into_iter();
            let mend = missing
                .filter_map(|(field, words)| Some(Mend { field: Some(field.to_owned()), words: words.clone()? }));
            let mend: Vec<_> = mend.collect();
            view! { <ErrorSummary title="You are not signed in" mend/> }.into_any()
        }
        fault => {
            let field = (fault == Fault::NoMatch).then_some("email");
            let mend = vec![Mend { field: field.map(str::to_owned), words: fault.to_string() }];
            view! { <ErrorSummary title="You are not signed in" mend/> }.into_any()
        }
    });
    let place = merchant.clone().unwrap_or_else(|| crate::gate::engine().brand().to_owned());
    let whom = merchant.unwrap_or_else(|| "the company that invoices you".into());
    let paying = next.starts_with("/npe");
    let back = paying.then(|| {
        view! {
            <p class="small muted">
                "You do not need an account to pay. "<a href=next.clone() rel="external">"Pay as a guest"</a>
            </p>
        }
    });
    view! {
        <PageTitle text="Sign in" wrong/>
        <main class="lone" id="main">
            <MerchantMark name=place/>
            <form class="lone-card sign-in" method="post" action="/api/session/sign_in">
                <div>
                    <h1>"Sign in"</h1>
                    <p class="muted">"See what you owe, pay it, and find past payments."</p>
                </div>
                {summary}
                <input type="hidden" name="next" value=next/>
                <Field id="email" label="E-mail address" kind=Kind::USERNAME value=note.email error=no_email/>
                <Field id="password" label="Password" kind=Kind::PASSWORD error=no_password/>
                <button class="btn primary big" type="submit">"Sign in"</button>
                <p class="small muted">{format!("Ask {whom} if you have no account or cannot get in.")}</p>
                {back}
            </form>
        </main>
    }
}
