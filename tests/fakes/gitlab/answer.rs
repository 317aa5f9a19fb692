//! An answer of the fake.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub json: Option<Value>,
    text: String,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub fn json(status: u16, json: Value) -> Self {
        Self { status, json: Some(json), text: String::new(), headers: Vec::new() }
    }

    pub fn text(status: u16, text: &str) -> Self {
        Self { status, json: None, text: text.to_owned(), headers: Vec::new() }
    }

    /// `{"message": …}`, as GitLab says most things.
    pub fn message(status: u16, message: &str) -> Self {
        Self::json(status, json!({ "message": message }))
    }

    /// `{"error": …}`, as GitLab's parameter checks say it.
    pub fn error(status: u16, error: &str) -> Self {
        Self::json(status, json!({ "error": error }))
    }

    pub fn not_found(what: &str) -> Self {
        Self::message(404, &format!("404 {what} Not Found"))
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    pub fn into_response(self) -> Response<Body> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        let body = match &self.json {
            Some(json) => json.to_string(),
            None => self.text,
        };
        let media = if self.json.is_some() { "application/json" } else { "text/html" };
        response.header("content-type", media).body(Body::from(body)).expect("a response")
    }
}
