//! One suite of the broker's verbs for both kinds: what `src/broker.rs` promises, whoever keeps it; and
//! the law that rests on records alone.

mod bonds;
mod groups;
mod hold;
mod jobs;
mod life;
mod notes;
mod points;
mod publish;
mod records;
mod replay;
mod scan;
mod session;
mod stage;
mod timeline;

use stage::{Heard, Stage};

/// Tells each story twice: on an embedded broker and on Redis.
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story(crate::verbs::Stage::embedded().await).await;
            })+
        }
        mod redis {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story(crate::verbs::Stage::redis().await).await;
            })+
        }
    };
}

use on_both;
