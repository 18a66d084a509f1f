//! Markdown of strangers, as HTML that can do nothing but be read.
//!
//! Raw HTML but `<br>` is shown as it was written, pictures become links, and a link leads to the web or to a
//! mail address, or is no link. Source: CommonMark 0.31, with tables, task lists and strikethrough
//! as on GitHub; a line break stays a line break, for most of what is sent are lines of a program.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// Pieces of one text that are shown; a text that is made to grow ends there.
const MOST_EVENTS: usize = 50_000;

/// What a link may begin with.
const SCHEMES: [&str; 3] = ["http://", "https://", "mailto:"];

/// The text as HTML without scripts, styles, pictures and ids.
pub fn html(text: &str) -> String {
    let mut links = Links::default();
    let events = events(text).flat_map(|event| links.tame(event));
    let mut html = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut html, events);
    html
}

/// The words of the text, without its marks, at most `most` characters.
pub fn words(text: &str, most: usize) -> String {
    let mut words = String::new();
    for event in events(text) {
        match event {
            Event::Text(text) | Event::Code(text) => words.push_str(&text),
            Event::SoftBreak | Event::HardBreak | Event::End(_) => words.push(' '),
            _ => {}
        }
        if words.len() > most * 8 {
            break;
        }
    }
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").chars().take(most).collect()
}

fn events(text: &str) -> impl Iterator<Item = Event<'_>> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    Parser::new_ext(text, options).take(MOST_EVENTS)
}

/// The links and pictures that have begun and not ended, and whether each is shown as a link.
#[derive(Default)]
struct Links {
    begun: Vec<bool>,
}

impl Links {
    fn tame<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        Some(match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                // No link within a link.
                let shown = !self.begun.contains(&true) && is_welcome(&dest_url);
                self.begun.push(shown);
                return shown.then(|| Event::InlineHtml(opening(&dest_url)));
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                let shown = self.begun.pop() == Some(true);
                return shown.then_some(Event::InlineHtml(CowStr::Borrowed("</a>")));
            }
            Event::InlineHtml(raw) if is_line_break(&raw) => Event::HardBreak,
            Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
            Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
            Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
            // The renderer would align by a style.
            Event::Start(Tag::Table(columns)) => Event::Start(Tag::Table(vec![
                pulldown_cmark::Alignment::None;
                columns.len()
            ])),
            Event::TaskListMarker(done) => {
                Event::Text(CowStr::Borrowed(if done { "☑ " } else { "☐ " }))
            }
            Event::SoftBreak => Event::HardBreak,
            other => other,
        })
    }
}

fn is_welcome(url: &str) -> bool {
    SCHEMES.iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// The one tag that programs put into plain text.
fn is_line_break(raw: &str) -> bool {
    matches!(raw, "<br>" | "<br/>" | "<br />")
}

fn opening(url: &str) -> CowStr<'static> {
    let url = escape(url);
    format!("<a href=\"{url}\" rel=\"noopener noreferrer nofollow\">").into()
}

/// The text with what HTML would read as its own written otherwise, in and out of attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_tags_and_tags_stay_words() {
        for (text, shown) in [
            (
                "**a** `b<c`",
                "<p><strong>a</strong> <code>b&lt;c</code></p>\n",
            ),
            ("one\ntwo", "<p>one<br />\ntwo</p>\n"),
            ("a <b onclick=x>", "<p>a &lt;b onclick=x&gt;</p>\n"),
            ("one<br>two", "<p>one<br />\ntwo</p>\n"),
            ("<i>\n<b>", "<p>&lt;i&gt;\n&lt;b&gt;</p>\n"),
            ("- [x] done", "<ul>\n<li>☑ done</li>\n</ul>\n"),
        ] {
            assert_eq!(html(text), shown, "{text}");
        }
        let block = html("<script>alert(1)</script>\n<img src=x onerror=alert(1)>");
        assert!(
            !block.contains("<script") && !block.contains("<img"),
            "{block}"
        );
    }

    #[test]
    fn links_lead_to_the_web_or_nowhere() {
        let rel = "rel=\"noopener noreferrer nofollow\"";
        for (text, shown) in [
            (
                "[a](https://b.example/?c&d)",
                format!("<a href=\"https://b.example/?c&amp;d\" {rel}>a</a>"),
            ),
            (
                "<mailto:a@b.example>",
                format!("<a href=\"mailto:a@b.example\" {rel}>mailto:a@b.example</a>"),
            ),
            (
                "![cat](HTTP://c.example/cat.png)",
                format!("<a href=\"HTTP://c.example/cat.png\" {rel}>cat</a>"),
            ),
            (
                "[![cat](http://c.example)](http://d.example)",
                format!("<a href=\"http://d.example\" {rel}>cat</a>"),
            ),
            ("[a](javascript:alert(1))", "a".to_owned()),
            ("[a](JaVaScRiPt:alert(1))", "a".to_owned()),
            ("[a](data:text/html,b)", "a".to_owned()),
            ("[a](//evil.example)", "a".to_owned()),
            ("![a](x.png)", "a".to_owned()),
            (
                "[a](<http://b\" onclick=c>)",
                format!("<a href=\"http://b&quot; onclick=c\" {rel}>a</a>"),
            ),
        ] {
            assert_eq!(html(text), format!("<p>{shown}</p>\n"), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_made_to_grow_ends_somewhere() {
        let wide = format!(
            "{}\n{}\n{}",
            "a|".repeat(8000),
            "-|".repeat(8000),
            "a\n".repeat(8000)
        );
        for text in [
            ">".repeat(65_536),
            wide,
            "[a](".repeat(16_000),
            "*a **".repeat(13_000),
        ] {
            assert!(html(&text).len() < 2 << 20, "{}", html(&text).len());
        }
    }

    #[test]
    fn words_are_what_remains_of_a_text() {
        assert_eq!(words("# Hi\n\n- **a** [b](c)\n- `d`", 99), "Hi a b d");
        assert_eq!(words("汉字汉字", 3), "汉字汉");
        assert_eq!(words("<br>", 9), "");
    }
}
