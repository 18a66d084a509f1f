//! The official account: can the platform be reached, does it know us, may we make codes, and does what
//! it sends reach a node?

use std::time::Duration;

use serde_json::json;

use super::report::{Finding, skip_all};
use crate::config::{Config, Mode, Wechat};
use crate::outbound;
use crate::random;
use crate::wechat::answer;
use crate::wechat::endpoint::Endpoint;

mod asking;
mod judging;

use asking::{Asker, Heard};

/// Every check of this kind, in the order in which they are told.
const IDS: [&str; 6] = [
    "wechat.api",
    "wechat.credentials",
    "wechat.codes",
    "wechat.callback",
    "wechat.callback_url",
    "clock.wechat",
];

/// Asks the platform, and judges.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let wechat = &config.wechat;
    let (Some(app_id), Some(app_secret)) = (&wechat.app_id, &wechat.app_secret) else {
        return skip_all(&IDS, "no official account is set (wechat.app_id)");
    };
    let asker = Asker::new(outbound::client(asking::PATIENCE, None));
    let body = json!({
        "grant_type": "client_credential",
        "appid": app_id,
        "secret": app_secret.expose(),
    });
    // Without force_refresh: the token that the nodes use stays good.
    let ask = asker.asks(&wechat.api_url, Endpoint::StableToken, None, &body);
    let (heard, callback_url) = tokio::join!(ask, callback_url(&asker, config));
    let [api, credentials, codes, clock] = match heard {
        Err(why) => unreached(&wechat.api_url, &why),
        Ok(heard) => judge(&asker, wechat, &heard).await,
    };
    vec![
        api,
        credentials,
        codes,
        callback(wechat),
        callback_url,
        clock,
    ]
}

async fn judge(asker: &Asker, wechat: &Wechat, heard: &Heard) -> [Finding; 4] {
    let token = answer::access_token(heard.status, &heard.body);
    [
        judging::api(heard),
        judging::credentials(token.as_ref().err()),
        match token {
            Err(_) => Finding::skipped(IDS[2], "there is no access token to ask with"),
            Ok(token) => codes(asker, wechat, &token.token).await,
        },
        judging::clock(heard.clock_ahead),
    ]
}

fn unreached(api_url: &str, why: &str) -> [Finding; 4] {
    let fix = "Let this host reach it over TCP 443, and resolve its name: a firewall or a missing route is \
               the usual reason.";
    let skipped = |id| Finding::skipped(id, "the platform was not reached");
    [
        Finding::fail(IDS[0], format!("{api_url}: {why}"), fix),
        skipped(IDS[1]),
        skipped(IDS[2]),
        skipped(IDS[5]),
    ]
}

/// Makes one code, which ends in a minute and that nobody sees.
async fn codes(asker: &Asker, wechat: &Wechat, token: &str) -> Finding {
    let uid = u32::from_be_bytes(random::bytes()).max(1);
    let body = json!({
        "expire_seconds": 60,
        "action_name": "QR_SCENE",
        "action_info": {"scene": {"scene_id": uid}},
    });
    let endpoint = Endpoint::QrcodeCreate;
    match asker
        .asks(&wechat.api_url, endpoint, Some(token), &body)
        .await
    {
        Err(why) => Finding::skipped(IDS[2], format!("no answer: {why}")),
        Ok(Heard { status, body, .. }) => {
            judging::codes(answer::code(status, &body).as_ref().err())
        }
    }
}

/// What of the callbacks the settings alone tell.
fn callback(wechat: &Wechat) -> Finding {
    const ID: &str = IDS[3];
    let mode = wechat.mode();
    if mode == Mode::Plain {
        return Finding::warn(
            ID,
            "mode plain: the signature does not cover the message",
            "Choose 安全模式 (safe) in the console and set SCANGATE_WECHAT_ENCODING_AES_KEY: else whoever has \
             seen one signed address can make up scans for five minutes.",
        );
    }
    if wechat.original_id.is_none() {
        return Finding::ok(ID, "encrypted; wechat.original_id, unset, is not compared");
    }
    Finding::ok(ID, "encrypted, and compared with wechat.original_id")
}

/// Does what the console does when the operator saves the address: asks it to repeat a word, signed.
async fn callback_url(asker: &Asker, config: &Config) -> Finding {
    const ID: &str = IDS[4];
    let Some(token) = &config.wechat.token else {
        return Finding::skipped(ID, "no wechat.token is set");
    };
    let Some(base) = &config.public.url else {
        let look = "Set SCANGATE_PUBLIC_URL, and the console's own check is done here.";
        return Finding::by_hand(ID, "public.url is not set", look);
    };
    judging::callback_url(base, asker.asks_back(base, token.expose()).await)
}

/// How far another clock is ahead of ours; negative where it is behind.
type Ahead = Option<i64>;

fn seconds(span: Duration) -> i64 {
    span.as_secs().try_into().unwrap_or(i64::MAX)
}
