//! `POST /cgi-bin/qrcode/create`.

use serde_json::{Value, json};

use super::Reply;
use crate::state::{Sandbox, now};

/// Longest life of a temporary code: 30 days.
const LONGEST: u64 = 2_592_000;
/// Life when none is asked for.
const DEFAULT: u64 = 60;
/// Highest number of a permanent code.
const PERMANENT: u64 = 100_000;
/// Longest text of a scene, characters.
const SCENE_CHARACTERS: usize = 64;

/// Makes a code.
pub fn create(body: &Value, sandbox: &Sandbox) -> Reply {
    let (scene, permanent) = scene(body)?;
    let expire_seconds = if permanent { None } else { Some(life(body)?) };
    let base = &sandbox.base;
    let code = sandbox
        .state()
        .codes
        .issue(scene, expire_seconds, base, now());
    Ok(match expire_seconds {
        Some(seconds) => json!({"ticket": code.ticket, "expire_seconds": seconds, "url": code.url}),
        None => json!({"ticket": code.ticket, "url": code.url}),
    })
}

/// The scene, and whether the code is permanent.
fn scene(body: &Value) -> Result<(String, bool), i64> {
    let (is_text, highest, permanent) = match body["action_name"].as_str() {
        Some("QR_SCENE") => (false, u64::from(u32::MAX), false),
        Some("QR_STR_SCENE") => (true, 0, false),
        Some("QR_LIMIT_SCENE") => (false, PERMANENT, true),
        Some("QR_LIMIT_STR_SCENE") => (true, 0, true),
        _ => return Err(40052),
    };
    let info = body["action_info"].as_object().ok_or(40053)?;
    let Some(scene) = info.get("scene") else {
        // The platform makes a code all the same, whose scan then reports 0: a trap that is worth keeping.
        return Ok(("0".to_owned(), permanent));
    };
    if is_text {
        let text = scene["scene_str"].as_str().ok_or(40053)?;
        return match text.chars().count() {
            1..=SCENE_CHARACTERS => Ok((text.to_owned(), permanent)),
            _ => Err(40053),
        };
    }
    match scene["scene_id"].as_u64() {
        Some(id) if (1..=highest).contains(&id) => Ok((id.to_string(), permanent)),
        _ => Err(40053),
    }
}

fn life(body: &Value) -> Result<u32, i64> {
    let seconds = match &body["expire_seconds"] {
        Value::Null => DEFAULT,
        asked => asked.as_u64().ok_or(40053)?,
    };
    if !(1..=LONGEST).contains(&seconds) {
        return Err(40053);
    }
    u32::try_from(seconds).map_err(|_| 40053)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_are_numbers_or_texts() {
        let made = |name: &str, scene: Value| {
            scene_of(&json!({"action_name": name, "action_info": {"scene": scene}}))
        };
        let scene_id = |id: u64| json!({"scene_id": id});
        assert_eq!(
            made("QR_SCENE", scene_id(4_294_967_295)),
            Ok("4294967295".to_owned())
        );
        assert_eq!(made("QR_SCENE", scene_id(4_294_967_296)), Err(40053));
        assert_eq!(made("QR_SCENE", scene_id(0)), Err(40053));
        assert_eq!(made("QR_LIMIT_SCENE", scene_id(100_001)), Err(40053));
        assert_eq!(
            made("QR_STR_SCENE", json!({"scene_str": "汉".repeat(64)})),
            Ok("汉".repeat(64))
        );
        assert_eq!(
            made("QR_STR_SCENE", json!({"scene_str": "汉".repeat(65)})),
            Err(40053)
        );
        assert_eq!(made("QR_STR_SCENE", scene_id(1)), Err(40053));
        assert_eq!(made("QR", scene_id(1)), Err(40052));
    }

    #[test]
    fn a_scene_on_the_wrong_level_becomes_zero() {
        let body = json!({"action_name": "QR_SCENE", "action_info": {"scene_id": 7}});
        assert_eq!(scene_of(&body), Ok("0".to_owned()));
    }

    #[test]
    fn a_life_is_up_to_thirty_days() {
        assert_eq!(life(&json!({})), Ok(60));
        assert_eq!(life(&json!({"expire_seconds": 2_592_000})), Ok(2_592_000));
        for wrong in [json!(0), json!(2_592_001), json!(-1), json!("60")] {
            assert_eq!(life(&json!({"expire_seconds": wrong})), Err(40053));
        }
    }

    fn scene_of(body: &Value) -> Result<String, i64> {
        scene(body).map(|(scene, _)| scene)
    }
}
