//! WeChat's access token: one for all nodes, bought by one of them.

use crate::support::{Call, Gateway, Platform, Request, Server, joins_with};

/// Has each node make a code.
async fn each_makes_a_code(nodes: &[Gateway]) {
    for node in nodes {
        let reply = node.answers(Request::get("/qrcode")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_share_one_token_and_one_of_them_renews_it() {
    let redis = Server::start().await;
    let platform = Platform::start().await;
    let join = async || {
        joins_with(&redis.url(), |config| {
            platform.serves(config);
            config.limit.qrcodes_per_minute = 0;
        })
        .await
    };
    // At once, so that they all find that there is none.
    let (a, b, c) = tokio::join!(join(), join(), join());
    let nodes = [a, b, c];
    each_makes_a_code(&nodes).await;
    assert_eq!(platform.heard(Call::Token).len(), 1);

    // The platform takes it for dead before its time: whoever finds out first buys another.
    platform.revokes_its_token();
    let codes = nodes
        .each_ref()
        .map(|node| node.answers(Request::get("/qrcode")));
    for reply in futures_util::future::join_all(codes).await {
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    each_makes_a_code(&nodes).await;
    assert_eq!(platform.heard(Call::Token).len(), 2);
}
