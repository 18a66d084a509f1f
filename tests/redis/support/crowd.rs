//! Many sessions at once, each with a publisher and a page at different nodes.

use std::time::Duration;

use super::{Code, Gateway, Heard, Manner, Publisher, Reader, Said, check};

/// Publishers and their pages.
pub struct Crowd {
    pairs: Vec<(Publisher, Reader)>,
}

impl Crowd {
    /// `many` sessions, spread over `nodes`: made at one, read at the next, published to at all.
    /// Every other publisher insists. Ready when all pages are bound.
    pub async fn gathers(nodes: &[&Gateway], many: usize) -> Crowd {
        let mut pairs = Vec::new();
        for number in 0..many {
            let code = nodes[number % nodes.len()].code().await;
            pairs.push(Crowd::pair(nodes, number, code));
        }
        for (_, reader) in &pairs {
            reader.is_bound(1, Duration::from_secs(10)).await;
        }
        Crowd { pairs }
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

    /// Waits until every page hears of something said from now on; the longest that it took.
    pub async fn goes_on(&self, patience: Duration) -> Duration {
        let mut longest = Duration::ZERO;
        for (publisher, reader) in &self.pairs {
            let next = publisher.said().len() + 1;
            let heard = reader
                .hears_from(next, patience.saturating_sub(longest))
                .await;
            longest = longest.max(longest + heard);
        }
        longest
    }

    /// Ends the stories and checks each; what was said and heard in all.
    pub async fn heard_right(mut self, patience: Duration) -> Vec<(Vec<Said>, Heard)> {
        let mut histories = Vec::new();
        for (publisher, _) in &mut self.pairs {
            histories.push(publisher.stops().await);
        }
        let mut told = Vec::new();
        for ((_, reader), said) in self.pairs.iter().zip(histories) {
            let last = said.last().unwrap().n;
            reader.hears(last, patience).await;
            let heard = reader.heard();
            assert_eq!(heard.gaps, 0, "everything was retained");
            check(&said, &heard.events);
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
        *words.entry(line.word.as_str()).or_insert(0) += 1;
        longest = longest.max(line.took);
    }
    format!("{words:?}, the slowest answer after {longest:?}")
}
