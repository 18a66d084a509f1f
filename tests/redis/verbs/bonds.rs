//! Bonds that several want at once, and bonds whose maker dies on the way.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures_util::future::join_all;
use scangate::bonds::{Bonds, Bound};
use scangate::session::SiteAccount;
use scangate::wechat::openid::OpenId;

use super::stage::Stage;

super::on_both!(
    a_bond_is_made_once_and_undone_once,
    of_many_persons_one_gets_the_account,
    of_many_accounts_one_gets_the_person,
    the_same_bond_everywhere_at_once_is_one,
    nobody_has_what_another_has,
    who_dies_on_the_way_stands_in_nobodys,
);

fn account(name: impl ToString) -> SiteAccount {
    SiteAccount::new(name.to_string()).unwrap()
}

fn person(name: impl ToString) -> OpenId {
    OpenId::new(name.to_string())
}

fn bonds(stage: &Stage) -> [Bonds; 2] {
    [&stage.a, &stage.b].map(|broker| Bonds::new(broker.clone()))
}

/// So many at once.
const CROWD: usize = 12;

async fn a_bond_is_made_once_and_undone_once(stage: Stage) {
    let [a, b] = bonds(&stage);
    let (alice, ann) = (account("alice"), person("ann"));
    assert_eq!(a.person_of(&alice).await.unwrap(), None);
    assert_eq!(a.bind(&alice, &ann).await.unwrap(), Bound::Yes);
    assert_eq!(b.bind(&alice, &ann).await.unwrap(), Bound::Yes);
    let bob = person("bob");
    assert_eq!(b.bind(&alice, &bob).await.unwrap(), Bound::AccountTaken);
    let other = account("other");
    assert_eq!(b.bind(&other, &ann).await.unwrap(), Bound::PersonTaken);
    assert_eq!(b.person_of(&alice).await.unwrap(), Some(ann.clone()));
    assert_eq!(b.account_of(&ann).await.unwrap(), Some(alice.clone()));
    assert_eq!(b.account_of(&bob).await.unwrap(), None);
    assert_eq!(b.person_of(&other).await.unwrap(), None);

    assert!(!a.unbind(&other, &ann, "1").await.unwrap());
    assert!(!a.unbind(&alice, &bob, "1").await.unwrap());
    assert!(a.unbind(&alice, &ann, "1").await.unwrap());
    assert!(b.unbind(&alice, &ann, "1").await.unwrap(), "by the same");
    assert!(!b.unbind(&alice, &ann, "2").await.unwrap());
    assert_eq!(b.person_of(&alice).await.unwrap(), None);
    assert_eq!(b.account_of(&ann).await.unwrap(), None);
    assert_eq!(b.bind(&alice, &bob).await.unwrap(), Bound::Yes);
    assert_eq!(a.bind(&other, &ann).await.unwrap(), Bound::Yes);
}

async fn of_many_persons_one_gets_the_account(stage: Stage) {
    let bonds = bonds(&stage);
    for round in 0..5 {
        let alice = account(round);
        let who = |n: usize| person(format!("{round}-{n}"));
        let binds = (0..CROWD).map(async |n| bonds[n % 2].bind(&alice, &who(n)).await.unwrap());
        let bound = join_all(binds).await;
        let winners: Vec<_> = (0..CROWD).filter(|&n| bound[n] == Bound::Yes).collect();
        assert_eq!(winners.len(), 1, "{bound:?}");
        let taken = bound.iter().filter(|&&one| one == Bound::AccountTaken);
        assert_eq!(taken.count(), CROWD - 1);
        let winner = bonds[0].person_of(&alice).await.unwrap();
        assert_eq!(winner, Some(who(winners[0])));
    }
}

async fn of_many_accounts_one_gets_the_person(stage: Stage) {
    let bonds = bonds(&stage);
    for round in 0..5 {
        let ann = person(round);
        let what = |n: usize| account(format!("{round}-{n}"));
        let binds = (0..CROWD).map(async |n| bonds[n % 2].bind(&what(n), &ann).await.unwrap());
        let bound = join_all(binds).await;
        let winners: Vec<_> = (0..CROWD).filter(|&n| bound[n] == Bound::Yes).collect();
        assert_eq!(winners.len(), 1, "{bound:?}");
        let taken = bound.iter().filter(|&&one| one == Bound::PersonTaken);
        assert_eq!(taken.count(), CROWD - 1);
        let winner = bonds[1].account_of(&ann).await.unwrap();
        assert_eq!(winner, Some(what(winners[0])));
    }
}

async fn the_same_bond_everywhere_at_once_is_one(stage: Stage) {
    let bonds = bonds(&stage);
    let ann = person("ann");
    for round in 0..5 {
        let alice = account(round);
        let binds = (0..CROWD).map(|n| bonds[n % 2].bind(&alice, &ann));
        for bound in join_all(binds).await {
            assert_eq!(bound.unwrap(), Bound::Yes);
        }
        let by = round.to_string();
        let undoes = (0..CROWD).map(|n| bonds[n % 2].unbind(&alice, &ann, &by));
        for undone in join_all(undoes).await {
            assert!(undone.unwrap());
        }
        assert_eq!(bonds[0].person_of(&alice).await.unwrap(), None);
    }
}

/// Persons who take accounts and give them up again, as fast as they can: while one has an account,
/// nobody else has it.
async fn nobody_has_what_another_has(stage: Stage) {
    const ACCOUNTS: usize = 3;
    let bonds = bonds(&stage);
    let holders: [AtomicUsize; ACCOUNTS] = Default::default();
    let had = AtomicUsize::new(0);
    let lives = (0..6).map(async |n: usize| {
        let own = &bonds[n % 2];
        let ann = person(n);
        for turn in 0..25 {
            let which = (n + turn) % ACCOUNTS;
            let alice = account(which);
            if own.bind(&alice, &ann).await.unwrap() != Bound::Yes {
                continue;
            }
            assert_eq!(holders[which].fetch_add(1, Ordering::SeqCst), 0);
            let told = bonds[(n + 1) % 2].person_of(&alice).await.unwrap();
            assert_eq!(told, Some(ann.clone()));
            had.fetch_add(1, Ordering::SeqCst);
            holders[which].fetch_sub(1, Ordering::SeqCst);
            assert!(own.unbind(&alice, &ann, &turn.to_string()).await.unwrap());
        }
    });
    join_all(lives).await;
    assert!(had.load(Ordering::SeqCst) > 25, "too few to tell");
}

/// Binds that are dropped after one step more each time, as if their node had died there.
async fn who_dies_on_the_way_stands_in_nobodys(stage: Stage) {
    let [a, b] = bonds(&stage);
    let mut finished = 0;
    for steps in 0.. {
        let (alice, ann, bob) = (
            account(steps),
            person(format!("a{steps}")),
            person(format!("b{steps}")),
        );
        let outcome = dies_after(steps, a.bind(&alice, &ann)).await;
        let bob_has_it = match b.bind(&alice, &bob).await.unwrap() {
            Bound::Yes => true,
            Bound::AccountTaken => false,
            Bound::PersonTaken => panic!("bob has none"),
        };
        if matches!(outcome, Some(Ok(Bound::Yes))) {
            assert!(!bob_has_it, "after {steps} steps");
            finished += 1;
        }
        let holder = if bob_has_it { &bob } else { &ann };
        assert_eq!(a.person_of(&alice).await.unwrap().as_ref(), Some(holder));
        let again = a.bind(&alice, &ann).await.unwrap();
        assert_eq!(again == Bound::Yes, !bob_has_it);
        // Whatever lies about of ann's attempt, she is free for another account.
        let other = account(format!("other-{steps}"));
        if bob_has_it {
            assert_eq!(a.bind(&other, &ann).await.unwrap(), Bound::Yes);
        }
        if finished == 3 {
            break;
        }
    }
}

/// Polls a future so often and no more; None where that was too little.
async fn dies_after<T>(steps: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = steps;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}
