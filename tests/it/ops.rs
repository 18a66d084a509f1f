//! The operators' door: figures, health, and the server API.

mod api;
mod broadcast;
mod groups;
mod health;
mod key;
mod openapi;
mod query;
mod sessions;
