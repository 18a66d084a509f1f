//! Whose tokens stand, and how they end.

use super::{Stage, is_ok, is_refused};
use crate::support::Call;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_is_written_to_no_more() {
    let stage = Stage::opens().await;
    let ann = stage.phone("ann");
    let token = stage.token_of(&ann).await;
    is_ok(&stage.sends(&token, "text=x").await);
    let answer = ann.sends(&ann.event("unsubscribe", "", "")).await;
    assert_eq!((answer.status, answer.text()), (200, "success"));
    is_refused(&stage.sends(&token, "text=y").await, 404, "token_unknown");
    // Following again brings nothing back; another scan does.
    ann.sends(&ann.event("subscribe", "", "")).await;
    is_refused(&stage.sends(&token, "text=y").await, 404, "token_unknown");
    let another = stage.token_of(&ann).await;
    assert_ne!(another, token);
    is_ok(&stage.sends(&another, "text=y").await);
    is_refused(&stage.sends(&token, "text=y").await, 404, "token_unknown");
    assert!(stage.platform.heard(Call::Template).len() <= 2);
}
