//! The site, its clock, and the URLs by which a test reaches both.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use tokio::sync::Notify;

use super::control::Control;
use super::read_only::ReadOnly;
use super::refusals::{self, only};
use super::{clock, fixtures, script};
use crate::application::{self, Application, ApplicationError};
use crate::clock::ManualClock;
use crate::sessions::{SessionMiddleware, SharedPolicy};
use crate::settings::Settings;
use crate::site::cross_origin;

/// Where the clock is, below the site's address.
pub const CLOCK: &str = "/_testserver/clock";
/// Bytes of a script or a fixture.
const LARGEST_BODY: usize = 9 << 20;

/// How a [`TestServer`] uses the store that the settings name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TestServerOptions {
    /// The server's own: created where that is needed.
    #[default]
    Own,
    /// Somebody else's, which is only read.
    Look,
    /// Somebody else's, which may be changed.
    Change,
}

/// A site whose clock is set over HTTP.
pub struct TestServer {
    application: Application,
    stop: Arc<Notify>,
}

impl TestServer {
    /// Opens the storage and listens on `address`. The clock begins at the system's time, and runs.
    ///
    /// # Errors
    ///
    /// [`ApplicationError`], before anything runs.
    pub fn build(
        settings: &Settings,
        options: TestServerOptions,
        address: SocketAddr,
    ) -> Result<Self, ApplicationError> {
        let policy = SharedPolicy::new(settings.session.clone());
        let storage = match options {
            TestServerOptions::Own => application::storage_under(settings, &policy)?,
            TestServerOptions::Look => application::storage_to_read(settings, &policy)?.wrapped(ReadOnly),
            TestServerOptions::Change => application::existing_storage_under(settings, &policy)?,
        };
        let (clock, stop) = (ManualClock::default(), Arc::new(Notify::new()));
        clock.start();
        let control = Data::new(Control {
            clock: clock.clone(),
            storage: storage.clone(),
            stop: Arc::clone(&stop),
            age: settings.session.cookie_age,
            read_only: options == TestServerOptions::Look,
        });
        let urls = move |config: &mut ServiceConfig, sessions: &SessionMiddleware| {
            configure(config, control.clone(), sessions);
        };
        let application =
            Application::assemble(settings, clock.into(), storage, policy, address, Some(Arc::new(urls)))?;
        Ok(Self { application, stop })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.application.address()
    }

    /// Serves until a signal, `DELETE` of the clock, or the end of `parent`.
    ///
    /// # Errors
    ///
    /// [`ApplicationError::Server`].
    pub async fn run_until(self, parent: impl Future<Output = ()>) -> Result<(), ApplicationError> {
        let (handle, stop) = (self.application.handle(), self.stop);
        let mut running = std::pin::pin!(self.application.run_until_stopped());
        tokio::select! {
            ended = &mut running => return ended,
            () = stop.notified() => {}
            () = parent => {}
        }
        actix_web::rt::spawn(handle.stop(true));
        running.await
    }
}

fn configure(config: &mut ServiceConfig, control: Data<Control>, sessions: &SessionMiddleware) {
    let clock = web::resource("")
        .route(web::get().to(clock::show))
        .route(web::head().to(clock::show))
        .route(web::post().to(clock::turn))
        .route(web::delete().to(clock::end));
    let all = web::resource("/sessions")
        .route(web::get().to(fixtures::list))
        .route(web::delete().to(fixtures::delete_all));
    let clear = web::resource("/clearsessions").route(web::post().to(fixtures::clear_expired));
    let one = web::resource("/sessions/{key}")
        .route(web::get().to(fixtures::show))
        .route(web::put().to(fixtures::put))
        .route(web::delete().to(fixtures::delete));
    config
        .app_data(control)
        .app_data(web::PayloadConfig::new(LARGEST_BODY))
        .service(
            web::scope(CLOCK)
                .wrap(from_fn(cross_origin::check))
                .wrap(from_fn(refusals::in_json))
                .service(only(clock, "GET, HEAD, POST, DELETE"))
                .service(only(all, "GET, DELETE"))
                .service(only(clear, "POST"))
                .service(only(one, "GET, PUT, DELETE"))
                .default_service(web::to(HttpResponse::NotFound)),
        )
        .service(
            web::resource("/script")
                .wrap(sessions.clone())
                .wrap(from_fn(cross_origin::check))
                .route(web::post().to(script::script)),
        );
}
