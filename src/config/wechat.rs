//! `[wechat]` and `[login]`: the official account, and where a scanned login leads.

use std::time::Duration;

use super::declare::{settings, words};
use super::secret::Secret;
use super::shape;

settings! {
    /// The official account. Without `app_id`, `app_secret` and `token` the gateway makes no codes
    /// and takes no callbacks; all else works.
    pub struct Wechat in "wechat" {
        /// AppID of the account: `wx` and 16 hexadecimal digits.
        app_id: Option<String> where shape::app_id, restart;
        /// AppSecret of the account, which buys the access token.
        app_secret: Option<Secret>, restart;
        /// Token of the server configuration, which signs the callbacks: 3 to 32 letters and digits.
        token: Option<Secret> where shape::wechat_token, restart;
        /// EncodingAESKey of the server configuration, 43 letters and digits; needed in the modes
        /// compat and safe.
        encoding_aes_key: Option<Secret> where shape::encoding_aes_key, restart;
        /// Original ID of the account, `gh_…`: callbacks addressed to another one are refused.
        original_id: Option<String>, restart;
        /// The template by which `.send` writes to people.
        template_id: Option<String>, restart;
        /// How callbacks are encrypted. Unset: safe with an `encoding_aes_key`, else plain.
        mode: Option<Mode>, restart;
        /// Base URL of the platform's API.
        api_url: String where shape::base_url = "https://api.weixin.qq.com", restart;
        /// Where the page gets the picture of a code: this, `?ticket=` and the ticket.
        qr_url: String where shape::base_url = "https://mp.weixin.qq.com/cgi-bin/showqrcode", restart;
        /// How long an answer of the platform's API is waited for.
        timeout as "timeout_seconds": Duration = "4" in 0.1..=20, restart;
        /// The language of the texts in the chat.
        language: Language = "zh", restart;
    }
}

impl Wechat {
    /// How callbacks are encrypted: as set, or as the key suggests.
    pub fn mode(&self) -> Mode {
        self.mode.unwrap_or(match self.encoding_aes_key {
            Some(_) => Mode::Safe,
            None => Mode::Plain,
        })
    }
}

words! {
    /// How WeChat encrypts its callbacks (消息加解密方式).
    pub enum Mode {
        /// Not at all (明文模式).
        Plain = "plain",
        /// Both plain and encrypted in one message (兼容模式).
        Compat = "compat",
        /// Encrypted only (安全模式).
        Safe = "safe",
    }
}

words! {
    /// The language of the texts in the chat.
    pub enum Language {
        /// Simplified Chinese.
        Zh = "zh",
        /// English.
        En = "en",
    }
}

settings! {
    /// Where a scanned login leads.
    pub struct Login in "login" {
        /// Where the page goes when somebody has logged in, with `?token=` and the token; a path
        /// or a URL.
        url: String where shape::destination = "/admin/login.php", reload;
        /// How long a login token waits to be verified, once.
        token as "token_seconds": Duration = "300" in 1..=86400, restart;
    }
}
