use super::super::report::Status;
use super::*;

const NOW: Duration = Duration::from_secs(1_795_365_300);

fn facts(subject: &str, issuer: &str, begins: i64, ends: i64) -> Facts {
    let day = |day: i64| Duration::from_secs(NOW.as_secs().saturating_add_signed(day * DAY as i64));
    Facts {
        subject: format!("CN={subject}"),
        issuer: format!("CN={issuer}"),
        begins: day(begins),
        ends: day(ends),
        names: vec!["scan.example.com".to_owned()],
    }
}

#[test]
fn the_first_end_of_a_chain_counts() {
    let issuer = facts("middle", "root", -100, 400);
    let status = |begins, ends| dates(&[facts("own", "middle", begins, ends), issuer.clone()], NOW);
    assert_eq!(status(-1, 89).status, Status::Ok);
    assert_eq!(status(-70, 20).status, Status::Warn);
    // A short life is not to be called short all the time.
    assert_eq!(status(-1, 5).status, Status::Ok);
    assert_eq!(status(-90, -1).status, Status::Fail);
    assert_eq!(status(1, 90).status, Status::Fail);
    let ended = dates(
        &[
            facts("own", "middle", -1, 89),
            facts("middle", "root", -9, -2),
        ],
        NOW,
    );
    assert_eq!(ended.seen, "CN=middle ended 2 days ago");
}

#[test]
fn a_chain_without_order_or_end_is_told() {
    let roots = RootCertStore::empty();
    let own = facts("own", "middle", -1, 89);
    let check = |facts: &[Facts]| order(facts, &[], &roots, NOW);
    let root = facts("root", "root", -1, 89);
    assert_eq!(check(std::slice::from_ref(&root)).status, Status::Warn);
    let strayed = check(&[own.clone(), root]);
    assert_eq!(strayed.status, Status::Fail);
    assert_eq!(
        strayed.seen,
        "CN=root stands behind CN=own, but has not signed it"
    );
    let open = check(&[own, facts("middle", "root", -1, 89)]);
    assert_eq!(open.status, Status::Fail);
    assert!(
        open.seen
            .starts_with("ends with CN=middle, signed by CN=root: "),
        "{open:?}"
    );
}

#[test]
fn names_are_compared_with_the_url_where_there_is_one() {
    let own = facts("own", "middle", -1, 89);
    let certificate = CertificateDer::from_slice(b"none");
    assert_eq!(names(&own, &certificate, None).status, Status::Skipped);
    let other = names(&own, &certificate, Some("https://other.example:8443/x"));
    assert_eq!(other.status, Status::Fail);
    assert_eq!(
        other.seen,
        "for scan.example.com, but public.url is other.example"
    );
}
