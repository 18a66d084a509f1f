//! What comes to `/wechat`, which stands open to everybody: XML, ciphertext, and both with a query.

use aes::Aes256;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scangate::wechat::callback::{Account, Gate, Mode};
use scangate::wechat::cipher::Cipher;
use scangate::wechat::event::Push;
use scangate::wechat::refusal::Refusal;
use scangate::wechat::signature;
use scangate::wechat::xml::{self, Fields};

const AES_KEY: &str = "S3vy4z81mdPZQ7LawD7ljvJXSgmo4hL5uKkFZe52kJQ";
const APP_ID: &str = "wx7e30061295530172";
const TOKEN: &str = "token";
const NOW: u64 = 1_714_037_059;

/// A body: what is read of it, written again, reads the same.
pub fn wechat_xml(data: &[u8]) {
    let fields = match xml::fields(data) {
        Ok(fields) => fields,
        Err(error) => {
            assert!(!error.label().is_empty());
            return;
        }
    };
    let again = written(&fields);
    let read = xml::fields(again.as_bytes()).expect(&again);
    assert!(read.iter().eq(fields.iter()), "{again}");
    if let Ok(push) = Push::parse(data) {
        assert_eq!(push.dedup_key().len(), 64);
        let again = Push::parse(again.as_bytes()).expect(&again);
        assert_eq!(push, again);
    }
}

fn written(fields: &Fields) -> String {
    let escaped = |text: &str| -> String {
        text.chars()
            .map(|character| match character {
                // A reader would make a line feed of a bare carriage return.
                '<' | '>' | '&' | '\r' => format!("&#{};", u32::from(character)),
                plain => plain.to_string(),
            })
            .collect()
    };
    let elements: String = fields
        .iter()
        .map(|(name, text)| format!("<{name}>{}</{name}>", escaped(text)))
        .collect();
    format!("<xml>{elements}</xml>")
}

/// Bytes as ciphertext, as the frame within it, and as the text within that.
pub fn wechat_cipher(data: &[u8]) {
    let cipher = cipher();
    let text = String::from_utf8_lossy(data);
    // Whether it opens does not matter here.
    let _ = cipher.decrypt(&text);
    let sealed = cipher.encrypt(&text, [7; 16]);
    assert_eq!(cipher.decrypt(&sealed).as_deref(), Ok(text.as_ref()));

    let frame = &data[..data.len() / 16 * 16];
    if let Ok(text) = cipher.decrypt(&encrypted(frame)) {
        let (length, body) = frame[16..].split_first_chunk().expect("it has a length");
        assert_eq!(u32::from_be_bytes(*length) as usize, text.len());
        let padded = body
            .strip_prefix(text.as_bytes())
            .and_then(|rest| rest.strip_prefix(APP_ID.as_bytes()))
            .expect("the text, then the app id");
        assert!((1..=32).contains(&padded.len()));
        assert!(padded.iter().all(|byte| usize::from(*byte) == padded.len()));
    }
}

/// A query, a line end, a body: as they come, and as they would be if their sender knew our secrets.
pub fn wechat_gate(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (query, body) = data.split_at(end.unwrap_or(data.len()));
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let query = String::from_utf8_lossy(query);
    let [plain, compat, safe] = [Mode::Plain, Mode::Compat, Mode::Safe].map(gate);
    for gate in [&plain, &compat, &safe] {
        if let Err(refusal) = gate.open(&query, body, NOW) {
            assert!(matches!(refusal.status(), 400 | 403 | 413));
            assert!(!refusal.label().is_empty());
        }
        // An answer would be an echo of what a stranger said.
        let signed = query.contains("signature=");
        assert!(gate.check_url(&query).is_err() || signed);
    }

    let read = Push::parse(body).map_err(|error| Refusal::from(error).label());
    let now = NOW.to_string();
    let signature = signature::sign(&[TOKEN, &now, "n"]);
    let query = format!("signature={signature}&timestamp={now}&nonce=n");
    let opened = plain.open(&query, body, NOW);
    assert_eq!(opened.map_err(|refusal| refusal.label()), read);

    // A plain body is as good as none where the mode is another.
    assert!(compat.open(&query, body, NOW).is_err() && safe.open(&query, body, NOW).is_err());
    let Ok(text) = std::str::from_utf8(body) else {
        return;
    };
    let encrypt = cipher().encrypt(text, [9; 16]);
    let signature = signature::sign(&[TOKEN, &now, "n", &encrypt]);
    let query = format!("encrypt_type=aes&msg_signature={signature}&timestamp={now}&nonce=n");
    let envelope = format!("<xml><Encrypt>{encrypt}</Encrypt></xml>");
    // What is sealed may be as large as what is not, but not its envelope.
    if envelope.len() <= xml::BODY_LIMIT {
        let opened = safe.open(&query, envelope.as_bytes(), NOW);
        assert_eq!(opened.map_err(|refusal| refusal.label()), read);
    }
}

fn cipher() -> Cipher {
    Cipher::new(AES_KEY, APP_ID).expect("the key is one")
}

fn gate(mode: Mode) -> Gate {
    let account = Account {
        app_id: APP_ID.to_owned(),
        original_id: None,
        tokens: vec![TOKEN.to_owned()],
        aes_keys: vec![AES_KEY.to_owned()],
    };
    Gate::new(&account, mode).expect("the account is complete")
}

/// The ciphertext of a frame as it stands, in whole blocks: without it, the fuzzer would never get past the padding.
fn encrypted(frame: &[u8]) -> String {
    let key: [u8; 32] = STANDARD
        .decode(format!("{AES_KEY}="))
        .expect("the key is base64")
        .try_into()
        .expect("of 32 bytes");
    let iv: [u8; 16] = *key.first_chunk().expect("the key is longer");
    let mut frame = frame.to_vec();
    let (blocks, _) = aes::Block::slice_as_chunks_mut(&mut frame);
    cbc::Encryptor::<Aes256>::new(&key.into(), &iv.into()).encrypt_blocks(blocks);
    STANDARD.encode(frame)
}
