//! Points of two nodes that change one balance at once.

use std::time::Duration;

use futures_util::future::join_all;
use scangate::config::{self, Config};
use scangate::points::{Changed, Credited, Points};
use scangate::session::SiteAccount;

use super::stage::Stage;

super::on_both!(
    a_day_has_so_many_scans_wherever_they_come,
    the_same_scan_everywhere_at_once_counts_once,
    nothing_is_spent_that_is_not_there,
);

fn alice() -> SiteAccount {
    SiteAccount::new("alice").unwrap()
}

fn points(stage: &Stage) -> [Points; 2] {
    let rules = config::Points {
        per_day: 7,
        ..Config::default().points
    };
    [&stage.a, &stage.b].map(|broker| Points::new(broker.clone(), rules.clone()))
}

/// At once: more than these would be too many for one document.
const CROWD: usize = 20;

async fn a_day_has_so_many_scans_wherever_they_come(stage: Stage) {
    let points = points(&stage);
    let account = alice();
    for day in 1..=3 {
        let now = Duration::from_secs(day * 86_400);
        let scans = (0..CROWD).map(async |n| {
            let id = format!("{day}-{n}");
            points[n % 2].credit(&account, &id, now).await.unwrap()
        });
        let credited = join_all(scans).await;
        let refused = credited.iter().filter(|&&one| one == Credited::DailyLimit);
        assert_eq!(refused.count(), CROWD - 7);
        let mut balances: Vec<_> = credited
            .iter()
            .filter_map(|one| match one {
                Credited::Yes { points: 1, balance } => Some(*balance),
                _ => None,
            })
            .collect();
        balances.sort_unstable();
        let expected: Vec<_> = (7 * (day - 1) + 1..=7 * day).collect();
        assert_eq!(balances, expected);
        assert_eq!(points[0].balance(&account).await.unwrap(), 7 * day);
    }
}

async fn the_same_scan_everywhere_at_once_counts_once(stage: Stage) {
    let points = points(&stage);
    let account = alice();
    let scans = (0..CROWD).map(|n| points[n % 2].credit(&account, "scan", Duration::ZERO));
    let once = Credited::Yes {
        points: 1,
        balance: 1,
    };
    for credited in join_all(scans).await {
        assert_eq!(credited.unwrap(), once);
    }
    assert_eq!(points[1].balance(&account).await.unwrap(), 1);
}

async fn nothing_is_spent_that_is_not_there(stage: Stage) {
    let points = points(&stage);
    let account = alice();
    let gift = points[0].change(&account, "gift", 9).await.unwrap();
    assert_eq!(gift, Changed::Yes(9));
    // Each order comes twice, to both nodes.
    let orders = (0..CROWD).map(async |n| {
        let id = (n / 2).to_string();
        points[n % 2].change(&account, &id, -2).await.unwrap()
    });
    let mut paid: Vec<_> = join_all(orders)
        .await
        .into_iter()
        .filter(|one| *one != Changed::NotEnough)
        .collect();
    paid.sort_by_key(|one| match one {
        Changed::Yes(balance) => *balance,
        other => panic!("{other:?}"),
    });
    let twice = [1, 1, 3, 3, 5, 5, 7, 7].map(Changed::Yes);
    assert_eq!(paid, twice);
    assert_eq!(points[1].balance(&account).await.unwrap(), 1);
}
