//! `/admin/mail`: the mails that were made, and the one that is read. Which one is in the address.

use crate::{
    addresses,
    api::{self, Framed},
    components::{
        empty::Empty,
        frame::Frame,
        load::{Loaded, list_query, load},
        page_title::PageTitle,
        pager::{Beyond, Pager, Place},
        search::Search,
        unbroken::unbroken,
        when::When,
    },
    pages::Screen,
};
use domain::{
    ids::MailId,
    views::{MailBox, MailFace},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

pub struct MailPage {
    list: Loaded<Framed<MailBox>>,
    open: Memo<Option<MailId>>,
}

impl Screen for MailPage {
    fn fetch() -> Self {
        let (list, query) = (list_query(), use_query_map());
        let open = Memo::new(move |_| query.with(|q| q.get("mail").and_then(|id| id.parse().ok())));
        let asked = move || (list.get(), open.get());
        Self { list: Resource::new(asked, |((search, page), open)| api::mail::list_mails(search, page, open)), open }
    }

    fn show(self) -> AnyView {
        let open = self.open;
        load(self.list, move |list| view! { <MailView list open=open/> })
    }
}

#[component]
pub fn MailView(list: Framed<MailBox>, #[prop(into)] open: Signal<Option<MailId>>) -> impl IntoView {
    let Framed { who, page: MailBox { page, open: opened } } = list;
    let opened = StoredValue::new(opened);
    let (place, query) = (Place::from(&page), page.query);
    let mails = StoredValue::new(page.rows);
    let address = {
        let place = place.clone();
        move |id: MailId| {
            let list = addresses::list("/admin/mail", &place.query, place.page);
            let and = if list.contains('?') { '&' } else { '?' };
            format!("{list}{and}mail={id}")
        }
    };
    let body = if place.is_beyond() {
        view! { <section class="card"><Beyond path="/admin/mail" place/></section> }.into_any()
    } else if mails.with_value(Vec::is_empty) && opened.with_value(Option::is_none) {
        let (title, words) = if query.is_empty() {
            ("No mails", "Receipts and notices appear here as soon as they are made.")
        } else {
            ("Nothing found", "No mail matches your search.")
        };
        view! { <section class="card"><Empty title>{words}</Empty></section> }.into_any()
    } else {
        let items = mails.with_value(|mails| {
            mails
                .iter()
                .map(|mail| view! { <MailItem mail=mail.clone() address=address(mail.id) open/> })
                .collect_view()
        });
        let read = move || {
            let chosen = open.get();
            let opened = opened.get_value().filter(|mail| Some(mail.id) == chosen);
            mails.with_value(|mails| {
                let here = mails.iter().find(|mail| Some(mail.id) == chosen).cloned();
                here.or(opened).or(mails.first().cloned())
            })
        };
        view! {
            <div class="mail" class:reading=move || open.get().is_some()>
                <section class="card mail-list" aria-label="Mails">
                    <ul>{items}</ul>
                    <Pager path="/admin/mail" place/>
                </section>
                {move || read().map(|mail| view! { <Reading mail/> })}
            </div>
        }
        .into_any()
    };
    view! {
        <PageTitle text=format!("Mail – {}", who.merchant)/>
        <Frame who current="/admin/mail">
            <div class="lead-in">
                <h1>"Mail"</h1>
                <Search path="/admin/mail" label="Search address or subject" short="Address or subject" query/>
            </div>
            {body}
        </Frame>
    }
}

#[component]
fn MailItem(mail: MailFace, address: String, open: Signal<Option<MailId>>) -> impl IntoView {
    let id = mail.id;
    view! {
        <li>
            <a href=address aria-current=move || (open.get() == Some(id)).then_some("true")>
                <b>{unbroken(&mail.subject)}</b>
                <span class="muted">{mail.to}</span>
                <span class="small muted num"><When at=mail.at/></span>
            </a>
        </li>
    }
}

#[component]
fn Reading(mail: MailFace) -> impl IntoView {
    view! {
        <article class="card mail-read" aria-labelledby="subject">
            <p class="back"><a href="/admin/mail">"All mails"</a></p>
            <header>
                <h2 id="subject">{unbroken(&mail.subject)}</h2>
                <p class="muted">"To " {mail.to}</p>
                <p class="small muted num"><When at=mail.at/> " " <span class="badge">{mail.state}</span></p>
            </header>
            <div class="mail-text">{mail.text}</div>
        </article>
    }
}
