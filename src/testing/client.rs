//! The client, and what it says of an exchange.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::header::{COOKIE, HeaderMap, LOCATION};
use actix_web::http::{Method, StatusCode};
use awc::{ClientRequest, SendClientRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cookies::KeptCookie;
use super::jar::CookieJar;
use super::redirect::{self, method_after, path_of};
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

    /// The body, which is JSON.
    ///
    /// # Errors
    ///
    /// `serde_json`'s, for a body that is none, or not of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.body)
    }
}

/// A client of one site that keeps cookies as a browser does.
///
/// It goes by RFC 6265bis, and by its clock: `Max-Age` before `Expires` and 400 days at most, `Path`, `Domain`, `Secure`
/// (HTTPS, or this machine), the prefixes `__Secure-` and `__Host-`, the order of what is sent. A `Set-Cookie` that a
/// browser ignores is ignored. Each request counts as one that the user begins on the site itself, so `SameSite` keeps
/// nothing back; `SameSite=None` without `Secure` is ignored. Public suffixes other than a name without a dot are left to
/// a real browser.
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
    jar: CookieJar,
    headers: BTreeMap<String, String>,
    follows: bool,
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
        let jar = CookieJar::on(origin.into(), clock);
        Self { http, jar, headers: BTreeMap::new(), follows: false }
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
        let body = |request: ClientRequest| {
            if body.is_empty() { request.send() } else { request.send_body(body.clone()) }
        };
        self.send(method, path, body).await
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

    /// Sends a value as JSON, as a script does.
    ///
    /// ```
    /// # use sessionid::testing::Client;
    /// # async fn test(client: &mut Client) -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(serde::Serialize)]
    /// struct Item {
    ///     name: &'static str,
    /// }
    ///
    /// let answer = client.post_json("/cart", &Item { name: "tea" }).await?;
    /// let cart: Vec<String> = answer.json()?;
    /// assert_eq!(cart, ["tea"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn post_json<T: Serialize + ?Sized>(
        &mut self,
        path: &str,
        value: &T,
    ) -> Result<Exchange, ClientError> {
        self.send(Method::POST, path, |request| request.send_json(&value)).await
    }

    /// Whether redirects within the site are followed from now on, as a browser does, 20 at most. The [`Exchange`] is that of
    /// the last page; the cookies of those on the way are kept. At first they are not followed.
    pub fn follow_redirects(&mut self, follow: bool) {
        self.follows = follow;
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        with_body: impl Fn(ClientRequest) -> SendClientRequest,
    ) -> Result<Exchange, ClientError> {
        let mut exchange = self.send_once(&method, path, &with_body).await?;
        let (mut method, mut path, mut bare) = (method, path.to_owned(), false);
        for _ in 0..redirect::MOST {
            let next = method_after(exchange.status, &method).filter(|_| self.follows);
            let location = exchange.headers.get(LOCATION).and_then(|value| value.to_str().ok());
            let to = location.and_then(|location| path_of(location, self.jar.origin(), &path));
            let Some((next, to)) = next.zip(to) else { break };
            // What has become a GET has no body, on the next hop as well.
            bare |= next != method;
            exchange = if bare {
                self.send_once(&next, &to, ClientRequest::send).await?
            } else {
                self.send_once(&next, &to, &with_body).await?
            };
            (method, path) = (next, to);
        }
        Ok(exchange)
    }

    async fn send_once(
        &mut self,
        method: &Method,
        path: &str,
        with_body: impl FnOnce(ClientRequest) -> SendClientRequest,
    ) -> Result<Exchange, ClientError> {
        let origin = self.jar.origin();
        let url = format!("{origin}{path}");
        let mut request = self.http.request(method.clone(), &url);
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), format!("Host: {host}")];
        let cookies = self.jar.header(path);
        let sent_cookies =
            cookies.as_ref().map(|cookies| String::from_utf8_lossy(cookies.as_bytes()).into_owned());
        if let (Some(bytes), Some(text)) = (cookies, &sent_cookies) {
            lines.push(format!("Cookie: {text}"));
            request = request.insert_header((COOKIE, bytes));
        }
        for (name, value) in &self.headers {
            lines.push(format!("{name}: {value}"));
            request = request.insert_header((name.as_str(), value.as_str()));
        }
        let mut response =
            with_body(request).await.map_err(|error| ClientError::Send { url, reason: error.to_string() })?;
        let body = response.body().limit(16 << 20).await?;
        self.jar.keep(path, response.headers());
        Ok(Exchange {
            request: lines,
            sent_cookies,
            status: response.status(),
            headers: response.headers().clone(),
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    /// The cookie of a name that is sent now; of several, the one of the longest path.
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
        self.jar.cookie(name)
    }

    /// Puts a cookie into the jar by hand, or changes those of its name that are there, until the browser closes.
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
        self.jar.set_cookie(name, value);
    }

    /// Deletes the cookies of a name by hand.
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
        self.jar.delete_cookie(name);
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
        self.jar.set_origin(origin.into());
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
        self.jar.close();
    }
}
