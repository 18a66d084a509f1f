//! Pages and scans at two nodes.

use super::super::{Gateway, Phone, Site};

/// A page goes to and fro between two nodes under a stream of pushes, and misses nothing.
pub async fn a_page_moves(a: &Gateway, b: &Gateway) {
    let code = a.code().await;
    let mut backend = a.backend().await;
    let lines = code.clone();
    let publisher = tokio::spawn(async move {
        for n in 0..100 {
            let word = backend.say(&lines.nth(n)).await;
            assert!(word == "ok" || word == "queued", "{word}");
        }
    });
    let (mut since, mut n) = (String::new(), 0);
    while n < 100 {
        let node = if n % 2 == 0 { a } else { b };
        let mut page = node.page().await;
        page.binds_since(&code, &since).await;
        for _ in 0..(n % 5 + 1).min(100 - n) {
            let (event, id) = page.next_with_id().await;
            assert_eq!(event, code.nth(n));
            (since, n) = (id, n + 1);
        }
    }
    publisher.await.unwrap();
}

/// Two nodes take one scan at once, again and again; the `site` can know that it is one.
pub async fn one_scan_at_two_nodes(a: &Gateway, b: &Gateway, site: &mut Site) {
    for round in 0..10 {
        let code = a.qrcode("login").await;
        let mut page = b.page().await;
        page.binds(&code).await;
        let (one, two) = (Phone::of(a, "ann"), Phone::of(b, "ann"));
        // Each with a second of its own: no repetition, but the same person's scan again.
        tokio::join!(one.scans(&code), two.scans(&code));
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        assert!(page.next().await.contains(r#""cmd":"login""#));
        page.hears(&code.event(r#""cmd":"hello""#)).await;
        page.hears_nothing().await;
        let told = site.hears().await;
        assert_eq!(told.data()["uid"], code.uid, "round {round}");
        // Perhaps twice, but the backend can know.
        site.has_heard_but(&told.id);
    }
}
