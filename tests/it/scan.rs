//! WeChat calls: somebody scanned a code.

mod callback;
mod modes;
mod repeated;
mod result;
mod second;
mod strangers;
