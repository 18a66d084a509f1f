//! What the account says in the chat, in the operator's language.

use std::borrow::Cow;

use crate::config::Language;
use crate::session::Action;

/// Something to say to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Say {
    /// A scan was taken; the page shows what came of it.
    Scanned(Option<Action>),
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
}

impl Say {
    /// The words.
    pub fn text(&self, language: Language) -> Cow<'static, str> {
        let (zh, en) = match self {
            Say::Scanned(Some(Action::Token)) => (
                "扫码成功!您的专属 Token 已显示在网页上,请妥善保管,不要告诉他人。",
                "Scanned. Your personal token is now shown on the web page; keep it to yourself.",
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
        };
        match language {
            Language::Zh => zh.into(),
            Language::En => en.into(),
        }
    }
}
