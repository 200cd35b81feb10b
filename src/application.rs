//! The composition root: settings become a running site.
//!
//! ```
//! use sessionid::application::{Application, ApplicationError};
//! use sessionid::clock::Clock;
//! use sessionid::settings::Settings;
//!
//! async fn serve(settings: &Settings) -> Result<(), ApplicationError> {
//!     Application::build(settings, Clock::System, ([127, 0, 0, 1], 8000).into())?.run_until_stopped().await
//! }
//! ```

mod signals;
mod storage;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Condition, Logger, from_fn};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use self::signals::StopSignals;
pub use self::storage::{StorageError, storage};
pub(crate) use self::storage::{
    existing_storage, existing_storage_under, place, storage_to_read, storage_under,
};
use crate::clock::Clock;
use crate::error::chain;
use crate::lab::{self, Ends, Lab, Place, SecretKeys};
use crate::sessions::actix::stock::{StockStore, stock_middleware};
use crate::sessions::{CacheBackend, Engine, SessionMiddleware, SharedPolicy, Storage};
use crate::settings::Settings;
use crate::site::{
    self, AllowedHosts, BodyTimeout, IndexView, ShowCauses, TemplateError, Templates, TrustedProxies, as_view,
};

/// How long requests in flight may take once the server is told to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);
/// How often it is looked whether the workers are gone, and the time between.
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
/// Sessions that are looked at when the site starts.
const NEWEST: u32 = 20;

/// Why the site does not start.
///
/// ```
/// use sessionid::application::ApplicationError;
///
/// let source = std::io::ErrorKind::AddrInUse.into();
/// let error = ApplicationError::Bind { address: "127.0.0.1:8000".parse()?, source };
/// assert_eq!(error.to_string(), "cannot listen on 127.0.0.1:8000: that port is already in use");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplicationError {
    /// The place of the sessions cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The templates cannot be used.
    #[error(transparent)]
    Templates(#[from] TemplateError),
    /// Nobody can listen there.
    #[error("cannot listen on {address}: {}", bind_reason(source))]
    Bind {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The server failed while it ran.
    #[error("the server stopped")]
    Server(#[source] std::io::Error),
}

/// Django's words for the errors that everybody meets.
fn bind_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => "that port is already in use".to_owned(),
        std::io::ErrorKind::PermissionDenied => "you don't have permission to access that port".to_owned(),
        std::io::ErrorKind::AddrNotAvailable => "that IP address can't be assigned to".to_owned(),
        _ => error.to_string(),
    }
}

/// A site that is ready to run; its port is open already.
///
/// ```
/// # use sessionid::application::{Application, ApplicationError};
/// # async fn serve(application: Application) -> Result<(), ApplicationError> {
/// let handle = application.handle();
/// actix_web::rt::spawn(application.run_until_stopped());
/// // … requests to `address` …
/// handle.stop(true).await;
/// # Ok(()) }
/// ```
pub struct Application {
    server: Server,
    address: SocketAddr,
    signals: StopSignals,
    /// What runs beside it, and ends with it.
    beside: JoinSet<()>,
    storage: Storage,
}

impl Application {
    /// Opens the database, reads the templates, and listens on `address`; port 0 is any free port.
    ///
    /// Called within an Actix system.
    ///
    /// ```no_run
    /// use sessionid::application::Application;
    /// use sessionid::clock::Clock;
    /// use sessionid::settings::Settings;
    ///
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let settings = Settings::load("settings.toml".as_ref(), std::env::vars_os())?;
    /// let application = Application::build(&settings, Clock::System, "127.0.0.1:0".parse()?)?;
    /// println!("http://127.0.0.1:{}/", application.port());
    /// application.run_until_stopped().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ApplicationError`], before anything runs.
    pub fn build(settings: &Settings, clock: Clock, address: SocketAddr) -> Result<Self, ApplicationError> {
        let policy = SharedPolicy::new(settings.session.clone());
        Self::assemble(settings, clock, storage_under(settings, &policy)?, policy, address, None)
    }

    /// The same on a storage that is open already, under the same policy, and with more URLs.
    pub(crate) fn assemble(
        settings: &Settings,
        clock: Clock,
        storage: Storage,
        policy: SharedPolicy,
        address: SocketAddr,
        more_urls: Option<MoreUrls>,
    ) -> Result<Self, ApplicationError> {
        let bind_error = |source| ApplicationError::Bind { address, source };
        let listener = TcpListener::bind(address).map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        actix_web::rt::spawn(warn_of_foreign_rows(storage.clone(), clock.now()));
        let mut beside = JoinSet::new();
        // On a test server, what has expired stays until a test says otherwise.
        if let Some(period) = settings.session_clean_up_every.filter(|_| more_urls.is_none()) {
            beside.spawn(storage.clone().clean_up_every(period, clock.clone()));
        }
        let site = Site::build(settings, clock, storage.clone(), policy, more_urls)?;
        let limits = &settings.limits;
        let workers = available_parallelism().map_or(1, usize::from).min(limits.max_connections);
        let server = HttpServer::new(move || site.app())
            .workers(workers)
            .max_connections(limits.max_connections / workers)
            .client_request_timeout(limits.head_timeout)
            .shutdown_timeout(SHUTDOWN_TIMEOUT.as_secs())
            .disable_signals()
            .listen(listener)
            .map_err(bind_error)?
            .run();
        let signals = StopSignals::listen().map_err(ApplicationError::Server)?;
        Ok(Self { server, address, signals, beside, storage })
    }

    /// Where the site listens.
    ///
    /// ```
    /// # use sessionid::application::{Application, ApplicationError};
    /// # async fn serve(application: Application) -> Result<(), ApplicationError> {
    /// println!("http://{}/", application.address());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port of [`address`](Self::address).
    ///
    /// ```
    /// # use sessionid::application::{Application, ApplicationError};
    /// # async fn serve(application: Application) -> Result<(), ApplicationError> {
    /// assert_ne!(application.port(), 0); // though 0 was asked for
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What stops the site from elsewhere.
    ///
    /// ```
    /// # use sessionid::application::{Application, ApplicationError};
    /// # async fn serve(application: Application) -> Result<(), ApplicationError> {
    /// let handle = application.handle();
    /// actix_web::rt::spawn(application.run_until_stopped());
    /// handle.stop(true).await; // requests in flight may finish
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until Ctrl-C, SIGTERM or the [`handle`](Self::handle) stops it, and lets the requests in
    /// flight finish; a second signal does not wait for them.
    ///
    /// ```
    /// # use sessionid::application::{Application, ApplicationError};
    /// # async fn serve(application: Application) -> Result<(), ApplicationError> {
    /// println!("Quit with CONTROL-C.");
    /// application.run_until_stopped().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ApplicationError::Server`].
    pub async fn run_until_stopped(self) -> Result<(), ApplicationError> {
        let (handle, mut signals) = (self.server.handle(), self.signals);
        let stopping = actix_web::rt::spawn(async move {
            signals.next().await;
            let _finished = actix_web::rt::spawn(handle.stop(true));
            signals.next().await;
            handle.stop(false).await;
        });
        let result = self.server.await.map_err(ApplicationError::Server);
        drop(self.beside);
        stopping.abort();
        be_the_last(&self.storage).await;
        result
    }
}

/// Waits for the workers, which may still be letting go of the storage when the server has stopped: whoever is the last to close
/// an SQLite file brings its log into it, and a process that ends with connections open closes none.
async fn be_the_last(storage: &Storage) {
    for _ in 0..LOOKS {
        if storage.is_the_last() {
            return;
        }
        // Nothing tells when a worker's thread has dropped its app.
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// The URLs that make a site a test server.
pub(crate) type MoreUrls = Arc<dyn Fn(&mut ServiceConfig, &SessionMiddleware) + Send + Sync>;

/// What every worker's app is made of.
#[derive(Clone)]
struct Site {
    templates: Data<Templates>,
    hosts: Data<AllowedHosts>,
    show_causes: Data<ShowCauses>,
    body_timeout: Data<BodyTimeout>,
    proxies: Data<TrustedProxies>,
    /// In `DEBUG` only, and not on a test server.
    lab: Option<Data<Lab>>,
    sessions: SessionMiddleware,
    stock_store: StockStore,
    secret_key: String,
    policy: SharedPolicy,
    static_files: PathBuf,
    log_requests: bool,
    clock: Data<Clock>,
    more_urls: Option<MoreUrls>,
}

impl Site {
    fn build(
        settings: &Settings,
        clock: Clock,
        storage: Storage,
        policy: SharedPolicy,
        more_urls: Option<MoreUrls>,
    ) -> Result<Self, ApplicationError> {
        // A test server is its bare views and its clock.
        let is_test_server = more_urls.is_some();
        let lab = (settings.debug && !is_test_server).then(|| {
            let keys =
                SecretKeys { current: &settings.secret_key, fallbacks: &settings.secret_key_fallbacks };
            Data::new(Lab::new(keys, storage.clone(), lab_place(settings), policy.clone(), clock.clone()))
        });
        let templates = Templates::load_over_built_in(&settings.base_dir.join("templates"));
        Ok(Self {
            lab,
            templates: Data::new(templates?),
            hosts: Data::new(AllowedHosts::new(settings.allowed_hosts.clone(), settings.debug)),
            show_causes: Data::new(ShowCauses(settings.debug)),
            body_timeout: Data::new(BodyTimeout(settings.limits.body_timeout)),
            proxies: Data::new(TrustedProxies(settings.trusted_proxies.clone())),
            stock_store: StockStore::new(storage.clone(), clock.clone()),
            clock: Data::new(clock.clone()),
            more_urls,
            sessions: SessionMiddleware::new(storage, policy.clone()).clock(clock),
            secret_key: settings.secret_key.clone(),
            policy,
            static_files: settings.base_dir.join("static"),
            log_requests: settings.debug && log::log_enabled!(target: "django.server", log::Level::Info),
        })
    }

    fn app(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + use<>>,
            Error = actix_web::Error,
            InitError = (),
        > + use<>,
    > {
        // The stock middleware cannot be sent to another thread, so each worker makes its own.
        let stock = stock_middleware(self.stock_store.clone(), &self.secret_key, &self.policy.get());
        let logger = Logger::new(r#"%{CLIENT}xi "%r" %s %b"#)
            .custom_request_replace("CLIENT", |request| site::client_address(request.request()))
            .log_target("django.server")
            // An open page of the lab asks once a second.
            .exclude_regex("^(/room/[^/]+)?/lab/feed$");
        App::new()
            .app_data(self.templates.clone())
            .app_data(self.hosts.clone())
            .app_data(self.show_causes.clone())
            .app_data(self.body_timeout.clone())
            .app_data(self.proxies.clone())
            .wrap(from_fn(AllowedHosts::check))
            .wrap(from_fn(site::error_pages))
            .app_data(self.clock.clone())
            .wrap(Condition::new(matches!(**self.clock, Clock::Manual(_)), from_fn(site::date_by_the_clock)))
            .wrap(from_fn(site::default_headers))
            .wrap(from_fn(site::limit_body))
            .wrap(Condition::new(self.lab.is_some(), from_fn(lab::cookies_of_the_room)))
            .wrap(Condition::new(self.lab.is_some(), from_fn(lab::record)))
            .wrap(Condition::new(self.lab.is_some(), from_fn(lab::enter)))
            .wrap(Condition::new(self.log_requests, logger))
            .configure(|config| self.mount_front_page(config))
            .configure(|config| self.more_urls.iter().for_each(|urls| urls(config, &self.sessions)))
            .configure(|config| site::configure(config, self.sessions.clone(), stock, &self.static_files))
    }
}

impl Site {
    /// `/`: the lab, or without it a plain page.
    fn mount_front_page(&self, config: &mut ServiceConfig) {
        match &self.lab {
            Some(lab) => lab::configure(config, lab.clone(), self.sessions.clone()),
            None => drop(config.service(as_view("/", IndexView::get))),
        }
    }
}

/// Says that another program's key has signed the newest live sessions, if none of them is signed by a known one: a
/// visit saves over such a session, and logs its user out of that program. The start does not wait for it.
async fn warn_of_foreign_rows(storage: Storage, now: DateTime<Utc>) {
    let Some(records) = storage.records() else { return };
    let rows = match records.list(NEWEST, 0).await {
        Ok(rows) => rows,
        Err(error) => return log::debug!("the newest sessions are not known: {}", chain(&error)),
    };
    let live = rows.iter().filter(|row| row.is_live(now) == Some(true));
    let signatures: Vec<_> = live.filter_map(|row| storage.codec().signature(&row.payload)).collect();
    if !signatures.is_empty() && signatures.iter().all(Result::is_err) {
        log::warn!(
            "none of the {} newest live sessions is signed by SECRET_KEY or one of SECRET_KEY_FALLBACKS: visits save over them, and if a live Django shares this table, its users are logged out; check SECRET_KEY",
            signatures.len()
        );
    }
}

/// The place of the sessions, as the lab names it.
fn lab_place(settings: &Settings) -> Place {
    let (kind, before_key, ends) = match settings.session_engine {
        Engine::Db | Engine::CachedDb => ("session_key", String::new(), Ends::ExpireDate),
        Engine::Cache => {
            let cache = settings.session_cache.clone().unwrap_or_default();
            ("key in the cache", cache.key(CacheBackend::KEY_PREFIX), Ends::Ttl)
        }
        Engine::File => {
            let files = settings.session_file_path.join(&settings.session.cookie_name);
            ("file", files.display().to_string(), Ends::CountedFrom("the file’s last change"))
        }
        Engine::SignedCookies => ("cookie", String::new(), Ends::CountedFrom("the time in the signature")),
    };
    Place { text: place(settings), kind, before_key, ends }
}

#[cfg(test)]
mod tests {
    use actix_web::http::{Method, StatusCode};
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    use super::*;

    fn site(folder: &tempfile::TempDir) -> Site {
        let database = format!("sqlite://{}", folder.path().join("db.sqlite3").display());
        let settings = Settings::load("settings.toml".as_ref(), [("DATABASE_URL", database)]).unwrap();
        let storage = storage(&settings).unwrap();
        Site::build(&settings, Clock::System, storage, SharedPolicy::default(), None).unwrap()
    }

    #[actix_web::test]
    async fn the_lab_answers_this_machine_alone_whatever_the_headers_say() {
        let folder = tempfile::tempdir().unwrap();
        let site = site(&folder);
        let room = site.lab.as_ref().unwrap().new_room();
        let app = init_service(site.app()).await;
        let peers =
            [("127.0.0.1:9", false), ("[::1]:9", false), ("192.0.2.7:9", true), ("[2001:db8::7]:9", true)];
        for (peer, foreign) in peers {
            let plain = ["", "/", "/lab", "/%6cab", "/lab/feed", "/lab/rows", "/lab/nothing", "/play/set"];
            let rooms = ["/room", "/room/", "/room/x/lab", "/%72oom/x"].map(str::to_owned);
            let roomed = plain.iter().chain(&["/hello/plain", "/static/lab.css"]);
            let roomed = roomed.map(|path| format!("{room}{path}")).chain(rooms);
            for path in plain[1..].iter().map(|path| (*path).to_owned()).chain(roomed) {
                for method in [Method::GET, Method::POST] {
                    let request = TestRequest::with_uri(&path)
                        .method(method.clone())
                        .peer_addr(peer.parse().unwrap())
                        .insert_header(("Host", "localhost"))
                        .insert_header(("X-Forwarded-For", "127.0.0.1"))
                        .insert_header(("Forwarded", "for=127.0.0.1"))
                        .to_request();
                    let answer = call_service(&app, request).await;
                    let refused = answer.status() == StatusCode::FORBIDDEN;
                    assert_eq!(refused, foreign, "{method} {path} from {peer}: {}", answer.status());
                    let page = read_body(answer).await;
                    let page = String::from_utf8_lossy(&page);
                    assert_eq!(page.contains("only this machine"), foreign, "{method} {path} {page}");
                }
            }
            let page = TestRequest::with_uri("/hello/plain").insert_header(("Host", "localhost"));
            let page = page.peer_addr(peer.parse().unwrap()).to_request();
            assert_eq!(call_service(&app, page).await.status(), StatusCode::OK);
        }
    }
}
