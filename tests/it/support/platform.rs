//! The platform's API, small and wilful: answers as WeChat does until it is told not to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use scangate::config::{Config, Secret};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::phone::{APP_ID, APP_SECRET, TOKEN};

/// A call that the gateway makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `POST /cgi-bin/stable_token`
    Token,
    /// `POST /cgi-bin/qrcode/create`
    Qrcode,
    /// `GET /cgi-bin/user/info`
    UserInfo,
    /// `POST /cgi-bin/message/template/send`
    Template,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Answered with this errcode.
    Errcode(i64),
    /// Answered with this HTTP status and a page for people.
    Status(u16),
    /// Never answered.
    Hang,
    /// The connection is closed.
    HangUp,
}

/// The running API.
pub struct Platform {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    heard: Vec<(Call, Value)>,
    next: Vec<(Call, VecDeque<Fault>)>,
    always: Vec<(Call, Fault)>,
    tokens_revoked: usize,
    codes: usize,
    /// The messages sent: to whom, and by what name of the sender's; the same twice is one.
    messages: Vec<[Value; 2]>,
}

impl Platform {
    /// Starts it.
    pub async fn start() -> Platform {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Platform {
            address,
            shared,
            accepting: accepting.abort_handle(),
        }
    }

    /// Gives a gateway the account that this platform knows.
    pub fn serves(&self, config: &mut Config) {
        config.wechat.app_id = Some(APP_ID.to_owned());
        config.wechat.app_secret = Some(Secret::new(APP_SECRET));
        config.wechat.token = Some(Secret::new(TOKEN));
        config.wechat.template_id = Some("template".to_owned());
        config.wechat.api_url = self.url();
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next call of this kind goes wrong; said again, the one after it too.
    pub fn next(&self, call: Call, fault: Fault) {
        let mut state = self.shared.state.lock().unwrap();
        match state.next.iter_mut().find(|(kind, _)| *kind == call) {
            Some((_, faults)) => faults.push_back(fault),
            None => state.next.push((call, VecDeque::from([fault]))),
        }
    }

    /// Every call of this kind goes wrong in this way from now on.
    pub fn always(&self, call: Call, fault: Fault) {
        let mut state = self.shared.state.lock().unwrap();
        state.always.retain(|(kind, _)| *kind != call);
        state.always.push((call, fault));
    }

    /// Nothing goes wrong any more.
    pub fn recovers(&self) {
        let mut state = self.shared.state.lock().unwrap();
        state.next.clear();
        state.always.clear();
    }

    /// The access token in use is void; the next one is another.
    pub fn revokes_its_token(&self) {
        self.shared.state.lock().unwrap().tokens_revoked += 1;
    }

    /// The messages that it has taken, each once.
    pub fn messages(&self) -> usize {
        self.shared.state.lock().unwrap().messages.len()
    }

    /// Its number for a message, the first being 0.
    pub fn number(message: usize) -> u64 {
        FIRST_MESSAGE + message as u64
    }

    /// The bodies of all calls of this kind, or their queries where there is none.
    pub fn heard(&self, call: Call) -> Vec<Value> {
        let state = self.shared.state.lock().unwrap();
        let calls = state.heard.iter().filter(|(kind, _)| *kind == call);
        calls.map(|(_, said)| said.clone()).collect()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| answer(Arc::clone(&shared), request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // An error is a client that has gone, or a fault that we made.
        tokio::spawn(async { drop(connection.await) });
    }
}

type Reply = hyper::Response<Full<Bytes>>;

async fn answer(
    shared: Arc<Shared>,
    request: hyper::Request<Incoming>,
) -> Result<Reply, &'static str> {
    let call = match request.uri().path() {
        "/cgi-bin/stable_token" => Call::Token,
        "/cgi-bin/qrcode/create" => Call::Qrcode,
        "/cgi-bin/user/info" => Call::UserInfo,
        "/cgi-bin/message/template/send" => Call::Template,
        other => panic!("the gateway calls {other}"),
    };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let said = match body.is_empty() {
        true => json!(query),
        false => serde_json::from_slice(&body).unwrap(),
    };
    let fault = shared.state.lock().unwrap().hears(call, said.clone());
    let reply = match fault {
        None => shared.state.lock().unwrap().reply(call, &query, &said),
        Some(Fault::Errcode(code)) => error(code),
        Some(Fault::Status(status)) => {
            let page = Full::from("<html>out of order</html>");
            return Ok(hyper::Response::builder()
                .status(status)
                .body(page)
                .unwrap());
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::HangUp) => return Err("hung up as told"),
    };
    // The platform says text/plain, and escapes slashes.
    let text = reply.to_string().replace('/', "\\/");
    Ok(hyper::Response::builder()
        .header("Content-Type", "text/plain")
        .body(Full::from(text))
        .unwrap())
}

impl State {
    fn hears(&mut self, call: Call, said: Value) -> Option<Fault> {
        self.heard.push((call, said));
        let next = self.next.iter_mut().find(|(kind, _)| *kind == call);
        next.and_then(|(_, faults)| faults.pop_front()).or_else(|| {
            let mut always = self.always.iter();
            always
                .find(|(kind, _)| *kind == call)
                .map(|(_, fault)| *fault)
        })
    }

    fn reply(&mut self, call: Call, query: &str, said: &Value) -> Value {
        let token = format!("ACCESS-{}", self.tokens_revoked);
        if call == Call::Token {
            return match said["appid"] == APP_ID && said["secret"] == APP_SECRET {
                true => json!({"access_token": token, "expires_in": 7200}),
                false => error(40125),
            };
        }
        if !query
            .split('&')
            .any(|pair| pair == format!("access_token={token}"))
        {
            return error(40001);
        }
        match call {
            Call::Token => unreachable!("answered above"),
            Call::Qrcode => {
                self.codes += 1;
                let ticket = format!("gQH47+/{:04}==", self.codes);
                let url = format!("http://weixin.qq.com/q/{:04}", self.codes);
                json!({"ticket": ticket, "expire_seconds": said["expire_seconds"], "url": url})
            }
            Call::UserInfo => {
                let openid = query
                    .split('&')
                    .find_map(|pair| pair.strip_prefix("openid="));
                let openid = openid.expect("an openid");
                json!({"subscribe": 1, "openid": openid, "unionid": format!("union-{openid}")})
            }
            Call::Template => {
                let message = [said["touser"].clone(), said["client_msg_id"].clone()];
                let known = self.messages.iter().position(|known| *known == message);
                let place = known.unwrap_or(self.messages.len());
                if known.is_none() {
                    self.messages.push(message);
                }
                json!({"errcode": 0, "errmsg": "ok", "msgid": FIRST_MESSAGE + place as u64})
            }
        }
    }
}

/// Above 2^53, where a careless reader of JSON loses digits.
const FIRST_MESSAGE: u64 = 18_446_744_073_709_000_001;

fn error(code: i64) -> Value {
    json!({"errcode": code, "errmsg": "told to fail rid: 6629b0c1-2f2f2f2f-3f3f3f3f"})
}
