//! A message's text, of whoever has somebody's send token.

use scangate::markdown;

/// What may begin a tag of a page.
const TAGS: [&str; 26] = [
    "p>",
    "br />",
    "hr />",
    "em>",
    "strong>",
    "del>",
    "code",
    "pre>",
    "blockquote>",
    "ul>",
    "ol",
    "li>",
    "a",
    "h1>",
    "h2>",
    "h3>",
    "h4>",
    "h5>",
    "h6>",
    "table>",
    "thead>",
    "tbody>",
    "tr>",
    "th>",
    "td>",
    "th",
];

/// One text: only tags that show come of it, and not more than a page can bear.
pub fn markdown(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let html = markdown::html(text);
    assert!(html.len() < (4 << 20) + 64 * text.len(), "{}", html.len());
    for tag in html.split('<').skip(1) {
        let name = tag.trim_start_matches('/');
        assert!(TAGS.iter().any(|known| name.starts_with(known)), "<{tag}");
        let attributes = name.split('>').next().unwrap_or_default();
        assert!(!attributes.contains(" on"), "<{tag}");
    }
    assert!(markdown::words(text, 20).chars().count() <= 20);
}
