//! A shop: a cart, a login, messages to show once, orders that are streamed.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorUnauthorized;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Bytes, Form, Json, Redirect};
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse};
use futures_util::stream;
use serde::Deserialize;
use sessionid::sessions::{Session, SessionError, SessionExt as _, SessionMiddleware};

type Cart = BTreeMap<String, u32>;

const CART: &str = "cart";
const MESSAGES: &str = "messages";
const PAGES: &str = "pages";
const USER: &str = "user";

/// Whoever has logged in; nobody else comes as far as a handler that asks for it.
struct User(String);

impl FromRequest for User {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let session = Session::from_request(request, payload);
        Box::pin(async move {
            let name = session.await?.get(USER)?;
            name.map(User).ok_or_else(|| ErrorUnauthorized("Please log in."))
        })
    }
}

#[derive(Deserialize)]
struct Item {
    name: String,
    count: u32,
}

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

/// The messages, once, and a greeting.
async fn index(session: Session) -> Result<String, SessionError> {
    let mut lines: Vec<String> = session.take(MESSAGES).await?.unwrap_or_default();
    let name: Option<String> = session.get(USER)?;
    lines.push(format!("Hello, {}.", name.as_deref().unwrap_or("stranger")));
    lines.push(format!("Page {}", session.get(PAGES)?.unwrap_or(0)));
    Ok(lines.join("\n"))
}

async fn show_cart(session: Session) -> Result<Json<Cart>, SessionError> {
    Ok(Json(session.get(CART)?.unwrap_or_default()))
}

/// Ten of a kind at most, however many windows are open.
async fn add(session: Session, Form(item): Form<Item>) -> Result<Redirect, SessionError> {
    let message = format!("{} × {}", item.count, item.name);
    session.try_fetch_update(CART, Cart::new(), move |mut cart| {
        let count = cart.entry(item.name).or_default();
        *count = count.saturating_add(item.count);
        if *count > 10 { Err("ten of a kind at most") } else { Ok(cart) }
    })?;
    session.push(MESSAGES, message)?;
    Ok(Redirect::to("/").see_other())
}

async fn login(session: Session, Form(login): Form<Login>) -> Result<Redirect, Error> {
    if login.password != "open sesame" {
        return Err(ErrorUnauthorized("That is not the password."));
    }
    session.cycle_key()?;
    session.insert(USER, &login.name)?;
    session.push(MESSAGES, format!("Welcome, {}.", login.name))?;
    Ok(Redirect::to("/").see_other())
}

async fn logout(session: Session) -> Result<Redirect, SessionError> {
    session.flush()?;
    Ok(Redirect::to("/").see_other())
}

/// Read before the first byte is sent: then the request is over, and its session with it.
async fn orders(User(name): User, session: Session) -> Result<HttpResponse, SessionError> {
    let cart: Cart = session.get(CART)?.unwrap_or_default();
    let lines = cart
        .into_iter()
        .map(move |(item, count)| Ok::<_, Error>(Bytes::from(format!("{name};{item};{count}\n"))));
    Ok(HttpResponse::Ok().content_type("text/csv").streaming(stream::iter(lines)))
}

async fn count_pages<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let session = request.get_session();
    session.load().await?;
    session.fetch_update(PAGES, 0, |pages| pages + 1)?;
    next.call(request).await
}

/// The routes under `sessions`. The account wraps them once more, as a part that another team has written would.
pub fn configure(config: &mut web::ServiceConfig, sessions: SessionMiddleware) {
    config.service(
        web::scope("")
            .wrap(from_fn(count_pages))
            .wrap(sessions.clone())
            .route("/", web::get().to(index))
            .route("/cart", web::get().to(show_cart))
            .route("/cart", web::post().to(add))
            .service(
                web::scope("/account")
                    .wrap(sessions)
                    .route("/login", web::post().to(login))
                    .route("/logout", web::post().to(logout))
                    .route("/orders.csv", web::get().to(orders)),
            ),
    );
}
