//! The Cookie header that a client sends.

use actix_web::http::header::{COOKIE, HeaderValue, SET_COOKIE};
use actix_web::{App, test, web};
use sessionid::sessions::{Session, SessionCodec, SessionError, SessionMiddleware, SessionPolicy, Storage};

use super::memory::MemoryBackend;
use super::{SECRET_KEY, block_on};

/// Each line is a header of its own.
///
/// # Panics
///
/// If it makes an error, or a key is adopted that the client has chosen, or the client's own key behind it is not read.
pub(super) fn run(data: &[u8]) {
    let headers =
        data.split(|byte| *byte == b'\n').map(HeaderValue::from_bytes).collect::<Result<Vec<_>, _>>();
    if let Ok(headers) = headers {
        block_on(visits(headers));
    }
}

async fn count(session: Session) -> Result<String, SessionError> {
    session.fetch_update("counter", 0, |counter: i64| counter + 1).map(|counter| counter.to_string())
}

async fn visits(mut headers: Vec<HeaderValue>) {
    let memory = MemoryBackend::default();
    let storage = Storage::new(memory.clone(), SessionCodec::new(SECRET_KEY, &[]));
    let sessions = SessionMiddleware::new(storage, SessionPolicy::default());
    let app = App::new().service(web::scope("").wrap(sessions).route("/", web::get().to(count)));
    let app = test::init_service(app).await;
    // The counter that a visit saw, and the key that its response set.
    let visit = async |headers: &[HeaderValue]| {
        let request = headers.iter().fold(test::TestRequest::get().uri("/"), |request, header| {
            request.append_header((COOKIE, header))
        });
        let response = test::call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), 200);
        let cookie = response.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
        let key =
            cookie.strip_prefix("sessionid=").and_then(|rest| rest.split_once(';')).unwrap().0.to_owned();
        (test::read_body(response).await, key)
    };
    let (counter, key) = visit(&headers).await;
    assert_eq!(counter, "0", "nobody has a session yet");
    assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    let sent = headers.iter().any(|header| String::from_utf8_lossy(header.as_bytes()).contains(&key));
    assert!(!sent, "the key is a new one");
    assert_eq!(memory.with(|stored| stored.keys().cloned().collect::<Vec<_>>()), [key.as_str()]);
    // The last cookie of a name counts, whatever stands before it in the same header or in others.
    let own = format!("sessionid={key}");
    if let Some(header) = headers.last_mut() {
        let joined = [header.as_bytes(), b"; ", own.as_bytes()].concat();
        *header = HeaderValue::from_bytes(&joined).unwrap();
    }
    assert_eq!(visit(&headers).await, ("1".into(), key.clone()));
    headers.push(HeaderValue::from_str(&own).unwrap());
    assert_eq!(visit(&headers).await, ("2".into(), key));
}
