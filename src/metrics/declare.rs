//! How a metric is declared: the macro that makes fields of the catalogue, and its kinds.

use prometheus::core::Collector;
use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts,
};

/// Declares the struct, and a constructor that registers each field under `scangate_<field>`.
macro_rules! metrics {
    ($($section:literal {
        $($(#[doc = $help:literal])+ $field:ident: $kind:ident $(($($argument:tt)+))?,)+
    })+) => {
        /// The metrics of one node.
        #[derive(Debug)]
        pub struct Metrics {
            registry: prometheus::Registry,
            $($($(#[doc = $help])+ pub $field: $kind,)+)+
        }

        impl Metrics {
            /// Fresh metrics in a registry of their own.
            pub fn new() -> Self {
                let registry = prometheus::Registry::new();
                $($(let $field = {
                    let metric = <$kind as $crate::metrics::declare::Declared>::declare(
                        concat!("scangate_", stringify!($field)),
                        concat!($($help),+).trim(),
                        &[$($($argument)+)?],
                    );
                    registry
                        .register(Box::new(metric.clone()))
                        .expect("metric names are unique");
                    metric
                };)+)+
                Self { registry, $($($field,)+)+ }
            }

            /// Every metric as it is declared, by section.
            fn catalogue() -> Vec<(&'static str, Vec<$crate::metrics::manual::Entry>)> {
                vec![$(($section, vec![$($crate::metrics::manual::Entry {
                    name: concat!("scangate_", stringify!($field)),
                    help: concat!($($help),+).trim(),
                    kind: <$kind as $crate::metrics::declare::Declared>::KIND,
                    labels: <$kind as $crate::metrics::declare::Declared>::labels(
                        &[$($($argument)+)?],
                    ),
                },)+]),)+]
            }
        }
    };
}

pub(super) use metrics;

/// One kind of metric. Every series stands at zero from the start.
pub(super) trait Declared: Collector + Sized + Clone {
    /// What stands behind the kind in the declaration.
    type Argument;
    /// The word for it in the manual.
    const KIND: &'static str;
    fn declare(name: &str, help: &str, arguments: &[Self::Argument]) -> Self;
    /// The labels that the arguments declare.
    fn labels(_: &[Self::Argument]) -> Vec<Label> {
        Vec::new()
    }
}

/// The label of a vector and every value that it can have; without values there is no series until
/// one is set. Labels that depend on each other are declared together, apart by a space, and their
/// values likewise: `("ending code", &["lost none", "silent 4408"])`.
pub(super) type Label = (&'static str, &'static [&'static str]);

impl Declared for IntCounter {
    type Argument = ();
    const KIND: &'static str = "counter";
    fn declare(name: &str, help: &str, _: &[()]) -> Self {
        IntCounter::new(name, help).expect("the name is well formed")
    }
}

impl Declared for IntGauge {
    type Argument = ();
    const KIND: &'static str = "gauge";
    fn declare(name: &str, help: &str, _: &[()]) -> Self {
        IntGauge::new(name, help).expect("the name is well formed")
    }
}

impl Declared for Gauge {
    type Argument = ();
    const KIND: &'static str = "gauge";
    fn declare(name: &str, help: &str, _: &[()]) -> Self {
        Gauge::new(name, help).expect("the name is well formed")
    }
}

impl Declared for Histogram {
    type Argument = f64;
    const KIND: &'static str = "histogram";
    fn declare(name: &str, help: &str, buckets: &[f64]) -> Self {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        Histogram::with_opts(options).expect("the buckets grow")
    }
}

impl Declared for IntCounterVec {
    type Argument = Label;
    const KIND: &'static str = "counter";
    fn declare(name: &str, help: &str, labels: &[Label]) -> Self {
        let vector = IntCounterVec::new(Opts::new(name, help), &names(labels));
        let vector = vector.expect("the name is well formed");
        for values in each_series(labels) {
            vector.with_label_values(&values);
        }
        vector
    }
    fn labels(labels: &[Label]) -> Vec<Label> {
        labels.to_vec()
    }
}

impl Declared for IntGaugeVec {
    type Argument = Label;
    const KIND: &'static str = "gauge";
    fn declare(name: &str, help: &str, labels: &[Label]) -> Self {
        let vector = IntGaugeVec::new(Opts::new(name, help), &names(labels));
        let vector = vector.expect("the name is well formed");
        for values in each_series(labels) {
            vector.with_label_values(&values);
        }
        vector
    }
    fn labels(labels: &[Label]) -> Vec<Label> {
        labels.to_vec()
    }
}

impl Declared for HistogramVec {
    type Argument = (Label, &'static [f64]);
    const KIND: &'static str = "histogram";
    fn declare(name: &str, help: &str, arguments: &[Self::Argument]) -> Self {
        let [(label, buckets)] = arguments else {
            unreachable!("a vector of histograms has one label");
        };
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        let vector = HistogramVec::new(options, &names(&[*label])).expect("the buckets grow");
        for values in each_series(&[*label]) {
            vector.with_label_values(&values);
        }
        vector
    }
    fn labels(arguments: &[Self::Argument]) -> Vec<Label> {
        arguments.iter().map(|(label, _)| *label).collect()
    }
}

/// The names of the labels, each by itself.
fn names(labels: &[Label]) -> Vec<&'static str> {
    labels
        .iter()
        .flat_map(|(name, _)| name.split(' '))
        .collect()
}

/// Every combination of values.
fn each_series(labels: &[Label]) -> Vec<Vec<&'static str>> {
    let none = vec![Vec::new()];
    labels.iter().fold(none, |series, (_, values)| {
        let with = |chosen: &Vec<&'static str>, value: &'static str| {
            chosen.iter().copied().chain(value.split(' ')).collect()
        };
        let longer = series.iter();
        longer
            .flat_map(|chosen| values.iter().map(move |value| with(chosen, value)))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_is_a_series() {
        let labels: [Label; 2] = [("a", &["1", "2"]), ("b c", &["x y", "z y"])];
        assert_eq!(names(&labels), ["a", "b", "c"]);
        let expected = [
            ["1", "x", "y"],
            ["1", "z", "y"],
            ["2", "x", "y"],
            ["2", "z", "y"],
        ];
        assert_eq!(each_series(&labels), expected);
        assert!(each_series(&[("free", &[])]).is_empty());
    }
}
