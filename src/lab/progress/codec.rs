//! Progress, signed and read.

use chrono::{DateTime, Utc};

use super::data::Progress;
use super::stored::{self, Stored};
use crate::signing::{self, TimestampSigner};

const SALT: &str = "sessionid.lab.progress";

/// What a cookie says of progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Read {
    /// No cookie: a new learner.
    New,
    Known(Progress),
    /// Forged, damaged, or of another SECRET_KEY.
    Refused,
}

/// Signs and reads progress.
#[derive(Clone, Debug)]
pub(in crate::lab) struct ProgressCodec(TimestampSigner);

impl ProgressCodec {
    pub(in crate::lab) fn new(secret_key: &str, fallbacks: &[String]) -> Self {
        let fallbacks: Vec<_> = fallbacks.iter().map(String::as_str).collect();
        Self(TimestampSigner::new(secret_key, &fallbacks, SALT))
    }

    pub(in crate::lab) fn write(
        &self,
        progress: &Progress,
        now: DateTime<Utc>,
    ) -> Result<String, serde_json::Error> {
        Ok(signing::dumps(&self.0, &serde_json::to_vec(&Stored::from(progress))?, now))
    }

    pub(in crate::lab) fn read(&self, cookie: Option<&str>) -> Read {
        let Some(cookie) = cookie else { return Read::New };
        let json = signing::loads(&self.0, cookie).ok();
        json.and_then(|json| stored::read(&json)).map_or(Read::Refused, Read::Known)
    }
}

#[cfg(test)]
mod tests {
    use super::super::data::{Attempt, Closed, MOST_EVIDENCE, Moment, NotedSession, OwnRows, SeenRows};
    use super::*;
    use crate::crypto::get_random_string;
    use crate::lab::rooms::BrowserId;

    const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

    fn progress() -> Progress {
        let since = Moment { boot_id: "abc123".to_owned(), n: 7 };
        let attempt = Attempt {
            ticks: 0b101,
            evidence: vec![8, 9],
            evidence_of: "abc123".to_owned(),
            locked_at: Some(1_764_070_000),
            ..Attempt::new("b", since)
        };
        let answers = [(1, "b".to_owned())].into();
        Progress { attempts: [(9, attempt)].into(), answers, ..Progress::default() }
    }

    #[test]
    fn progress_comes_back_as_it_was() {
        let codec = ProgressCodec::new("secret", &[]);
        let written = codec.write(&progress(), DateTime::UNIX_EPOCH).expect("JSON");
        assert_eq!(codec.read(Some(&written)), Read::Known(progress()));
        assert_eq!(codec.read(None), Read::New);
    }

    #[test]
    fn what_another_key_signed_is_refused() {
        let written =
            ProgressCodec::new("other", &[]).write(&progress(), DateTime::UNIX_EPOCH).expect("JSON");
        for forged in [written.as_str(), "", "e30", "e30:1:x"] {
            assert_eq!(ProgressCodec::new("secret", &[]).read(Some(forged)), Read::Refused, "{forged}");
        }
        let rotated = ProgressCodec::new("secret", &["other".to_owned()]);
        assert_eq!(rotated.read(Some(&written)), Read::Known(progress()));
    }

    fn signed(json: &str) -> String {
        let signer = TimestampSigner::new("secret", &[], SALT);
        signing::dumps(&signer, json.as_bytes(), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn an_older_form_is_read_and_a_newer_one_refused() {
        let codec = ProgressCodec::new("secret", &[]);
        let old = r#"{"attempts":{"9":{"choice":"b","since":{"boot_id":"abc123","n":7},"ticks":5,"evidence":[8,9],
            "evidence_of":"abc123"}},"closed":{"noticed":{"boot_id":"abc123","n":3},"without_sessionid":true}}"#;
        let Read::Known(read) = codec.read(Some(&signed(old))) else { panic!("it is read") };
        let attempt = read.attempts.get(&9).expect("an attempt");
        assert_eq!((attempt.evidence.as_slice(), attempt.ticks, attempt.locked_at), (&[8, 9][..], 5, None));
        assert!(read.closed.is_some_and(|closed| closed.without_sessionid));
        for unreadable in [
            r#"{"v":3}"#,
            r#"{"v":"2"}"#,
            r#"{"v":2,"runs":[],"attempts":[[9,"b",7,7,5,[],0,null,null,null,null]]}"#,
            r#"{"v":2,"attempts":{}}"#,
            "[]",
            "null",
            "{",
        ] {
            assert_eq!(codec.read(Some(&signed(unreadable))), Read::Refused, "{unreadable}");
        }
    }

    /// A number that is hard to compress.
    fn noise(seed: u64) -> u64 {
        seed.wrapping_add(1)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(31)
            .wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }

    fn run(seed: u64) -> String {
        let digits = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..6).map(|at| char::from(digits[(noise(seed * 6 + at) >> 20) as usize % digits.len()])).collect()
    }

    /// Everything done, each exercise in two runs of the server of its own, weeks apart, with as much evidence as is kept.
    fn largest() -> Progress {
        let attempt = |number: u8| {
            let seed = u64::from(number);
            let first = 1_000_000 + noise(seed) % 8_000_000;
            Attempt {
                ticks: 0xff,
                evidence: (1..=MOST_EVIDENCE as u64)
                    .map(|at| first + at * 100 + noise(seed + at) % 100)
                    .collect(),
                evidence_of: run(100 + seed),
                noted: (number == 15).then(|| NotedSession {
                    boot_id: run(200),
                    key: "k".repeat(40),
                    counter: i64::MAX,
                }),
                seen: (number == 17).then(|| SeenRows { expired: "e".repeat(32), live: "l".repeat(32) }),
                locked_at: Some(1_764_000_000 + (noise(seed + 300) % 9_000_000).cast_signed()),
                done_at: Some(1_774_000_000 + (noise(seed + 400) % 9_000_000).cast_signed()),
                ..Attempt::new("b", Moment { boot_id: run(seed), n: first })
            }
        };
        Progress {
            attempts: (1..=25).map(|number| (number, attempt(number))).collect(),
            closed: Some(Closed {
                noticed: Moment { boot_id: run(201), n: 9_999_999 },
                without_sessionid: true,
            }),
            browser: Some(BrowserId::make()),
            rows: Some(OwnRows {
                room: format!("/room/{}", "r".repeat(22)),
                keys: (0..OwnRows::CAPACITY).map(|_| get_random_string(32, ALPHABET)).collect(),
            }),
            answers: (1..=3).map(|number| (number, "d".to_owned())).collect(),
        }
    }

    #[test]
    fn all_exercises_fit_into_a_cookie() {
        let codec = ProgressCodec::new("secret", &[]);
        let largest = largest();
        let written = codec.write(&largest, DateTime::UNIX_EPOCH).expect("JSON");
        assert_eq!(codec.read(Some(&written)), Read::Known(largest));
        assert!(written.len() < 2000, "{} bytes", written.len());
    }
}
