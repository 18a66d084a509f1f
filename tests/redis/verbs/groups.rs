//! Groups, and what is said to all members of the broker.

use scangate::broker::Joined;
use scangate::session::Uid;

use super::stage::{Heard, SOON, Stage, fresh_uid, stranger, ticket};
use crate::support::becomes;

super::on_both!(
    a_group_is_who_joined_it,
    who_leaves_is_no_member,
    a_member_is_a_session_not_a_uid,
    a_group_has_bounds,
    all_members_hear_what_is_said_to_all,
);

async fn members(stage: &Stage, group: &str) -> Vec<Uid> {
    let members = stage.b.group_members(group).await.unwrap();
    let mut uids: Vec<_> = members.into_iter().map(|(uid, _)| uid).collect();
    uids.sort_unstable();
    uids
}

async fn joins(stage: &Stage, group: &str, uid: Uid) -> Joined {
    stage.a.join_group(group, uid, &ticket()).await.unwrap()
}

async fn a_group_is_who_joined_it(stage: Stage) {
    assert_eq!(members(&stage, "g").await, []);
    let (one, two) = (fresh_uid(), fresh_uid());
    for uid in [one, two, one] {
        assert_eq!(joins(&stage, "g", uid).await, Joined::Yes);
    }
    assert_eq!(joins(&stage, "h", two).await, Joined::Yes);
    assert_eq!(members(&stage, "g").await, [one, two]);
    assert_eq!(members(&stage, "h").await, [two]);
}

async fn who_leaves_is_no_member(stage: Stage) {
    let (one, two) = (fresh_uid(), fresh_uid());
    for uid in [one, two] {
        joins(&stage, "g", uid).await;
    }
    assert!(stage.b.quit_group("g", one, None).await.unwrap());
    assert!(!stage.a.quit_group("g", one, None).await.unwrap());
    assert!(!stage.a.quit_group("h", two, None).await.unwrap());
    assert_eq!(members(&stage, "g").await, [two]);
    assert!(stage.a.quit_group("g", two, None).await.unwrap());
    assert_eq!(members(&stage, "g").await, []);
}

async fn a_member_is_a_session_not_a_uid(stage: Stage) {
    let uid = fresh_uid();
    joins(&stage, "g", uid).await;
    let other = stranger();
    assert!(!stage.b.quit_group("g", uid, Some(&other)).await.unwrap());
    stage.b.join_group("g", uid, &other).await.unwrap();
    assert!(!stage.a.quit_group("g", uid, Some(&ticket())).await.unwrap());
    let members = stage.a.group_members("g").await.unwrap();
    assert_eq!(members, [(uid, other.clone())]);
    assert!(stage.a.quit_group("g", uid, Some(&other)).await.unwrap());
}

async fn a_group_has_bounds(stage: Stage) {
    let many = (1..=10_000_u32).map(|number| number.to_string().parse().unwrap());
    let uids: Vec<Uid> = many.collect();
    for some in uids.chunks(500) {
        let joining = some.iter().map(|uid| joins(&stage, "g", *uid));
        for joined in futures_util::future::join_all(joining).await {
            assert_eq!(joined, Joined::Yes);
        }
    }
    let another = "10001".parse().unwrap();
    assert_eq!(joins(&stage, "g", another).await, Joined::Full);
    // Who is in it may say so again.
    assert_eq!(joins(&stage, "g", uids[0]).await, Joined::Yes);
    assert_eq!(members(&stage, "g").await, uids);
    stage.b.quit_group("g", uids[0], None).await.unwrap();
    assert_eq!(joins(&stage, "g", another).await, Joined::Yes);
}

async fn all_members_hear_what_is_said_to_all(stage: Stage) {
    // A member of Redis hears once it has subscribed.
    let tell = async || {
        let told = stage.a.tell_nodes(r#"{"n":"ö"}"#).await.unwrap();
        let told = told.into_iter().map(|told| (told.name, told.heard));
        told.collect::<Vec<_>>()
    };
    let everybody = |told: &Vec<(String, bool)>| *told == [("a".into(), true), ("b".into(), true)];
    becomes(SOON, "everybody's hearing", tell, everybody).await;
    for ears in [&stage.ears_a, &stage.ears_b] {
        assert_eq!(ears.hears().await, Heard::Told(r#"{"n":"ö"}"#.into()));
    }
}
