//! Messages that the platform does not take, again and again; and those that have had their time.

use std::time::Duration;

use scangate::broker::{Broker, Queue};
use scangate::records::{self, Change};
use scangate::send::Message;
use serde_json::json;

use super::super::{Call, Fault, Gateway, Phone, Platform, Request, Sender, eventually, now};

/// Attempts at a message after which it is given up.
const ATTEMPTS: u32 = 6;
/// Nobody's for this long.
const NOW: Duration = Duration::ZERO;

/// Attempts a message's delivery until only the last attempt is left, as nodes do over some eight
/// minutes, but without calling the platform; `others` is another node's place at the broker.
async fn all_but_the_last_attempt(others: &Broker, id: &str) {
    eventually("attempts", true, async || {
        others.postpone(Queue::Messages, id, NOW).await.unwrap();
        let taken = others.take(Queue::Messages, 10, NOW).await.unwrap();
        let mut taken = taken.jobs.iter();
        taken.any(|job| job.id == id && job.attempts >= ATTEMPTS - 1)
    })
    .await;
}

/// Waits until the next job is put off until a minute or a day is over, by the clock that is `ahead`
/// seconds of UTC.
async fn is_put_off_until_the_end(others: &Broker, of: u64, ahead: u64) {
    eventually("whether it is put off", true, async || {
        let taken = others.take(Queue::Messages, 0, NOW).await.unwrap();
        let left = of - (now() + ahead) % of;
        // None where just now that time was over.
        let due = taken.next.map(|due| due.as_secs());
        due.is_none_or(|due| due.abs_diff(left) <= 2)
    })
    .await;
}

/// What never gets through is given up, and its sender can learn why.
pub async fn what_never_gets_through(node: &Gateway, platform: &Platform, others: &Broker) {
    let ann = Sender::by_scan(node, &Phone::of(node, "ann")).await;
    let bob = Sender::by_scan(node, &Phone::of(node, "bob")).await;
    for (n, (fault, reason)) in [
        (Fault::HangUp, "unreachable"),
        (Fault::Errcode(-1), "unreachable"),
        // The last, because the platform is not asked again today.
        (Fault::Errcode(45009), "quota"),
    ]
    .into_iter()
    .enumerate()
    {
        platform.always(Call::Template, fault);
        let id = ann.sends(node, &format!("text={n}")).await;
        all_but_the_last_attempt(others, &id).await;
        // Has the node look, which it does by itself every few seconds.
        bob.sends(node, &format!("text={n}")).await;
        let given_up = (json!("failed"), json!(reason));
        eventually("the message", given_up, async || {
            // An attempt that was under way all the time may have put it off once more.
            others.postpone(Queue::Messages, &id, NOW).await.unwrap();
            let told = ann.is_told(node, &id).await;
            (told["state"].clone(), told["reason"].clone())
        })
        .await;
    }
    assert_eq!(platform.messages(), 0);
}

/// Once the day's quota is used up, messages wait for the next day in Beijing, and the platform is not
/// asked for others either.
pub async fn a_used_up_day_is_over(node: &Gateway, platform: &Platform, others: &Broker) {
    const DAY: u64 = 24 * 3600;
    let ann = Sender::by_scan(node, &Phone::of(node, "ann")).await;
    let bob = Sender::by_scan(node, &Phone::of(node, "bob")).await;
    platform.always(Call::Template, Fault::Errcode(45009));
    let hers = ann.sends(node, "text=x").await;
    is_put_off_until_the_end(others, DAY, 8 * 3600).await;
    let his = bob.sends(node, "text=x").await;
    is_put_off_until_the_end(others, DAY, 8 * 3600).await;
    ann.hears(node, &hers, "queued", None).await;
    bob.hears(node, &his, "queued", None).await;
    assert_eq!(platform.heard(Call::Template).len(), 1);
}

/// Too many in a minute: the message waits for the next one.
pub async fn a_used_up_minute_is_over(node: &Gateway, platform: &Platform, others: &Broker) {
    let ann = Sender::by_scan(node, &Phone::of(node, "ann")).await;
    platform.always(Call::Template, Fault::Errcode(45011));
    let id = ann.sends(node, "text=x").await;
    is_put_off_until_the_end(others, 60, 0).await;
    ann.hears(node, &id, "queued", None).await;
}

/// One person gets too much, or the same twice: theirs waits for the next minute, and nobody else's.
pub async fn one_persons_too_much(node: &Gateway, platform: &Platform, others: &Broker) {
    let ann = Sender::by_scan(node, &Phone::of(node, "ann")).await;
    let bob = Sender::by_scan(node, &Phone::of(node, "bob")).await;
    for errcode in [43117, 40241] {
        platform.next(Call::Template, Fault::Errcode(errcode));
        let hers = ann.sends(node, &format!("text={errcode}")).await;
        is_put_off_until_the_end(others, 60, 0).await;
        let his = bob.sends(node, &format!("text={errcode}")).await;
        bob.hears(node, &his, "sent", None).await;
        // The minute is over.
        others.postpone(Queue::Messages, &hers, NOW).await.unwrap();
        let another = bob.sends(node, &format!("text=again{errcode}")).await;
        ann.hears(node, &hers, "sent", None).await;
        bob.hears(node, &another, "sent", None).await;
    }
    assert_eq!(platform.messages(), 6);
}

/// As many messages wait as can; the first of those others is `waiting`.
pub async fn when_no_more_fit(node: &Gateway, others: &Broker, waiting: &str) {
    let sender = Sender::by_scan(node, &Phone::of(node, "ann")).await;
    for times in 1..=2 {
        let answer = sender.asks(node, "text=x").await;
        assert_eq!(answer.status, 503, "{}", answer.text());
        let json = answer.json();
        assert_eq!(
            (&json["errcode"], &json["errmsg"]),
            (&1011.into(), &"full".into())
        );
        assert_eq!(answer.retry_after(), 60);
        let series = r#"scangate_sends_total{result="full"}"#;
        assert_eq!(node.metric(series).await, Some(f64::from(times)));
    }
    others.finish(Queue::Messages, waiting).await.unwrap();
    let id = sender.sends(node, "text=x").await;
    sender.hears(node, &id, "sent", None).await;
}

/// The page of a message has its days; then neither page nor fate is known at any node.
pub async fn a_page_has_its_days(a: &Gateway, b: &Gateway, others: &Broker) {
    let sender = Sender::by_scan(a, &Phone::of(b, "ann")).await;
    let id = sender.sends(a, "text=x&desp=*y*").await;
    sender.hears(b, &id, "sent", None).await;
    let page = Request::get(&format!("/m/{id}"));
    let told = sender.is_told(b, &id).await;
    let days = told["page_ends_at"].as_u64().unwrap() - told["accepted_at"].as_u64().unwrap();
    assert_eq!(days, 7 * 24 * 3600);
    assert_eq!(b.answers(page.clone()).await.status, 200);
    records::change(others, &id, |known: Option<Message>| {
        let mut message = known.expect("it was taken");
        message.since -= days;
        message.until -= days;
        (Change::Write(message), ())
    })
    .await
    .unwrap();
    for node in [a, b] {
        let gone = node.answers(page.clone()).await;
        assert_eq!(gone.status, 404);
        assert!(!gone.text().contains("<em>y</em>"), "{}", gone.text());
        let path = format!("/{}.send/{id}", sender.token);
        let fate = node.answers(Request::get(&path)).await;
        assert_eq!((fate.status, &fate.json()["errcode"]), (404, &1013.into()));
    }
}
