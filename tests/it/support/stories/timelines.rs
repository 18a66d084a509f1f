//! What is told of the lives of sessions at two nodes.

use serde_json::Value;

use super::super::life::{lives_to, moments, timeline};
use super::super::{Code, Gateway, Page, Phone};

/// A page at a node that gets each event as it comes: it has caught up.
async fn live_page(node: &Gateway, code: &Code) -> Page {
    let mut page = node.page().await;
    page.binds(code).await;
    page.hears_nothing().await;
    page
}

/// A scan at one node is timed to the screen at the other, and its event at each stage of its way.
pub async fn a_scan_is_timed(a: &Gateway, b: &Gateway) {
    let code = a.qrcode("login").await;
    let mut page = live_page(b, &code).await;
    Phone::of(a, "ann").scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    assert!(page.next().await.contains(r#""cmd":"login""#));
    b.has("scangate_scan_to_screen_seconds_count", 1.0).await;
    let took = b.metric("scangate_scan_to_screen_seconds_sum").await;
    assert!(
        took.is_some_and(|took| 0.0 < took && took < 30.0),
        "{took:?}"
    );
    for (node, published, delivered) in [(a, 2.0, 0.0), (b, 0.0, 2.0)] {
        for (stage, count) in [
            ("broker", published),
            ("node", delivered),
            ("socket", delivered),
        ] {
            let series = "scangate_delivery_stage_duration_seconds_count";
            node.has(&format!("{series}{{stage=\"{stage}\"}}"), count)
                .await;
        }
    }
    let elsewhere = a.metric("scangate_scan_to_screen_seconds_count").await;
    assert_eq!(elsewhere, Some(0.0));
}

/// A scan at one node shown at the other: both tell the same life, in its order.
pub async fn a_life_is_told(a: &Gateway, b: &Gateway) {
    let code = a.qrcode("login").await;
    let mut page = live_page(b, &code).await;
    let ann = Phone::of(a, "ann");
    ann.scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let result: Value = serde_json::from_str(&page.next().await).unwrap();
    page.leaves().await;
    for (kind, times) in [("left", 1), ("written", 2), ("settled", 1)] {
        lives_to(a, code.uid, kind, times).await;
    }
    let life = timeline(b, code.uid).await;
    assert_eq!(life, timeline(a, code.uid).await);
    assert_eq!(life["truncated"], false);

    let told: Vec<&Value> = moments(&life).collect();
    let place = |kind: &str, nth: usize| {
        let mut places = (0..told.len()).filter(|place| told[*place]["moment"] == kind);
        places
            .nth(nth)
            .unwrap_or_else(|| panic!("{kind} in {life:#}"))
    };
    // What one node does and what the other does meanwhile know no order but these.
    for (earlier, later) in [
        (("issued", 0), ("bound", 0)),
        (("bound", 0), ("scanned", 0)),
        (("scanned", 0), ("published", 0)),
        (("published", 0), ("written", 0)),
        (("published", 0), ("published", 1)),
        (("published", 1), ("settled", 0)),
        (("published", 1), ("written", 1)),
        (("written", 1), ("left", 0)),
    ] {
        let (earlier, later) = (place(earlier.0, earlier.1), place(later.0, later.1));
        assert!(earlier < later, "{life:#}");
    }
    assert_eq!(told.len(), 9, "{life:#}");
    assert_ne!(told[0]["node"], told[1]["node"]);
    for moment in &told {
        let at_b = ["bound", "written", "left"]
            .iter()
            .any(|kind| moment["moment"] == *kind);
        assert_eq!(moment["node"], told[usize::from(at_b)]["node"], "{life:#}");
    }
    assert_eq!(told[0]["action"], "login");
    let [scan, result_event] = [0, 1].map(|nth| told[place("written", nth)]);
    for (nth, written) in [scan, result_event].into_iter().enumerate() {
        let published = told[place("published", nth)];
        assert_eq!(published["event"], written["event"]);
        assert_eq!(
            (&published["door"], &published["result"]),
            (&"scan".into(), &"ok".into())
        );
    }
    let to_screen = scan["scan_ms"].as_f64().expect("the scan's");
    assert!(0.0 < to_screen && to_screen < 30_000.0, "{to_screen}");
    assert!(result_event.get("scan_ms").is_none());

    let (text, bind) = (
        life.to_string(),
        serde_json::from_str::<Value>(&code.text).unwrap(),
    );
    let secrets = [&bind["ticket"], &bind["key"], &result["token"]];
    for secret in secrets
        .map(|value| value.as_str().unwrap())
        .iter()
        .chain([&&*ann.openid])
    {
        assert!(secret.len() > 8 && !text.contains(secret), "{text}");
    }
}

/// A push is followed by the id that its publisher was told, from the door to the socket.
pub async fn a_push_is_followed(a: &Gateway, b: &Gateway) {
    let code = a.code().await;
    let _page = live_page(b, &code).await;
    let mut backend = a.backend().await;
    let ids = [
        backend.ask(&code.nth(0)).await["id"].clone(),
        backend.ask(&code.nth(1)).await["id"].clone(),
    ];
    lives_to(b, code.uid, "published", 2).await;
    let life = lives_to(b, code.uid, "written", 2).await;
    for id in ids {
        let way = moments(&life).filter(|moment| moment["event"] == id);
        let way: Vec<_> = way
            .map(|moment| (&moment["moment"], moment["ms"].as_f64()))
            .collect();
        let [(published, door), (written, socket)] = way[..] else {
            panic!("{id} in {life:#}");
        };
        assert_eq!(
            (published, written),
            (&"published".into(), &"written".into())
        );
        assert!(
            door.is_some_and(|ms| ms > 0.0) && socket.is_some_and(|ms| ms > 0.0),
            "{life:#}"
        );
    }
}

/// What a node saw while it went is remembered when it has gone.
pub async fn last_moments_are_kept(mut going: Gateway, staying: &Gateway) {
    let code = staying.code().await;
    let mut page = going.page().await;
    page.binds(&code).await;
    going.is_told_to_go();
    page.is_closed_with(1001).await;
    going.is_gone().await;
    let life = timeline(staying, code.uid).await;
    let last = moments(&life).last().unwrap();
    assert_eq!(
        (&last["moment"], &last["why"]),
        (&"left".into(), &"draining".into()),
        "{life:#}"
    );
}
