//! The macros by which sections and words are declared, each once.

/// Declares a section: the struct, the table of its settings and their reader, from one text.
///
/// Each line is `field as "key": Type where shape = "default" in low..=high, reload;`
/// where `as`, `where`, `=` and `in` may be missing, and `restart` stands for `reload`
/// where a running node keeps its value.
macro_rules! settings {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident in $section:literal {
            $(
                $(#[doc = $doc:literal])+
                $field:ident $(as $key:literal)?: $type:ty $(where $shape:path)?
                    $(= $default:literal $(in $low:literal ..= $high:literal)?)?, $reload:ident;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                #[doc = ""]
                #[doc = concat!(
                    "Setting `", $section, ".", $crate::config::declare::key!($field $($key)?), "`"
                    $(, ", default `", $default, "`")?, "."
                )]
                pub $field: $type,
            )+
        }

        impl $crate::config::setting::Section for $name {
            const DOC: &'static str = concat!($($about, "\n"),+);

            const SETTINGS: &'static [$crate::config::setting::Setting] = &[
                $($crate::config::setting::Setting {
                    path: concat!($section, ".", $crate::config::declare::key!($field $($key)?)),
                    doc: concat!($($doc, "\n"),+),
                    form: <$type as $crate::config::text::Text>::FORM,
                    placeholder: <$type as $crate::config::text::Text>::PLACEHOLDER,
                    default: $crate::config::declare::maybe!($($default)?),
                    range: $crate::config::declare::maybe!(
                        $($(($low as f64, $high as f64))?)?
                    ),
                    notation: <$type as $crate::config::text::Text>::NOTATION,
                    secret: <$type as $crate::config::text::Text>::SECRET,
                    reload: $crate::config::declare::can!($reload),
                }),+
            ];

            fn read(reader: &mut $crate::config::reader::Reader) -> Self {
                let mut settings = Self::SETTINGS.iter();
                Self {
                    $($field: reader.value(
                        settings.next().expect("each field has a setting"),
                        $crate::config::declare::shape!($($shape)?),
                    )),+
                }
            }

            fn texts(&self) -> Vec<Option<String>> {
                vec![$($crate::config::text::Text::to_text(&self.$field)),+]
            }

            fn reload(&mut self, new: Self, changes: &mut $crate::config::setting::Changes) {
                let mut settings = Self::SETTINGS.iter();
                $(changes.take(
                    settings.next().expect("each field has a setting"),
                    &mut self.$field,
                    new.$field,
                );)+
            }
        }
    };
}
pub(super) use settings;

macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}
pub(super) use key;

macro_rules! maybe {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}
pub(super) use maybe;

macro_rules! shape {
    () => {
        |text| Ok(text.to_owned())
    };
    ($shape:path) => {
        $shape
    };
}
pub(super) use shape;

macro_rules! can {
    (reload) => {
        true
    };
    (restart) => {
        false
    };
}
pub(super) use can;

/// Declares an enum whose values are lower-case words.
macro_rules! words {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $(#[$first_meaning:meta])* $first:ident = $first_word:literal,
            $($(#[$meaning:meta])* $value:ident = $word:literal,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[$first_meaning])* $first,
            $($(#[$meaning])* $value,)*
        }

        impl $crate::config::text::Text for $name {
            const FORM: &'static str = concat!("one of ", $first_word $(, ", ", $word)*);
            const PLACEHOLDER: &'static str = concat!($first_word $(, "|", $word)*);

            fn from_text(text: &str) -> Result<Self, String> {
                match text {
                    $first_word => Ok(Self::$first),
                    $($word => Ok(Self::$value),)*
                    _ => Err($crate::config::text::expected(Self::FORM, text)),
                }
            }

            fn to_text(&self) -> Option<String> {
                let word = match self {
                    Self::$first => $first_word,
                    $(Self::$value => $word,)*
                };
                Some(word.to_owned())
            }
        }
    };
}
pub(super) use words;
