//! Answers of the platform's API, and the addresses of pictures.

use scangate::wechat::answer;
use scangate::wechat::endpoint::Endpoint;
use scangate::wechat::fault::Remedy;
use scangate::wechat::query::picture_url;
use serde_json::Value;

use crate::{each_case, text_of};

#[test]
fn api_replies() {
    each_case("api-replies", "cases", 38, |case| {
        let status = u16::try_from(case["http_status"].as_u64().unwrap()).unwrap();
        let body = text_of(case, "body").as_bytes();
        let endpoint = endpoint(text_of(case, "endpoint"));
        let expect = &case["expect"];
        match answer::read(endpoint, status, body) {
            Ok(answer) => {
                assert_eq!(expect["ok"], true);
                same_answer(&answer, expect);
                typed(endpoint, status, body, expect);
            }
            Err(fault) => {
                assert_eq!(expect["ok"], false, "{fault}");
                assert_eq!(fault.errcode, expect["errcode"].as_i64());
                assert_eq!(action(fault.remedy), text_of(expect, "action"));
            }
        }
    });
}

fn same_answer(answer: &Value, expect: &Value) {
    for (name, value) in expect.as_object().unwrap() {
        match name.as_str() {
            "ok" => {}
            "msgid" => assert_eq!(answer[name].to_string(), value.as_str().unwrap()),
            _ => assert_eq!(answer[name], *value, "{name}"),
        }
    }
}

/// The typed readers say the same.
fn typed(endpoint: Endpoint, status: u16, body: &[u8], expect: &Value) {
    match endpoint {
        Endpoint::Token | Endpoint::StableToken => {
            let token = answer::access_token(status, body).unwrap();
            assert_eq!(token.token, text_of(expect, "access_token"));
            assert_eq!(token.lifetime.as_secs(), expect["expires_in"]);
        }
        Endpoint::QrcodeCreate => {
            let code = answer::code(status, body).unwrap();
            assert_eq!(code.ticket, text_of(expect, "ticket"));
            assert_eq!(code.url, text_of(expect, "url"));
            assert_eq!(code.expire_seconds, expect["expire_seconds"].as_u64());
        }
        Endpoint::TemplateSend => {
            let msg_id = answer::template_msg_id(status, body).unwrap();
            assert_eq!(msg_id.to_string(), text_of(expect, "msgid"));
        }
        Endpoint::UserInfo => {
            let person = answer::person(status, body).unwrap();
            assert_eq!(person.follows, expect["subscribe"] == 1);
            assert_eq!(person.unionid.is_some(), person.follows);
        }
        Endpoint::CustomSend | Endpoint::CallbackIp => {}
    }
}

fn endpoint(name: &str) -> Endpoint {
    use Endpoint::*;
    [
        Token,
        StableToken,
        QrcodeCreate,
        TemplateSend,
        UserInfo,
        CallbackIp,
    ]
    .into_iter()
    .find(|endpoint| endpoint.label() == name)
    .unwrap_or_else(|| panic!("endpoint {name}"))
}

fn action(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Retry => "retry_backoff",
        Remedy::RefreshToken => "refresh_token_retry_once",
        Remedy::FixSettings => "config_error",
        Remedy::StopForToday => "quota_exhausted",
        Remedy::WaitAMinute => "rate_limited",
        Remedy::DropRecipient => "drop_recipient",
        Remedy::FixContent => "bad_request",
        Remedy::Bug => "bug",
        Remedy::GiveUp => "fail",
    }
}

#[test]
fn qrcode_url() {
    each_case("qrcode-url", "cases", 3, |case| {
        let base = "https://mp.weixin.qq.com/cgi-bin/showqrcode";
        assert_eq!(
            picture_url(base, text_of(case, "ticket")),
            text_of(case, "url")
        );
    });
}
