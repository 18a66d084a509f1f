//! One suite of the broker's verbs for both kinds, the second alone and as a Cluster: what `src/broker.rs` promises, whoever keeps it; and
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

use crate::support::Server;

/// Tells each story on an embedded broker, on Redis, and on a Cluster: there all stories of a file after each
/// other, for a Cluster takes its time to begin.
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
        pub mod cluster {
            pub async fn told_at(server: &crate::support::Server) {
                $(
                    println!("{}", stringify!($story));
                    let stage = crate::verbs::Stage::at(server, stringify!($story));
                    super::$story(stage.await).await;
                )+
            }
        }
    };
}

use on_both;

/// A script or a command that touched keys of two slots would be refused.
#[tokio::test(flavor = "multi_thread")]
async fn every_story_is_told_on_a_cluster() {
    let server = Server::cluster_of_one().await;
    bonds::cluster::told_at(&server).await;
    groups::cluster::told_at(&server).await;
    hold::cluster::told_at(&server).await;
    jobs::cluster::told_at(&server).await;
    notes::cluster::told_at(&server).await;
    points::cluster::told_at(&server).await;
    publish::cluster::told_at(&server).await;
    records::cluster::told_at(&server).await;
    replay::cluster::told_at(&server).await;
    scan::cluster::told_at(&server).await;
    session::cluster::told_at(&server).await;
    timeline::cluster::told_at(&server).await;
}
