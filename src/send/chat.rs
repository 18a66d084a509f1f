//! What a person can do about the own send token by writing into the chat.

use super::Sends;
use crate::broker::BrokerError;
use crate::texts::Say;
use crate::wechat::openid::OpenId;

impl Sends {
    /// What to say to what a person wrote; None where it is none of the words. `occasion` names the
    /// writing: a repetition of its callback renews nothing twice.
    pub async fn hear(
        &self,
        person: &OpenId,
        written: &str,
        occasion: &str,
        base_url: &str,
    ) -> Result<Option<Say>, BrokerError> {
        if !self.is_possible() {
            return Ok(None);
        }
        let url = |token: String| format!("{base_url}/{token}.send");
        let rules = &self.rules;
        let say = if rules.show_words.name(written) {
            match self.has_token(person).await? {
                true => Say::Token(url(self.accounts.send_token(person).await?)),
                false => Say::NoToken,
            }
        } else if rules.renew_words.name(written) {
            match self.has_token(person).await? {
                true => Say::NewToken(url(self.accounts.renew_token(person, occasion).await?)),
                false => Say::NoToken,
            }
        } else if rules.revoke_words.name(written) {
            match self.accounts.revoke_token(person).await? {
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
