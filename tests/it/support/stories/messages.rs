//! Send tokens and messages at two nodes.

use scangate::config::{Config, Language};

use super::super::{Call, Fault, Gateway, Phone, Platform, Request, Sender, eventually};

/// The chat speaks English.
pub fn in_english(config: &mut Config) {
    config.wechat.language = Language::En;
}

/// Few messages, by one token and in all.
pub fn few_messages(config: &mut Config) {
    config.send.per_day = 3;
    config.send.all_per_day = 5;
}

async fn stands_at_both(sender: &Sender, a: &Gateway, b: &Gateway) {
    assert!(sender.stands(a).await && sender.stands(b).await);
}

async fn is_void_at_both(sender: &Sender, a: &Gateway, b: &Gateway) {
    for node in [a, b] {
        assert_eq!(sender.asks(node, "text=x").await.status, 404);
    }
}

/// The token in what the account says.
async fn says(phone: &Phone, word: &str) -> Sender {
    let said = phone.reads(&phone.writes(word).await).expect("an answer");
    let (_, token) = said.rsplit_once('/').expect("an address");
    let token = token.strip_suffix(".send").expect("at the end").to_owned();
    Sender { token }
}

/// A token is renewed by a scan, a word in the chat and the API, and revoked by the last two, each at
/// another node than the one that is asked next.
pub async fn a_token_is_renewed_and_revoked(a: &Gateway, b: &Gateway) {
    let (here, there) = (Phone::of(a, "ann"), Phone::of(b, "ann"));
    let first = Sender::by_scan(a, &there).await;
    stands_at_both(&first, a, b).await;

    let second = Sender::by_scan_for(b, &here, "renew").await;
    is_void_at_both(&first, a, b).await;
    stands_at_both(&second, a, b).await;
    assert_eq!(says(&there, "token").await.token, second.token);

    let third = says(&there, "renew").await;
    is_void_at_both(&second, a, b).await;
    stands_at_both(&third, a, b).await;

    let path = format!("/api/v1/people/{}/token", here.openid);
    let renewed = a.tells(Request::new("POST", &path)).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let fourth = Sender::of(renewed.text());
    is_void_at_both(&third, a, b).await;
    stands_at_both(&fourth, a, b).await;

    let gone = b.tells(Request::new("DELETE", &path)).await;
    assert_eq!(gone.status, 204);
    is_void_at_both(&fourth, a, b).await;
    let again = a.tells(Request::new("DELETE", &path)).await;
    assert_eq!(again.error(404), "no_token");

    let fifth = Sender::by_scan(b, &here).await;
    stands_at_both(&fifth, a, b).await;
    let said = here.reads(&here.writes("revoke").await);
    assert!(said.is_some_and(|said| said.contains("void")));
    is_void_at_both(&fifth, a, b).await;
}

/// Two nodes take one callback that renews: there is one new token.
pub async fn a_word_at_two_nodes_renews_once(a: &Gateway, b: &Gateway) {
    let (here, there) = (Phone::of(a, "ann"), Phone::of(b, "ann"));
    Sender::by_scan(a, &here).await;
    for round in 0..10 {
        let text = here.message(&format!(
            "<MsgType>text</MsgType><Content>renew</Content><MsgId>{}</MsgId>",
            700 + round
        ));
        tokio::join!(here.sends(&text), there.sends(&text));
        let token = says(&here, "token").await;
        assert_eq!(says(&there, "token").await.token, token.token);
        stands_at_both(&token, a, b).await;
    }
}

/// Whoever turns out not to follow is written to no more, at no node.
pub async fn who_does_not_follow(a: &Gateway, b: &Gateway, platform: &Platform) {
    let ann = Phone::of(b, "ann");
    let sender = Sender::by_scan(a, &ann).await;
    platform.next(Call::Template, Fault::Errcode(43004));
    sender.sends(a, "text=x").await;
    for node in [a, b] {
        eventually("whether it stands", false, async || {
            sender.stands(node).await
        })
        .await;
    }
    let another = Sender::by_scan(b, &ann).await;
    assert_ne!(another.token, sender.token);
    stands_at_both(&another, a, b).await;
}

/// The platform's report of its message.
pub fn report(phone: &Phone, message: usize, status: &str) -> String {
    let number = Platform::number(message);
    phone.message(&format!(
        "<MsgType>event</MsgType><Event>TEMPLATESENDJOBFINISH</Event>\
         <MsgID>{number}</MsgID><Status><![CDATA[{status}]]></Status>"
    ))
}

/// One node takes the message, the other hears that it failed.
pub async fn a_report_of_failure(a: &Gateway, b: &Gateway) {
    let ann = Phone::of(b, "ann");
    let sender = Sender::by_scan(a, &ann).await;
    for (n, (status, reason)) in [
        ("failed:user block", "refused"),
        ("failed: system failed", "wechat"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = sender.sends(a, &format!("text={n}")).await;
        sender.hears(b, &id, "sent", None).await;
        ann.sends(&report(&ann, n, status)).await;
        sender.hears(a, &id, "failed", Some(reason)).await;
        // What has come to its end stays there.
        ann.sends(&report(&ann, n, "success")).await;
        sender.hears(a, &id, "failed", Some(reason)).await;
    }
}

/// A node hears the report before another has the answer that names the message.
pub async fn a_report_overtakes_the_answer(a: &Gateway, b: &Gateway) {
    let ann = Phone::of(b, "ann");
    let sender = Sender::by_scan(a, &ann).await;
    for (n, (status, state, reason)) in [
        ("success", "delivered", None),
        ("failed:user block", "failed", Some("refused")),
    ]
    .into_iter()
    .enumerate()
    {
        ann.sends(&report(&ann, n, status)).await;
        let id = sender.sends(a, &format!("text={n}")).await;
        sender.hears(b, &id, state, reason).await;
    }
}

/// What one token may send in a day, and all of them, is what it may at all nodes together; the nodes
/// have [`few_messages`].
pub async fn a_day_has_so_many(a: &Gateway, b: &Gateway) {
    let hers = Sender::by_scan(a, &Phone::of(b, "ann")).await;
    let his = Sender::by_scan(b, &Phone::of(a, "bob")).await;
    let mut statuses = Vec::new();
    for (n, (sender, node)) in [
        (&hers, a),
        (&hers, b),
        (&hers, a),
        // Her three are over. What she has too many does not count against all.
        (&hers, b),
        (&hers, a),
        (&his, b),
        (&his, a),
        // And so are the five of all.
        (&his, b),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = sender.asks(node, &format!("text={n}")).await;
        if answer.status == 429 {
            assert_eq!(answer.json()["errcode"], 1007);
            assert!((3600..=86_400).contains(&answer.retry_after()));
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429, 200, 200, 429]);
}
