//! One form component owns label, hint, error and their ties (D34). The error stands between the hint and the field.

use leptos::prelude::*;

/// What the browser and password managers must know of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub input: &'static str,
    pub autocomplete: &'static str,
}

impl Kind {
    pub const EMAIL: Self = Self { input: "email", autocomplete: "email" };
    pub const USERNAME: Self = Self { input: "email", autocomplete: "username" };
    pub const TEXT: Self = Self { input: "text", autocomplete: "off" };
    pub const DATE: Self = Self { input: "date", autocomplete: "off" };
    pub const PASSWORD: Self = Self { input: "password", autocomplete: "current-password" };
}

#[component]
pub fn Field(
    /// Also the field's name in the form.
    id: &'static str,
    #[prop(into)] label: String,
    kind: Kind,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] value: String,
    #[prop(optional_no_strip)] error: Option<String>,
    /// Where one begins, in a dialog.
    #[prop(optional)]
    autofocus: bool,
    /// Which keyboard a phone shows.
    #[prop(optional)]
    inputmode: Option<&'static str>,
    #[prop(optional)] maxlength: Option<usize>,
    #[prop(optional)] optional: bool,
) -> impl IntoView {
    let (wrong, hinted) = (error.is_some(), !hint.is_empty());
    let described = format!("{id}-hint {id}-error");
    view! {
        <div class=if wrong { "field wrong" } else { "field" } id=format!("{id}-field")>
            <label for=id>{label}</label>
            <p class="hint" id=format!("{id}-hint") hidden=!hinted>{hint}</p>
            <p class="error" id=format!("{id}-error") hidden=!wrong>{error.unwrap_or_default()}</p>
            <input
                class="input" id=id name=id type=kind.input autocomplete=kind.autocomplete value=value
                required=!optional inputmode=inputmode maxlength=maxlength spellcheck="false" autocapitalize="off"
                aria-describedby=described aria-invalid=wrong.then_some("true") autofocus=autofocus
            />
        </div>
    }
}
