use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastwebsockets::{OpCode, unmask};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::*;
use crate::frame;
use crate::metrics::Metrics;

const SECOND: Duration = Duration::from_secs(1);

fn rules() -> Rules {
    Rules {
        message_bytes: 4096,
        queue_bytes: 64 * 1024,
        frames_per_second: Some(50),
        ping_after: Some(25 * SECOND),
        silence: 40 * SECOND,
        traffic: Traffic::of(&Metrics::new()),
    }
}

/// Both ends of a websocket after its handshake.
async fn pair(rules: Rules, early: &[u8]) -> (Socket, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap());
    let (peer, accepted) = tokio::join!(peer, listener.accept());
    let stream = Stream::Plain(accepted.unwrap().0);
    let socket = Connection::open(stream, early, Arc::new(rules));
    (socket, peer.unwrap())
}

fn masked(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut wire = frame::encode(opcode, payload).to_vec();
    let header = wire.len() - payload.len();
    wire[1] |= 0x80;
    unmask(&mut wire[header..], mask);
    wire.splice(header..header, mask);
    wire
}

async fn read_frame(peer: &mut TcpStream) -> (u8, Vec<u8>) {
    let opcode = peer.read_u8().await.unwrap() & 0x0f;
    let length = match peer.read_u8().await.unwrap() {
        126 => usize::from(peer.read_u16().await.unwrap()),
        length => usize::from(length),
    };
    let mut payload = vec![0; length];
    peer.read_exact(&mut payload).await.unwrap();
    (opcode, payload)
}

async fn heard_text(socket: &mut Socket) -> String {
    match socket.hear().await {
        Heard::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

async fn ending(socket: &mut Socket) -> Ending {
    loop {
        if let Heard::Over(ending) = socket.hear().await {
            return ending;
        }
    }
}

#[tokio::test]
async fn messages_of_one_read_are_heard_one_by_one() {
    let mut early = masked(OpCode::Text, b"early");
    early.extend(&masked(OpCode::Text, b"late")[..3]);
    let (mut socket, mut peer) = pair(rules(), &early).await;
    let mut wire = masked(OpCode::Text, b"late").split_off(3);
    wire.extend(masked(OpCode::Ping, b"are you there"));
    wire.extend(masked(OpCode::Text, b"last"));
    peer.write_all(&wire).await.unwrap();
    assert_eq!(heard_text(&mut socket).await, "early");
    assert_eq!(heard_text(&mut socket).await, "late");
    assert_eq!(heard_text(&mut socket).await, "last");
    assert_eq!(
        read_frame(&mut peer).await,
        (0x0a, b"are you there".to_vec())
    );
}

#[tokio::test]
async fn anybody_writes_and_the_page_says_goodbye() {
    let (mut socket, mut peer) = pair(rules(), b"").await;
    let handle = Arc::clone(socket.connection());
    assert_eq!(handle.send(frame::text_frame(b"hello")), Sent::Written);
    assert_eq!(read_frame(&mut peer).await, (1, b"hello".to_vec()));
    let goodbye = masked(OpCode::Close, &1000u16.to_be_bytes());
    peer.write_all(&goodbye).await.unwrap();
    assert_eq!(ending(&mut socket).await, Ending::Left(Some(1000)));
    socket.goodbye(Ending::Left(Some(1000))).await;
    assert_eq!(read_frame(&mut peer).await, (8, vec![3, 0xe8]));
    assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(handle.send(frame::text_frame(b"x")), Sent::Over);
}

#[tokio::test]
async fn a_slow_peer_gets_everything_in_order_as_it_reads() {
    let big = Rules {
        queue_bytes: 64 << 20,
        ..rules()
    };
    let (mut socket, mut peer) = pair(big, b"").await;
    let handle = Arc::clone(socket.connection());
    let gone = Arc::new(AtomicU32::new(0));
    let mut queued = 0u32;
    let mut sent = 0u32;
    while queued < 100 {
        let mut text = vec![b'.'; 60_000];
        text[..4].copy_from_slice(&sent.to_be_bytes());
        let gone = Arc::clone(&gone);
        let later = move || -> Option<Then> {
            Some(Box::new(move || {
                gone.fetch_add(1, Ordering::Relaxed);
            }))
        };
        match handle.send_with(frame::encode(OpCode::Binary, &text), later) {
            Sent::Written => {}
            Sent::Queued => queued += 1,
            Sent::Over => panic!(),
        }
        sent += 1;
    }
    assert_eq!(gone.load(Ordering::Relaxed), 0, "the peer has read nothing");
    let drained = tokio::spawn(async move { (socket.drained(10 * SECOND).await, socket) });
    for number in 0..sent {
        let (_, payload) = read_frame(&mut peer).await;
        assert_eq!(payload[..4], number.to_be_bytes());
    }
    assert!(drained.await.unwrap().0);
    assert_eq!(gone.load(Ordering::Relaxed), queued);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_ended_as_too_slow() {
    let (mut socket, peer) = pair(rules(), b"").await;
    let handle = Arc::clone(socket.connection());
    let mut frames = 0;
    while handle.send(frame::encode(OpCode::Binary, &[0; 60_000])) != Sent::Over {
        frames += 1;
        assert!(frames < 1000, "the queue has no bound");
    }
    assert_eq!(ending(&mut socket).await, Ending::TooSlow);
    drop(peer);
    socket.goodbye(Ending::TooSlow).await;
}

#[tokio::test]
async fn too_many_frames_are_too_fast() {
    let (mut socket, mut peer) = pair(rules(), b"").await;
    let wire = masked(OpCode::Pong, b"").repeat(300);
    peer.write_all(&wire).await.unwrap();
    assert_eq!(ending(&mut socket).await, Ending::TooFast);
}

#[tokio::test(start_paused = true)]
async fn silence_is_answered_with_a_ping_and_then_with_the_end() {
    let (mut socket, mut peer) = pair(rules(), b"").await;
    let start = Instant::now();
    let page = tokio::spawn(async move {
        assert_eq!(read_frame(&mut peer).await.0, 9);
        assert_eq!(start.elapsed().as_secs(), 25);
        peer.write_all(&masked(OpCode::Pong, b"")).await.unwrap();
        assert_eq!(read_frame(&mut peer).await.0, 9);
        peer
    });
    assert_eq!(ending(&mut socket).await, Ending::Silent);
    assert_eq!(start.elapsed().as_secs(), 65);
    page.await.unwrap();
}

#[tokio::test]
async fn the_first_ending_counts_and_queued_frames_go_out_before_the_goodbye() {
    let (mut socket, mut peer) = pair(rules(), b"").await;
    let handle = Arc::clone(socket.connection());
    handle.send(frame::text_frame(b"last words"));
    handle.end(Ending::Draining { retry_ms: 7 });
    handle.end(Ending::Withdrawn);
    assert_eq!(ending(&mut socket).await, Ending::Draining { retry_ms: 7 });
    let goodbye = tokio::spawn(socket.goodbye(Ending::Draining { retry_ms: 7 }));
    assert_eq!(read_frame(&mut peer).await.1, b"last words");
    assert_eq!(read_frame(&mut peer).await.1, b"\x03\xe9retry_ms=7");
    drop(peer);
    goodbye.await.unwrap();
}

#[tokio::test]
async fn a_vanished_peer_is_lost() {
    let (mut socket, peer) = pair(rules(), b"").await;
    drop(peer);
    assert_eq!(ending(&mut socket).await, Ending::Lost);
}

#[tokio::test]
async fn frames_and_bytes_are_counted_both_ways() {
    let metrics = Metrics::new();
    let rules = Rules {
        traffic: Traffic::of(&metrics),
        ..rules()
    };
    let mut early = masked(OpCode::Text, b"one");
    early[0] &= 0x7f;
    let (mut socket, mut peer) = pair(rules, &early).await;
    let mut wire = masked(OpCode::Ping, b"");
    wire.extend(masked(OpCode::Continuation, b" text"));
    wire.extend(masked(OpCode::Close, b""));
    peer.write_all(&wire).await.unwrap();
    assert_eq!(heard_text(&mut socket).await, "one text");
    socket.connection().send(frame::text_frame(b"hello"));
    assert_eq!(ending(&mut socket).await, Ending::Left(None));
    socket.goodbye(Ending::Left(None)).await;

    let received = &metrics.websocket_frames_received_total;
    let sent = &metrics.websocket_frames_sent_total;
    for (total, kind, many) in [
        (received, "text", 1),
        (received, "continuation", 1),
        (received, "ping", 1),
        (received, "close", 1),
        (sent, "pong", 1),
        (sent, "text", 1),
        (sent, "close", 1),
        (sent, "continuation", 0),
    ] {
        assert_eq!(total.with_label_values(&[kind]).get(), many, "{kind}");
    }
    let bytes = (early.len() + wire.len()) as u64;
    assert_eq!(metrics.websocket_received_bytes_total.get(), bytes);
    let (pong, hello, goodbye) = (2, 7, 4);
    assert_eq!(
        metrics.websocket_sent_bytes_total.get(),
        pong + hello + goodbye
    );
}

#[tokio::test]
async fn what_waits_is_counted_until_it_has_gone() {
    let metrics = Metrics::new();
    let rules = Rules {
        queue_bytes: 200_000,
        traffic: Traffic::of(&metrics),
        ..rules()
    };
    let (mut socket, mut peer) = pair(rules, b"").await;
    let handle = Arc::clone(socket.connection());
    let mut sent = 0;
    loop {
        match handle.send(frame::encode(OpCode::Binary, &[0; 60_000])) {
            Sent::Over => break,
            _ => sent += 1,
        }
    }
    let waiting = &metrics.outbox_bytes;
    assert!((100_000..=200_000).contains(&waiting.get()), "{waiting:?}");
    assert_eq!(metrics.outbox_overflows_total.get(), 1);

    assert_eq!(ending(&mut socket).await, Ending::TooSlow);
    let goodbye = tokio::spawn(socket.goodbye(Ending::TooSlow));
    let mut frames = 0;
    // What had begun is finished; the rest gives way to the goodbye.
    while read_frame(&mut peer).await.0 != 8 {
        frames += 1;
    }
    assert!(frames < sent, "{frames}");
    drop((peer, handle));
    goodbye.await.unwrap();
    assert_eq!(waiting.get(), 0);
    let binary = metrics.websocket_frames_sent_total;
    assert_eq!(binary.with_label_values(&["binary"]).get(), frames);
}
