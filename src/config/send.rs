//! `[send]`: how `.send` writes to people.

use super::declare::settings;
use super::shape;
use super::words::Words;

settings! {
    /// How `.send` writes to people, and how much. It needs `wechat.template_id`.
    pub struct Send in "send" {
        /// The field of the template that shows the title: `thing…` or `keyword…`, of which the
        /// platform shows 20 characters, or `character_string…`, 32 of ASCII.
        title_field: String where shape::text_field = "thing1", restart;
        /// The field that shows when it was sent, such as `time2`: `time…`, `date…` or one of text; empty for none.
        time_field: Option<String> where shape::time_field = "time2", restart;
        /// The field that shows the first words of the text, of the same kinds as the title's; unset: none.
        body_field: Option<String> where shape::text_field, restart;
        /// How far the clocks of the people are ahead of UTC, in hours.
        utc_offset as "utc_offset_hours": i32 = "8" in -12..=14, restart;
        /// How many days the page of a message can be opened, and its fate be asked.
        page_days: u32 = "7" in 1..=30, restart;
        /// Messages by one token in a minute; 0 = no limit.
        per_minute: u32 = "30" in 0..=1000000, restart;
        /// Messages by one token in a day; 0 = no limit.
        per_day: u32 = "500" in 0..=1000000, restart;
        /// Messages by all tokens in a minute; 0 = no limit.
        all_per_minute: u32 = "600" in 0..=1000000, restart;
        /// Messages by all tokens in a day; 0 = no limit. The platform itself allows 100000.
        all_per_day: u32 = "100000" in 0..=1000000000, restart;
        /// Requests with a token that is none, from one client address in a minute, at each node; 0 = no limit.
        failures_per_minute: u32 = "30" in 0..=1000000, reload;
        /// What a person writes into the chat to be told the own send address. Empty: nothing is said.
        show_words: Words = "token", restart;
        /// What a person writes to have another token; the one so far is void.
        renew_words: Words = "renew,新token", restart;
        /// What a person writes to have no token any more.
        revoke_words: Words = "revoke,停用token", restart;
    }
}
