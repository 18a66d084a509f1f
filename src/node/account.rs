//! The official account, put together from its settings.

use std::sync::Arc;

use crate::action::Workshop;
use crate::config::{self, Config};
use crate::confirm::{Confirmations, Terms};
use crate::deed::Deeds;
use crate::gateway::OfficialAccount;
use crate::hooks::Hooks;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::scan::Scans;
use crate::send::Sends;
use crate::wechat::api::Api;
use crate::wechat::callback::{self, Gate, GateError};

/// None where no account is configured.
pub(super) fn official_account(
    settings: &Config,
    hub: &Arc<Hub>,
    shop: &Workshop,
    hooks: &Option<Arc<Hooks>>,
    metrics: &Arc<Metrics>,
) -> Result<Option<OfficialAccount>, GateError> {
    let config = &settings.wechat;
    let (Some(app_id), Some(token)) = (&config.app_id, &config.token) else {
        return Ok(None);
    };
    let Some(api) = Api::new(config, shop.broker.clone(), Arc::clone(metrics)) else {
        return Ok(None);
    };
    let keys = config.encoding_aes_key.iter();
    let account = callback::Account {
        app_id: app_id.clone(),
        original_id: config.original_id.clone(),
        tokens: vec![token.expose().to_owned()],
        aes_keys: keys.map(|key| key.expose().to_owned()).collect(),
    };
    let mode = match config.mode() {
        config::Mode::Plain => callback::Mode::Plain,
        config::Mode::Compat => callback::Mode::Compat,
        config::Mode::Safe => callback::Mode::Safe,
    };
    let gate = Gate::new(&account, mode)?;
    let deeds = Arc::new(Deeds {
        hub: Arc::clone(hub),
        shop: shop.clone(),
        hooks: hooks.clone(),
        metrics: Arc::clone(metrics),
    });
    let terms = Terms {
        rules: settings.confirm.clone(),
        site: settings.public.name.clone(),
        language: config.language,
    };
    let confirmations = Confirmations::new(Arc::clone(&deeds), terms);
    let sends = Sends::new(settings, shop, Arc::clone(&api), Arc::clone(metrics));
    let scans = Scans::new(deeds, Arc::clone(&confirmations), Arc::clone(&sends));
    Ok(Some(OfficialAccount {
        api,
        gate,
        scans,
        sends,
        confirmations,
    }))
}
