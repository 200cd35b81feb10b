//! Which view answers which URL.

use std::future::ready;
use std::path::Path;

use actix_web::http::Method;
use actix_web::http::header::{ALLOW, CONTENT_LENGTH};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder};

use super::static_files::{StaticFolder, static_file};
use super::views::{ActixHelloWorldView, HelloPlainView, HelloPokeView, HelloWorld2View, HelloWorldView};
use crate::sessions::SessionMiddleware;
use crate::sessions::actix::stock::{StockMiddleware, StockStore};

/// A resource that answers as Django's `View`: GET and HEAD go to the handler, OPTIONS names the
/// methods, and anything else is a 405 that names them too.
///
/// ```
/// use actix_web::App;
/// use sessionid::site::as_view;
///
/// async fn hello() -> &'static str { "Hello World" }
///
/// let app = App::new().service(as_view("/hello", hello));
/// ```
pub fn as_view<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let resource = web::resource(path).route(web::get().to(handler.clone())).route(web::head().to(handler));
    with_methods(resource, "GET, HEAD, OPTIONS")
}

/// The same for a form, which POST alone reaches.
pub(crate) fn as_action<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    with_methods(web::resource(path).route(web::post().to(handler)), "POST, OPTIONS")
}

fn with_methods(resource: Resource, allowed: &'static str) -> Resource {
    let options = move || {
        let mut answer = HttpResponse::Ok();
        ready(answer.insert_header((ALLOW, allowed)).insert_header((CONTENT_LENGTH, 0)).finish())
    };
    let method_not_allowed =
        move || ready(HttpResponse::MethodNotAllowed().insert_header((ALLOW, allowed)).finish());
    resource.route(web::method(Method::OPTIONS).to(options)).default_service(web::to(method_not_allowed))
}

/// The site's URLs but for `/`; `/hello` has Django's sessions, `/actix` the stock ones, and everything else knows
/// of none.
///
/// ```
/// use sessionid::sessions::{SessionMiddleware, SessionPolicy, Storage};
/// use sessionid::sessions::actix::stock::{StockStore, stock_middleware};
/// # use sessionid::site::configure;
///
/// fn site(config: &mut actix_web::web::ServiceConfig, storage: Storage, store: StockStore) {
///     let policy = SessionPolicy::default();
///     let stock = stock_middleware(store, "SECRET_KEY", &policy);
///     configure(config, SessionMiddleware::new(storage, policy), stock, "static".as_ref());
/// }
/// ```
pub fn configure(
    config: &mut ServiceConfig,
    sessions: SessionMiddleware,
    stock: StockMiddleware<StockStore>,
    static_files: &Path,
) {
    config
        .app_data(Data::new(StaticFolder::new(static_files)))
        .service(as_view("/static/{path:.*}", static_file))
        .service(
            web::scope("/hello")
                .wrap(sessions)
                .service(as_view("/world", HelloWorldView::get))
                .service(as_view("/world2", HelloWorld2View::get))
                .service(as_view("/plain", HelloPlainView::get))
                .service(as_view("/poke", HelloPokeView::get)),
        )
        .service(web::scope("/actix").wrap(stock).service(as_view("/hello/world", ActixHelloWorldView::get)));
}
