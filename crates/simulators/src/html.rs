//! The shell of every page that a person sees here, and of the scripts and frames for other pages: style sheet, policy
//! headers, escaping, money in words.

use std::fmt::{self, Display, Write};

use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use http::HeaderName;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
};

pub(crate) const STYLE: &str = include_str!("style.css");

/// Text made harmless for HTML content and double-quoted attributes.
pub(crate) struct Text<'a>(pub &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A whole page. `form_targets` are further origins that the page's forms may end at: browsers hold a form's redirects
/// to `form-action` too.
pub(crate) fn page(status: StatusCode, title: &str, form_targets: &[&str], body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{}</title>\
         <link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/style.css\"></head><body>{body}</body></html>",
        Text(title)
    );
    let targets: String =
        form_targets.iter().filter_map(|url| origin(url)).map(|origin| format!(" {origin}")).collect();
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self'{targets}"
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Lets the portal show the page in a frame, as the vendor's script does with a bank's challenge.
pub(crate) fn framed(mut response: Response, portal_url: &str) -> Response {
    let policy = response.headers().get(CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let policy = policy.map(|policy| policy.replace("frame-ancestors 'none'", &ancestors(portal_url)));
    if let Some(policy) = policy.and_then(|policy| HeaderValue::from_str(&policy).ok()) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The inside of a frame in which a card is typed: its own script and style alone.
pub(crate) fn card_frame(html: &'static str, portal_url: &str) -> Response {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; {}",
        ancestors(portal_url)
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, html).into_response()
}

/// Who may show what is meant for a frame: loopback and the portal.
pub(crate) fn ancestors(portal_url: &str) -> String {
    format!("frame-ancestors http://127.0.0.1:* http://localhost:* {}", origin(portal_url).unwrap_or(""))
}

pub(crate) fn script(text: &'static str) -> Response {
    asset("text/javascript; charset=utf-8", text)
}

pub(crate) fn style(text: &'static str) -> Response {
    asset("text/css; charset=utf-8", text)
}

/// It goes into pages of other origins, whatever their embedder policy.
fn asset(kind: &'static str, text: &'static str) -> Response {
    let resource_policy = HeaderName::from_static("cross-origin-resource-policy");
    let headers = [
        (CONTENT_TYPE, kind),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (resource_policy, "cross-origin"),
        (CACHE_CONTROL, "public, max-age=60"),
    ];
    (headers, text).into_response()
}

/// `scheme://host:port` of an http(s) address; nothing that could break out of a policy header.
pub(crate) fn origin(url: &str) -> Option<&str> {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let scheme_len = url.len() - host.len();
    let end = host.find(['/', '?', '#']).unwrap_or(host.len());
    let origin = &url[..scheme_len + end];
    origin.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.-[]".contains(&byte)).then_some(origin)
}

/// `$1,204.50`; currencies without a sign of their own are led by their code.
pub(crate) fn money(minor: i64, currency: &str) -> String {
    let currency = currency.to_ascii_uppercase();
    let digits: u32 = match currency.as_str() {
        "JPY" | "KRW" => 0,
        "KWD" | "BHD" | "JOD" => 3,
        _ => 2,
    };
    let sign = match currency.as_str() {
        "USD" | "AUD" | "NZD" | "CAD" => "$".to_owned(),
        "GBP" => "£".to_owned(),
        "EUR" => "€".to_owned(),
        "JPY" => "¥".to_owned(),
        _ => format!("{currency} "),
    };
    let unit = 10_u64.pow(digits);
    let whole = (minor.unsigned_abs() / unit).to_string();
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let minus = if minor < 0 { "−" } else { "" };
    match digits {
        0 => format!("{minus}{sign}{grouped}"),
        _ => format!("{minus}{sign}{grouped}.{:0width$}", minor.unsigned_abs() % unit, width = digits as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_as_people_write_it() {
        assert_eq!(money(120_450, "usd"), "$1,204.50");
        assert_eq!(money(5, "USD"), "$0.05");
        assert_eq!(money(1_234_567, "JPY"), "¥1,234,567");
        assert_eq!(money(1_500, "KWD"), "KWD 1.500");
        assert_eq!(money(-35_000, "USD"), "−$350.00");
    }

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(Text("<b a=\"'&").to_string(), "&lt;b a=&quot;&#39;&amp;");
    }

    #[test]
    fn only_an_origin_goes_into_the_policy() {
        assert_eq!(origin("http://127.0.0.1:3000/npe?a=1"), Some("http://127.0.0.1:3000"));
        assert_eq!(origin("https://a.test; script-src *"), None);
        assert_eq!(origin("javascript:alert(1)"), None);
    }
}
