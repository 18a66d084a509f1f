//! Faults that a test asks for: an endpoint answers with an errcode, a bad status, rubbish, late, or never.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

/// Faults that may wait at one time.
const WAITING: usize = 100;

/// What a test asks for.
///
/// `{"endpoint":"qrcode_create","errcode":45009,"times":2}`
#[derive(Deserialize, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Label of the endpoint, or `*` for any.
    pub endpoint: String,
    /// Answer with this errcode.
    pub errcode: Option<i64>,
    /// Answer with this HTTP status and an HTML body.
    pub status: Option<u16>,
    /// Answer with bytes that are nothing.
    #[serde(default)]
    pub garbage: bool,
    /// Do not answer at all.
    #[serde(default)]
    pub hang: bool,
    /// Wait this long first, milliseconds; alone it only delays.
    pub delay_ms: Option<u64>,
    /// For so many calls; default one.
    pub times: Option<u32>,
}

/// What becomes of one call.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is answered as ever.
    Pass,
    Errcode(i64),
    Status(u16),
    Garbage,
    Hang,
}

/// The faults that wait for calls, and the count of calls.
#[derive(Default)]
pub struct Faults {
    waiting: Vec<Fault>,
    calls: BTreeMap<&'static str, u64>,
}

impl Faults {
    /// Adds a fault.
    ///
    /// # Errors
    /// A sentence when too many wait already.
    pub fn add(&mut self, fault: Fault) -> Result<(), &'static str> {
        if self.waiting.len() == WAITING {
            return Err("too many faults are waiting");
        }
        self.waiting.push(fault);
        Ok(())
    }

    /// Forgets the faults that still wait.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Counts a call of `endpoint` and takes the first fault that waits for it, with its delay.
    pub fn meet(&mut self, endpoint: &'static str) -> (Duration, Verdict) {
        *self.calls.entry(endpoint).or_default() += 1;
        let waits = |fault: &Fault| fault.endpoint == endpoint || fault.endpoint == "*";
        let Some(index) = self.waiting.iter().position(waits) else {
            return (Duration::ZERO, Verdict::Pass);
        };
        let fault = &mut self.waiting[index];
        let times = fault.times.unwrap_or(1);
        fault.times = Some(times.saturating_sub(1));
        let met = (
            Duration::from_millis(fault.delay_ms.unwrap_or(0)),
            fault.verdict(),
        );
        if times <= 1 {
            self.waiting.remove(index);
        }
        met
    }

    /// How often each endpoint was called.
    pub fn calls(&self) -> &BTreeMap<&'static str, u64> {
        &self.calls
    }

    /// Starts counting anew.
    pub fn forget_calls(&mut self) {
        self.calls.clear();
    }
}

impl Fault {
    fn verdict(&self) -> Verdict {
        match self {
            Fault { hang: true, .. } => Verdict::Hang,
            Fault { garbage: true, .. } => Verdict::Garbage,
            Fault {
                status: Some(status),
                ..
            } => Verdict::Status(*status),
            Fault {
                errcode: Some(errcode),
                ..
            } => Verdict::Errcode(*errcode),
            _ => Verdict::Pass,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_meets_its_endpoint_so_many_times() {
        let mut faults = Faults::default();
        let fault = Fault {
            endpoint: "token".to_owned(),
            errcode: Some(-1),
            times: Some(2),
            ..Fault::default()
        };
        faults.add(fault).unwrap();
        assert_eq!(faults.meet("user_info").1, Verdict::Pass);
        assert_eq!(faults.meet("token").1, Verdict::Errcode(-1));
        assert_eq!(faults.meet("token").1, Verdict::Errcode(-1));
        assert_eq!(faults.meet("token").1, Verdict::Pass);
        assert_eq!(faults.calls()["token"], 3);
    }

    #[test]
    fn a_delay_alone_passes() {
        let fault: Fault = serde_json::from_str(r#"{"endpoint":"*","delay_ms":7}"#).unwrap();
        let mut faults = Faults::default();
        faults.add(fault).unwrap();
        assert_eq!(faults.meet("x"), (Duration::from_millis(7), Verdict::Pass));
        assert_eq!(faults.meet("x").0, Duration::ZERO);
    }
}
