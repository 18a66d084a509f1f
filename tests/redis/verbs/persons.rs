//! Persons, their send tokens, and the secret that all members share.

use super::stage::Stage;

super::on_both!(
    a_person_is_enrolled_once,
    the_first_token_finds_its_owner,
    a_profile_is_remembered,
    nobody_has_no_profile,
    all_members_share_one_secret,
    two_members_enrol_one_person,
);

async fn a_person_is_enrolled_once(stage: Stage) {
    assert_eq!(stage.a.account("ann").await.unwrap(), None);
    let account = stage.a.enrol("ann", [1; 32]).await.unwrap();
    assert_eq!(account.token_generation, 0);
    assert_eq!(account.unionid, None);
    assert!(!account.profiled);
    assert!(account.since > 1_700_000_000);
    assert_eq!(stage.b.account("ann").await.unwrap(), Some(account.clone()));
    assert_eq!(stage.b.enrol("ann", [2; 32]).await.unwrap(), account);
    assert_eq!(stage.a.account("bob").await.unwrap(), None);
}

async fn the_first_token_finds_its_owner(stage: Stage) {
    assert_eq!(stage.a.token_owner([1; 32]).await.unwrap(), None);
    stage.a.enrol("ann", [1; 32]).await.unwrap();
    stage.b.enrol("ann", [2; 32]).await.unwrap();
    let owner = stage.b.token_owner([1; 32]).await.unwrap();
    assert_eq!(owner.as_deref(), Some("ann"));
    assert_eq!(stage.b.token_owner([2; 32]).await.unwrap(), None);
}

async fn a_profile_is_remembered(stage: Stage) {
    stage.a.enrol("ann", [1; 32]).await.unwrap();
    stage.a.profile("ann", None).await.unwrap();
    let account = stage.b.account("ann").await.unwrap().unwrap();
    assert!(account.profiled);
    assert_eq!(account.unionid, None);
    stage.b.profile("ann", Some("union")).await.unwrap();
    stage.a.profile("ann", None).await.unwrap();
    let account = stage.a.account("ann").await.unwrap().unwrap();
    assert_eq!(account.unionid.as_deref(), Some("union"));
}

async fn nobody_has_no_profile(stage: Stage) {
    stage.a.profile("ann", Some("union")).await.unwrap();
    assert_eq!(stage.a.account("ann").await.unwrap(), None);
    let account = stage.b.enrol("ann", [1; 32]).await.unwrap();
    assert!(!account.profiled);
    assert_eq!(account.unionid, None);
}

async fn all_members_share_one_secret(stage: Stage) {
    let (one, two) = tokio::join!(stage.a.installation_secret(), stage.b.installation_secret());
    let secret = one.unwrap();
    assert_eq!(secret, two.unwrap());
    assert_ne!(secret, [0; 32]);
    assert_eq!(stage.b.installation_secret().await.unwrap(), secret);
}

async fn two_members_enrol_one_person(stage: Stage) {
    for n in 0..4_u8 {
        let person = n.to_string();
        let (one, two) = tokio::join!(
            stage.a.enrol(&person, [n + 1; 32]),
            stage.b.enrol(&person, [n + 1; 32])
        );
        assert_eq!(one.unwrap(), two.unwrap());
        let owner = stage.a.token_owner([n + 1; 32]).await.unwrap();
        assert_eq!(owner.as_deref(), Some(person.as_str()));
    }
}
