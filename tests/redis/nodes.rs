//! Two and three nodes on one Redis: whatever node a backend, a page or the platform comes to, it is
//! one gateway.

mod access_token;
mod accounts;
mod callbacks;
mod confirm;
mod hooks;
mod many;
mod pages;
mod scans;
mod send;
mod sessions;
mod timeline;
mod tokens;
