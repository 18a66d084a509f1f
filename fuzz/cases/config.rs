//! The configuration file: no stranger writes it, but whoever does should hear what is wrong.

use scangate::config::{Config, Faults, File, Inputs, Reading};

/// A file: what is in order, printed, reads the same.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let reading = match read(text) {
        Ok(reading) => reading,
        Err(Faults { faults, .. }) => {
            assert!(faults.iter().all(|fault| !fault.to_string().is_empty()));
            return;
        }
    };
    if has_secrets(&reading.config) {
        return;
    }
    let printed = reading.to_toml();
    let again = read(&printed).expect(&printed);
    assert_eq!(reading.config, again.config, "{printed}");
}

fn read(text: &str) -> Result<Reading, Faults> {
    let name = "scangate.toml";
    Config::read(&Inputs {
        file: Some(File { name, text }),
        ..Inputs::none()
    })
}

/// Secrets are not printed, so that the printed file lacks them.
fn has_secrets(config: &Config) -> bool {
    let wechat = &config.wechat;
    [
        &config.push.secret,
        &config.ops.api_key,
        &wechat.app_secret,
        &wechat.token,
        &wechat.encoding_aes_key,
    ]
    .iter()
    .any(|secret| secret.is_some())
}
