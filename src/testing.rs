//! A browser's memory for tests: an HTTP client whose cookies expire by a clock of your own.
//!
//! With a [`ManualClock`](crate::clock::ManualClock) shared by the server and the client, two weeks
//! pass in one line; with [`Clock::System`] and a short `SESSION_COOKIE_AGE` they pass for real.
//!
//! ```
//! use chrono::TimeDelta;
//! use sessionid::clock::{Clock, ManualClock};
//! use sessionid::testing::{Client, ClientError};
//!
//! async fn the_session_ends_after_two_weeks(origin: &str, hand: ManualClock) -> Result<(), ClientError> {
//!     let mut client = Client::new(origin, Clock::from(hand.clone()));
//!     client.get("/hello/world").await?;
//!     hand.advance(TimeDelta::weeks(2));
//!     assert_eq!(client.get("/hello/world").await?.sent_cookies, None);
//!     Ok(())
//! }
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::cookie::{Cookie, Expiration, ParseError};
use actix_web::http::header::{COOKIE, HeaderMap, SET_COOKIE};
use actix_web::http::{Method, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::Clock;

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why a request got no answer.
///
/// ```
/// use sessionid::clock::Clock;
/// use sessionid::testing::{Client, ClientError};
///
/// # #[actix_web::main]
/// # async fn main() {
/// let mut client = Client::new("http://127.0.0.1:1", Clock::System); // nobody is there
/// assert!(matches!(client.get("/").await, Err(ClientError::Send { .. })));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server did not answer.
    #[error("no answer from {url}: {reason}")]
    Send {
        /// What was asked for.
        url: String,
        /// What `awc` says.
        reason: String,
    },
    /// The body broke off.
    #[error("the answer broke off")]
    Body(#[from] awc::error::PayloadError),
    /// The server sent a cookie that is none.
    #[error("the server sent a cookie that cannot be read")]
    Cookie(#[from] ParseError),
}

/// A cookie as the client keeps it.
///
/// ```
/// # use sessionid::{clock::Clock, testing::Client};
/// use sessionid::testing::KeptCookie;
///
/// # #[actix_web::main]
/// # async fn main() {
/// let mut client = Client::new("http://127.0.0.1:8000", Clock::System);
/// client.set_cookie("theme", "dark");
/// let kept = KeptCookie { value: "dark".to_owned(), expires: None };
/// assert_eq!(client.cookie("theme"), Some(&kept));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCookie {
    /// The value.
    pub value: String,
    /// When it is forgotten; `None` when the browser closes.
    pub expires: Option<DateTime<Utc>>,
}

/// One exchange.
///
/// ```
/// # use sessionid::testing::{Client, ClientError};
/// # async fn test(client: &mut Client) -> Result<(), ClientError> {
/// let exchange = client.get("/hello/world").await?;
/// println!("{}\n\n{} {}", exchange.request.join("\n"), exchange.status, exchange.body);
/// assert_eq!(exchange.sent_cookies, None); // on the first visit
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The request line and the headers of the request.
    pub request: Vec<String>,
    /// What the request said of cookies, if anything.
    pub sent_cookies: Option<String>,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The answer's body.
    pub body: String,
}

impl Exchange {
    /// A header of the answer, if it is there and text.
    ///
    /// ```
    /// # use sessionid::testing::{Client, ClientError};
    /// # async fn test(client: &mut Client) -> Result<(), ClientError> {
    /// let exchange = client.get("/hello/world").await?;
    /// assert_eq!(exchange.header("Vary"), Some("Cookie"));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A client of one site that keeps cookies as a browser does.
///
/// It keeps to `Max-Age` and `expires`, the first winning, and forgets what has passed by its clock.
/// `Path`, `Domain`, `SameSite` and `Secure` it leaves to a real browser.
///
/// ```no_run
/// use chrono::TimeDelta;
/// use sessionid::clock::{Clock, ManualClock};
/// use sessionid::testing::Client;
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hand = ManualClock::default(); // the server goes by a clone of it
/// let mut client = Client::new("http://127.0.0.1:8000", Clock::from(hand.clone()));
/// client.get("/hello/world").await?;
/// assert!(client.cookie("sessionid").is_some());
/// hand.advance(TimeDelta::weeks(2));
/// assert!(client.cookie("sessionid").is_none());
/// # Ok(())
/// # }
/// ```
pub struct Client {
    http: awc::Client,
    origin: String,
    clock: Clock,
    cookies: BTreeMap<String, KeptCookie>,
    headers: BTreeMap<String, String>,
}

impl Client {
    /// A client of the site at `origin`, such as `http://127.0.0.1:8000`.
    ///
    /// ```
    /// # use sessionid::{clock::Clock, testing::Client};
    /// # #[actix_web::main]
    /// # async fn main() {
    /// let client = Client::new("http://127.0.0.1:8000", Clock::System);
    /// assert_eq!(client.cookie("sessionid"), None); // an empty jar
    /// # }
    /// ```
    pub fn new(origin: impl Into<String>, clock: Clock) -> Self {
        let http = awc::Client::builder().timeout(TIMEOUT).disable_redirects().finish();
        Self { http, origin: origin.into(), clock, cookies: BTreeMap::new(), headers: BTreeMap::new() }
    }

    /// Asks for a page.
    ///
    /// ```
    /// # use sessionid::testing::{Client, ClientError};
    /// # async fn test(client: &mut Client) -> Result<(), ClientError> {
    /// let first = client.get("/hello/world").await?;
    /// let second = client.get("/hello/world").await?;
    /// assert!(first.sent_cookies.is_none() && second.sent_cookies.is_some());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ClientError`]; an answer of any status is none.
    pub async fn get(&mut self, path: &str) -> Result<Exchange, ClientError> {
        self.request(Method::GET, path, String::new()).await
    }

    /// Sends a request with a body, if that is not empty.
    ///
    /// ```
    /// # use sessionid::testing::{Client, ClientError};
    /// # async fn test(client: &mut Client) -> Result<(), ClientError> {
    /// use actix_web::http::Method;
    ///
    /// let refused = client.request(Method::POST, "/hello/world", "a=1".to_owned()).await?;
    /// assert_eq!(refused.header("Allow"), Some("GET, HEAD, OPTIONS"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn request(
        &mut self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<Exchange, ClientError> {
        self.send(
            method,
            path,
            |request| if body.is_empty() { request.send() } else { request.send_body(body) },
        )
        .await
    }

    /// Sends a form, as a browser does.
    ///
    /// ```
    /// # use sessionid::testing::{Client, ClientError};
    /// # async fn test(client: &mut Client) -> Result<(), ClientError> {
    /// let answer = client.post("/play/set", &[("key", "colour"), ("value", "blue")]).await?;
    /// assert_eq!(answer.status, 303);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Exchange, ClientError> {
        self.send(Method::POST, path, |request| request.send_form(&fields)).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        with_body: impl FnOnce(awc::ClientRequest) -> awc::SendClientRequest,
    ) -> Result<Exchange, ClientError> {
        let url = format!("{}{path}", self.origin);
        let mut request = self.http.request(method.clone(), &url);
        let host = self.origin.split_once("://").map_or(self.origin.as_str(), |(_, host)| host);
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), format!("Host: {host}")];
        let sent_cookies = self.cookie_header();
        if let Some(cookies) = &sent_cookies {
            lines.push(format!("Cookie: {cookies}"));
            request = request.insert_header((COOKIE, cookies.as_str()));
        }
        for (name, value) in &self.headers {
            lines.push(format!("{name}: {value}"));
            request = request.insert_header((name.as_str(), value.as_str()));
        }
        let mut response =
            with_body(request).await.map_err(|error| ClientError::Send { url, reason: error.to_string() })?;
        let body = response.body().limit(16 << 20).await?;
        self.keep(response.headers())?;
        Ok(Exchange {
            request: lines,
            sent_cookies,
            status: response.status(),
            headers: response.headers().clone(),
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    /// The cookie that would be sent now.
    ///
    /// ```
    /// # use sessionid::{clock::Clock, testing::Client};
    /// # #[actix_web::main]
    /// # async fn main() {
    /// let mut client = Client::new("http://127.0.0.1:8000", Clock::System);
    /// client.set_cookie("sessionid", "2b1189a188b44ad18c35e113ac6ceead");
    /// assert_eq!(client.cookie("sessionid").map(|cookie| cookie.value.len()), Some(32));
    /// # }
    /// ```
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&KeptCookie> {
        self.cookies.get(name).filter(|cookie| self.is_live(cookie))
    }

    /// Puts a cookie into the jar by hand, until the browser closes.
    ///
    /// ```
    /// # use sessionid::{clock::Clock, testing::Client};
    /// # #[actix_web::main]
    /// # async fn main() {
    /// let mut client = Client::new("http://127.0.0.1:8000", Clock::System);
    /// client.set_cookie("sessionid", "forged");
    /// assert!(client.cookie("sessionid").is_some());
    /// # }
    /// ```
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), KeptCookie { value: value.to_owned(), expires: None });
    }

    /// Deletes a cookie by hand.
    ///
    /// ```
    /// # use sessionid::{clock::Clock, testing::Client};
    /// # #[actix_web::main]
    /// # async fn main() {
    /// let mut client = Client::new("http://127.0.0.1:8000", Clock::System);
    /// client.set_cookie("sessionid", "2b1189a188b44ad18c35e113ac6ceead");
    /// client.delete_cookie("sessionid");
    /// assert_eq!(client.cookie("sessionid"), None);
    /// # }
    /// ```
    pub fn delete_cookie(&mut self, name: &str) {
        self.cookies.remove(name);
    }

    /// Sends a header with every request from now on.
    ///
    /// ```
    /// # use sessionid::{clock::Clock, testing::{Client, ClientError}};
    /// # async fn test(client: &mut Client) -> Result<(), ClientError> {
    /// client.set_header("Origin", "https://elsewhere.example");
    /// assert_eq!(client.post("/play/clear", &[]).await?.status, 403);
    /// # Ok(()) }
    /// ```
    pub fn set_header(&mut self, name: &str, value: &str) {
        self.headers.insert(name.to_owned(), value.to_owned());
    }

    /// Goes to another address of the site, such as after a restart; the cookies stay.
    ///
    /// ```
    /// # use sessionid::{clock::Clock, testing::Client};
    /// # #[actix_web::main]
    /// # async fn main() {
    /// let mut client = Client::new("http://127.0.0.1:8000", Clock::System);
    /// client.set_cookie("sessionid", "2b1189a188b44ad18c35e113ac6ceead");
    /// client.set_origin("http://127.0.0.1:8001");
    /// assert!(client.cookie("sessionid").is_some());
    /// # }
    /// ```
    pub fn set_origin(&mut self, origin: impl Into<String>) {
        self.origin = origin.into();
    }

    /// Closes the browser: what has no expiry is forgotten.
    ///
    /// ```
    /// # use sessionid::{clock::Clock, testing::Client};
    /// # #[actix_web::main]
    /// # async fn main() {
    /// let mut client = Client::new("http://127.0.0.1:8000", Clock::System);
    /// client.set_cookie("sessionid", "2b1189a188b44ad18c35e113ac6ceead");
    /// client.close();
    /// assert_eq!(client.cookie("sessionid"), None); // it had no expiry
    /// # }
    /// ```
    pub fn close(&mut self) {
        self.cookies.retain(|_, cookie| cookie.expires.is_some());
    }

    fn is_live(&self, cookie: &KeptCookie) -> bool {
        cookie.expires.is_none_or(|expires| expires > self.clock.now())
    }

    fn cookie_header(&self) -> Option<String> {
        let live = self.cookies.iter().filter(|(_, cookie)| self.is_live(cookie));
        let pairs: Vec<_> = live.map(|(name, cookie)| format!("{name}={}", cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// RFC 6265, section 5.3.
    fn keep(&mut self, headers: &HeaderMap) -> Result<(), ClientError> {
        let now = self.clock.now();
        for header in headers.get_all(SET_COOKIE) {
            let cookie = Cookie::parse(String::from_utf8_lossy(header.as_bytes()).into_owned())?;
            let expires = match (cookie.max_age(), cookie.expires()) {
                (Some(age), _) => Some(now + TimeDelta::seconds(age.whole_seconds())),
                (None, Some(Expiration::DateTime(date))) => {
                    DateTime::from_timestamp(date.unix_timestamp(), 0)
                }
                (None, _) => None,
            };
            let kept = KeptCookie { value: cookie.value().to_owned(), expires };
            if self.is_live(&kept) {
                self.cookies.insert(cookie.name().to_owned(), kept);
            } else {
                self.cookies.remove(cookie.name());
            }
        }
        Ok(())
    }
}
