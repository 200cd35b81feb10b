//! `manage walkthrough`: the seed document, performed.

mod error;
mod report;
mod stage;

use chrono::TimeDelta;

pub(super) use self::error::WalkthroughError;
use self::report::Report;
use self::stage::{Stage, counter};
use super::CommandError;
use crate::sessions::{Engine, SessionPolicy};
use crate::settings::Settings;

/// Short enough to wait for, long enough to be seen sliding.
pub(crate) const DEFAULT_AGE: i64 = 2;

pub(crate) fn execute(settings: Settings, age: i64) -> Result<(), CommandError> {
    let session = SessionPolicy { cookie_age: age, ..SessionPolicy::default() };
    let settings = Settings {
        session,
        debug: true,
        allowed_hosts: Vec::new(),
        session_clean_up_every: None,
        ..settings
    };
    actix_web::rt::System::new().block_on(async {
        let mut stage = Stage::set(settings)?;
        let mut report = Report::new();
        let walked = walk(&mut stage, &mut report, age).await;
        stage.clear().await;
        walked?;
        report.summary();
        match report.failures() {
            0 => Ok(()),
            failures => Err(WalkthroughError::Failed(failures).into()),
        }
    })
}

async fn walk(stage: &mut Stage, report: &mut Report, age: i64) -> Result<(), WalkthroughError> {
    nothing_by_default(stage, report).await?;
    the_session_is_poked(stage, report).await?;
    not_per_view(stage, report).await?;
    the_cookie_is_reset(stage, report).await?;
    the_expiry_is_reset(stage, report, age).await?;
    reading_is_no_activity(stage, report, age).await?;
    a_restart_is_survived(stage, report).await?;
    silence_ends_it(stage, report, age).await?;
    a_stale_cookie_is_refused(stage, report, age).await
}

async fn nothing_by_default(stage: &mut Stage, report: &mut Report) -> Result<(), WalkthroughError> {
    report.step("It does nothing to track interactions by default");
    let plain = stage.visit(report, "/hello/plain").await?;
    report.check(
        "no cookie was sent, and none was set",
        plain.header("set-cookie").is_none() && plain.sent_cookies.is_none(),
    );
    report.check("the response does not vary by cookie", plain.header("vary").is_none());
    Ok(())
}

async fn the_session_is_poked(stage: &mut Stage, report: &mut Report) -> Result<(), WalkthroughError> {
    report.step("All it took was poking the session hornet by calling request.session.set_expiry(0)");
    let poke = stage.visit(report, "/hello/poke").await?;
    let key = stage.key().unwrap_or_default();
    let expected = format!("sessionid={key}; HttpOnly; Path=/; SameSite=Lax");
    report.check(&format!("Set-Cookie: {expected}"), poke.header("set-cookie") == Some(&expected));
    let row = stage.stored(report).await?;
    report.check("a row has the sessionid as its primary key", row.is_some_and(|row| row.key == key));
    let back = stage.visit(report, "/hello/plain").await?;
    report.check(
        "now that the session is set, it remains",
        back.sent_cookies.is_some() && stage.key() == Some(key),
    );
    stage.forget_cookie();
    Ok(())
}

async fn not_per_view(stage: &mut Stage, report: &mut Report) -> Result<(), WalkthroughError> {
    report.step("Sessions are not set on a per-view basis: /hello/world, then /hello/world2");
    let world = stage.visit(report, "/hello/world").await?;
    report.check("the counter starts at 0", counter(&world) == Some(0));
    let key = stage.key();
    let world2 = stage.visit(report, "/hello/world2").await?;
    report.check(
        "the sessionid is the same, and so is its counter",
        stage.key() == key && counter(&world2) == Some(1),
    );
    Ok(())
}

async fn the_cookie_is_reset(stage: &mut Stage, report: &mut Report) -> Result<(), WalkthroughError> {
    report.step("If the client resets the cookie, Django will think it is a new client");
    let old = stage.key();
    stage.forget_cookie();
    let world = stage.visit(report, "/hello/world").await?;
    let new = stage.key();
    if stage.engine() != Engine::SignedCookies {
        // There, the same data saved in the same second is the same cookie.
        report.check("there is a new sessionid", new.is_some() && new != old);
    }
    report.check("and a new counter", counter(&world) == Some(0));
    let rows = stage.count_of([old, new]).await?;
    report.check("both sessions have a row", rows == 2);
    Ok(())
}

async fn the_expiry_is_reset(
    stage: &mut Stage,
    report: &mut Report,
    age: i64,
) -> Result<(), WalkthroughError> {
    report.step("The expiration resets every time (here: with every visit to the counter)");
    let key = stage.key();
    let mut expected = 1;
    let mut ends = Vec::from_iter(stage.stored(report).await?.and_then(|stored| stored.end));
    for _ in 0..4 {
        stage.wait(report, TimeDelta::milliseconds(age * 1000 / 3)).await;
        let world = stage.visit(report, "/hello/world").await?;
        report.check(&format!("the counter is {expected}"), counter(&world) == Some(expected));
        expected += 1;
        let max_age = format!("Max-Age={age};");
        report.check(
            "the cookie has its full age again",
            world.header("set-cookie").is_some_and(|cookie| cookie.contains(&max_age)),
        );
        ends.extend(stage.stored(report).await?.and_then(|stored| stored.end));
    }
    if ends.is_empty() {
        report.note("this engine shows no end of what it stores");
    } else {
        report.check(
            "the row's expire_date moved with each visit",
            ends.len() == 5 && ends.is_sorted_by(|left, right| left < right),
        );
    }
    if stage.engine() == Engine::SignedCookies {
        report.check("the session is its cookie, so each save makes another sessionid", stage.key() != key);
    } else {
        let same = stage.key() == key;
        report.check("after longer than SESSION_COOKIE_AGE it is still the same sessionid", same);
    }
    Ok(())
}

async fn reading_is_no_activity(
    stage: &mut Stage,
    report: &mut Report,
    age: i64,
) -> Result<(), WalkthroughError> {
    report.step("To be precise: every save resets it. A view that only reads does not");
    let before = stage.stored(report).await?;
    stage.wait(report, TimeDelta::milliseconds(age * 1000 / 4)).await;
    let world2 = stage.visit(report, "/hello/world2").await?;
    report.check("no cookie was set", world2.header("set-cookie").is_none());
    let after = stage.stored(report).await?;
    let as_it_was = before.zip(after).is_some_and(|(before, after)| after.is_as(&before));
    report.check("the row is as it was", as_it_was);
    Ok(())
}

async fn a_restart_is_survived(stage: &mut Stage, report: &mut Report) -> Result<(), WalkthroughError> {
    report.step("Django sessions survive server restarts");
    let key = stage.key();
    let before = counter(&stage.visit(report, "/hello/world").await?);
    stage.restart(report).await?;
    let after = stage.visit(report, "/hello/world").await?;
    if stage.forgets_at_the_end() {
        report.check("a cache in the memory of the process forgets all of them", counter(&after) == Some(0));
        return Ok(());
    }
    if stage.engine() != Engine::SignedCookies {
        report.check("the sessionid is the same", key.is_some() && stage.key() == key);
    }
    report.check("the counter goes on", counter(&after) == before.map(|counter| counter + 1));
    Ok(())
}

async fn silence_ends_it(stage: &mut Stage, report: &mut Report, age: i64) -> Result<(), WalkthroughError> {
    report
        .step("If there is no activity for longer than SESSION_COOKIE_AGE, the session is considered stale");
    let old = stage.key();
    stage.wait(report, TimeDelta::milliseconds(age * 1000 + 250)).await;
    report.check("the browser has forgotten the cookie", stage.key().is_none());
    let world = stage.visit(report, "/hello/world").await?;
    report.check("the counter is back at 0", counter(&world) == Some(0));
    report.check("under a new sessionid", stage.key().is_some() && stage.key() != old);
    Ok(())
}

async fn a_stale_cookie_is_refused(
    stage: &mut Stage,
    report: &mut Report,
    age: i64,
) -> Result<(), WalkthroughError> {
    report.step("All data on the server associated with that sessionid is unusable, even for a client that kept the cookie");
    let stale = stage.key().unwrap_or_default();
    stage.wait(report, TimeDelta::milliseconds(age * 1000 + 250)).await;
    stage.keep_cookie(&stale);
    let world2 = stage.visit(report, "/hello/world2").await?;
    let deletion = "sessionid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax";
    let told = world2.header("set-cookie");
    if matches!(stage.engine(), Engine::File | Engine::SignedCookies) {
        let another =
            told.is_some_and(|cookie| cookie != deletion && stage.key().is_some_and(|key| key != stale));
        report.check("a view that reads it sets another one, for an empty session", another);
    } else {
        report.check("a view that reads it deletes the cookie", told == Some(deletion));
    }
    report.check("and sees no counter", counter(&world2) == Some(0));
    stage.keep_cookie(&stale);
    let world = stage.visit(report, "/hello/world").await?;
    report.check(
        "a view that writes starts a new session",
        counter(&world) == Some(0) && stage.key().is_some_and(|key| key != stale),
    );
    Ok(())
}
