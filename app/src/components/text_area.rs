//! A field of several lines. Leptos writes the text of a `<textarea>` unescaped, so it is escaped here and only there. On
//! pages that the server alone draws.

use leptos::prelude::*;

#[component]
pub fn TextArea(
    /// Also the field's name in the form.
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
    error: Option<String>,
    rows: u8,
) -> impl IntoView {
    let wrong = error.is_some();
    let described = format!("{id}-hint {id}-error");
    // Browsers leave out a first line break.
    let text = format!("\n{}", value.replace('&', "&amp;").replace('<', "&lt;"));
    view! {
        <div class=if wrong { "field wrong" } else { "field" }>
            <label for=id>{label}</label>
            <p class="hint" id=format!("{id}-hint")>{hint}</p>
            <p class="error" id=format!("{id}-error") hidden=!wrong>{error.unwrap_or_default()}</p>
            <textarea
                class="input" id=id name=id rows=rows.to_string() aria-describedby=described
                aria-invalid=wrong.then_some("true")
            >{text}</textarea>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_text_and_keeps_its_first_line_break() {
        let value = "\n</textarea><script>alert(1)</script> & more".to_owned();
        let html = Owner::new()
            .with(|| view! { <TextArea id="notes" label="Notes" hint="" value error=None rows=3/> }.to_html());
        assert!(!html.contains("<script>"), "{html}");
        assert!(html.contains(">\n\n&lt;/textarea>&lt;script>alert(1)&lt;/script> &amp; more</textarea>"), "{html}");
    }
}
