//! The picture of a code, as SVG.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

/// Quiet modules round the code, as the standard asks.
const MARGIN: i32 = 4;

/// `text` as a QR code: black on white, without style, so that no policy of a page is in its way.
pub fn svg(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                write!(path, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN)
                    .expect("writing to a String does not fail");
            }
        }
    }
    let side = code.size() + 2 * MARGIN;
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"430\" height=\"430\" \
         viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_becomes_a_picture() {
        let svg = svg("http://127.0.0.1:2130/q/0123456789012345678901").unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
    }
}
