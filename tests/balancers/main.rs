//! The load balancers of `docs/LOAD_BALANCERS.md`: real ones, with the very files of `examples/`, in
//! front of real nodes. Each story is told behind each of them.

// What cannot be had in a test should stop it where it stands.
#![allow(clippy::unwrap_used)]

/// Tells a story, a function of its module that takes a [`balancer::Recipe`], behind each balancer.
macro_rules! behind_each_balancer {
    ($($story:ident)+) => {$(
        mod $story {
            use crate::balancer::Recipe;

            #[tokio::test(flavor = "multi_thread")]
            async fn haproxy_tcp() {
                super::$story(Recipe::HaproxyTcp).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn haproxy_http() {
                super::$story(Recipe::HaproxyHttp).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn nginx() {
                super::$story(Recipe::Nginx).await;
            }
        }
    )+};
}

/// The people of the stories, as in the tests of one node.
#[path = "../it"]
mod it {
    #[allow(dead_code, unused_imports)]
    pub mod support;
}
use it::support;

mod address;
// The stories of `tests/nodes` need what these do not.
#[allow(dead_code)]
mod balancer;
mod cluster;
mod drain;
mod idle;
mod page;
