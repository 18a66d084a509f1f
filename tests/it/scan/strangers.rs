//! Of whom something is kept: of whoever scans a code that counts, and of nobody else.

use crate::support::{Call, Gateway, Phone, Platform, Request, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_or_asked_of_whoever_scans_what_does_not_count() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| platform.serves(config)).await;
    let code = gateway.qrcode("login").await;
    let used = gateway.qrcode("login").await;
    Phone::of(&gateway, "bob").scans(&used).await;
    let ann = Phone::of(&gateway, "ann");
    for scan in [
        // Of another system, with another ticket, used.
        ann.scan(4_294_967_201, "gQother"),
        ann.event("SCAN", "of another system", "gQother"),
        ann.scan(code.uid, &used.ticket),
        ann.scan(used.uid, &used.ticket),
    ] {
        assert!(ann.reads(&ann.sends(&scan).await).is_some(), "{scan}");
    }
    let cat = Phone::of(&gateway, "cat");
    cat.scans(&code).await;
    eventually("calls", 2, async || platform.heard(Call::UserInfo).len()).await;
    let person = Request::get(&format!("/api/v1/people/{}", ann.openid));
    assert_eq!(gateway.tells(person).await.error(404), "person_unknown");
    let person = Request::get(&format!("/api/v1/people/{}", cat.openid));
    eventually("her record", 200, async || {
        gateway.tells(person.clone()).await.status
    })
    .await;
    assert_eq!(platform.heard(Call::UserInfo).len(), 2);
}
