//! What the account says in the chat, in the operator's language.

use std::borrow::Cow;

use crate::config::Language;
use crate::session::{Action, Refusal, SiteAccount};

mod invitation;

pub use invitation::{Invitation, deed, time_of_day};

/// Something to say to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Say {
    /// A scan was taken; the page shows what came of it.
    Scanned(Option<Action>),
    /// The person has this account now.
    Bound(SiteAccount),
    /// The person has this account no more.
    Unbound(SiteAccount),
    /// A scan gave points.
    Credited {
        /// What it gave.
        points: u64,
        /// The balance after it.
        balance: u64,
    },
    /// The action refused the scan.
    Refused(Refusal),
    /// A scan counts once the person has confirmed it.
    Confirm(Invitation),
    /// The same person scanned again.
    ScannedBefore,
    /// Somebody else was first.
    UsedByAnother,
    /// The code's time is over.
    Expired,
    /// A code that is none of ours, or no more.
    UnknownCode,
    /// The person has begun to follow without a code.
    Welcome,
    /// The person's send address, asked for in the chat.
    Token(String),
    /// The person's new send address; the one before it is void.
    NewToken(String),
    /// The person has no send token, or no more.
    NoToken,
    /// The person's send token is void now.
    TokenRevoked,
    /// What the site's own backend has to say.
    Words(String),
}

impl Say {
    /// The words.
    pub fn text(&self, language: Language) -> Cow<'static, str> {
        let (zh, en) = match self {
            Say::Confirm(invitation) => return invitation.text(language).into(),
            Say::Bound(_) => (
                "绑定成功!您的微信已绑定账号 {account}。",
                "Done. Your WeChat is now tied to the account {account}.",
            ),
            Say::Unbound(_) => (
                "解绑成功!您的微信与账号 {account} 已不再绑定。",
                "Done. Your WeChat is no longer tied to the account {account}.",
            ),
            Say::Credited { .. } => (
                "扫码成功!获得 {points} 积分,当前共 {balance} 积分。",
                "Scanned. Points given: {points}; the balance is {balance}.",
            ),
            Say::Refused(refusal) => refused(*refusal),
            Say::Token(_) => (
                "您的发送地址(请勿告诉他人):\n{url}",
                "Your send address; keep it to yourself:\n{url}",
            ),
            Say::NewToken(_) => (
                "已更换 Token,旧的已失效。新的发送地址(请勿告诉他人):\n{url}",
                "The token so far is void. Your new send address; keep it to yourself:\n{url}",
            ),
            Say::NoToken => (
                "您还没有 Token,请先在网页上扫码获取。",
                "You have no token. Scan the code on the web page to get one.",
            ),
            Say::TokenRevoked => (
                "您的 Token 已停用。再次扫码可获取新的 Token。",
                "Your token is void. Scan a code to get another one.",
            ),
            Say::Scanned(Some(Action::Token)) => (
                "扫码成功!您的专属 Token 已显示在网页上,请妥善保管,不要告诉他人。",
                "Scanned. Your personal token is now shown on the web page; keep it to yourself.",
            ),
            Say::Scanned(Some(Action::Renew)) => (
                "扫码成功!新的 Token 已显示在网页上,旧的已失效。",
                "Scanned. Your new token is shown on the web page; the one before it is void.",
            ),
            Say::Scanned(Some(Action::Login)) => (
                "登录成功,请回到网页继续。如果不是您本人操作,请立即关闭该网页。",
                "You are logged in; go on at the web page. If this was not you, close that page now.",
            ),
            Say::Scanned(_) => (
                "扫码成功,请回到网页继续。",
                "Scanned. Go on at the web page.",
            ),
            Say::ScannedBefore => (
                "您已经扫过这个二维码了,请回到网页查看结果。",
                "You have scanned this code before; its result is on the web page.",
            ),
            Say::UsedByAnother => (
                "这个二维码已被他人使用,请在网页上刷新后重新扫码。",
                "Somebody else has used this code. Refresh the web page for a new one.",
            ),
            Say::Expired => (
                "二维码已过期,请在网页上刷新后重新扫码。",
                "This code has expired. Refresh the web page for a new one.",
            ),
            Say::UnknownCode => (
                "二维码无效或已过期,请在网页上刷新后重新扫码。",
                "This code is not valid or has expired. Refresh the web page for a new one.",
            ),
            Say::Welcome => ("感谢关注!", "Thank you for following."),
            Say::Words(words) => return Cow::Owned(words.clone()),
        };
        let words = match language {
            Language::Zh => zh,
            Language::En => en,
        };
        match self {
            Say::Bound(account) | Say::Unbound(account) => {
                words.replace("{account}", &shown(account)).into()
            }
            Say::Credited { points, balance } => words
                .replace("{points}", &points.to_string())
                .replace("{balance}", &balance.to_string())
                .into(),
            Say::Token(url) | Say::NewToken(url) => words.replace("{url}", url).into(),
            _ => words.into(),
        }
    }
}

fn refused(refusal: Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::AccountTaken => (
            "该账号已绑定其他微信,未作任何更改。",
            "That account is tied to another WeChat. Nothing was changed.",
        ),
        Refusal::PersonTaken => (
            "您的微信已绑定其他账号,请先解绑。",
            "Your WeChat is tied to another account; untie that one first.",
        ),
        Refusal::NotBound => (
            "您的微信未绑定该账号,无需解绑。",
            "Your WeChat is not tied to that account.",
        ),
        Refusal::NotYours => (
            "该账号已绑定其他微信,只有本人可以扫码。",
            "That account is tied to another WeChat; only its owner can scan for it.",
        ),
        Refusal::DailyLimit => (
            "今日积分次数已用完,请明天再来。",
            "That account has had all its points for today. Come back tomorrow.",
        ),
    }
}

/// An account's name as it may stand in a chat: short, and without the tags of which a chat makes
/// links, for a site's users may choose their names.
fn shown(account: &SiteAccount) -> String {
    const MOST_CHARS: usize = 40;
    let name = account.as_str();
    let mut shown: String = name.chars().take(MOST_CHARS).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    format!("“{}”", shown.replace(['<', '>'], "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_the_chat_is_short_and_has_no_tags() {
        let account = |name: &str| SiteAccount::new(name).unwrap();
        assert_eq!(shown(&account("张三")), "“张三”");
        assert_eq!(
            shown(&account("<a href=\"//evil\">x</a>")),
            "“_a href=\"//evil\"_x_/a_”"
        );
        let long = shown(&account(&"x".repeat(128)));
        assert_eq!(long, format!("“{}…”", "x".repeat(40)));
    }

    #[test]
    fn every_blank_is_filled_in_both_languages() {
        let account = SiteAccount::new("alice").unwrap();
        let credited = Say::Credited {
            points: 17,
            balance: 42,
        };
        for (say, facts) in [
            (Say::Bound(account.clone()), ["alice", "alice"]),
            (Say::Unbound(account), ["alice", "alice"]),
            (credited, ["17", "42"]),
            (Say::Token("https://a".to_owned()), ["https://a", "\n"]),
            (Say::NewToken("https://a".to_owned()), ["https://a", "\n"]),
        ] {
            for language in [Language::Zh, Language::En] {
                let text = say.text(language);
                assert!(facts.iter().all(|fact| text.contains(fact)), "{text}");
                assert!(!text.contains(['{', '}']), "{text}");
            }
        }
    }
}
