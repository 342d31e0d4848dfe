//! A vendor that answers by script and writes down what it was asked.

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
};
use futures::{StreamExt, stream};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

const BEFORE_TEARING: Duration = Duration::from_millis(20);

#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: Bytes,
    /// The connection breaks after the head.
    torn: bool,
}

pub fn reply(status: u16, body: impl ToString) -> Reply {
    reply_raw(status, body.to_string())
}

pub fn reply_raw(status: u16, body: impl Into<Bytes>) -> Reply {
    Reply { status, headers: Vec::new(), body: body.into(), torn: false }
}

impl Reply {
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn torn(mut self) -> Self {
        self.torn = true;
        self
    }
}

#[derive(Clone, Debug)]
pub struct Asked {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.uri.path())
    }

    /// Decoded parameters of a query or a form.
    pub fn params(&self) -> Vec<(String, String)> {
        let text = if self.method == Method::GET { self.uri.query().unwrap_or_default() } else { &self.body };
        let base = reqwest::Url::parse("http://stub.test").unwrap();
        let mut url = base;
        url.set_query(Some(text));
        url.query_pairs().into_owned().collect()
    }

    pub fn param(&self, name: &str) -> Option<String> {
        self.params().into_iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }
}

#[derive(Clone, Default)]
pub struct Stub {
    pub url: String,
    script: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stub {
    /// Gives the answers in turn; a request beyond the script is answered 418, which no adapter understands.
    pub async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stub = Self { url, script: Arc::new(Mutex::new(script.into_iter().collect())), ..Self::default() };
        let router = Router::new().fallback(answer).with_state(stub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stub
    }

    /// Gives these answers next, whatever was to come.
    pub fn says(&self, script: Vec<Reply>) {
        *self.script.lock().unwrap() = script.into();
        self.asked.lock().unwrap().clear();
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }
}

async fn answer(State(stub): State<Stub>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    stub.asked.lock().unwrap().push(Asked { method: parts.method, uri: parts.uri, headers: parts.headers, body });
    let reply = stub.script.lock().unwrap().pop_front().unwrap_or_else(|| reply(418, "beyond the script"));
    let mut response = Response::builder().status(StatusCode::from_u16(reply.status).unwrap());
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    if !reply.torn {
        return response.body(Body::from(reply.body)).unwrap();
    }
    // More is promised than comes; what came has left before the connection breaks.
    response = response.header("content-length", (reply.body.len() + 10).to_string());
    let cut = async {
        tokio::time::sleep(BEFORE_TEARING).await;
        Err(std::io::Error::other("torn"))
    };
    let body = stream::once(async { Ok(reply.body) }).chain(stream::once(cut));
    response.body(Body::from_stream(body)).unwrap()
}
