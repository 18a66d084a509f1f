//! Stories of two nodes that are told of either broker.

// Named in full, because other tests take this file in by its path.
#[path = "stories/accounts.rs"]
pub mod accounts;
#[path = "stories/confirmations.rs"]
pub mod confirmations;
#[path = "stories/estate.rs"]
pub mod estate;
#[path = "stories/messages.rs"]
pub mod messages;
#[path = "stories/pages.rs"]
mod pages;
#[path = "stories/retries.rs"]
pub mod retries;
#[path = "stories/timelines.rs"]
mod timelines;

pub use pages::{a_page_moves, one_scan_at_two_nodes};
pub use timelines::{a_life_is_told, a_push_is_followed, a_scan_is_timed, last_moments_are_kept};

/// Tests of what scans are for, at the two nodes of a `Pair`: each broker has its own kind of that,
/// with `a`, `b`, the `platform`, and the place of `another` node at the broker.
// Not every stage has pairs of nodes.
#[allow(unused_macros)]
macro_rules! tell_of_scans {
    ($Pair:ident) => {
        $crate::support::stories::tell_of_scans! { $Pair;
            a_token_is_renewed_and_revoked(messages::in_english, pair =>
                messages::a_token_is_renewed_and_revoked(&pair.a, &pair.b));
            a_word_at_two_nodes_renews_once(messages::in_english, pair =>
                messages::a_word_at_two_nodes_renews_once(&pair.a, &pair.b));
            who_does_not_follow_is_written_to_no_more(|_| {}, pair =>
                messages::who_does_not_follow(&pair.a, &pair.b, &pair.platform));
            a_report_of_failure_is_the_last_word(|_| {}, pair =>
                messages::a_report_of_failure(&pair.a, &pair.b));
            a_report_that_overtakes_the_answer_is_not_lost(|_| {}, pair =>
                messages::a_report_overtakes_the_answer(&pair.a, &pair.b));
            a_day_has_so_many_messages(messages::few_messages, pair =>
                messages::a_day_has_so_many(&pair.a, &pair.b));
            a_page_has_its_days(|_| {}, pair =>
                retries::a_page_has_its_days(&pair.a, &pair.b, &pair.another().await));
            what_never_gets_through_is_given_up(|_| {}, pair =>
                retries::what_never_gets_through(&pair.a, &pair.platform, &pair.another().await));
            scans_tie_and_untie(|_| {}, pair =>
                accounts::scans_tie_and_untie(&pair.a, &pair.b));
            the_backend_ties_and_unties(|_| {}, pair =>
                accounts::the_backend_ties_and_unties(&pair.a, &pair.b));
            points_have_their_owner_and_their_day(accounts::few_points, pair =>
                accounts::points_have_their_owner_and_their_day(&pair.a, &pair.b));
            each_action_waits_for_its_person(confirmations::everything_is_confirmed, pair =>
                confirmations::each_action_waits_for_its_person(&pair.a, &pair.b));
            a_wrong_number_declines(confirmations::everything_is_confirmed, pair =>
                confirmations::a_wrong_number_declines(&pair.a, &pair.b));
            what_was_withdrawn_is_not_confirmed(confirmations::everything_is_confirmed, pair =>
                confirmations::what_was_withdrawn_is_not_confirmed(&pair.a, &pair.b));
            what_a_dead_node_decided_is_carried_out(confirmations::everything_is_confirmed, pair =>
                confirmations::what_a_dead_node_decided_is_carried_out(
                    &pair.a, &pair.b, &pair.another().await));
        }
    };
    ($Pair:ident; $($name:ident($change:expr, $pair:ident => $story:expr);)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let $pair = $Pair::with($change).await;
            $story.await;
        }
    )*};
}
pub(crate) use tell_of_scans;
