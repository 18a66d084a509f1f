//! Bonds and points of nodes that share a Redis.

use serde_json::json;

use crate::support::{Gateway, Phone, Platform, Request, Server, joins_with};

async fn two(redis: &Server, platform: &Platform) -> [Gateway; 2] {
    let url = redis.url();
    let join = async || joins_with(&url, |config| platform.serves(config)).await;
    [join().await, join().await]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_persons_at_two_nodes_one_gets_the_account() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let [a, b] = two(&redis, &platform).await;
    for round in 0..10 {
        let account = format!("alice{round}");
        let mut pages = Vec::new();
        for node in [&a, &b] {
            let code = node.code_about("bind", &account).await;
            let mut page = node.page().await;
            page.binds(&code).await;
            pages.push((code, page));
        }
        let ann = Phone::of(&b, &format!("a{round}"));
        let bob = Phone::of(&a, &format!("b{round}"));
        tokio::join!(ann.scans(&pages[0].0), bob.scans(&pages[1].0));
        let mut heard = Vec::new();
        for (code, page) in &mut pages {
            page.hears(&code.event(r#""cmd":"scan""#)).await;
            heard.push(page.next().await);
        }
        let winner = match heard[0].contains(r#""cmd":"bind""#) {
            true => &ann,
            false => &bob,
        };
        let taken = r#""cmd":"refused","code":"account_taken""#;
        assert_eq!(heard.iter().filter(|text| text.contains(taken)).count(), 1);
        for node in [&a, &b] {
            let path = format!("/api/v1/accounts/{account}");
            let told = node.tells(Request::get(&path)).await.json();
            assert_eq!(told["openid"], winner.openid, "{heard:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_at_two_nodes_at_once_gives_points_once() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let [a, b] = two(&redis, &platform).await;
    for round in 1..=10 {
        let code = a.code_about("points", "alice").await;
        let mut page = b.page().await;
        page.binds(&code).await;
        let (one, two) = (Phone::of(&a, "ann"), Phone::of(&b, "ann"));
        let scan = one.scan(code.uid, &code.ticket);
        let again = two.scan(code.uid, &code.ticket);
        tokio::join!(one.sends(&scan), two.sends(&scan), two.sends(&again));
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        let members = format!(r#""cmd":"points","account":"alice","points":1,"balance":{round}"#);
        page.hears(&code.event(&members)).await;
        page.hears_nothing().await;
    }
    let path = "/api/v1/accounts/alice/points";
    let spend = Request::post(path, r#"{"id":"order-1","change":-7}"#);
    let (one, two) = tokio::join!(a.tells(spend.clone()), b.tells(spend));
    let left = json!({"account": "alice", "balance": 3});
    assert_eq!((one.json(), two.json()), (left.clone(), left));
}
