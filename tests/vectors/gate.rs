//! The console's URL check, and the policy of modes.

use scangate::wechat::callback::{Account, Gate, Mode};
use scangate::wechat::event::Kind;

use crate::crypto::account;
use crate::{covers, each_case, text_of};

#[test]
fn url_verification() {
    each_case("url-verification", "cases", 15, |case| {
        let account = Account {
            tokens: vec![text_of(case, "token").to_owned()],
            ..Account::default()
        };
        let gate = Gate::new(&account, Mode::Plain).unwrap();
        let expect = &case["expect"];
        match gate.check_url(text_of(case, "raw_query")) {
            Ok(echo) => {
                assert_eq!(expect["accept"], true);
                assert_eq!(echo, text_of(expect, "body"));
            }
            Err(refusal) => {
                assert_eq!(expect["accept"], false, "{refusal}");
                assert_eq!(refusal.status(), 403);
                assert!(covers(text_of(expect, "error"), refusal.label()));
            }
        }
    });
}

#[test]
fn mode_policy() {
    each_case("mode-policy", "cases", 17, |case| {
        let mode = match text_of(case, "server_mode") {
            "plain" => Mode::Plain,
            "compat" => Mode::Compat,
            "safe" => Mode::Safe,
            other => panic!("mode {other}"),
        };
        let gate = Gate::new(&account(&case["config"]), mode).unwrap();
        let expect = &case["expect"];
        let opened = gate.open(
            text_of(case, "raw_query"),
            text_of(case, "body").as_bytes(),
            case["now"].as_u64().unwrap(),
        );
        match opened {
            Ok(push) => {
                assert_eq!(expect["accept"], true);
                let Kind::Scan { scene, .. } = push.kind else {
                    panic!("not a scan");
                };
                assert_eq!(scene, text_of(expect, "scan_key"));
            }
            Err(refusal) => {
                assert_eq!(expect["accept"], false, "{refusal}");
                assert_eq!(refusal.status(), 403);
                assert_eq!(refusal.label(), text_of(expect, "error"));
            }
        }
    });
}
