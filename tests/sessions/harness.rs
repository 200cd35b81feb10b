//! One request after another through the session middleware, by a clock that stands still.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, COOKIE, RETRY_AFTER, SET_COOKIE, VARY};
use actix_web::{App, HttpResponse, test, web};
use chrono::TimeDelta;
use chrono::{DateTime, NaiveDateTime, Utc};
use futures_util::future::LocalBoxFuture;
use sessionid::cache::{Cache, CacheOptions};
use sessionid::clock::ManualClock;
use sessionid::db::{Database, DatabaseOptions};
use sessionid::sessions::backends::{Entry, FileBackend, FileCodec, SessionBackend, SignedCookiesBackend};
use sessionid::sessions::{
    CacheBackend, CachedDbBackend, DbBackend, PayloadCodec, PickleCodec, Session, SessionCodec, SessionData,
    SessionError, SessionMiddleware, SessionPolicy, SharedPolicy, Storage,
};

use tempfile::TempDir;

use crate::memory::MemoryBackend;
use crate::support::caches::TestCache;
use crate::support::{Row, TestDatabase};

pub(crate) const SECRET_KEY: &str = "a key for the tests";

/// A store, a policy and a clock.
pub(crate) struct Harness {
    pub(crate) clock: ManualClock,
    pub(crate) policy: SharedPolicy,
    pub(crate) storage: Storage,
    pub(crate) codec: SessionCodec,
    store: Store,
}

/// Where a harness keeps its sessions, as any other program sees it.
enum Store {
    Database(TestDatabase),
    Memory(MemoryBackend),
    Files(TestFolder),
    Cache(TestCache),
    /// Its clients have them.
    Cookies,
}

/// What a client sees of a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) set_cookie: Option<String>,
    pub(crate) vary: Option<String>,
    #[cfg_attr(
        not(any(feature = "redis", feature = "memcached")),
        expect(dead_code, reason = "asked where a server can be down")
    )]
    pub(crate) retry_after: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) body: String,
}

type View = dyn Fn(Session) -> LocalBoxFuture<'static, Result<StatusCode, SessionError>>;

impl Harness {
    pub(crate) fn new() -> Self {
        Self::with_policy(SessionPolicy::default())
    }

    pub(crate) fn with_policy(policy: SessionPolicy) -> Self {
        Self::with_database(TestDatabase::new(), policy)
    }

    pub(crate) fn with_database(store: TestDatabase, policy: SessionPolicy) -> Self {
        let database = Database::open(&store.url().parse().unwrap(), DatabaseOptions::default()).unwrap();
        Self::on(DbBackend::new(database), Store::Database(store), policy)
    }

    /// On a store in memory.
    pub(crate) fn in_memory(policy: SessionPolicy) -> Self {
        Self::with_memory(policy).0
    }

    /// The same, and the store to meddle with.
    pub(crate) fn with_memory(policy: SessionPolicy) -> (Self, MemoryBackend) {
        let memory = MemoryBackend::default();
        (Self::on(memory.clone(), Store::Memory(memory.clone()), policy), memory)
    }

    /// On files.
    pub(crate) fn on_files(policy: SessionPolicy) -> Self {
        let folder = TestFolder::new(&policy);
        let (policy, codec) = (SharedPolicy::new(policy), FileCodec::new(SessionCodec::new(SECRET_KEY, &[])));
        let backend = FileBackend::open(folder.path(), policy.clone(), codec.clone()).unwrap();
        Self { policy, ..Self::with_codec(backend, codec, Store::Files(folder)) }
    }

    /// On a cache.
    pub(crate) fn on_cache(cache: TestCache, policy: SessionPolicy) -> Self {
        let backend = CacheBackend::new(cache.cache(), cache.options());
        Self { policy: policy.into(), ..Self::with_codec(backend, PickleCodec, Store::Cache(cache)) }
    }

    /// In a database, with copies in a cache.
    pub(crate) fn on_cached_db(
        database: TestDatabase,
        cache: Arc<dyn Cache>,
        options: &CacheOptions,
        policy: SessionPolicy,
    ) -> Self {
        let backend = cached_db(&database, cache, options);
        Self::on(backend, Store::Database(database), policy)
    }

    /// Another storage on the same database, as another process would have it.
    pub(crate) fn storage_with_a_cache(&self, cache: Arc<dyn Cache>) -> Storage {
        let backend = cached_db(self.database(), cache, &CacheOptions::default());
        Storage::new(backend, self.codec.clone())
    }

    /// Whether a payload is signed, so that what somebody else has made is an empty session.
    pub(crate) fn signs(&self) -> bool {
        !matches!(self.store, Store::Cache(_))
    }

    /// In cookies.
    pub(crate) fn in_cookies(policy: SessionPolicy) -> Self {
        let codec = SessionCodec::for_cookies(SECRET_KEY, &[]);
        let backend = SignedCookiesBackend::new(codec.clone());
        let harness = Self::with_codec(backend, codec.clone(), Store::Cookies);
        Self { policy: policy.into(), codec, ..harness }
    }

    /// Whether anything is stored that others could look at, or end.
    pub(crate) fn keeps_sessions(&self) -> bool {
        !matches!(self.store, Store::Cookies)
    }

    /// The same on another storage.
    pub(crate) fn with_storage(self, storage: Storage) -> Self {
        Self { storage, ..self }
    }

    /// Another storage on the same files, as another process would have it.
    pub(crate) fn storage_on_the_same_files(&self) -> Storage {
        let codec = FileCodec::new(SessionCodec::new(SECRET_KEY, &[]));
        let backend = FileBackend::open(self.folder().path(), self.policy.clone(), codec.clone());
        Storage::new(backend.unwrap(), codec)
    }

    fn on(backend: impl SessionBackend + 'static, store: Store, policy: SessionPolicy) -> Self {
        let codec = SessionCodec::new(SECRET_KEY, &[]);
        Self { policy: policy.into(), ..Self::with_codec(backend, codec, store) }
    }

    fn with_codec(
        backend: impl SessionBackend + 'static,
        codec: impl PayloadCodec + 'static,
        store: Store,
    ) -> Self {
        Self {
            clock: ManualClock::new("2026-11-22T18:24:10.25Z".parse().unwrap()),
            policy: SharedPolicy::default(),
            storage: Storage::new(backend, codec),
            codec: SessionCodec::new(SECRET_KEY, &[]),
            store,
        }
    }

    pub(crate) fn middleware(&self) -> SessionMiddleware {
        SessionMiddleware::new(self.storage.clone(), self.policy.clone()).clock(self.clock.clone())
    }

    /// A view that does something to its session, and answers 200.
    pub(crate) async fn visit(
        &self,
        cookie: Option<&str>,
        view: impl Fn(&Session) -> Result<(), SessionError> + 'static,
    ) -> Answer {
        self.visit_with_status(cookie, StatusCode::OK, view).await
    }

    /// The same with another status.
    pub(crate) async fn visit_with_status(
        &self,
        cookie: Option<&str>,
        status: StatusCode,
        view: impl Fn(&Session) -> Result<(), SessionError> + 'static,
    ) -> Answer {
        self.visit_async(cookie, move |session| {
            let done = view(&session).map(|()| status);
            Box::pin(async move { done })
        })
        .await
    }

    /// A view that waits for something in between.
    pub(crate) async fn visit_async(
        &self,
        cookie: Option<&str>,
        view: impl Fn(Session) -> LocalBoxFuture<'static, Result<StatusCode, SessionError>> + 'static,
    ) -> Answer {
        let view: web::Data<View> = web::Data::from(Arc::new(view) as Arc<View>);
        let handler = |session: Session, view: web::Data<View>| async move {
            view(session).await.map(|status| HttpResponse::build(status).body("done"))
        };
        self.request(cookie, web::get().to(handler), Some(view)).await
    }

    /// A view that does something to its session, whose row is deleted before the response.
    pub(crate) async fn visit_deleted_meanwhile(
        &self,
        key: &str,
        view: impl Fn(&Session) -> Result<(), SessionError> + Clone + 'static,
    ) -> Answer {
        let (storage, gone) = (self.storage.clone(), key.to_owned());
        self.visit_async(Some(&crate::cookie(key)), move |session| {
            let (storage, gone, view) = (storage.clone(), gone.clone(), view.clone());
            Box::pin(async move {
                view(&session)?;
                storage.delete(&gone.as_str().try_into().unwrap()).await?;
                Ok(StatusCode::OK)
            })
        })
        .await
    }

    /// A view that does not ask for the session.
    pub(crate) async fn visit_untouched(&self, cookie: Option<&str>) -> Answer {
        self.request(cookie, web::get().to(async || HttpResponse::Ok().body("done")), None).await
    }

    async fn request(
        &self,
        cookie: Option<&str>,
        route: actix_web::Route,
        view: Option<web::Data<View>>,
    ) -> Answer {
        let mut app = App::new();
        if let Some(view) = view {
            app = app.app_data(view);
        }
        let app = app.service(web::scope("").wrap(self.middleware()).route("/", route));
        let app = test::init_service(app).await;
        let mut request = test::TestRequest::get().uri("/");
        if let Some(cookie) = cookie {
            request = request.insert_header((COOKIE, cookie));
        }
        let response = test::call_service(&app, request.to_request()).await;
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        Answer {
            status: response.status(),
            set_cookie: header(SET_COOKIE),
            vary: header(VARY),
            retry_after: header(RETRY_AFTER),
            cache_control: header(CACHE_CONTROL),
            body: String::from_utf8(to_bytes(response.into_body()).await.ok().unwrap().to_vec()).unwrap(),
        }
    }

    /// A session with `{"counter": 1}`; its key.
    pub(crate) async fn saved(&self) -> String {
        let answer = self.visit(None, |session| session.insert("counter", 1)).await;
        answer.key().to_owned()
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        match &self.store {
            Store::Database(database) => database.rows(),
            Store::Memory(memory) => memory.with(|sessions| sessions.iter().map(row).collect()),
            Store::Files(folder) => folder.rows(),
            Store::Cache(cache) => {
                let row = |(session_key, value): (String, Vec<u8>)| Row {
                    session_key,
                    session_data: self.signed(&value),
                    // Not every cache tells.
                    expire_date: String::new(),
                };
                cache.sessions().into_iter().map(row).collect()
            }
            Store::Cookies => Vec::new(),
        }
    }

    pub(crate) fn row(&self, key: &str) -> Option<Row> {
        self.rows().into_iter().find(|row| row.session_key == key)
    }

    /// The decoded JSON under a key, or in it.
    pub(crate) fn data(&self, key: &str) -> String {
        let stored = self.row(key).map_or_else(|| key.to_owned(), |row| row.session_data);
        self.codec.decode(&stored).unwrap().to_json()
    }

    pub(crate) fn write(&self, key: &str, session_data: &str, expire_date: &str) {
        match &self.store {
            Store::Database(database) => database.write(key, session_data, expire_date),
            Store::Memory(memory) => {
                let payload = session_data.as_bytes().into();
                let entry = Entry { payload, saved_at: self.now(), expire_date: date(expire_date) };
                memory.with(|sessions| drop(sessions.insert(key.to_owned(), entry)));
            }
            Store::Files(folder) => folder.write(key, session_data, expire_date),
            Store::Cookies => panic!("nothing is kept"),
            Store::Cache(cache) => {
                let pickle = match self.codec.decode(session_data) {
                    Ok(data) => PickleCodec.encode(&data, self.now()).as_bytes().to_vec(),
                    Err(_) => session_data.as_bytes().to_vec(),
                };
                cache.write(key, &pickle, date(expire_date) - self.now());
            }
        }
    }

    /// A pickle as the signed text that another engine would have; what is none, as it is.
    fn signed(&self, pickle: &[u8]) -> String {
        match PickleCodec.decode(&pickle.into()) {
            Ok(data) => self.codec.encode(&data, self.now()),
            Err(_) => String::from_utf8_lossy(pickle).into_owned(),
        }
    }

    pub(crate) fn payload(&self, json: &str) -> String {
        self.codec.encode(&SessionData::from_json(json.as_bytes()).unwrap(), self.now())
    }

    /// The database, to do to it what other programs may.
    pub(crate) fn database(&self) -> &TestDatabase {
        match &self.store {
            Store::Database(database) => database,
            _ => panic!("this is no database"),
        }
    }

    /// The folder likewise.
    pub(crate) fn folder(&self) -> &TestFolder {
        match &self.store {
            Store::Files(folder) => folder,
            _ => panic!("this is no folder"),
        }
    }

    /// `DATABASE_URL` for another process.
    pub(crate) fn database_url(&self) -> String {
        match &self.store {
            Store::Database(database) => database.url(),
            _ => panic!("this has no address"),
        }
    }
}

fn cached_db(database: &TestDatabase, cache: Arc<dyn Cache>, options: &CacheOptions) -> CachedDbBackend {
    let rows = Database::open(&database.url().parse().unwrap(), DatabaseOptions::default()).unwrap();
    CachedDbBackend::new(DbBackend::new(rows), SessionCodec::new(SECRET_KEY, &[]), cache, options)
}

/// A date as SQLite has it.
fn date(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").unwrap().and_utc()
}

fn row((key, entry): (&String, &Entry)) -> Row {
    Row {
        session_key: key.clone(),
        session_data: entry.payload.as_str().unwrap().to_owned(),
        expire_date: text(entry.expire_date),
    }
}

fn text(date: DateTime<Utc>) -> String {
    date.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// A folder of sessions as any other program sees it. The age of each is the policy's.
pub(crate) struct TestFolder {
    folder: TempDir,
    name: String,
    age: TimeDelta,
}

impl TestFolder {
    fn new(policy: &SessionPolicy) -> Self {
        let age = TimeDelta::seconds(policy.cookie_age);
        Self { folder: tempfile::tempdir().unwrap(), name: policy.cookie_name.clone(), age }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, key: &str) -> PathBuf {
        self.path().join(format!("{}{key}", self.name))
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for entry in self.path().read_dir().unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let Some(key) = name.strip_prefix(&self.name) else { continue };
            let modified = DateTime::<Utc>::from(self.file(key).metadata().unwrap().modified().unwrap());
            let session_data = std::fs::read_to_string(self.file(key)).unwrap();
            rows.push(Row {
                session_key: key.to_owned(),
                session_data,
                expire_date: text(modified + self.age),
            });
        }
        rows.sort_by(|one, other| one.expire_date.cmp(&other.expire_date));
        rows
    }

    fn write(&self, key: &str, session_data: &str, expire_date: &str) {
        std::fs::write(self.file(key), session_data).unwrap();
        let file = std::fs::File::options().write(true).open(self.file(key)).unwrap();
        file.set_modified((date(expire_date) - self.age).into()).unwrap();
    }
}

impl Answer {
    /// The key that the response sets.
    pub(crate) fn key(&self) -> &str {
        let cookie = self.set_cookie.as_deref().expect("a cookie is set");
        let key = cookie.strip_prefix("sessionid=").unwrap().split(';').next().unwrap();
        assert!(key.len() == 32 || key.contains(':'), "a key, not a deletion: {cookie}");
        key
    }

    pub(crate) fn deletes_the_cookie(&self) -> bool {
        self.set_cookie.as_deref()
            == Some(r#"sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax"#)
    }
}
