//! The doctor, where there is no Redis: certificates, the platform, doors, the balancer, and its words.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    APP_ID, APP_SECRET, Authority, Call, Certificate, CertificateFiles, Diagnosis, Gateway,
    Platform, Program, Request, TOKEN, scangate,
};

/// The account that the sandbox pretends to have.
const SANDBOX: [(&str, &str); 3] = [
    ("SCANGATE_WECHAT_APP_ID", "wx5ca9a7e5a4db0c01"),
    (
        "SCANGATE_WECHAT_APP_SECRET",
        "5a4db0c05a4db0c05a4db0c05a4db0c0",
    ),
    ("SCANGATE_WECHAT_TOKEN", "sandboxtoken"),
];

async fn of_certificate(files: &CertificateFiles, others: &[(&str, &str)]) -> Diagnosis {
    let [certificate, key] = [files.certificate(), files.key()];
    let own = [
        ("SCANGATE_PUBLIC_TLS_CERT", certificate.to_str().unwrap()),
        ("SCANGATE_PUBLIC_TLS_KEY", key.to_str().unwrap()),
    ];
    Diagnosis::with(&[&own, others].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_check_is_there_once_and_has_its_chapter() {
    let ids = Diagnosis::with(&[]).await.ids();
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/DOCTOR.md"));
    let page = page.unwrap();
    let chapters: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    let sorted = |mut names: Vec<String>| {
        names.sort_unstable();
        names
    };
    let chapters = chapters.into_iter().map(str::to_owned).collect();
    assert_eq!(sorted(ids), sorted(chapters));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nothing_set_nothing_fails_and_a_person_can_read_it() {
    let data = TempDir::new().unwrap();
    let variables = [("SCANGATE_DATA_DIR", data.path().to_str().unwrap())];
    let diagnosis = Diagnosis::with(&variables).await;
    assert_eq!(diagnosis.code, 0, "{}", diagnosis.text);
    diagnosis.says("machine.data", "ok", "can be written");
    diagnosis.says("redis.version", "skipped", "embedded");
    diagnosis.says("wechat.api", "skipped", "no official account");
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0);

    let output = scangate(&["doctor"], &variables).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nskip  wechat.* (5)"), "{text}");
    assert!(text.contains("\nok    listeners.push "), "{text}");
    let summary = text.lines().last().unwrap();
    assert!(
        summary.contains(" checks: ") && summary.contains(" 0 fail,"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_knows_or_that_has_ended_is_told() {
    let diagnosis = of_certificate(&CertificateFiles::with(&Certificate::until(2020)), &[]).await;
    assert_eq!(diagnosis.code, 1);
    diagnosis.says("certificate.files", "ok", "can be read");
    diagnosis.says("certificate.dates", "fail", "days ago");
    diagnosis.says("certificate.chain", "warn", "self-signed");
    diagnosis.says("certificate.names", "skipped", "localhost");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_do_not_fit_together_are_told() {
    let files = CertificateFiles::with(&Certificate::new());
    files.have_the_key_of(&Certificate::new());
    let diagnosis = of_certificate(&files, &[]).await;
    diagnosis.says("certificate.files", "fail", "certificate and key");
    diagnosis.says("certificate.dates", "skipped", "cannot be used");
    files.are_spoilt("no certificate");
    let diagnosis = of_certificate(&files, &[]).await;
    diagnosis.says("certificate.files", "fail", "cert.pem");
    fs::remove_file(files.certificate()).unwrap();
    let diagnosis = of_certificate(&files, &[]).await;
    diagnosis.says("certificate.files", "fail", "could not read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_chain_is_good_and_half_of_it_is_not() {
    let authority = Authority::new();
    let home = TempDir::new().unwrap();
    let roots = home.path().join("roots.pem");
    fs::write(&roots, authority.root()).unwrap();
    let trusted = [
        ("SSL_CERT_FILE", roots.to_str().unwrap()),
        ("SCANGATE_PUBLIC_URL", "https://scan.example.com"),
    ];
    let files = CertificateFiles::with(&authority.signs("scan.example.com"));
    let diagnosis = of_certificate(&files, &trusted).await;
    diagnosis.says("certificate.chain", "ok", "CN=root");
    diagnosis.says("certificate.names", "ok", "scan.example.com");
    let diagnosis = of_certificate(&files, &[]).await;
    diagnosis.says("certificate.chain", "fail", "UnknownIssuer");

    let files = CertificateFiles::with(&authority.signs_alone("other.example.com"));
    let diagnosis = of_certificate(&files, &trusted).await;
    diagnosis.says("certificate.chain", "fail", "fullchain.pem");
    diagnosis.says("certificate.names", "fail", "other.example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_platform_says_becomes_advice() {
    let words = [
        "serve",
        "--listen",
        "127.0.0.6:0",
        "--callback",
        "http://127.0.0.6:1/wechat",
    ];
    let sandbox = Program::sandbox(&words);
    let address = sandbox.listens_on("127.0.0.6:").await;
    let url = format!("http://{address}");
    let account = [&SANDBOX[..], &[("SCANGATE_WECHAT_API_URL", &url)]].concat();
    let spoils = async |endpoint: &str, fault: Value| {
        let mut order = json!({"endpoint": endpoint});
        order
            .as_object_mut()
            .unwrap()
            .extend(fault.as_object().unwrap().clone());
        let done = Request::post("/sandbox/faults", order.to_string())
            .to(address)
            .await;
        assert_eq!(done.status, 200, "{}", done.text());
    };

    let diagnosis = Diagnosis::with(&account).await;
    assert_eq!(diagnosis.code, 0, "{}", diagnosis.text);
    for id in [
        "wechat.api",
        "wechat.credentials",
        "wechat.codes",
        "clock.wechat",
    ] {
        assert_eq!(diagnosis.status(id), "ok", "{id}");
    }
    diagnosis.says("wechat.callback", "warn", "mode plain");
    assert!(
        !diagnosis.text.contains("5a4db0c05a4d"),
        "{}",
        diagnosis.text
    );

    spoils("stable_token", json!({"errcode": 40164})).await;
    let diagnosis = Diagnosis::with(&account).await;
    assert_eq!(diagnosis.code, 1);
    diagnosis.says(
        "wechat.credentials",
        "fail",
        "Add 203.0.113.4 to the IP allow-list",
    );
    assert_eq!(diagnosis.status("wechat.codes"), "skipped");

    spoils("qrcode_create", json!({"errcode": 48001})).await;
    let diagnosis = Diagnosis::with(&account).await;
    diagnosis.says("wechat.codes", "fail", "认证服务号");

    let mut wrong = account.clone();
    wrong[1].1 = "wrong-secret-of-somebody";
    let diagnosis = Diagnosis::with(&wrong).await;
    diagnosis.says("wechat.credentials", "fail", "AppSecret");
    assert!(
        !diagnosis.text.contains("wrong-secret"),
        "{}",
        diagnosis.text
    );

    spoils("stable_token", json!({"hang": true})).await;
    let diagnosis = Diagnosis::with(&account).await;
    diagnosis.says("wechat.api", "fail", "no answer within");
    assert_eq!(diagnosis.status("listeners.push"), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_leaves_the_token_in_use_as_it_is() {
    let platform = Platform::start().await;
    let url = platform.url();
    let account = [
        ("SCANGATE_WECHAT_APP_ID", APP_ID),
        ("SCANGATE_WECHAT_APP_SECRET", APP_SECRET),
        ("SCANGATE_WECHAT_TOKEN", TOKEN),
        ("SCANGATE_WECHAT_API_URL", &url),
    ];
    let diagnosis = Diagnosis::with(&account).await;
    assert_eq!(diagnosis.status("wechat.codes"), "ok", "{}", diagnosis.text);
    let asked = platform.heard(Call::Token);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["force_refresh"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_node_answers_as_the_console_wants() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| platform.serves(config)).await;
    let (url, public) = (platform.url(), format!("http://{}", gateway.public()));
    let account = |token| {
        [
            ("SCANGATE_WECHAT_APP_ID", APP_ID),
            ("SCANGATE_WECHAT_APP_SECRET", APP_SECRET),
            ("SCANGATE_WECHAT_TOKEN", token),
            ("SCANGATE_WECHAT_API_URL", &url),
            ("SCANGATE_PUBLIC_URL", &public),
        ]
    };
    let diagnosis = Diagnosis::with(&account(TOKEN)).await;
    diagnosis.says("wechat.callback_url", "warn", "only ports 80 and 443");
    let diagnosis = Diagnosis::with(&account("another")).await;
    diagnosis.says("wechat.callback_url", "fail", "refused the signature");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_door_fails_and_a_secret_shuts_it() {
    let open = [("SCANGATE_PUSH_LISTEN", "0.0.0.0:5678")];
    let diagnosis = Diagnosis::with(&open).await;
    assert_eq!(diagnosis.code, 1);
    diagnosis.says("listeners.push", "fail", "SCANGATE_PUSH_SECRET");
    let shut = [&open[..], &[("SCANGATE_PUSH_SECRET", "open-sesame")]].concat();
    let diagnosis = Diagnosis::with(&shut).await;
    diagnosis.says("listeners.push", "ok", "with a secret");
    assert!(!diagnosis.text.contains("open-sesame"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_balancer_and_the_grace_are_compared_as_the_flags_say() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("haproxy.cfg");
    fs::write(
        &file,
        "defaults\n  timeout client 20s\n  timeout server 5m\n",
    )
    .unwrap();
    let config = ["--balancer-config", file.to_str().unwrap()];
    let diagnosis = Diagnosis::of(&[&config[..], &["--grace-period", "20"]].concat(), &[]).await;
    assert_eq!(diagnosis.code, 1);
    diagnosis.says(
        "balancer.timeout",
        "fail",
        "20 s (timeout client in haproxy.cfg)",
    );
    diagnosis.says("machine.drain", "fail", "of 20 s (--grace-period)");
    let patient = ["--balancer-timeout", "75", "--grace-period", "34"];
    let diagnosis = Diagnosis::of(&patient, &[]).await;
    diagnosis.says("balancer.timeout", "ok", "75 s (--balancer-timeout)");
    diagnosis.says("machine.drain", "ok", "34 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_no_finding() {
    let code = async |words: &[&str], variables: &[(&str, &str)]| {
        let output = scangate(&[&["doctor"], words].concat(), variables).await;
        output.status.code().unwrap()
    };
    assert_eq!(
        code(&["--balancer-config", "/nowhere/haproxy.cfg"], &[]).await,
        64
    );
    assert_eq!(code(&["--balancer-timeout", "soon"], &[]).await, 64);
    assert_eq!(code(&[], &[("SCANGATE_PUSH_LISTEN", "nowhere")]).await, 78);
}
