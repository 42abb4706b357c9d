//! A connection's places, against a plain map.

use std::collections::BTreeMap;

use chinwag_protocol::{ConversationId, Seq};
use proptest::prelude::*;

use super::{Place, Places};

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![Just(Place::Live), (1_i64..9).prop_map(|next| Place::Behind(Seq(next)))]
}

proptest! {
    #[test]
    fn places_are_a_map_that_is_nothing_while_all_are_live(
        changes in prop::collection::vec(((1_i64..6).prop_map(ConversationId), place()), 0..60),
    ) {
        let (mut places, mut expected) = (Places::default(), BTreeMap::new());
        for (id, place) in changes {
            places.set(id, place);
            expected.insert(id, place);
            for id in (1..6).map(ConversationId) {
                prop_assert_eq!(places.get(id), expected.get(&id).copied().unwrap_or(Place::Live));
            }
            let behind: BTreeMap<_, _> = (0..).map_while(|at| places.behind(at)).collect();
            let is_behind = |place: &Place| *place != Place::Live;
            prop_assert_eq!(behind.len(), expected.values().filter(|place| is_behind(place)).count());
            prop_assert!(!behind.is_empty() || places.behind.capacity() == 0);
        }
    }
}
