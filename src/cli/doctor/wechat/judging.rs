//! What to think of the platform's answers, and what to do about them.

use std::net::IpAddr;

use super::asking::{Echo, Heard};
use super::{Ahead, IDS};
use crate::cli::doctor::report::Finding;
use crate::wechat::fault::{Fault, Remedy};

pub(super) fn api(heard: &Heard) -> Finding {
    match heard.status {
        200 => Finding::ok(IDS[0], "the platform answers"),
        status => Finding::warn(
            IDS[0],
            format!("the answer has status {status}"),
            "WeChat nearly always says 200: look whether a proxy answers in its place (wechat.api_url).",
        ),
    }
}

/// A callback is believed for 300 s before and after its time.
pub(super) fn clock(ahead: Ahead) -> Finding {
    const ID: &str = IDS[5];
    const FIX: &str = "Let NTP (chrony, systemd-timesyncd) set this host's clock: a callback is believed only for \
                       five minutes before and after its time.";
    let Some(ahead) = ahead else {
        return Finding::skipped(ID, "the answer had no Date");
    };
    let seen = match ahead {
        -5..=5 => return Finding::ok(ID, "the same time as WeChat, within 5 s"),
        _ if ahead > 0 => format!("this host is {ahead} s behind WeChat"),
        _ => format!("this host is {} s ahead of WeChat", -ahead),
    };
    match ahead.abs() {
        ..240 => Finding::warn(ID, seen, FIX),
        _ => Finding::fail(ID, seen, FIX),
    }
}

/// What came of asking for an access token.
pub(super) fn credentials(fault: Option<&Fault>) -> Finding {
    const ID: &str = IDS[1];
    let Some(fault) = fault else {
        return Finding::ok(ID, "AppID, AppSecret and this address are accepted");
    };
    let seen = told(fault);
    let fix = match fault.errcode {
        Some(40013) => "The AppID is wrong: copy it from the console (设置与开发, 基本配置).",
        Some(40001 | 40125) => {
            "The AppSecret is wrong, or was reset: copy the present one, and restart every node."
        }
        Some(40164 | 61004 | 45035) => {
            let address = address_in(&fault.detail);
            let address = address.map_or("the address that it saw".to_owned(), |ip| ip.to_string());
            return Finding::fail(
                ID,
                seen,
                format!(
                    "Add {address} to the IP allow-list (IP白名单) in the console; every node's address must be \
                     in it, as WeChat sees it behind NAT."
                ),
            );
        }
        Some(89501 | 89503) => {
            "The administrator of the account must confirm this address on his phone."
        }
        Some(89506 | 89507) => {
            "The administrator has refused this address: let him accept it, after the hour or the day \
             that the refusal holds."
        }
        Some(40243) => "The AppSecret is frozen: unfreeze it in the console.",
        Some(50002) => "The account is restricted: the console's messages say why.",
        Some(45009) => "Too many tokens were asked for today: find who else asks with this AppID.",
        _ if is_passing(fault) => {
            let fix = "It may pass: try again. If it stays, look at who answers at wechat.api_url.";
            return Finding::warn(ID, seen, fix);
        }
        _ => "Look the errcode up in the platform's list (全局返回码).",
    };
    Finding::fail(ID, seen, fix)
}

/// What came of asking for a code.
pub(super) fn codes(fault: Option<&Fault>) -> Finding {
    const ID: &str = IDS[2];
    let Some(fault) = fault else {
        return Finding::ok(ID, "a code that lives a minute could be made");
    };
    let seen = told(fault);
    let fix = match fault.errcode {
        Some(48001) => {
            "The account may not make codes: it must be a verified service account (认证服务号) or a test \
             account; a subscription account cannot."
        }
        Some(45009) => {
            "The day's codes are used up, until midnight in Beijing: lower \
                        SCANGATE_LIMIT_QRCODES_PER_MINUTE if somebody burns them."
        }
        Some(40001 | 40014 | 42001) => {
            "The token that was just given is void: somebody asks for tokens with force_refresh. Let all who \
             use this AppID ask stable_token without it."
        }
        _ if is_passing(fault) => return Finding::warn(ID, seen, "It may pass: try again."),
        _ => "Look the errcode up in the platform's list (全局返回码).",
    };
    Finding::fail(ID, seen, fix)
}

pub(super) fn callback_url(base: &str, echo: Echo) -> Finding {
    const ID: &str = IDS[4];
    const SAVE: &str = "Set the console's server address (服务器配置) to it.";
    let at = format!("{base}/wechat");
    match echo {
        Echo::Repeated if is_at_a_good_port(base) => {
            Finding::ok(ID, format!("{at} answers as the console wants"))
        }
        Echo::Repeated => Finding::warn(
            ID,
            format!("{at} answers, but WeChat calls only ports 80 and 443"),
            "Let the balancer take the callbacks at one of these ports.",
        ),
        Echo::Other(403) => Finding::fail(
            ID,
            format!("{at} refused the signature"),
            "The node there has another wechat.token than this configuration, or another clock.",
        ),
        Echo::Other(status) => Finding::fail(
            ID,
            format!("{at} answered {status}, and not as a node does"),
            format!("Does the path reach the nodes, through every proxy, unchanged? {SAVE}"),
        ),
        Echo::Nothing(why) => Finding::warn(
            ID,
            format!("{at} was not reached from here: {why}"),
            "Start a node, then look again; from here it may also be that only the outside can reach it.",
        ),
    }
}

fn is_at_a_good_port(base: &str) -> bool {
    let uri: Option<hyper::Uri> = base.parse().ok();
    let port = uri.as_ref().and_then(hyper::Uri::port_u16);
    port.is_none_or(|port| port == 80 || port == 443)
}

fn told(fault: &Fault) -> String {
    // `rid: …` tells operators nothing here.
    let detail = fault.detail.split(" rid:").next().unwrap_or_default();
    match fault.errcode {
        Some(code) => format!("errcode {code}: {detail}"),
        None => format!("no usable answer: {detail}"),
    }
}

fn is_passing(fault: &Fault) -> bool {
    matches!(fault.remedy, Remedy::Retry | Remedy::WaitAMinute)
}

/// The address in `invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist`.
fn address_in(detail: &str) -> Option<IpAddr> {
    let words = detail.split([' ', ',']);
    words.filter_map(|word| word.parse().ok()).next()
}

#[cfg(test)]
mod tests {
    use super::super::super::report::Status;
    use super::*;
    use crate::wechat::endpoint::Endpoint;

    fn fault(errcode: i64, detail: &str) -> Fault {
        Fault {
            errcode: Some(errcode),
            remedy: Remedy::of(Endpoint::StableToken, errcode),
            detail: detail.to_owned(),
        }
    }

    #[test]
    fn an_address_that_is_not_allowed_is_named() {
        let detail = "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist rid: 6b8b-1";
        let finding = credentials(Some(&fault(40164, detail)));
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.fix.unwrap().starts_with("Add 203.0.113.9 to"));
        assert!(!finding.seen.contains("rid"), "{}", finding.seen);
        let vague = credentials(Some(&fault(40164, "not in whitelist")));
        assert!(vague.fix.unwrap().contains("the address that it saw"));
    }

    #[test]
    fn each_errcode_has_its_remedy() {
        for (errcode, word, status) in [
            (40013, "AppID", Status::Fail),
            (40125, "AppSecret", Status::Fail),
            (40001, "AppSecret", Status::Fail),
            (89503, "confirm", Status::Fail),
            (40243, "frozen", Status::Fail),
            (-1, "again", Status::Warn),
            (99999, "errcode", Status::Fail),
        ] {
            let finding = credentials(Some(&fault(errcode, "told")));
            assert_eq!(finding.status, status, "{errcode}");
            assert!(finding.fix.unwrap().contains(word), "{errcode}");
        }
        assert_eq!(credentials(None).status, Status::Ok);
        let account = codes(Some(&fault(48001, "api unauthorized")));
        assert!(account.fix.unwrap().contains("认证服务号"));
        assert_eq!(codes(Some(&fault(45011, "slow"))).status, Status::Warn);
    }

    #[test]
    fn a_clock_that_is_wrong_is_told_before_callbacks_are_refused() {
        for (ahead, status) in [
            (None, Status::Skipped),
            (Some(5), Status::Ok),
            (Some(-6), Status::Warn),
            (Some(239), Status::Warn),
            (Some(-240), Status::Fail),
        ] {
            assert_eq!(clock(ahead).status, status, "{ahead:?}");
        }
        assert!(clock(Some(60)).seen.contains("60 s behind WeChat"));
    }

    #[test]
    fn the_callback_is_judged_by_what_came_back() {
        let status = |base, echo| callback_url(base, echo).status;
        assert_eq!(status("https://a.example", Echo::Repeated), Status::Ok);
        assert_eq!(
            status("https://a.example:8443", Echo::Repeated),
            Status::Warn
        );
        assert_eq!(status("https://a.example", Echo::Other(403)), Status::Fail);
        assert_eq!(status("https://a.example", Echo::Other(404)), Status::Fail);
        let nothing = Echo::Nothing("refused".to_owned());
        assert_eq!(status("https://a.example", nothing), Status::Warn);
    }
}
