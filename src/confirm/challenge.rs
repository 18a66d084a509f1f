//! What tells one confirmation from all others: the secret of its link, and three numbers of which
//! the waiting page shows one.

use crate::accounts;
use crate::session::hex;

/// Drawn from a seed, so that every node that draws for the same scan draws the same.
#[derive(PartialEq, Eq)]
pub struct Challenge {
    /// The secret part of the link: 32 hexadecimal digits, 128 bits.
    pub token: String,
    /// The number that the page shows, in 10..=99.
    pub number: u8,
    /// What the person chooses from: three different numbers, that one among them.
    pub choices: [u8; 3],
}

impl Challenge {
    /// The challenge of a seed.
    pub fn of(seed: &[u8; 32]) -> Self {
        let (token, dice) = seed.split_at(16);
        let mut choices = [0; 3];
        for place in 0..choices.len() {
            let throw = u16::from_le_bytes([dice[2 * place], dice[2 * place + 1]]);
            let mut number = two_digits(throw);
            while choices[..place].contains(&number) {
                number = two_digits(u16::from(number) + 1 - 10);
            }
            choices[place] = number;
        }
        Self {
            token: hex(token),
            number: choices[usize::from(dice[6]) % choices.len()],
            choices,
        }
    }

    /// Under what its confirmation is on record.
    pub fn id(&self) -> String {
        id(&self.token).expect("a drawn token is well formed")
    }
}

/// Under what a confirmation is on record, by the secret of its link; None where it is no such
/// secret.
pub fn id(token: &str) -> Option<String> {
    let digits = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let is_one = token.len() == 32 && token.bytes().all(digits);
    is_one.then(|| hex(&accounts::hash(token.as_bytes())))
}

/// One of the ninety numbers with two digits.
fn two_digits(throw: u16) -> u8 {
    10 + (throw % 90) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_numbers_differ_and_one_is_the_page_s() {
        for byte in 0..=255 {
            // All throws alike: the numbers differ all the same.
            let Challenge {
                token,
                number,
                choices: [a, b, c],
            } = Challenge::of(&[byte; 32]);
            assert!(a != b && b != c && a != c, "{byte}");
            assert!([a, b, c].iter().all(|number| (10..=99).contains(number)));
            assert!([a, b, c].contains(&number));
            assert!(id(&token).is_some());
        }
    }

    #[test]
    fn every_place_can_be_the_right_one() {
        let places = (0..=255).map(|byte| {
            let mut seed = [0; 32];
            seed[22] = byte;
            let drawn = Challenge::of(&seed);
            let is_right = |choice: &u8| *choice == drawn.number;
            drawn.choices.iter().position(is_right).unwrap()
        });
        let mut seen = [0; 3];
        places.for_each(|place| seen[place] += 1);
        assert!(seen.iter().all(|times| *times > 80), "{seen:?}");
    }

    #[test]
    fn what_is_no_secret_is_not_looked_up() {
        for wrong in ["", "0", &"g".repeat(32), &"0".repeat(33), &"A".repeat(32)] {
            assert!(id(wrong).is_none(), "{wrong:?}");
        }
    }
}
