//! What `/methods` shows: cards and bank accounts, and a dialog for each act that needs a question.

use crate::{
    addresses,
    api::methods::list_methods,
    components::{
        badge::Badge,
        dialog::{Dialog, DialogCloser},
        empty::Empty,
        frame::Frame,
        load::failed,
        page_title::PageTitle,
    },
};
use domain::{
    date::in_words,
    method::{Ends, MethodState},
    money::Locale,
    views::{MethodsPage, PlannedDebit, SavedMethod, Tone},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

pub async fn page(query: ParamsMap) -> AnyView {
    let back = query.get("back").and_then(|back| back.parse().ok());
    match list_methods(back).await {
        Ok(page) => view! { <MethodsView page/> }.into_any(),
        Err(fault) => failed(fault),
    }
}

#[component]
pub fn MethodsView(page: MethodsPage) -> impl IntoView {
    let MethodsPage { who, methods, can_add, planned } = page;
    let locale = who.locale;
    let company = who.customer.clone().unwrap_or_default();
    let list = match (methods.is_empty(), !can_add.is_empty()) {
        (true, true) => {
            let title = "Nothing is saved";
            view! { <Empty title>"Save one to pay without typing it again. You choose it each time you pay."</Empty> }
                .into_any()
        }
        (true, false) => {
            let merchant = who.merchant.clone();
            view! { <Empty title="No card can be saved">{merchant} " takes each payment with a card that you enter then."</Empty> }
                .into_any()
        }
        (false, _) => {
            let rows = methods.into_iter().enumerate().map(|(n, method)| {
                let replaceable = can_add.contains(&method.kind);
                let planned: Vec<_> = planned.iter().filter(|debit| debit.method == method.id).cloned().collect();
                view! { <Row n method replaceable planned locale/> }
            });
            view! { <ul class="methods">{rows.collect_view()}</ul> }.into_any()
        }
    };
    // A full load: the fields come with a script of their own.
    let add = can_add.into_iter().map(|kind| {
        let (class, words) =
            if kind.is_debit() { ("btn", "Add a bank account") } else { ("btn primary", "Add a card") };
        view! { <a class=class href=addresses::new_method(kind) rel="external">{words}</a> }
    });
    let add = view! { <div class="acts">{add.collect_view()}</div> };
    view! {
        <PageTitle text=format!("Methods – {company}")/>
        <Frame who current="/methods" timeless=true>
            <div class="lead-in">
                <div>
                    <h1>"Methods"</h1>
                    <p class="muted">"Everyone who signs in for " {company.clone()} " sees these and can pay with them."</p>
                </div>
                {add}
            </div>
            <section class="card" aria-label="Saved methods">{list}</section>
        </Frame>
    }
}

#[component]
fn Row(n: usize, method: SavedMethod, replaceable: bool, planned: Vec<PlannedDebit>, locale: Locale) -> impl IntoView {
    let (face, nickname, id) = (method.face.clone(), method.nickname.clone(), method.id.to_string());
    let removed = id.clone();
    let title = if nickname.is_empty() { face.clone() } else { format!("{nickname}, {face}") };
    let until = method.end.clone();
    let act = (method.state == MethodState::Verifying).then_some(method.action_url.clone()).flatten().map(|url| {
        let words = if method.kind.is_debit() { "Confirm the account" } else { "Continue at your bank" };
        view! { <a class="btn primary" href=url rel="external">{words}</a> }
    });
    let choose = (method.state == MethodState::Ready && !method.is_default).then(|| {
        let id = id.clone();
        view! {
            <form method="post" action="/api/methods/choose">
                <input type="hidden" name="method" value=id/>
                <button class="btn" type="submit">"Use by default"<span class="vh">" " {title.clone()}</span></button>
            </form>
        }
    });
    let is_kept = matches!(method.state, MethodState::Ready | MethodState::NeedsAttention);
    let replace = (replaceable && is_kept).then(|| {
        let form = addresses::replacing(method.kind, method.id);
        // A full load: the fields come with a script of their own.
        view! { <a class="btn" href=form rel="external">"Replace"<span class="vh">" " {title.clone()}</span></a> }
    });
    let (words, tone) = standing(&method);
    let default = method.is_default.then(|| view! { <Badge tone=Tone::Neutral words="Default"/> });
    let waits = (method.kind.is_debit() && act.is_some()).then(|| {
        let words = "A small amount with a code reaches this account within two business days. Confirm it then.";
        view! { <p class="muted small">{words}</p> }
    });
    let trouble = method.trouble.clone().map(|words| view! { <p class="bad-ink small">{words}</p> });
    let (name_it, take_out) = (format!("name-{n}"), format!("remove-{n}"));
    view! {
        <li>
            <div class="method">
                <p class="num"><b>{title.clone()}</b></p>
                <p class="muted small num">{until}</p>
                {waits}
                {trouble}
            </div>
            <span class="badges"><Badge tone words/>{default}</span>
            <div class="acts">
                {act}
                {choose}
                {replace}
                <Opener dialog=name_it.clone() words="Rename" title=title.clone()/>
                <Opener dialog=take_out.clone() words="Remove" title=title.clone()/>
            </div>
            <Dialog id=name_it.clone() title=format!("Name {face}")>
                <form class="stack" method="post" action="/api/methods/name">
                    <input type="hidden" name="method" value=id.clone()/>
                    <div class="field">
                        <label for=format!("nickname-{n}")>"Name"</label>
                        <p class="hint" id=format!("nickname-{n}-hint")>"For you and your colleagues, like “Office card”."</p>
                        <input
                            class="input" id=format!("nickname-{n}") name="nickname" value=nickname maxlength="40"
                            autocomplete="off" aria-describedby=format!("nickname-{n}-hint") autofocus
                        />
                    </div>
                    <div class="acts">
                        <button class="btn primary" type="submit">"Save name"</button>
                        <DialogCloser dialog=name_it>"Cancel"</DialogCloser>
                    </div>
                </form>
            </Dialog>
            <Dialog id=take_out.clone() title=format!("Remove {title}?")>
                <form class="stack" method="post" action="/api/methods/remove">
                    <input type="hidden" name="method" value=removed/>
                    <p>"Nothing more can be charged to it, by anyone of your company. Payments already made stay as they are."</p>
                    <Planned planned locale/>
                    <div class="acts">
                        <button class="btn danger" type="submit">"Remove it"</button>
                        <DialogCloser dialog=take_out>"Keep it"</DialogCloser>
                    </div>
                </form>
            </Dialog>
        </li>
    }
}

/// What would be charged to it by itself, and ends with it (N13).
#[component]
fn Planned(planned: Vec<PlannedDebit>, locale: Locale) -> impl IntoView {
    if planned.is_empty() {
        return view! { <p class="muted">"No automatic payment hangs on it."</p> }.into_any();
    }
    let debits = planned.into_iter().map(|PlannedDebit { invoices, amount, on, .. }| {
        view! { <li class="num">{format!("{} for {invoices}, on {}", amount.format(locale), in_words(on))}</li> }
    });
    view! {
        <p>"What is to be debited again will not be, and whoever paid is told:"</p>
        <ul>{debits.collect_view()}</ul>
    }
    .into_any()
}

#[component]
fn Opener(dialog: String, words: &'static str, title: String) -> impl IntoView {
    view! {
        <button type="button" class="btn" popovertarget=dialog>{words}<span class="vh">" " {title}</span></button>
    }
}

/// State and expiry in one word: the worse of both.
fn standing(method: &SavedMethod) -> (&'static str, Tone) {
    match (method.state, method.ends) {
        (MethodState::Ready, Ends::Over) => ("Expired", Tone::Bad),
        (MethodState::Ready, Ends::Soon) => ("Expires soon", Tone::Warn),
        (MethodState::Ready, Ends::Later) => ("Ready", Tone::Good),
        (MethodState::Unverified, _) => ("Being checked", Tone::Wait),
        (MethodState::Verifying, _) if method.action_url.is_some() => ("Waiting for you", Tone::Warn),
        (MethodState::Verifying, _) => ("Being checked by your bank", Tone::Wait),
        (MethodState::NeedsAttention, _) => ("Needs attention", Tone::Bad),
        (MethodState::Revoked, _) => ("Removed", Tone::Neutral),
    }
}
