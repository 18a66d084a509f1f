//! Why an action refuses a scan.

/// A reason that the person who scanned can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The account is another person's.
    AccountTaken,
    /// The person has another account.
    PersonTaken,
    /// The account is not the person's.
    NotBound,
    /// Only the person whose account it is may scan for it.
    NotYours,
    /// The account has had all scans of this day.
    DailyLimit,
}

impl Refusal {
    /// The `code` of the event `refused`.
    pub fn code(self) -> &'static str {
        match self {
            Refusal::AccountTaken => "account_taken",
            Refusal::PersonTaken => "person_taken",
            Refusal::NotBound => "not_bound",
            Refusal::NotYours => "not_yours",
            Refusal::DailyLimit => "daily_limit",
        }
    }
}
