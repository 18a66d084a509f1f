//! Many sessions at once, each with a publisher and a page at different nodes.

use std::ops::Range;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{Code, Gateway, Heard, Manner, Publisher, Reader, Said, becomes, check_but};

/// Publishers and their pages.
pub struct Crowd {
    codes: Vec<Code>,
    pairs: Vec<(Publisher, Reader)>,
}

impl Crowd {
    /// These; ready when all pages are bound.
    pub async fn of(pairs: Vec<(Publisher, Reader)>) -> Crowd {
        for (_, reader) in &pairs {
            reader.is_bound(1, Duration::from_secs(10)).await;
        }
        let codes = Vec::new();
        Crowd { codes, pairs }
    }

    /// `many` sessions, spread over `nodes`: made at one, read at the next, published to at all.
    /// Every other publisher insists. Ready when all pages are bound.
    pub async fn gathers(nodes: &[&Gateway], many: usize) -> Crowd {
        let (mut codes, mut pairs) = (Vec::new(), Vec::new());
        for number in 0..many {
            let code = nodes[number % nodes.len()].code().await;
            pairs.push(Crowd::pair(nodes, number, code.clone()));
            codes.push(code);
        }
        Crowd {
            codes,
            ..Crowd::of(pairs).await
        }
    }

    /// The sessions of those that were [gathered](Crowd::gathers).
    pub fn codes(&self) -> &[Code] {
        &self.codes
    }

    fn pair(nodes: &[&Gateway], number: usize, code: Code) -> (Publisher, Reader) {
        let mut at: Vec<_> = nodes.iter().map(|node| node.public()).collect();
        at.rotate_left((number + 1) % nodes.len());
        let reader = Reader::starts(at, code.clone());
        let manner = match number % 2 {
            0 => Manner::Careless,
            _ => Manner::Insistent,
        };
        let mut at: Vec<_> = nodes.iter().map(|node| node.push()).collect();
        at.rotate_left(number % nodes.len());
        (Publisher::starts(at, code, manner), reader)
    }

    /// Waits until every page hears of something said from now on; how long that took.
    pub async fn goes_on(&self, patience: Duration) -> Duration {
        let next = |(publisher, _): &(Publisher, Reader)| publisher.said().len() + 1;
        let next: Vec<_> = self.pairs.iter().map(next).collect();
        let begun = Instant::now();
        for ((_, reader), next) in self.pairs.iter().zip(next) {
            let left = patience.saturating_sub(begun.elapsed());
            reader.hears_from(next, left).await;
        }
        begun.elapsed()
    }

    /// How many connections have ended so far.
    pub fn ends(&self) -> usize {
        let ends = |(_, reader): &(Publisher, Reader)| reader.heard().ends.len();
        self.pairs.iter().map(ends).sum()
    }

    /// Waits until every publisher has had a line accepted that it says from now on; how long that
    /// took.
    pub async fn is_accepted(&self, patience: Duration) -> Duration {
        let begun = Instant::now();
        for (publisher, _) in &self.pairs {
            let patience = patience.saturating_sub(begun.elapsed());
            let newest = async || publisher.accepted();
            becomes(patience, "an accepted line", newest, |newest| {
                newest.is_some_and(|asked| asked > begun)
            })
            .await;
        }
        begun.elapsed()
    }

    /// Ends the stories and checks each; what was said and heard in all.
    pub async fn heard_right(self, patience: Duration) -> Vec<(Vec<Said>, Heard)> {
        let now = Instant::now();
        let told = self.heard_but(&(now..now), patience).await;
        for (_, heard) in &told {
            assert_eq!(heard.gaps, 0, "everything was retained");
        }
        told
    }

    /// The same, where Redis has died with what it alone had, which came to it in the time
    /// `forgotten`.
    pub async fn heard_but(
        mut self,
        forgotten: &Range<Instant>,
        patience: Duration,
    ) -> Vec<(Vec<Said>, Heard)> {
        let stops = self
            .pairs
            .iter_mut()
            .map(|(publisher, _)| publisher.stops());
        let histories = join_all(stops).await;
        let mut told = Vec::new();
        for ((_, reader), said) in self.pairs.iter().zip(histories) {
            let last = said.last().unwrap().n;
            reader.hears(last, patience).await;
            let heard = reader.heard();
            check_but(&said, &heard.events, forgotten);
            assert!(heard.odd.is_empty(), "{:?}", heard.odd);
            told.push((said, heard));
        }
        told
    }
}

/// How often each answer was given, for a test to tell.
pub fn tally(histories: &[(Vec<Said>, Heard)]) -> String {
    let said = histories.iter().flat_map(|(said, _)| said);
    let mut words = std::collections::BTreeMap::new();
    let mut longest = Duration::ZERO;
    for line in said {
        for word in line.words() {
            *words.entry(word).or_insert(0) += 1;
        }
        longest = longest.max(line.took);
    }
    format!("{words:?}, the slowest answer after {longest:?}")
}
