//! When the browser forgets, and when it does not.

use std::time::Duration;

use chrono::TimeDelta;

use crate::walk::{COUNTER, LONG, SHORT, Visit, Walk, now, unstalled, wait_with_the_browser};

/// The browser tells a cookie's expiry in whole seconds.
const A_SECOND_AND_MORE: Duration = Duration::from_millis(1100);
/// The seed's five seconds out of thirty, for a session of two; often enough to outlast it.
const EVERY: Duration = Duration::from_millis(700);
const REFRESHES: u64 = 5;
const MORE_THAN_THE_AGE: Duration = Duration::from_millis(2300);

#[test]
fn a_refresh_counts_and_moves_the_expiry_of_cookie_and_row() {
    let walk = Walk::begin(LONG);
    let first = walk.visit(COUNTER);
    let row = walk.database.row(first.key());
    wait_with_the_browser(A_SECOND_AND_MORE);

    let second = walk.refresh();
    assert_eq!((first.counter, second.counter), (Some(0), Some(1)));
    assert_eq!(second.key(), first.key());
    assert!(second.expiry() > first.expiry(), "{second:?} after {first:?}");
    let moved = walk.database.row(second.key()).expires() - row.expires();
    assert!(moved >= TimeDelta::from_std(A_SECOND_AND_MORE).unwrap(), "{moved}");
}

#[test]
fn refreshing_for_longer_than_the_age_keeps_the_session_and_goes_on_counting() {
    let walk = Walk::begin(SHORT);
    let visits = unstalled(&walk, |walk| {
        let mut visits = vec![walk.visit(COUNTER)];
        for _ in 0..REFRESHES {
            wait_with_the_browser(EVERY);
            visits.push(walk.refresh());
        }
        visits.windows(2).all(|pair| walk.unbroken(&pair[0], &pair[1])).then_some(visits)
    });
    let (first, last) = (&visits[0], &visits[visits.len() - 1]);
    assert!(last.began - first.ended > walk.age(), "the walk is too short to show anything");
    for (visit, counter) in visits.iter().zip(0..) {
        assert_eq!(visit.counter, Some(counter), "{visits:?}");
        assert_eq!(visit.key(), first.key(), "{visits:?}");
    }
    assert!(visits.is_sorted_by_key(Visit::expiry), "{visits:?}");
    assert!(last.expiry() > first.expiry(), "{visits:?}");
}

#[test]
fn after_silence_for_longer_than_the_age_the_browser_has_forgotten_and_begins_anew() {
    let walk = Walk::begin(SHORT);
    let (old, remembered, new) = unstalled(&walk, |walk| {
        walk.visit(COUNTER);
        let old = walk.refresh();
        wait_with_the_browser(MORE_THAN_THE_AGE);
        let remembered = walk.browser.cookies();
        let new = walk.visit(COUNTER);
        (walk.unbroken(&old, &old) && walk.unbroken(&new, &new)).then_some((old, remembered, new))
    });
    assert!(remembered.is_empty(), "{remembered:?}");
    assert_eq!(new.counter, Some(0));
    assert_ne!(new.key(), old.key());
    let row = walk.database.row(old.key());
    assert!(row.expires() < now(), "the old row has expired, and waits for clearsessions: {row:?}");
}
