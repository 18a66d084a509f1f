//! The push door over a real socket: in what pieces the lines arrive must not matter.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scangate::config::Config;
use scangate::node::{Addresses, Node};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Short, so that lines of every length up to it and over it are tried.
const LINE_BYTES: usize = 256;
/// Sessions that the lines of one script are for.
const SESSIONS: usize = 3;

#[test]
fn the_cut_of_the_lines_does_not_matter() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let gateway = runtime.block_on(Gateway::start());
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 48,
        max_shrink_iters: 200,
        // A socket's failure says nothing about a seed.
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let scripts = prop::collection::vec(line(), 1..16);
    let pieces = prop::collection::vec(1..80usize, 1..6);
    runner
        .run(&(scripts, pieces), |(script, pieces)| {
            let (whole, cut) = runtime.block_on(async {
                let whole = gateway.answers(&script, &[usize::MAX]).await;
                (whole, gateway.answers(&script, &pieces).await)
            });
            prop_assert!(!whole.is_empty() || script.iter().all(|line| line.trim().is_empty()));
            prop_assert_eq!(whole, cut);
            Ok(())
        })
        .unwrap();
    runtime.block_on(gateway.stop());
}

#[test]
fn a_line_of_the_longest_length_may_be_cut_before_its_line_feed() {
    let event = r#"{"uid":UID0,"ticket":"t","x":"PAD"}"#;
    // A session's uid has ten digits.
    let pad = "x".repeat(LINE_BYTES - event.len() - "1000000001".len() + "UID0PAD".len());
    let script = [format!("{}\r\n", event.replace("PAD", &pad))];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answers = runtime.block_on(async {
        let gateway = Gateway::start().await;
        let answers = gateway.answers(&script, &[LINE_BYTES + 1]).await;
        gateway.stop().await;
        answers
    });
    assert_eq!(answers, ["queued"]);
}

/// A line with its end; `UID0` to `UID2` stand for sessions.
fn line() -> impl Strategy<Value = String> {
    let form = prop_oneof![
        4 => Just(r#"{"uid":UID,"ticket":"t","x":"é}"}"#),
        2 => Just(r#"{"uid":"UID","ticket":"t","reply":"verbose"}"#),
        3 => Just(r#"{"uid":UID,"ticket":"t","push_id":"p","reply":"verbose"}"#),
        1 => Just(r#"{"uid":UID,"ticket":"other"}"#),
        1 => Just(r#"{"uid":UID,"reply":"verbose"}"#),
        1 => Just(r#"{"uid":4294967295,"ticket":"t","reply":"verbose"}"#),
        1 => Just(r#"{"ticket":"t"}"#),
        1 => Just(r#"{"auth":"unasked"}"#),
        1 => Just(""),
    ];
    let form = (form, 0..SESSIONS)
        .prop_map(|(form, session)| form.replace("UID", &format!("UID{session}")));
    let short = prop_oneof![12 => form, 2 => "[^\n]{0,20}"];
    let end = prop_oneof![2 => Just("\n"), 1 => Just("\r\n")];
    let short = (short, end).prop_map(|(text, end)| format!("{text}{end}"));
    // About the limit, which does not look at what a line says.
    let lengths = LINE_BYTES - 3..LINE_BYTES + 3;
    let long = lengths.prop_map(|length| format!("{}\n", "x".repeat(length)));
    prop_oneof![14 => short, 1 => long]
}

/// A node with a push port, and what stops it.
struct Gateway {
    addresses: Addresses,
    stop: mpsc::Sender<()>,
    ended: JoinHandle<()>,
    next_uid: AtomicU32,
    _data: TempDir,
}

impl Gateway {
    async fn start() -> Gateway {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        for listen in [
            &mut config.public.listen,
            &mut config.push.listen,
            &mut config.ops.listen,
        ] {
            *listen = SocketAddr::from(([127, 0, 0, 1], 0));
        }
        config.data.dir = data.path().to_owned();
        config.push.line_bytes = LINE_BYTES;
        config.drain.delay = Duration::ZERO;
        config.drain.over = Duration::ZERO;
        let node = Node::bind(config).await.unwrap();
        let addresses = node.addresses();
        let (stop, mut stopped) = mpsc::channel::<()>(1);
        let ended = tokio::spawn(async move {
            let (_reload, reloads) = mpsc::channel(1);
            let stop = async move {
                stopped.recv().await;
            };
            node.run(stop, reloads).await.unwrap();
        });
        Gateway {
            addresses,
            stop,
            ended,
            next_uid: 1.into(),
            _data: data,
        }
    }

    async fn stop(self) {
        drop(self.stop);
        self.ended.await.unwrap();
    }

    /// What the push door answers to `script`, on sessions of its own, when it comes in pieces of
    /// these sizes, over and over.
    async fn answers(&self, script: &[String], sizes: &[usize]) -> Vec<Value> {
        let mut text = script.concat();
        for session in 0..SESSIONS {
            let uid = self.session().await;
            // Every uid has as many digits, so that the lines have the same lengths.
            text = text.replace(&format!("UID{session}"), &uid.to_string());
        }
        let tcp = TcpStream::connect(self.addresses.push).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let (mut from, mut to) = tcp.into_split();
        let answers = tokio::spawn(async move {
            let mut answers = Vec::new();
            // A door that closed on us resets what we still say.
            let _ = from.read_to_end(&mut answers).await;
            String::from_utf8(answers).unwrap()
        });
        let mut rest = text.as_bytes();
        for &size in sizes.iter().cycle() {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            rest = after;
            if to.write_all(piece).await.is_err() || rest.is_empty() || answers.is_finished() {
                break;
            }
            // Not for anything to happen: only so that the door reads piece by piece.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let _ = to.shutdown().await;
        comparable(&answers.await.unwrap())
    }

    /// Puts a session with the ticket `t` on record.
    async fn session(&self) -> u32 {
        let number = &self.next_uid;
        let uid = 1_000_000_000 + number.fetch_add(1, Ordering::Relaxed);
        let body = format!(r#"{{"uid":{uid},"ticket":"t","ttl":600}}"#);
        let request = format!(
            "POST /api/v1/sessions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut ops = TcpStream::connect(self.addresses.ops).await.unwrap();
        ops.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        ops.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        uid
    }
}

/// The answers without what differs from run to run: how long one took, and an id's own digits.
fn comparable(answers: &str) -> Vec<Value> {
    let answers = answers.lines().map(|line| {
        let Ok(mut answer) = serde_json::from_str::<Value>(line) else {
            return Value::from(line);
        };
        answer["ms"] = answer["ms"].is_u64().into();
        answer["id"] = answer["id"].is_string().into();
        answer
    });
    answers.collect()
}
