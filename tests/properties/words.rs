//! The words of a session in text and back, and who a client is.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::HeaderValue;
use proptest::prelude::*;
use scangate::client::Client;
use scangate::session::{EventId, Key, Ticket, Uid, hex};

proptest! {
    #[test]
    fn a_uid_is_the_number_that_it_shows(number in 1..=u32::MAX) {
        let uid: Uid = number.to_string().parse().unwrap();
        prop_assert_eq!(uid.get(), number);
        prop_assert_eq!(uid.to_string(), number.to_string());
    }

    #[test]
    fn what_is_taken_for_a_uid_is_written_as_one(text in "[+-]?[0-9]{0,12}|\\PC{0,4}") {
        if let Ok(uid) = text.parse::<Uid>() {
            prop_assert_eq!(uid.to_string(), text);
        }
    }

    #[test]
    fn issued_uids_are_uids(random: u32) {
        prop_assert!((1..=4_294_967_200).contains(&Uid::issued(random).get()));
    }

    #[test]
    fn a_key_is_its_32_digits(random: [u8; 16]) {
        let key = Key::new(random);
        prop_assert_eq!(key.expose(), hex(&random));
        prop_assert_eq!(key.expose().parse::<Key>(), Ok(key));
        prop_assert_eq!(key.expose().to_uppercase().parse::<Key>(), Ok(key));
    }

    #[test]
    fn what_is_taken_for_a_key_is_written_as_one(text in "[0-9a-fA-F]{30,33}|\\PC{30,33}") {
        if let Ok(key) = text.parse::<Key>() {
            prop_assert_eq!(key.expose(), text.to_ascii_lowercase());
        }
    }

    #[test]
    fn a_ticket_has_1_to_512_bytes(text in "|\\PC{1,20}|é{250,260}") {
        let ticket = Ticket::new(text.as_str());
        prop_assert_eq!(ticket.is_some(), (1..=512).contains(&text.len()));
        if let Some(ticket) = ticket {
            prop_assert_eq!(ticket.expose(), text);
        }
    }

    #[test]
    fn an_event_id_survives_its_text(millis: u64, sequence: u64) {
        let id = EventId { millis, sequence };
        prop_assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn event_ids_grow_whatever_the_clock_does(clock in prop::collection::vec(0..50u64, 1..50)) {
        let mut last = EventId::START;
        for now in clock {
            let next = last.next(now);
            prop_assert!(next > last && next.millis >= now);
            last = next;
        }
    }

    #[test]
    fn no_text_is_too_strange_for_an_event_id(text in "[0-9+-]{0,12}|\\PC{0,8}") {
        if let Ok(id) = text.parse::<EventId>() {
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn an_address_is_seen_behind_a_proxy(hop: IpAddr, port: u16, form in 0..4, spaces in " {0,2}") {
        let text = match form {
            0 | 1 => hop.to_string(),
            2 => SocketAddr::new(hop, port).to_string(),
            _ => format!("made-up, {hop}"),
        };
        let seen = behind_a_proxy(format!("{spaces}{text}{spaces}").as_bytes());
        prop_assert_eq!(seen.address, hop.to_canonical());
        prop_assert!(!seen.hidden);
        let counted = seen.counted();
        prop_assert_eq!(Client { address: counted, hidden: false }.counted(), counted);
        prop_assert_eq!(counted.is_ipv4(), seen.address.is_ipv4());
    }

    #[test]
    fn a_header_of_any_bytes_hides_nobody(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let seen = behind_a_proxy(&bytes);
        prop_assert!(!seen.hidden);
        // A stranger's header is not believed, whatever it says.
        let stranger: IpAddr = [203, 0, 113, 1].into();
        let seen = Client::of(stranger, &forwarded(&bytes), &[]);
        prop_assert_eq!(seen, Client { address: stranger, hidden: false });
    }
}

/// The client that a trusted proxy names.
fn behind_a_proxy(header: &[u8]) -> Client {
    let proxy: IpAddr = [192, 0, 2, 1].into();
    Client::of(proxy, &forwarded(header), &[proxy.into()])
}

fn forwarded(bytes: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        headers.append("x-forwarded-for", value);
    }
    headers
}
