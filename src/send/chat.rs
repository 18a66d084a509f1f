//! What a person can do about the own send token by writing into the chat.

use super::Sends;
use crate::broker::BrokerError;
use crate::texts::Say;
use crate::wechat::event::Push;
use crate::wechat::openid::OpenId;

impl Sends {
    /// What to say to what a person wrote; None where it is none of the words. A repetition of the
    /// callback renews nothing twice.
    pub async fn hear(
        &self,
        push: &Push,
        written: &str,
        base_url: &str,
    ) -> Result<Option<Say>, BrokerError> {
        let (person, happened, accounts) = (&push.from, push.create_time, &self.accounts);
        if !self.is_possible() {
            return Ok(None);
        }
        let url = |token: String| format!("{base_url}/{token}.send");
        let rules = &self.rules;
        let say = if rules.show_words.name(written) {
            match self.has_token(person).await? {
                true => Say::Token(url(accounts.send_token(person, happened).await?)),
                false => Say::NoToken,
            }
        } else if rules.renew_words.name(written) {
            match self.has_token(person).await? {
                true => {
                    let renewed = accounts.renew_token(person, push.dedup_key(), happened);
                    Say::NewToken(url(renewed.await?))
                }
                false => Say::NoToken,
            }
        } else if rules.revoke_words.name(written) {
            match accounts.revoke_token(person).await? {
                true => Say::TokenRevoked,
                false => Say::NoToken,
            }
        } else {
            return Ok(None);
        };
        Ok(Some(say))
    }

    /// Who has none and wants one scans a code: the site shows what it is for.
    async fn has_token(&self, person: &OpenId) -> Result<bool, BrokerError> {
        let known = self.accounts.person(person).await?;
        Ok(known.is_some_and(|known| known.token_salt.is_some()))
    }
}
