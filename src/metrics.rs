//! Every metric of the gateway, declared once: the doc comment of a field is its help text.
//! Labels come from closed sets; a uid, an address or anything a stranger chooses is never one.

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

/// Declares the struct, and a constructor that registers each field under `scangate_<field>`.
macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $field:ident: $kind:ident $(($($argument:tt)+))?,)+) => {
        /// The metrics of one node.
        #[derive(Debug)]
        pub struct Metrics {
            registry: Registry,
            $($(#[doc = $help])+ pub $field: $kind,)+
        }

        impl Metrics {
            /// Fresh metrics in a registry of their own.
            pub fn new() -> Self {
                let registry = Registry::new();
                $(let $field = {
                    let help = concat!($($help),+).trim();
                    let metric = <$kind as Declared>::declare(
                        concat!("scangate_", stringify!($field)),
                        help,
                        &[$($($argument)+)?],
                    );
                    registry
                        .register(Box::new(metric.clone()))
                        .expect("metric names are unique");
                    metric
                };)+
                Self { registry, $($field,)+ }
            }
        }
    };
}

/// One kind of metric; `labels` of a vector is `[(name, &[every value])]`, so that each series
/// stands at zero from the start.
trait Declared: Sized + Clone {
    /// What stands behind the kind in the declaration.
    type Argument;
    fn declare(name: &str, help: &str, argument: &[Self::Argument]) -> Self;
}

/// The label of a vector and every value that it can have.
type Label = (&'static str, &'static [&'static str]);

impl Declared for IntCounter {
    type Argument = ();
    fn declare(name: &str, help: &str, _: &[()]) -> Self {
        IntCounter::new(name, help).expect("the name is well formed")
    }
}

impl Declared for IntGauge {
    type Argument = ();
    fn declare(name: &str, help: &str, _: &[()]) -> Self {
        IntGauge::new(name, help).expect("the name is well formed")
    }
}

impl Declared for IntCounterVec {
    type Argument = Label;
    fn declare(name: &str, help: &str, labels: &[Label]) -> Self {
        let names: Vec<_> = labels.iter().map(|(name, _)| *name).collect();
        let vector =
            IntCounterVec::new(Opts::new(name, help), &names).expect("the name is well formed");
        each_series(labels, &mut |values| {
            vector.with_label_values(values);
        });
        vector
    }
}

impl Declared for IntGaugeVec {
    type Argument = &'static str;
    /// No series at first: a gauge at zero would claim something.
    fn declare(name: &str, help: &str, labels: &[&'static str]) -> Self {
        IntGaugeVec::new(Opts::new(name, help), labels).expect("the name is well formed")
    }
}

impl Declared for Histogram {
    type Argument = f64;
    fn declare(name: &str, help: &str, buckets: &[f64]) -> Self {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        Histogram::with_opts(options).expect("the buckets grow")
    }
}

impl Declared for HistogramVec {
    /// A label, and the buckets that all its series share.
    type Argument = (Label, &'static [f64]);
    fn declare(name: &str, help: &str, argument: &[Self::Argument]) -> Self {
        let labels: Vec<Label> = argument.iter().map(|(label, _)| *label).collect();
        let names: Vec<_> = labels.iter().map(|(name, _)| *name).collect();
        let buckets = argument.first().map_or(&[][..], |(_, buckets)| buckets);
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        let vector = HistogramVec::new(options, &names).expect("the buckets grow");
        each_series(&labels, &mut |values| {
            vector.with_label_values(values);
        });
        vector
    }
}

/// Calls `visit` with every combination of label values.
fn each_series(labels: &[Label], visit: &mut dyn FnMut(&[&str])) {
    fn descend<'a>(labels: &[Label], chosen: &mut Vec<&'a str>, visit: &mut dyn FnMut(&[&str])) {
        match labels.split_first() {
            None => visit(chosen),
            Some(((_, values), rest)) => {
                for value in *values {
                    chosen.push(value);
                    descend(rest, chosen, visit);
                    chosen.pop();
                }
            }
        }
    }
    descend(labels, &mut Vec::new(), visit);
}

metrics! {
    /// Seconds from a scan's callback, at any node, to its event written to a page's socket here.
    scan_to_screen_seconds: Histogram(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    /// Seconds that live events took: to the broker's yes since they came in (`broker`), from there to
    /// this node (`node`, by the broker's clock of milliseconds), and on to the socket (`socket`).
    delivery_stage_duration_seconds: HistogramVec((("stage", &["broker", "node", "socket"]), &[0.00001, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5])),
    /// Version of the running gateway, as a label; always 1.
    build_info: IntGaugeVec("version"),
    /// Websockets open now.
    connections: IntGauge,
    /// Websockets opened.
    connections_opened_total: IntCounter,
    /// Websockets closed, by why.
    connections_closed_total: IntCounterVec(("ending", crate::ending::LABELS)),
    /// Requests to open a websocket that were refused, by why.
    handshakes_refused_total: IntCounterVec(("reason", &["method", "headers", "version", "origin", "limit", "address_limit", "draining"])),
    /// TLS handshakes that failed or took too long.
    tls_handshakes_failed_total: IntCounter,
    /// Unix time at which the first certificate of the served chain ends; 0 without TLS.
    certificate_expiry_timestamp_seconds: IntGauge,
    /// Connections of trusted proxies closed because their PROXY header was bad, cut or late.
    proxy_headers_refused_total: IntCounter,
    /// Times a new certificate was looked for and taken, or refused.
    tls_reloads_total: IntCounterVec(("result", &["ok", "refused"])),
    /// Times the accept loop paused because no file descriptor was left.
    accept_pauses_total: IntCounterVec(("listener", &["public", "push", "ops"])),
    /// TCP connections closed at once because the listener held as many as it may.
    accept_refusals_total: IntCounterVec(("listener", &["public", "push", "ops"])),
    /// Connections that hold a uid now.
    bindings: IntGauge,
    /// Binds, by how they were answered.
    binds_total: IntCounterVec(("result", &["ok", "ticket_mismatch", "uid_unknown", "unavailable"])),
    /// Claims to groups that were refused, by why; the bind itself stood.
    joins_refused_total: IntCounterVec(("code", &["join_refused", "group_full", "join_unavailable"])),
    /// Frames from pages, by what they were.
    messages_total: IntCounterVec(("kind", &["ping", "bind", "command", "ignored"])),
    /// Events written to a websocket or queued for it.
    events_delivered_total: IntCounter,
    /// Retained events sent again to pages that bound with `since`.
    events_replayed_total: IntCounter,
    /// Times a page was told that events it missed are gone.
    gaps_total: IntCounter,
    /// Frames that a socket did not take at once and that waited for it.
    frames_queued_total: IntCounter,
    /// Pushes, by the door they came through and their result.
    pushes_total: IntCounterVec(("door", &["push", "api", "scan", "hook"]), ("result", &["ok", "queued", "fail", "unknown"])),
    /// Broadcasts to all that this node left out, because too many waited.
    broadcasts_dropped_total: IntCounter,
    /// Pushes that failed, by why.
    push_failures_total: IntCounterVec(("reason", &["uid_unknown", "ticket_mismatch", "bad_json", "no_uid", "too_long", "unavailable", "unauthorised", "not_held"])),
    /// Seconds from a push line read to its verdict, delivery to this node's sockets included.
    push_duration_seconds: Histogram(0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 2.0),
    /// Backends connected to the push port now.
    push_connections: IntGauge,
    /// Codes asked for, by how the request was answered.
    qrcodes_total: IntCounterVec(("result", &["ok", "limited", "origin", "bad_action", "not_configured", "wechat", "unavailable"])),
    /// Callbacks of WeChat, by how they were taken.
    callbacks_total: IntCounterVec(("result", &["url_check", "text", "message", "scan", "subscribe", "unsubscribe", "template_job", "other_event", "duplicate", "failed", "forbidden", "malformed", "too_large", "too_slow", "not_configured"])),
    /// Scans, by what came of them.
    scans_total: IntCounterVec(("result", &["accepted", "repeated", "used", "expired", "unknown", "mismatch", "failed"])),
    /// Attempts at what codes stand for, by what came of them.
    actions_total: IntCounterVec(("action", &["token", "renew", "login", "bind", "unbind", "points"]), ("result", &["done", "refused", "failed"])),
    /// Scans that a person is asked to confirm, and what came of them.
    confirmations_total: IntCounterVec(("result", &["asked", "confirmed", "declined", "wrong_number", "expired"])),
    /// Seconds from a scan's callback to its result on the way to the page.
    scan_duration_seconds: Histogram(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
    /// Requests to `.send`, by how they were answered.
    sends_total: IntCounterVec(("result", &["accepted", "told", "token_unknown", "message_unknown", "no_text", "text_too_long", "malformed", "too_large", "too_slow", "limited", "method", "prefetch", "not_configured", "full", "unavailable"])),
    /// States that messages to persons came to.
    message_states_total: IntCounterVec(("state", &["sent", "delivered", "revoked", "not_following", "refused", "settings", "quota", "unreachable", "wechat"])),
    /// Calls of WeChat's API, by endpoint and class of answer.
    wechat_calls_total: IntCounterVec(("endpoint", &["stable_token", "qrcode_create", "user_info", "template_send"]), ("result", &["ok", "retry", "refresh_token", "fix_settings", "stop_for_today", "wait_a_minute", "drop_recipient", "fix_content", "bug", "give_up", "timeout", "unreachable"])),
    /// Seconds that calls of WeChat's API took.
    wechat_call_duration_seconds: Histogram(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
    /// Unix time at which the cached access_token of WeChat expires; 0 without one.
    wechat_token_expiry_timestamp_seconds: IntGauge,
    /// Requests that told the site's backend of an event, by what and how it was taken; `dropped`
    /// are events that found the queue full, `given_up` those whose last attempt failed.
    hooks_total: IntCounterVec(("event", &["scan", "command", "bind", "leave"]), ("result", &["ok", "refused", "timeout", "unreachable", "broken", "unpublished", "dropped", "given_up"])),
    /// Seconds that those requests took.
    hook_duration_seconds: Histogram(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0),
    /// What happened to sessions, by whether it came into their timelines.
    timeline_moments_total: IntCounterVec(("result", &["recorded", "sampled_out", "dropped"])),
    /// Sessions in the embedded broker.
    sessions: IntGauge,
    /// 1 while this node takes new connections, 0 while it drains.
    ready: IntGauge,
    /// Unix time at which this node started.
    start_timestamp_seconds: IntGauge,
}

impl Metrics {
    /// The Prometheus text exposition, this process's own metrics included.
    pub fn render(&self) -> Vec<u8> {
        let mut families = self.registry.gather();
        families.extend(prometheus::core::Collector::collect(
            &prometheus::process_collector::ProcessCollector::for_self(),
        ));
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&families, &mut text)
            .expect("writing to memory");
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_stands_at_zero_from_the_start() {
        let text = String::from_utf8(Metrics::new().render()).unwrap();
        for line in [
            "scangate_connections 0",
            r#"scangate_pushes_total{door="push",result="ok"} 0"#,
            r#"scangate_pushes_total{door="scan",result="unknown"} 0"#,
            r#"scangate_actions_total{action="renew",result="done"} 0"#,
            "# HELP scangate_connections Websockets open now.",
            "# TYPE scangate_push_duration_seconds histogram",
        ] {
            assert!(text.contains(line), "{line} is missing from\n{text}");
        }
    }
}
