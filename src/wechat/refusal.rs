//! Why a callback is refused: one enum for the whole gate, which knows its HTTP status and its metric label.

use crate::wechat::cipher::CipherError;
use crate::wechat::event::PushError;
use crate::wechat::query::QueryError;
use crate::wechat::xml::XmlError;

/// Why a callback is refused. Outside only the status is seen.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The query string is not acceptable.
    #[error("the query string is refused")]
    Query(#[from] QueryError),
    /// A parameter is missing.
    #[error("the parameter {0} is missing")]
    MissingParameter(&'static str),
    /// `signature` or `msg_signature` is not ours.
    #[error("the signature does not match")]
    BadSignature,
    /// A plain push where only encrypted ones are taken.
    #[error("a plain push came, but the mode is encrypted")]
    PlaintextRefused,
    /// An encrypted push where the mode is plain: the console and our settings differ.
    #[error("an encrypted push came, but the mode is plain")]
    ModeMismatch,
    /// `encrypt_type` is neither `aes` nor `raw`.
    #[error("the encrypt_type is unknown")]
    UnknownEncryptType,
    /// The timestamp is more than 300 s from our clock.
    #[error("the timestamp is not of now")]
    Stale,
    /// An encrypted push without an `Encrypt` element.
    #[error("the body has no Encrypt element")]
    MissingEncrypt,
    /// The ciphertext does not open.
    #[error("the message does not decrypt")]
    Cipher(#[from] CipherError),
    /// The body, or what came out of it, is not a push.
    #[error("the message cannot be read")]
    Push(#[from] PushError),
    /// The push is for another account.
    #[error("the push is addressed to another account")]
    WrongAccount,
}

impl Refusal {
    /// The HTTP status of the (empty) answer: 413 too large, 400 not readable, 403 all else.
    pub fn status(&self) -> u16 {
        match self {
            Refusal::Push(PushError::Xml(XmlError::TooLarge)) => 413,
            Refusal::Push(_) => 400,
            _ => 403,
        }
    }

    /// The reason as a word for metric labels.
    pub fn label(&self) -> &'static str {
        match self {
            Refusal::Query(QueryError::Repeated) => "repeated_parameter",
            Refusal::Query(QueryError::BadEncoding | QueryError::TooMany) => "bad_query",
            Refusal::MissingParameter("msg_signature") => "missing_msg_signature",
            Refusal::MissingParameter(_) => "missing_parameter",
            Refusal::BadSignature => "bad_signature",
            Refusal::PlaintextRefused => "plaintext_refused",
            Refusal::ModeMismatch => "mode_mismatch",
            Refusal::UnknownEncryptType => "unknown_encrypt_type",
            Refusal::Stale => "stale",
            Refusal::MissingEncrypt => "missing_encrypt",
            Refusal::Cipher(CipherError::BadBase64) => "bad_base64",
            Refusal::Cipher(CipherError::BadLength) => "bad_length",
            Refusal::Cipher(CipherError::BadPadding) => "bad_padding",
            Refusal::Cipher(CipherError::BadMessageLength) => "bad_msg_len",
            Refusal::Cipher(CipherError::WrongAppId) => "wrong_appid",
            Refusal::Cipher(CipherError::BadUtf8) => "bad_utf8",
            Refusal::Push(PushError::Xml(cause)) => cause.label(),
            Refusal::Push(PushError::MissingField(_)) => "missing_field",
            Refusal::Push(PushError::BadField(_)) => "bad_field",
            Refusal::WrongAccount => "wrong_account",
        }
    }
}
