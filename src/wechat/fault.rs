//! A call that failed, and what to do about it.

use crate::wechat::endpoint::Endpoint;

/// What to do about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Temporary: try again, few times, with growing pauses.
    Retry,
    /// Drop the access token that was used (if it still is the current one), get one, repeat the call once.
    RefreshToken,
    /// Do not repeat; the operator must set something right.
    FixSettings,
    /// Stop this call until midnight, Beijing time.
    StopForToday,
    /// Wait for the next minute, then repeat.
    WaitAMinute,
    /// This person cannot be reached; no error of the system.
    DropRecipient,
    /// The content of this call is wrong; another may pass.
    FixContent,
    /// The call itself is malformed: a bug of ours.
    Bug,
    /// Unknown: give up and report.
    GiveUp,
}

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", errcode.map_or_else(|| "no usable answer".to_owned(), |code| format!("errcode {code}")))]
pub struct Fault {
    /// The platform's code; `None` when the answer was none of the platform's.
    pub errcode: Option<i64>,
    /// What to do.
    pub remedy: Remedy,
    /// The platform's `errmsg` with its `rid`, for logs; never for a browser.
    pub detail: String,
}

impl Fault {
    /// Whether it is about the person written to, and says nothing about others: too many messages
    /// (43117), or the same one twice (40241).
    pub fn is_personal(&self) -> bool {
        matches!(self.errcode, Some(43117 | 40241))
    }
}

impl Remedy {
    /// The remedy as a word for logs and metric labels.
    pub fn label(self) -> &'static str {
        match self {
            Remedy::Retry => "retry",
            Remedy::RefreshToken => "refresh_token",
            Remedy::FixSettings => "fix_settings",
            Remedy::StopForToday => "stop_for_today",
            Remedy::WaitAMinute => "wait_a_minute",
            Remedy::DropRecipient => "drop_recipient",
            Remedy::FixContent => "fix_content",
            Remedy::Bug => "bug",
            Remedy::GiveUp => "give_up",
        }
    }

    /// What `errcode` asks for, after a call of `endpoint`.
    pub fn of(endpoint: Endpoint, errcode: i64) -> Remedy {
        match errcode {
            -1 => Remedy::Retry,
            // On the token calls it means a wrong secret: a refresh would go round in circles.
            40001 if endpoint.is_token() => Remedy::FixSettings,
            40001 | 40014 | 42001 => Remedy::RefreshToken,
            // Wrong grant, app id or secret; frozen secret; caller address not allowed or not yet confirmed.
            40002 | 40013 | 40125 | 40164 | 40243 | 45035 | 61004 | 89501 | 89503 | 89506
            | 89507 => Remedy::FixSettings,
            // The account lacks the call, or the template is another's or banned.
            48001 | 48004 | 40036 | 40037 | 43116 => Remedy::FixSettings,
            45009 | 48006 => Remedy::StopForToday,
            45011 | 43117 | 40241 => Remedy::WaitAMinute,
            // Not ours, not a follower, refuses, or outside the window of customer-service messages.
            40003 | 43004 | 43101 | 45015 | 45047 => Remedy::DropRecipient,
            50002 if endpoint == Endpoint::TemplateSend => Remedy::DropRecipient,
            50002 => Remedy::FixSettings,
            47003 | 45002 => Remedy::FixContent,
            40033 | 40052 | 40053 | 41001 | 41002 | 41004 | 41006 | 43002 | 43003 | 47001 => {
                Remedy::Bug
            }
            _ => Remedy::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_code_means_two_things() {
        assert_eq!(Remedy::of(Endpoint::Token, 40001), Remedy::FixSettings);
        assert_eq!(Remedy::of(Endpoint::UserInfo, 40001), Remedy::RefreshToken);
    }
}
