//! Messages of JSON-RPC over HTTP, and their answers.

use std::io::Read;

use serde_json::{Value, json};
use tiny_http::{Header, Request, Response};

/// Bytes of a message that are read.
const LIMIT: u64 = 64 * 1024;

const PARSE_ERROR: i64 = -32700;
pub(crate) const INVALID_REQUEST: i64 = -32600;
pub(crate) const METHOD_NOT_FOUND: i64 = -32601;
pub(crate) const INVALID_PARAMS: i64 = -32602;

/// A request; without an ID it is a notification, which is not answered.
pub(crate) struct Message {
    pub(crate) id: Option<Value>,
    pub(crate) method: String,
    pub(crate) params: Value,
}

impl Message {
    pub(crate) fn read(request: &mut Request) -> Result<Self, Answer> {
        let refused = |status, code, why| Err(Answer::error(status, &Value::Null, code, why));
        let mut body = Vec::new();
        match request.as_reader().take(LIMIT + 1).read_to_end(&mut body) {
            Ok(length) if length as u64 > LIMIT => {
                return refused(413, INVALID_REQUEST, "the message is too long");
            }
            _ => {}
        }
        let Ok(Value::Object(mut message)) = serde_json::from_slice(&body) else {
            return refused(400, PARSE_ERROR, "the message is not a JSON object");
        };
        let id = message.remove("id");
        let is_id = id.as_ref().is_none_or(|id| id.is_string() || id.is_i64() || id.is_u64());
        match message.get("method").and_then(Value::as_str) {
            Some(method) if is_id && message.get("jsonrpc") == Some(&json!("2.0")) => {
                let method = method.to_owned();
                Ok(Self { id, method, params: message.remove("params").unwrap_or_default() })
            }
            _ => refused(400, INVALID_REQUEST, "this is not a request of JSON-RPC 2.0"),
        }
    }
}

/// An answer in the making.
pub(crate) struct Answer {
    status: u16,
    body: Option<Value>,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: None, headers: Vec::new() }
    }

    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { body: Some(body), ..Self::empty(status) }.header("Content-Type", "application/json")
    }

    pub(crate) fn result(id: &Value, result: &Value) -> Self {
        Self::json(200, json!({ "jsonrpc": "2.0", "id": id, "result": result }))
    }

    pub(crate) fn error(status: u16, id: &Value, code: i64, message: &str) -> Self {
        let error = json!({ "code": code, "message": message });
        Self::json(status, json!({ "jsonrpc": "2.0", "id": id, "error": error }))
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn into_response(self) -> Response<impl Read> {
        let text = self.body.map(|body| body.to_string()).unwrap_or_default();
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| Header::from_bytes(*name, value.as_bytes()));
        headers
            .flatten()
            .fold(Response::from_string(text), Response::with_header)
            .with_status_code(self.status)
    }
}

pub(crate) fn header<'r>(request: &'r Request, name: &'static str) -> Option<&'r str> {
    let found = request.headers().iter().find(|header| header.field.equiv(name));
    found.map(|header| header.value.as_str())
}
