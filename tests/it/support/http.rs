//! HTTP/1.1 by hand: a request is what is written, a response what came.

use std::net::SocketAddr;

use serde_json::Value;

use super::Wire;

/// A request in the making.
#[derive(Clone)]
pub struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    host: Option<String>,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
            host: None,
        }
    }

    /// `GET path`.
    pub fn get(path: &str) -> Request {
        Request::new("GET", path)
    }

    /// `POST path` with a body.
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Request {
        Request::new("POST", path).with_body(body)
    }

    /// `PUT path` with a body.
    pub fn put(path: &str, body: impl Into<Vec<u8>>) -> Request {
        Request::new("PUT", path).with_body(body)
    }

    fn with_body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = Some(body.into());
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Names another host than the address.
    pub fn host(mut self, host: &str) -> Request {
        self.host = Some(host.to_owned());
        self
    }

    /// The same request with a piece of its path or body replaced.
    pub fn replacing(&self, from: &str, to: &str) -> Request {
        let mut request = self.clone();
        request.path = request.path.replace(from, to);
        request.body = self.body.as_ref().map(|body| {
            let text = std::str::from_utf8(body).unwrap();
            text.replace(from, to).into_bytes()
        });
        request
    }

    /// The bytes, with the body in one chunk and its length nowhere before it.
    pub fn chunked(&self, host: &str) -> Vec<u8> {
        let bare = Request {
            body: None,
            ..self.clone()
        };
        let body = self.body.as_deref().unwrap_or_default();
        let mut bytes = bare.header("Transfer-Encoding", "chunked").bytes(host);
        bytes.extend(format!("{:x}\r\n", body.len()).bytes());
        bytes.extend(body);
        bytes.extend(b"\r\n0\r\n\r\n");
        bytes
    }

    /// The bytes, for a connection to `host`.
    pub fn bytes(&self, host: &str) -> Vec<u8> {
        let host = self.host.as_deref().unwrap_or(host);
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {host}\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &self.body {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend(self.body.iter().flatten());
        bytes
    }

    /// Sends it over a connection of its own.
    pub async fn to(&self, address: SocketAddr) -> Response {
        self.over(&mut Wire::connect(address).await).await
    }

    /// Sends it over a connection that others may use afterwards.
    pub async fn over(&self, wire: &mut Wire) -> Response {
        wire.sends(self.bytes(&wire.host)).await;
        let response = Response::read(wire, &self.method).await;
        response.expect("an answer before the connection ends")
    }
}

/// What came back.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// Reads the answer to a request of `method`; None where the connection ends first.
    pub async fn read(wire: &mut Wire, method: &str) -> Option<Response> {
        let head = wire.takes_until(b"\r\n\r\n").await?;
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let first = lines.next().unwrap();
        let status = first.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        let mut response = Response {
            status: status.unwrap(),
            headers: lines.map(header).collect(),
            body: Vec::new(),
        };
        let bodiless = method == "HEAD" || matches!(response.status, 101 | 204 | 304);
        if !bodiless {
            response.body = response.read_body(wire).await;
        }
        Some(response)
    }

    async fn read_body(&self, wire: &mut Wire) -> Vec<u8> {
        if self.header("transfer-encoding") == Some("chunked") {
            let mut body = Vec::new();
            loop {
                let line = wire.takes_until(b"\r\n").await.unwrap();
                let size = String::from_utf8(line).unwrap();
                let size = usize::from_str_radix(size.trim(), 16).unwrap();
                let chunk = wire.takes(size + 2).await.unwrap();
                body.extend(&chunk[..size]);
                if size == 0 {
                    return body;
                }
            }
        }
        match self.header("content-length") {
            Some("0") => Vec::new(),
            Some(length) => wire.takes(length.parse().unwrap()).await.unwrap(),
            None => wire.takes_all().await,
        }
    }

    /// The value of a header that comes at most once; its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} comes twice in {self:?}");
        value
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// The value of a series, where this is the answer to `/metrics`; none where it does not exist.
    pub fn series(&self, name: &str) -> Option<f64> {
        let mut lines = self.text().lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map(|value| value.parse().unwrap())
    }

    /// Checks the form of errors, `{"error":{"code":…,"message":…}}`; returns the code.
    #[track_caller]
    pub fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        let json = self.json();
        let code = json["error"]["code"].as_str().expect("a code");
        let message = json["error"]["message"].as_str().expect("a message");
        let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(code.chars().all(snake), "{code}");
        assert!(!message.is_empty());
        code.to_owned()
    }

    /// The seconds of a `Retry-After`, which must be there.
    #[track_caller]
    pub fn retry_after(&self) -> u64 {
        let value = self.header("retry-after").expect("a Retry-After");
        value.parse().expect("a number of seconds")
    }
}
