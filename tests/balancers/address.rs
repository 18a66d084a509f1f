//! Who asks: limits by address see through the balancer, and nobody can make an address up.

use crate::balancer::{Balancer, Recipe, trusts_the_balancer};
use crate::support::{Certificate, CertificateFiles, Gateway, Platform, Request};

behind_each_balancer! {
    limits_by_address_are_the_visitors
}

async fn limits_by_address_are_the_visitors(recipe: Recipe) {
    let platform = Platform::start().await;
    // One node: each counts for itself.
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        trusts_the_balancer(config);
        config.limit.qrcodes_per_minute = 1;
    })
    .await;
    let balancer = Balancer::before(&[&gateway], recipe).await;
    let asks = async |host: u8, invented: Option<&str>| {
        let request = Request::get("/qrcode");
        let request = match invented {
            Some(address) => request.header("X-Forwarded-For", address),
            None => request,
        };
        balancer.answers([127, 0, 0, host], &request).await.status
    };
    assert_eq!(asks(2, None).await, 200);
    assert_eq!(asks(2, None).await, 429);
    assert_eq!(asks(3, None).await, 200);
    assert_eq!(asks(3, None).await, 429);
    if recipe != Recipe::HaproxyTcp {
        assert_eq!(asks(2, Some("192.0.2.1")).await, 429);
        assert_eq!(asks(3, Some("192.0.2.2, 192.0.2.3")).await, 429);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_tcp_names_the_visitor_before_tls_begins() {
    let platform = Platform::start().await;
    let certificate = Certificate::new();
    let files = CertificateFiles::with(&certificate);
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        trusts_the_balancer(config);
        files.serve(config);
        config.limit.qrcodes_per_minute = 1;
    })
    .await;
    let balancer = Balancer::before(&[&gateway], Recipe::HaproxyTcp).await;
    for (host, status) in [(2, 200), (2, 429), (3, 200), (3, 429)] {
        let wire = balancer.wire_from([127, 0, 0, host]).await;
        let trust = Certificate::trusted(&[&certificate]);
        let mut wire = wire.starts_tls(trust).await.unwrap();
        let answer = Request::get("/qrcode").over(&mut wire).await;
        assert_eq!(answer.status, status);
    }
}
