//! A uid in JSON: a whole number, or a string of its digits, as in the original.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Uid;

impl Serialize for Uid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.get())
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UidVisitor;

        impl Visitor<'_> for UidVisitor {
            type Value = Uid;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a uid, a whole number in 1..=4294967295")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Uid, E> {
                number
                    .to_string()
                    .parse()
                    .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
            }

            fn visit_str<E: Error>(self, digits: &str) -> Result<Uid, E> {
                digits
                    .parse()
                    .map_err(|_| E::invalid_value(Unexpected::Str(digits), &self))
            }
        }

        deserializer.deserialize_any(UidVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_a_number_or_its_digits() {
        let uids: Vec<Uid> = serde_json::from_str(r#"[42,"42"]"#).unwrap();
        assert_eq!(serde_json::to_string(&uids).unwrap(), "[42,42]");
        for bad in ["0", "-1", "1.0", "4294967296", r#""042""#, "true", "null"] {
            assert!(serde_json::from_str::<Uid>(bad).is_err(), "{bad}");
        }
    }
}
