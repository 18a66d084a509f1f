//! The made-up persons with their chats.

use crate::chat::Chat;

/// How many messages the account may send later, and for how many seconds, after a scan or a follow.
const AFTER_SCAN: Allowance = Allowance {
    count: 3,
    until: 60,
};
/// The same after a text of the person's.
const AFTER_TEXT: Allowance = Allowance {
    count: 5,
    until: 48 * 3600,
};

/// One person.
pub struct Person {
    /// Name in the sandbox's own API.
    pub id: &'static str,
    /// Name on the screen.
    pub name: &'static str,
    /// Name at the account: 28 characters.
    pub openid: &'static str,
    /// Name over several accounts.
    pub unionid: &'static str,
    /// When the person followed, unix seconds; `None` for a stranger.
    pub following_since: Option<u64>,
    /// The scene by which the person came.
    pub came_by: String,
    /// Whether the person lets no messages of the account in.
    pub is_mute: bool,
    /// What was said between the person and the account.
    pub chat: Chat,
    /// Second of the newest push: the platform's own notion of "the same event" has no finer grain.
    last_event: u64,
    allowance: Allowance,
}

/// Messages that may be sent without a template.
#[derive(Clone, Copy)]
struct Allowance {
    count: u32,
    /// Seconds; unix seconds once it is granted.
    until: u64,
}

/// Everybody.
pub struct People {
    people: Vec<Person>,
}

impl People {
    /// Two followers and two strangers, with empty chats.
    pub fn new(now: u64) -> People {
        let person = |id, name, openid, unionid, following_since| Person {
            id,
            name,
            openid,
            unionid,
            following_since,
            came_by: String::new(),
            is_mute: false,
            chat: Chat::default(),
            last_event: 0,
            allowance: Allowance { count: 0, until: 0 },
        };
        let follows = Some(now.saturating_sub(86_400 * 30));
        People {
            people: vec![
                person(
                    "mei",
                    "小美 Mei",
                    "oMei-sandbox-0a1B2c3D4e5F6g7",
                    "u-sandbox-mei",
                    follows,
                ),
                person(
                    "lei",
                    "阿磊 Lei",
                    "oLei-sandbox-9z8Y7x6W5v4U3t2",
                    "u-sandbox-lei",
                    follows,
                ),
                person(
                    "noor",
                    "Noor",
                    "oNoor-sandbox-q1W2e3R4t5Y6u7",
                    "u-sandbox-noor",
                    None,
                ),
                person(
                    "tom",
                    "Tom",
                    "oTom-sandbox-m7N6b5V4c3X2z1L",
                    "u-sandbox-tom",
                    None,
                ),
            ],
        }
    }

    /// Everybody, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.people.iter()
    }

    /// The person with this id or openid.
    pub fn find(&mut self, name: &str) -> Option<&mut Person> {
        self.people
            .iter_mut()
            .find(|person| person.id == name || person.openid == name)
    }
}

impl Person {
    /// The second of a new event: `now`, or the first second that no event of this person has.
    pub fn event_second(&mut self, now: u64) -> u64 {
        self.last_event = now.max(self.last_event + 1);
        self.last_event
    }

    /// Notes that the person scanned or followed.
    pub fn allow_after_scan(&mut self, now: u64) {
        self.allow(AFTER_SCAN, now);
    }

    /// Notes that the person wrote.
    pub fn allow_after_text(&mut self, now: u64) {
        self.allow(AFTER_TEXT, now);
    }

    /// Takes one of the messages that the account may send now.
    ///
    /// # Errors
    /// The errcode that says why there is none.
    pub fn spend(&mut self, now: u64) -> Result<(), i64> {
        if self.allowance.until <= now {
            return Err(45015);
        }
        if self.allowance.count == 0 {
            return Err(45047);
        }
        self.allowance.count -= 1;
        Ok(())
    }

    fn allow(&mut self, granted: Allowance, now: u64) {
        let until = now + granted.until;
        if until >= self.allowance.until {
            self.allowance = Allowance {
                until,
                count: granted.count,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openids_have_the_platform_s_length_and_are_nobody_s_twice() {
        let mut people = People::new(0);
        for person in people.iter() {
            assert_eq!(person.openid.len(), 28, "{}", person.openid);
        }
        assert_eq!(
            people.find("oTom-sandbox-m7N6b5V4c3X2z1L").unwrap().id,
            "tom"
        );
    }

    #[test]
    fn no_two_events_of_a_person_share_a_second() {
        let mut people = People::new(0);
        let mei = people.find("mei").unwrap();
        assert_eq!(
            [
                mei.event_second(5),
                mei.event_second(5),
                mei.event_second(9)
            ],
            [5, 6, 9]
        );
    }

    #[test]
    fn later_messages_are_counted_and_timed() {
        let mut people = People::new(0);
        let mei = people.find("mei").unwrap();
        assert_eq!(mei.spend(0), Err(45015));
        mei.allow_after_scan(100);
        assert_eq!(
            [mei.spend(100), mei.spend(100), mei.spend(159)],
            [Ok(()); 3]
        );
        assert_eq!(mei.spend(159), Err(45047));
        assert_eq!(mei.spend(160), Err(45015));
    }
}
