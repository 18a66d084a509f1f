//! Whatever somebody sends, its page holds tags that show, and no others.

use proptest::prelude::*;
use scangate::markdown;

/// The tags that may stand in a page, without what is in them.
const TAGS: [&str; 29] = [
    "p",
    "br",
    "hr",
    "em",
    "strong",
    "del",
    "code",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "a",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "dl",
    "dt",
    "dd",
    "sup",
];

/// Pieces of which harm is made.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,3}",
        Just("\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("<script>".to_owned()),
        Just("<img src=x onerror=alert(1)>".to_owned()),
        Just("</a>".to_owned()),
        Just("<!--".to_owned()),
        Just("<![CDATA[".to_owned()),
        Just("[a](".to_owned()),
        Just("![".to_owned()),
        Just("](javascript:x)".to_owned()),
        Just("](https://a.example/\"onclick=x)".to_owned()),
        Just("[b]: data:text/html,x 'y'\n".to_owned()),
        Just("[b]".to_owned()),
        Just("|a|b|\n|:-|-:|\n|c|d|\n".to_owned()),
        Just("```x\" onload=y\n".to_owned()),
        Just("- [ ] ".to_owned()),
        Just("> ".to_owned()),
        Just("1. ".to_owned()),
        Just("~~".to_owned()),
        Just("**".to_owned()),
        Just("&lt;".to_owned()),
        Just("&#x3c;".to_owned()),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// Every tag of the text, without its angle brackets.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<')
        .skip(1)
        .map(|piece| piece.split('>').next().unwrap())
}

proptest! {
    #[test]
    fn only_tags_that_show(text in pieces()) {
        let html = markdown::html(&text);
        for tag in tags(&html) {
            let bare = tag.trim_start_matches('/').trim_end_matches([' ', '/']);
            let (name, rest) = bare.split_once(' ').unwrap_or((bare, ""));
            prop_assert!(TAGS.contains(&name), "<{tag}> in {html}");
            let attributes: Vec<_> = rest.split('"').step_by(2).map(str::trim).collect();
            let fine = match (name, attributes.as_slice()) {
                (_, [""]) | ("code", ["class=", ""]) | ("ol", ["start=", ""]) => true,
                ("a", ["href=", "rel=", ""]) => {
                    ["http", "mailto:"].iter().any(|start| {
                        rest["href=\"".len()..].to_lowercase().starts_with(start)
                    })
                }
                _ => false,
            };
            prop_assert!(fine, "<{tag}> in {html}");
        }
    }

    #[test]
    fn as_many_end_as_begin(text in pieces()) {
        let html = markdown::html(&text);
        let count = |tag: &str| tags(&html).filter(|found| found.split(' ').next() == Some(tag)).count();
        for name in ["a", "p", "pre", "blockquote", "table", "li"] {
            prop_assert_eq!(count(name), count(&format!("/{name}")), "{} in {}", name, &html);
        }
    }

    #[test]
    fn words_are_no_more_than_asked_for(text in pieces(), most in 0..40usize) {
        prop_assert!(markdown::words(&text, most).chars().count() <= most);
    }
}
