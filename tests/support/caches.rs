//! A cache for each test: the memory of the process, or, in builds with the features, keys of its own on the servers that
//! `tests/with-caches` has started.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use sessionid::cache::{Cache, CacheFuture, CacheOptions, Held, Listing, Renamed, Swapped, Until};

const BACKENDS: &str = "django.core.cache.backends";
/// What Django's `cache` engine puts before a session's key.
const KEY_PREFIX: &str = "django.contrib.sessions.cache";

/// A cache, and what stands before its keys.
pub(crate) struct TestCache {
    cache: Arc<dyn Cache>,
    options: CacheOptions,
    /// The keys that were ever written.
    keys: Arc<Mutex<BTreeSet<String>>>,
}

impl TestCache {
    pub(crate) fn locmem() -> Self {
        Self::new("locmem.LocMemCache", None)
    }

    #[cfg(feature = "redis")]
    pub(crate) fn redis() -> Self {
        Self::new("redis.RedisCache", Some(server("TEST_REDIS_URL")))
    }

    #[cfg(feature = "memcached")]
    pub(crate) fn memcached() -> Self {
        Self::new("memcached.PyMemcacheCache", Some(server("TEST_MEMCACHED")))
    }

    /// One of each kind that this build has, the memory first.
    pub(crate) fn every() -> Vec<Self> {
        vec![
            Self::locmem(),
            #[cfg(feature = "redis")]
            Self::redis(),
            #[cfg(feature = "memcached")]
            Self::memcached(),
        ]
    }

    /// On a server, where this build can have one.
    pub(crate) fn any() -> Self {
        #[cfg(feature = "redis")]
        return Self::redis();
        #[cfg(all(feature = "memcached", not(feature = "redis")))]
        return Self::memcached();
        #[cfg(not(any(feature = "memcached", feature = "redis")))]
        return Self::locmem();
    }

    /// On servers of its own.
    pub(crate) fn at(backend: &str, location: &str) -> Self {
        Self::new(backend, Some(location.to_owned()))
    }

    fn new(backend: &str, location: Option<String>) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let location: Vec<_> = location.into_iter().collect();
        let options = CacheOptions::new(&format!("{BACKENDS}.{backend}"), &location).unwrap();
        let options = options.with_keys(format!("test{}_{number}", std::process::id()), 1).unwrap();
        let keys = Arc::default();
        let cache = Arc::new(Noting { cache: options.open(), keys: Arc::clone(&keys) });
        Self { cache, options, keys }
    }

    pub(crate) fn cache(&self) -> Arc<dyn Cache> {
        Arc::clone(&self.cache)
    }

    /// Another client of the same cache, as another process has it.
    pub(crate) fn another(&self) -> Arc<dyn Cache> {
        if self.location_is_memory() { self.cache() } else { self.options.open() }
    }

    fn location_is_memory(&self) -> bool {
        self.options == CacheOptions::default().with_keys(self.options.key_prefix.clone(), 1).unwrap()
    }

    pub(crate) fn options(&self) -> &CacheOptions {
        &self.options
    }

    /// The whole key of a session.
    pub(crate) fn key(&self, session_key: &str) -> String {
        self.options.key(&format!("{KEY_PREFIX}{session_key}"))
    }

    /// Every session, by its key.
    pub(crate) fn sessions(&self) -> Vec<(String, Vec<u8>)> {
        let prefix = self.key("");
        let keys = self.keys.lock().unwrap().clone();
        let mut found = Vec::new();
        for key in keys {
            let Some(session_key) = key.strip_prefix(&prefix) else { continue };
            if let Some(held) = wait_for(async |cache, key| cache.get(&key).await, self, &key) {
                found.push((session_key.to_owned(), held.value.to_vec()));
            }
        }
        found
    }

    /// Stores a session, whatever is there.
    pub(crate) fn write(&self, session_key: &str, value: &[u8], age: TimeDelta) {
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_779);
        let until = Until { now, end: now + age };
        let value = value.to_vec();
        self.keys.lock().unwrap().insert(self.key(session_key));
        wait_for(async move |cache, key| cache.set(&key, &value, until).await, self, &self.key(session_key));
    }
}

/// Asks a cache from a thread that may wait, whatever runtime is running here.
fn wait_for<T, F>(call: impl FnOnce(Arc<dyn Cache>, String) -> F + Send, cache: &TestCache, key: &str) -> T
where
    F: Future<Output = Result<T, sessionid::cache::CacheError>>,
    T: Send,
{
    let (cache, key) = (cache.another(), key.to_owned());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(call(cache, key)).unwrap()
        });
        waiting.join().unwrap()
    })
}

#[cfg(any(feature = "redis", feature = "memcached"))]
fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("run under tests/with-caches, which sets {variable}"))
}

/// A server of a test's own, on a port of its own, that is stopped with it.
#[cfg(any(feature = "redis", feature = "memcached"))]
pub(crate) struct OwnServer {
    program: &'static str,
    port: u16,
    arguments: Vec<String>,
    folder: tempfile::TempDir,
    running: Option<std::process::Child>,
}

#[cfg(any(feature = "redis", feature = "memcached"))]
impl OwnServer {
    pub(crate) fn redis(arguments: &[&str]) -> Self {
        let own = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"];
        Self::started("redis-server", &own, arguments)
    }

    #[cfg(feature = "redis-tls")]
    pub(crate) fn redis_with_tls(key: &str, certificate: &str) -> Self {
        let tls = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no"];
        let own = ["--bind", "127.0.0.1", "--save", "", "--port", "0"];
        let arguments: Vec<_> = own.iter().chain(&tls).chain(&["--tls-port"]).copied().collect();
        Self::started("redis-server", &arguments, &[])
    }

    pub(crate) fn memcached(arguments: &[&str]) -> Self {
        Self::started("memcached", &["-u", "root", "-l", "127.0.0.1", "-p"], arguments)
    }

    /// A sentinel that watches a primary as `mymaster`, alone, and promotes a replica half a second after it is silent.
    pub(crate) fn sentinel(primary: &Self, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = ["down-after-milliseconds mymaster 500", "failover-timeout mymaster 3000"];
        let mut lines = vec![format!("sentinel monitor mymaster 127.0.0.1 {} 1", primary.port)];
        lines.extend(settings.iter().chain(more).map(|setting| format!("sentinel {setting}")));
        std::fs::write(folder.path().join("sentinel.conf"), lines.join("\n")).unwrap();
        let own = ["sentinel.conf", "--sentinel", "--bind", "127.0.0.1", "--port"];
        Self::started_in(folder, "redis-server", &own, &[])
    }

    fn started(program: &'static str, own: &[&str], arguments: &[&str]) -> Self {
        Self::started_in(tempfile::tempdir().unwrap(), program, own, arguments)
    }

    fn started_in(
        folder: tempfile::TempDir,
        program: &'static str,
        own: &[&str],
        arguments: &[&str],
    ) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut all: Vec<_> = own.iter().map(|text| (*text).to_owned()).collect();
        all.push(port.to_string());
        all.extend(arguments.iter().map(|text| (*text).to_owned()));
        let mut server = Self { program, port, arguments: all, folder, running: None };
        server.start();
        server
    }

    pub(crate) fn start(&mut self) {
        let mut command = std::process::Command::new(self.program);
        command.args(&self.arguments).current_dir(self.folder.path());
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        self.running = Some(command.spawn().unwrap());
        for _ in 0..500 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("{} does not start", self.program);
    }

    /// Kills it; what it holds is gone.
    pub(crate) fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.kill().unwrap();
            running.wait().unwrap();
        }
    }

    /// Stops its process: connections stand, and nothing is answered.
    pub(crate) fn hang(&self, hangs: bool) {
        let signal = if hangs { "-STOP" } else { "-CONT" };
        let process = self.running.as_ref().unwrap().id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Until a server of Redis's says this of itself.
    pub(crate) async fn wait_for(&self, question: &str, said: &str) {
        use std::io::{Read as _, Write as _};
        for _ in 0..1000 {
            let mut stream = std::net::TcpStream::connect(self.address()).unwrap();
            stream.write_all(format!("{question}\r\n").as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            if text.contains(said) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{} never says {said}", self.program);
    }

    /// A command in the protocol that Redis reads as a line of text, and the first line of its answer.
    pub(crate) fn tell(&self, command: &str) -> String {
        use std::io::{BufRead as _, BufReader, Write as _};
        let mut stream = BufReader::new(std::net::TcpStream::connect(self.address()).unwrap());
        stream.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

#[cfg(any(feature = "redis", feature = "memcached"))]
impl Drop for OwnServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A cache that notes its keys: memcached tells nobody.
#[derive(Debug)]
struct Noting {
    cache: Arc<dyn Cache>,
    keys: Arc<Mutex<BTreeSet<String>>>,
}

impl Noting {
    fn note(&self, key: &str) -> &dyn Cache {
        self.keys.lock().unwrap().insert(key.to_owned());
        &*self.cache
    }
}

impl Cache for Noting {
    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Held>> {
        self.cache.get(key)
    }

    fn add<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, bool> {
        self.note(key).add(key, value, until)
    }

    fn set<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, ()> {
        self.note(key).set(key, value, until)
    }

    fn replace<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, bool> {
        self.note(key).replace(key, value, until)
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: &'a [u8],
        value: &'a [u8],
        until: Until,
    ) -> CacheFuture<'a, Swapped> {
        self.note(key).swap(key, expected, value, until)
    }

    fn rename<'a>(
        &'a self,
        from: &'a str,
        expected: &'a [u8],
        to: &'a str,
        value: &'a [u8],
        until: Until,
    ) -> CacheFuture<'a, Renamed> {
        self.note(to).rename(from, expected, to, value, until)
    }

    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool> {
        self.cache.delete(key)
    }

    fn accepts(&self, key: &str) -> bool {
        self.cache.accepts(key)
    }

    fn ping(&self) -> CacheFuture<'_, ()> {
        self.cache.ping()
    }

    fn risks(&self) -> CacheFuture<'_, Vec<String>> {
        self.cache.risks()
    }

    fn listing(&self) -> Option<&dyn Listing> {
        self.cache.listing()
    }
}
