//! The counter on actix-session and Redis. `peer-actix-redis PORT REDIS_PORT`

use std::error::Error;

use actix_session::config::{CookieContentSecurity, PersistentSession};
use actix_session::storage::RedisSessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::{Key, time::Duration};
use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::ContentType;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use peers::{COUNTER, Page, argument};

async fn hello(session: Session, page: Data<Page>) -> actix_web::Result<HttpResponse> {
    let counter: i64 = session.get(COUNTER)?.unwrap_or(0);
    session.insert(COUNTER, counter + 1)?;
    let page = page.render(counter).map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().insert_header(ContentType::html()).body(page))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let page = Data::new(Page::load()?);
    let store = RedisSessionStore::new(format!("redis://127.0.0.1:{}", argument(2)?)).await?;
    let key = Key::from(&[7; 64]);
    let app = move || {
        // Signed is cheaper than the default, which encrypts.
        let sessions = SessionMiddleware::builder(store.clone(), key.clone())
            .cookie_secure(false)
            .cookie_content_security(CookieContentSecurity::Signed)
            .session_lifecycle(PersistentSession::default().session_ttl(Duration::weeks(2)))
            .build();
        App::new().app_data(page.clone()).wrap(sessions).route("/hello/world", web::get().to(hello))
    };
    Ok(HttpServer::new(app).bind(("127.0.0.1", argument(1)?.parse()?))?.run().await?)
}
