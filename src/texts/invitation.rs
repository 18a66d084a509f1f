//! What a person is asked when a scan has to be confirmed.

use std::time::Duration;

use super::shown;
use crate::config::{Language, Secret};
use crate::session::{Action, Purpose};

/// Asks a person to confirm a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The site's name.
    pub site: String,
    /// What the code stands for.
    pub purpose: Purpose,
    /// When it was scanned, since 1970.
    pub at: Duration,
    /// The page on which it is confirmed.
    pub link: Secret,
}

impl Invitation {
    pub(super) fn text(&self, language: Language) -> String {
        let Invitation { site, link, .. } = self;
        let (deed, time) = (deed(&self.purpose, language), time_of_day(self.at));
        let link = link.expose();
        match language {
            Language::Zh => format!(
                "{site} 请您确认：{deed}（{time}）。\n请<a href=\"{link}\">打开确认页</a>，选出网页上\
                 显示的两位数字。如果不是您本人操作，请在该页拒绝。"
            ),
            Language::En => format!(
                "{site} asks you to confirm: {deed} ({time}).\n<a href=\"{link}\">Open this page</a> \
                 and choose the two digits that the web page shows. If this was not you, decline \
                 there."
            ),
        }
    }
}

/// What a code stands for, as a few words to a person, fit for a chat.
pub fn deed(purpose: &Purpose, language: Language) -> String {
    let account = purpose.account.as_ref().map(shown).unwrap_or_default();
    match (purpose.action, language) {
        (Action::Token, Language::Zh) => "获取您的消息 Token".to_owned(),
        (Action::Token, Language::En) => "show your message token".to_owned(),
        (Action::Renew, Language::Zh) => "更换消息 Token".to_owned(),
        (Action::Renew, Language::En) => "another message token".to_owned(),
        (Action::Login, Language::Zh) => "登录".to_owned(),
        (Action::Login, Language::En) => "sign in".to_owned(),
        (Action::Bind, Language::Zh) => format!("将您的微信绑定到账号 {account}"),
        (Action::Bind, Language::En) => format!("bind your WeChat to the account {account}"),
        (Action::Unbind, Language::Zh) => format!("将您的微信与账号 {account} 解绑"),
        (Action::Unbind, Language::En) => format!("unbind your WeChat from the account {account}"),
        (Action::Points, Language::Zh) => format!("为账号 {account} 积分"),
        (Action::Points, Language::En) => format!("points for the account {account}"),
    }
}

/// `08:15:30 UTC+8`: the time of day by the clock of those who use WeChat.
pub fn time_of_day(unix: Duration) -> String {
    let seconds = (unix.as_secs() + 8 * 3600) % 86_400;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02} UTC+8", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_is_that_of_beijing() {
        let at = |unix| time_of_day(Duration::from_secs(unix));
        assert_eq!(at(0), "08:00:00 UTC+8");
        assert_eq!(at(1_735_664_399), "00:59:59 UTC+8");
    }

    #[test]
    fn an_invitation_names_all_but_the_number_and_keeps_its_link_from_logs() {
        let say = crate::texts::Say::Confirm(Invitation {
            site: "Example".to_owned(),
            purpose: "bind alice".parse().unwrap(),
            at: Duration::ZERO,
            link: Secret::new("https://a.example/confirm/0f"),
        });
        for language in [Language::Zh, Language::En] {
            let text = say.text(language);
            for part in [
                "Example",
                "alice",
                "08:00:00",
                "<a href=\"https://a.example/confirm/0f\">",
            ] {
                assert!(text.contains(part), "{text}");
            }
        }
        assert!(!format!("{say:?}").contains("0f"));
    }
}
