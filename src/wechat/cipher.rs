//! The encryption of callbacks and replies: AES-256-CBC over one length-prefixed frame.
//!
//! ```text
//! base64( AES-256-CBC( random 16 ‖ length u32 big-endian ‖ text UTF-8 ‖ app id ‖ padding ) )
//! ```
//!
//! The key is 32 bytes, the IV its first 16. The padding counts in blocks of **32** bytes, twice the AES block,
//! so that a ready-made PKCS#7 unpadder refuses half of all messages. There is no MAC: `msg_signature` must have
//! been checked before [`Cipher::decrypt`] sees a byte. Source: the platform's page 消息加解密说明.

use std::fmt;

use aes::Aes256;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use subtle::ConstantTimeEq;

/// Blocks that the padding counts in, bytes. Not the 16 of AES.
const PAD_BLOCK: usize = 32;
/// Random bytes at the start of a frame.
const RANDOM: usize = 16;
/// Bytes before the text: the random part and the length.
const HEADER: usize = RANDOM + 4;
/// Characters of an EncodingAESKey: 32 bytes in base64 without the last `=`.
const KEY_CHARACTERS: usize = 43;

/// One EncodingAESKey together with the app id that every frame must end in.
#[derive(Clone)]
pub struct Cipher {
    key: [u8; 32],
    app_id: String,
}

/// The EncodingAESKey is not 43 characters of base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the EncodingAESKey is not 43 characters of base64")]
pub struct BadKey;

/// Why a ciphertext is not a frame of ours. Callers outside learn nothing of it: they get one and the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// Not standard base64 with padding.
    #[error("the ciphertext is not base64")]
    BadBase64,
    /// Empty, not whole AES blocks, or too short for a frame.
    #[error("the ciphertext is not whole blocks, or too few")]
    BadLength,
    /// The last byte is not 1 to 32, or the padding bytes differ; mostly a wrong key.
    #[error("the padding is wrong")]
    BadPadding,
    /// The length field points past the end.
    #[error("the length field does not fit the frame")]
    BadMessageLength,
    /// The frame was made for another account.
    #[error("the frame names another app id")]
    WrongAppId,
    /// The text is not UTF-8.
    #[error("the text is not UTF-8")]
    BadUtf8,
}

impl Cipher {
    /// Takes the EncodingAESKey of the platform's console and the app id of the account.
    ///
    /// # Errors
    /// [`BadKey`] when the key is not 43 characters of base64.
    pub fn new(encoding_aes_key: &str, app_id: &str) -> Result<Cipher, BadKey> {
        // The 43rd character carries two unused bits. The platform draws keys at random, so three in four have
        // them set, and a strict decoder would refuse a valid key.
        let lenient = GeneralPurpose::new(
            &ALPHABET,
            GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
        );
        if encoding_aes_key.len() != KEY_CHARACTERS {
            return Err(BadKey);
        }
        let bytes = lenient
            .decode(format!("{encoding_aes_key}="))
            .map_err(|_| BadKey)?;
        let key = bytes.try_into().map_err(|_| BadKey)?;
        Ok(Cipher {
            key,
            app_id: app_id.to_owned(),
        })
    }

    /// Opens the `Encrypt` text of a callback whose `msg_signature` was good.
    ///
    /// # Errors
    /// The first check that fails, in the order of [`CipherError`]'s variants.
    pub fn decrypt(&self, base64: &str) -> Result<String, CipherError> {
        let mut frame = STANDARD
            .decode(base64)
            .map_err(|_| CipherError::BadBase64)?;
        let (blocks, rest) = aes::Block::slice_as_chunks_mut(&mut frame);
        if blocks.is_empty() || !rest.is_empty() {
            return Err(CipherError::BadLength);
        }
        cbc::Decryptor::<Aes256>::new(&self.key.into(), &self.iv().into()).decrypt_blocks(blocks);
        let text = self.text_of(unpad(&frame)?)?;
        String::from_utf8(text.to_vec()).map_err(|_| CipherError::BadUtf8)
    }

    /// Seals `text` into the `Encrypt` text of a reply. `random` must be fresh for each call.
    pub fn encrypt(&self, text: &str, random: [u8; RANDOM]) -> String {
        let length = u32::try_from(text.len()).expect("a reply is shorter than 4 GiB");
        let mut frame = Vec::with_capacity(HEADER + text.len() + self.app_id.len() + PAD_BLOCK);
        frame.extend_from_slice(&random);
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(text.as_bytes());
        frame.extend_from_slice(self.app_id.as_bytes());
        pad(&mut frame);
        let (blocks, _) = aes::Block::slice_as_chunks_mut(&mut frame);
        cbc::Encryptor::<Aes256>::new(&self.key.into(), &self.iv().into()).encrypt_blocks(blocks);
        STANDARD.encode(frame)
    }

    /// The text of an unpadded frame, if the frame is addressed to this account.
    fn text_of<'f>(&self, frame: &'f [u8]) -> Result<&'f [u8], CipherError> {
        let (header, body) = frame
            .split_first_chunk::<HEADER>()
            .ok_or(CipherError::BadLength)?;
        let [.., a, b, c, d] = *header;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d]))
            .map_err(|_| CipherError::BadMessageLength)?;
        let (text, app_id) = body
            .split_at_checked(length)
            .ok_or(CipherError::BadMessageLength)?;
        if !bool::from(app_id.ct_eq(self.app_id.as_bytes())) {
            return Err(CipherError::WrongAppId);
        }
        Ok(text)
    }

    fn iv(&self) -> [u8; 16] {
        *self
            .key
            .first_chunk()
            .expect("the key is longer than the IV")
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cipher")
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}

/// Appends 1 to 32 bytes, each equal to their count.
fn pad(frame: &mut Vec<u8>) {
    let count = PAD_BLOCK - frame.len() % PAD_BLOCK;
    let byte = u8::try_from(count).expect("a pad is at most 32 bytes");
    frame.resize(frame.len() + count, byte);
}

/// The frame without its padding.
fn unpad(frame: &[u8]) -> Result<&[u8], CipherError> {
    let last = *frame.last().ok_or(CipherError::BadPadding)?;
    let count = usize::from(last);
    if !(1..=PAD_BLOCK).contains(&count) {
        return Err(CipherError::BadPadding);
    }
    let start = frame
        .len()
        .checked_sub(count)
        .ok_or(CipherError::BadPadding)?;
    let (text, padding) = frame.split_at(start);
    if padding.iter().any(|byte| *byte != last) {
        return Err(CipherError::BadPadding);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "S3vy4z81mdPZQ7LawD7ljvJXSgmo4hL5uKkFZe52kJT";

    #[test]
    fn every_padding_length_survives_the_round_trip() {
        let cipher = Cipher::new(KEY, "wx7e30061295530172").unwrap();
        for length in 0..70 {
            let text = "汉".repeat(length);
            assert_eq!(
                cipher.decrypt(&cipher.encrypt(&text, [7; 16])),
                Ok(text.clone())
            );
        }
    }

    #[test]
    fn keys_of_another_length_or_alphabet_are_refused() {
        for key in ["", &KEY[1..], &format!("{KEY}A"), &KEY.replace('S', "*")] {
            assert_eq!(Cipher::new(key, "wx").err(), Some(BadKey));
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let cipher = Cipher::new(KEY, "wx7e30061295530172").unwrap();
        assert_eq!(
            format!("{cipher:?}"),
            "Cipher { app_id: \"wx7e30061295530172\", .. }"
        );
    }
}
