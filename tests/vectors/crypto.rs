//! Signatures, encrypted envelopes and encrypted replies.

use scangate::wechat::callback::{Account, Gate, Mode};
use scangate::wechat::cipher::Cipher;
use scangate::wechat::reply::{self, Fresh};
use scangate::wechat::{query::Query, signature, xml};
use serde_json::Value;

use crate::{covers, each_case, text_of};

#[test]
fn signatures() {
    each_case("signatures", "cases", 9, |case| {
        let parts: Vec<&str> = case["parts"]
            .as_object()
            .unwrap()
            .values()
            .map(|part| part.as_str().unwrap())
            .collect();
        let sha1 = text_of(case, "sha1");
        assert_eq!(signature::sign(&parts), sha1);
        assert!(signature::matches(&parts, sha1));
    });
}

#[test]
fn encrypted_envelopes() {
    each_case("encrypted-envelopes", "cases", 33, |case| {
        let opened = if text_of(case, "format") == "json" {
            open_json(case)
        } else {
            open_xml(case)
        };
        let expect = &case["expect"];
        match opened {
            Ok(text) => {
                assert_eq!(expect["ok"], true);
                assert_eq!(text, text_of(expect, "plaintext"));
                assert_eq!(text.len(), expect["msg_len"]);
                seals_to_the_same(case, &text);
            }
            Err(label) => {
                assert_eq!(expect["ok"], false, "{label}");
                assert!(covers(text_of(expect, "error"), &label), "{label}");
            }
        }
    });
}

/// The gate in safe mode, with the clock at the request's own timestamp.
fn open_xml(case: &Value) -> Result<String, String> {
    let query = Query::parse(text_of(case, "raw_query")).unwrap();
    let now = query.get("timestamp").unwrap().parse().unwrap();
    Gate::new(&account(&case["config"]), Mode::Safe)
        .unwrap()
        .unseal(
            text_of(case, "raw_query"),
            text_of(case, "body").as_bytes(),
            now,
        )
        .map(|text| String::from_utf8(text.into_owned()).unwrap())
        .map_err(|refusal| {
            assert_eq!(refusal.status(), 403);
            refusal.label().to_owned()
        })
}

/// The one example in JSON, which official accounts never send: its signature and its frame are as in XML.
fn open_json(case: &Value) -> Result<String, String> {
    let body: Value = serde_json::from_str(text_of(case, "body")).unwrap();
    let encrypt = text_of(&body, "Encrypt");
    let query = &case["query"];
    let parts = [
        text_of(&case["config"], "token"),
        text_of(query, "timestamp"),
        text_of(query, "nonce"),
        encrypt,
    ];
    assert!(signature::matches(&parts, text_of(query, "msg_signature")));
    Ok(cipher(&case["config"]).decrypt(encrypt).unwrap())
}

/// Where the random part is given, encrypting gives the very bytes that came.
fn seals_to_the_same(case: &Value, text: &str) {
    let Some(random) = case["random16"].as_str() else {
        return;
    };
    let random = random.as_bytes().try_into().unwrap();
    let encrypt = cipher(&case["config"]).encrypt(text, random);
    assert!(text_of(case, "body").contains(&encrypt));
}

#[test]
fn encrypted_replies() {
    each_case("replies", "encrypted", 5, |case| {
        let config = &case["config"];
        let fresh = Fresh {
            now_unix: text_of(case, "timestamp").parse().unwrap(),
            nonce: text_of(case, "nonce"),
            random: text_of(case, "random16").as_bytes().try_into().unwrap(),
        };
        let sealed = reply::envelope(
            text_of(case, "plaintext"),
            &cipher(config),
            text_of(config, "token"),
            fresh,
        );
        let fields = xml::fields(sealed.as_bytes()).unwrap();
        let expect = case["expect"].as_object().unwrap();
        assert_eq!(fields.iter().count(), expect.len());
        for (name, text) in expect {
            assert_eq!(fields.get(name), text.as_str());
        }
    });
}

pub fn account(config: &Value) -> Account {
    let key = text_of(config, "encoding_aes_key");
    Account {
        app_id: text_of(config, "appid").to_owned(),
        original_id: config["original_id"].as_str().map(str::to_owned),
        tokens: vec![text_of(config, "token").to_owned()],
        aes_keys: (!key.is_empty())
            .then(|| key.to_owned())
            .into_iter()
            .collect(),
    }
}

fn cipher(config: &Value) -> Cipher {
    Cipher::new(
        text_of(config, "encoding_aes_key"),
        text_of(config, "appid"),
    )
    .unwrap()
}
