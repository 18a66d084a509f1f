//! What `scangate doctor --json` says.

use serde_json::Value;

use super::scangate;

/// Its findings and its exit code.
pub struct Diagnosis {
    /// 1 where something fails.
    pub code: i32,
    /// Everything that was printed.
    pub text: String,
    checks: Vec<Value>,
}

impl Diagnosis {
    /// Asks the doctor, with these variables.
    pub async fn with(variables: &[(&str, &str)]) -> Diagnosis {
        Diagnosis::of(&[], variables).await
    }

    /// The same with these flags.
    pub async fn of(flags: &[&str], variables: &[(&str, &str)]) -> Diagnosis {
        let output = scangate(&[&["doctor", "--json"], flags].concat(), variables).await;
        let text = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{said}"));
        let checks = report["checks"].as_array().unwrap().clone();
        let code = output.status.code().unwrap();
        assert_eq!(report["ok"], code == 0, "{text}");
        Diagnosis { code, text, checks }
    }

    /// How a check ended.
    pub fn status(&self, id: &str) -> &str {
        self.finding(id)["status"].as_str().unwrap()
    }

    /// What was seen, and how to mend it, in one.
    pub fn told(&self, id: &str) -> String {
        let finding = self.finding(id);
        let fix = finding["fix"].as_str().unwrap_or_default();
        format!("{} {fix}", finding["seen"].as_str().unwrap())
    }

    /// The checks, in their order.
    pub fn ids(&self) -> Vec<String> {
        let ids = self
            .checks
            .iter()
            .map(|check| check["id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    }

    /// Holds a check to this status and to a word of what is told.
    pub fn says(&self, id: &str, status: &str, word: &str) {
        let told = self.told(id);
        let seen = (self.status(id), told.contains(word));
        assert_eq!(seen, (status, true), "{id}, {word:?} in: {told}");
    }

    fn finding(&self, id: &str) -> &Value {
        let mut alike = self.checks.iter().filter(|check| check["id"] == id);
        let finding = alike
            .next()
            .unwrap_or_else(|| panic!("{id} in {}", self.text));
        assert!(alike.next().is_none(), "{id} is there twice");
        finding
    }
}
