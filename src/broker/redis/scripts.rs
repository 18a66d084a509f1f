//! The Lua scripts, one file each: every verb about sessions is one of them, and atomic.

use fred::types::scripts::Script;

/// Names the scripts and their files once.
macro_rules! scripts {
    ($($name:ident),+ $(,)?) => {
        #[derive(Debug)]
        pub(super) struct Scripts {
            $(pub $name: Script,)+
        }

        impl Scripts {
            pub fn new() -> Self {
                Self {
                    $($name: Script::from_lua(include_str!(concat!("lua/", stringify!($name), ".lua"))),)+
                }
            }
        }
    };
}

scripts!(
    issue, hold, release, restore, publish, replay, scan, settle, end, view, sing, forget, count,
    audit, write, enqueue, take, postpone, finish, join, quit, members
);
