//! What the page of a confirmation shows.

use std::fmt::Write;

use crate::config::Language;
use crate::confirm::{Confirmation, Standing};
use crate::markdown::escape;
use crate::texts::{deed, time_of_day};

/// What there is to show.
pub(super) enum View<'a> {
    /// A confirmation as it stands.
    Of(&'a Confirmation),
    /// Nothing is known under this link.
    Unknown,
    /// It cannot be looked up now.
    OutOfOrder,
}

/// The words of one language.
struct Words {
    lang: &'static str,
    title: &'static str,
    site: &'static str,
    purpose: &'static str,
    time: &'static str,
    question: &'static str,
    caution: &'static str,
    decline: &'static str,
    confirmed: [&'static str; 2],
    declined: [&'static str; 2],
    expired: [&'static str; 2],
    unknown: [&'static str; 2],
    out_of_order: [&'static str; 2],
}

const ENGLISH: Words = Words {
    lang: "en",
    title: "Is this you?",
    site: "Site",
    purpose: "To",
    time: "Scanned at",
    question: "Which number does the web page show?",
    caution: "Choose only what you see on a page that you opened yourself, never a number that \
              somebody tells you.",
    decline: "This was not me: decline",
    confirmed: ["Confirmed", "Go on at the web page."],
    declined: [
        "Declined",
        "Nothing was done, and the web page was told so.",
    ],
    expired: [
        "Expired",
        "This can no longer be confirmed. Get a new code on the web page.",
    ],
    unknown: ["Nothing here", "This link is not valid, or too old."],
    out_of_order: [
        "Not possible now",
        "Please load this page again in a moment.",
    ],
};

const CHINESE: Words = Words {
    lang: "zh-CN",
    title: "是您本人操作吗？",
    site: "网站",
    purpose: "用途",
    time: "扫码时间",
    question: "网页上显示的是哪个数字？",
    caution: "请只选择您自己打开的网页上显示的数字，不要听从他人告知的数字。",
    decline: "不是我本人，拒绝",
    confirmed: ["已确认", "请回到网页继续。"],
    declined: ["已拒绝", "没有进行任何操作，网页已收到通知。"],
    expired: ["已过期", "无法再确认，请在网页上获取新的二维码。"],
    unknown: ["链接无效", "该链接无效或已过期。"],
    out_of_order: ["暂时无法处理", "请稍后重新打开本页。"],
};

impl View<'_> {
    /// The whole page.
    pub fn html(&self, language: Language) -> String {
        let words = match language {
            Language::Zh => &CHINESE,
            Language::En => &ENGLISH,
        };
        let (look, title, rest) = match self {
            View::Unknown => note("ended", words.unknown),
            View::OutOfOrder => note("failed", words.out_of_order),
            View::Of(known) => match known.standing {
                Standing::Waiting => ("confirming", words.title, form(known, words, language)),
                Standing::Confirmed => {
                    let (look, title, mut rest) = note("done", words.confirmed);
                    if let Some(said) = &known.said {
                        rest = paragraph(said);
                    }
                    (look, title, rest)
                }
                Standing::Declined => note("refused", words.declined),
                Standing::Expired => note("expired", words.expired),
            },
        };
        let lang = words.lang;
        format!(
            r#"<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="icon" href="../assets/favicon.svg">
<link rel="stylesheet" href="../assets/page.css">
</head>
<body>
<main class="{look}">
<img src="../assets/favicon.svg" alt="" width="44" height="44">
<h1>{title}</h1>
{rest}</main>
</body>
</html>
"#
        )
    }
}

/// A state with a title and one sentence.
fn note(
    look: &'static str,
    [title, sentence]: [&'static str; 2],
) -> (&'static str, &'static str, String) {
    (look, title, paragraph(sentence))
}

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}

/// What is asked, by whom and when, and the three numbers.
fn form(known: &Confirmation, words: &Words, language: Language) -> String {
    let mut html = String::from("<dl>\n");
    for (name, value) in [
        (words.site, known.site.as_str()),
        (words.purpose, &deed(&known.purpose, language)),
        (words.time, &time_of_day(known.asked)),
    ] {
        let value = escape(value);
        let _ = writeln!(html, "<dt>{name}</dt><dd>{value}</dd>");
    }
    let Words {
        question,
        caution,
        decline,
        ..
    } = words;
    let _ = write!(
        html,
        "</dl>\n<form method=\"post\">\n<fieldset>\n<legend>{question}</legend>\n"
    );
    for number in known.choices {
        let _ = writeln!(
            html,
            "<button name=\"choice\" value=\"{number}\">{number}</button>"
        );
    }
    let _ = write!(
        html,
        "</fieldset>\n<p>{caution}</p>\n\
         <button name=\"choice\" value=\"decline\">{decline}</button>\n</form>\n"
    );
    html
}
