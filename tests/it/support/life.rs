//! The timeline of a session, as any node tells it.

use serde_json::Value;

use super::{Gateway, Request, eventually};

/// Asks a node for the timeline of a uid.
pub async fn timeline(node: &Gateway, uid: u32) -> Value {
    let path = format!("/api/v1/sessions/{uid}/timeline");
    let answer = node.tells(Request::get(&path)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The kinds of its moments, in their order.
pub fn kinds(timeline: &Value) -> Vec<&str> {
    moments(timeline)
        .map(|moment| moment["moment"].as_str().unwrap())
        .collect()
}

/// Its moments.
pub fn moments(timeline: &Value) -> impl Iterator<Item = &Value> {
    timeline["moments"].as_array().unwrap().iter()
}

/// Waits until so many moments of this kind are remembered; the timeline then.
pub async fn lives_to(node: &Gateway, uid: u32, kind: &str, times: usize) -> Value {
    let path = format!("/api/v1/sessions/{uid}/timeline");
    let count = async || {
        // Where the session has ended meanwhile, nothing may be known of it for a moment.
        let answer = node.tells(Request::get(&path)).await;
        let moments = answer.json()["moments"].as_array().cloned();
        let moments = moments.unwrap_or_default().into_iter();
        moments.filter(|moment| moment["moment"] == kind).count()
    };
    eventually(kind, times, count).await;
    timeline(node, uid).await
}
