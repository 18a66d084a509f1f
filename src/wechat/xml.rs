//! A strict reader of the platform's XML: one `<xml>` element whose direct children are the fields.
//!
//! ```text
//! <xml><MsgType><![CDATA[event]]></MsgType><CreateTime>1714037059</CreateTime>…</xml>
//! ```
//!
//! A pull parser alone lets much pass that must not: a DOCTYPE is just an event, a second root or an unclosed one no
//! error, a repeated child a matter of taste. Here each of them is a refusal, and nothing is ever expanded but
//! the five predefined entities and character references.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

/// Longest body that is read, bytes. The platform's own are under 10 KB.
pub const BODY_LIMIT: usize = 65536;
/// Deepest nesting that is read. The platform's own goes four levels down.
const DEPTH_LIMIT: usize = 16;

/// The text of each direct child of `<xml>` that has no element children, white space at both ends dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Fields {
    /// `None` for a child with element children: it is known, so that it cannot occur twice, but has no text.
    texts: BTreeMap<String, Option<String>>,
}

/// Why a body is not a document of the platform's.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    /// More than [`BODY_LIMIT`] bytes.
    #[error("the body is larger than {BODY_LIMIT} bytes")]
    TooLarge,
    /// Not UTF-8, or declared to be something else.
    #[error("the body is not UTF-8")]
    BadEncoding,
    /// A DOCTYPE, the door to entity tricks.
    #[error("the document has a DOCTYPE")]
    DoctypeForbidden,
    /// The root element has another name.
    #[error("the root element is not xml")]
    WrongRoot,
    /// Nested too deep.
    #[error("the document is nested more than {DEPTH_LIMIT} deep")]
    TooDeep,
    /// One direct child occurs twice: choosing one of them would be guessing.
    #[error("a field occurs twice")]
    DuplicateField,
    /// Not well-formed, by the parser's judgement.
    #[error("the document is not well-formed")]
    NotWellFormed(#[source] quick_xml::Error),
    /// Not well-formed, by ours.
    #[error("the document is not well-formed: {0}")]
    Malformed(&'static str),
}

/// Reads the fields of `body`.
///
/// # Errors
/// [`XmlError`] for anything but one well-formed, flat, reasonably sized document.
pub fn fields(body: &[u8]) -> Result<Fields, XmlError> {
    if body.len() > BODY_LIMIT {
        return Err(XmlError::TooLarge);
    }
    let text = std::str::from_utf8(body).map_err(|_| XmlError::BadEncoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.chars().all(is_char) {
        return Err(XmlError::Malformed("a character that XML forbids"));
    }
    let mut parser = Reader::from_str(text);
    parser.config_mut().check_comments = true;
    let mut document = Document::default();
    loop {
        let at_start = parser.buffer_position() == 0;
        match parser.read_event().map_err(XmlError::NotWellFormed)? {
            Event::Start(tag) => document.open(&tag)?,
            Event::End(_) => document.close()?,
            Event::Empty(tag) => {
                document.open(&tag)?;
                document.close()?;
            }
            Event::Text(text) if text.contains("]]>") => {
                return Err(XmlError::Malformed("]]> outside a CDATA section"));
            }
            Event::Text(text) => document.text(&text.xml10_content())?,
            Event::CData(text) => document.cdata(&text.xml10_content())?,
            Event::GeneralRef(reference) => document.cdata(resolve(&reference)?.as_str())?,
            Event::Decl(declaration) if at_start => expect_utf8(&declaration)?,
            Event::Decl(_) => return Err(XmlError::Malformed("a declaration inside")),
            Event::DocType(_) => return Err(XmlError::DoctypeForbidden),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return document.finish(),
        }
    }
}

/// Whether XML 1.0 allows `character` in a document.
pub(crate) fn is_char(character: char) -> bool {
    !matches!(
        character,
        '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}'
    )
}

impl XmlError {
    /// The reason as a word for metric labels.
    pub fn label(&self) -> &'static str {
        match self {
            XmlError::TooLarge => "too_large",
            XmlError::BadEncoding => "bad_encoding",
            XmlError::DoctypeForbidden => "doctype_forbidden",
            XmlError::WrongRoot => "wrong_root",
            XmlError::TooDeep => "too_deep",
            XmlError::DuplicateField => "duplicate_field",
            XmlError::NotWellFormed(_) | XmlError::Malformed(_) => "malformed",
        }
    }
}

impl Fields {
    /// The text of the field `name`; `None` if it is missing or has element children.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name)?.as_deref()
    }

    /// Every field with its text, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts
            .iter()
            .filter_map(|(name, text)| Some((name.as_str(), text.as_deref()?)))
    }
}

impl std::fmt::Debug for Fields {
    /// Names only: the texts are what people wrote, and who they are.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.texts.keys()).finish()
    }
}

/// A document while it is read.
#[derive(Default)]
struct Document {
    /// Open elements: 0 outside the root, 1 in it, 2 in a field.
    depth: usize,
    /// The root was seen; there is no second one.
    rooted: bool,
    /// The field that is open, with its text so far.
    field: (String, Option<String>),
    texts: BTreeMap<String, Option<String>>,
}

impl Document {
    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), XmlError> {
        let name = tag.name();
        check_tag(name.as_ref(), tag)?;
        match self.depth {
            0 if self.rooted => return Err(XmlError::Malformed("a second root")),
            0 if name.as_ref() != "xml" => return Err(XmlError::WrongRoot),
            0 => self.rooted = true,
            1 => self.field = (name.as_ref().to_owned(), Some(String::new())),
            2 => self.field.1 = None,
            DEPTH_LIMIT.. => return Err(XmlError::TooDeep),
            _ => {}
        }
        self.depth += 1;
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        self.depth -= 1;
        if self.depth != 1 {
            return Ok(());
        }
        let (name, text) = std::mem::take(&mut self.field);
        let trimmed = text.map(|text| text.trim_matches([' ', '\t', '\r', '\n']).to_owned());
        match self.texts.entry(name) {
            Entry::Occupied(_) => Err(XmlError::DuplicateField),
            Entry::Vacant(place) => {
                place.insert(trimmed);
                Ok(())
            }
        }
    }

    /// Plain text: white space may stand anywhere.
    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        if self.depth == 0 && text.chars().all(|c| c.is_ascii_whitespace()) {
            return Ok(());
        }
        self.cdata(text)
    }

    /// Text that must stand inside the root.
    fn cdata(&mut self, text: &str) -> Result<(), XmlError> {
        match self.depth {
            0 => return Err(XmlError::Malformed("text outside the root")),
            2 => {
                if let Some(field) = &mut self.field.1 {
                    field.push_str(text);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<Fields, XmlError> {
        match (self.rooted, self.depth) {
            (false, _) => Err(XmlError::Malformed("no root")),
            (true, 0) => Ok(Fields { texts: self.texts }),
            (true, _) => Err(XmlError::Malformed("an element is not closed")),
        }
    }
}

/// The parser takes any bytes for a name and does not look at attributes before it is asked.
fn check_tag(name: &str, tag: &BytesStart<'_>) -> Result<(), XmlError> {
    let mut letters = name.chars();
    let named = letters
        .next()
        .is_some_and(|c| c.is_alphabetic() || c == '_')
        && letters.all(|c| c.is_alphanumeric() || "_-.:".contains(c));
    if !named {
        return Err(XmlError::Malformed("an element without a proper name"));
    }
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|cause| XmlError::NotWellFormed(cause.into()))?;
        if attribute.value.contains('<') {
            return Err(XmlError::Malformed("< in an attribute"));
        }
    }
    Ok(())
}

fn expect_utf8(declaration: &BytesDecl<'_>) -> Result<(), XmlError> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
        Some(_) => Err(XmlError::BadEncoding),
    }
}

/// The text of `&lt;` or `&#20013;`; there are no other references without a DOCTYPE.
fn resolve(reference: &BytesRef<'_>) -> Result<String, XmlError> {
    if let Some(character) = reference
        .resolve_char_ref()
        .map_err(XmlError::NotWellFormed)?
    {
        return if is_char(character) {
            Ok(character.to_string())
        } else {
            Err(XmlError::Malformed("a character that XML forbids"))
        };
    }
    resolve_xml_entity(reference)
        .map(str::to_owned)
        .ok_or(XmlError::Malformed("an unknown entity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Fields, XmlError> {
        fields(body.as_bytes())
    }

    #[test]
    fn sections_entities_and_comments_make_one_text() {
        let fields = read("<xml><A> a<![CDATA[<b> ]]>&lt;&#99;<!-- x -->d </A><B/></xml>").unwrap();
        assert_eq!(fields.get("A"), Some("a<b> <cd"));
        assert_eq!(fields.get("B"), Some(""));
        assert_eq!(fields.get("C"), None);
    }

    #[test]
    fn nested_elements_are_known_but_have_no_text() {
        let fields = read("<xml><L>x<A>1</A><A>2</A>y</L><A>3</A></xml>").unwrap();
        assert_eq!(fields.iter().collect::<Vec<_>>(), [("A", "3")]);
        assert!(matches!(
            read("<xml><L><A/></L><L/></xml>"),
            Err(XmlError::DuplicateField)
        ));
    }

    #[test]
    fn what_a_pull_parser_lets_pass_is_refused() {
        for body in [
            "<xml>",
            "<xml><A>",
            "<xml/>x",
            "x<xml/>",
            "<xml/><xml/>",
            "<xml/>&amp;",
            "<xml/><![CDATA[ ]]>",
            "<xml><A>]]></A></xml>",
            "<xml><A>&#0;</A></xml>",
            "<xml><A>&#1;</A></xml>",
            "<xml><A>&nbsp;</A></xml>",
            "<xml><A>&amp</A></xml>",
            "<xml><A>\u{1}</A></xml>",
            "<xml><1/></xml>",
            "<xml><A b=1/></xml>",
            "<xml><A b='1' b='2'/></xml>",
            "<xml><A b='<'/></xml>",
            "<xml></xml a>",
            "<xml><!-- -- --></xml>",
            "<xml/><?xml version='1.0'?>",
            "<xml><?xml version='1.0'?></xml>",
        ] {
            let refusal = read(body).expect_err(body);
            assert!(
                matches!(refusal, XmlError::Malformed(_) | XmlError::NotWellFormed(_)),
                "{body}: {refusal}"
            );
        }
    }

    #[test]
    fn other_encodings_are_refused() {
        let refusal = read("<?xml version='1.0' encoding='GBK'?><xml/>");
        assert!(matches!(refusal, Err(XmlError::BadEncoding)));
        assert!(read("<?xml version='1.0' encoding='utf-8'?><xml/>").is_ok());
    }

    #[test]
    fn debug_shows_no_text() {
        let fields = read("<xml><A>secret</A></xml>").unwrap();
        assert_eq!(format!("{fields:?}"), "{\"A\"}");
    }
}
