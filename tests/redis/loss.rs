//! The path between nodes and Redis is lost in many ways; what was accepted arrives all the same,
//! once and in order.

mod cut;
