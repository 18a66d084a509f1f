//! `/qrcode`: a page asks for a code.

mod limits;
mod platform;
mod reply;
