//! The views of the seed document.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, ResponseError};
use tera::{Context, context};

use super::templates::{TemplateError, Templates};
use crate::sessions::actix::stock::{SessionGetError, SessionInsertError, StockSession};
use crate::sessions::{Session, SessionError};

/// The session's key for the seed's counter.
const COUNTER: &str = "counter";
const HELLO_WORLD: &str = "helloworld.html";

/// Why a view gave no page.
///
/// ```
/// use actix_web::ResponseError as _;
/// use sessionid::sessions::SessionError;
/// use sessionid::site::ViewError;
///
/// let error = ViewError::from(SessionError::Interrupted);
/// assert_eq!(error.status_code(), 400); // the session's error decides
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The session could not be used.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// actix-session could not read a value: 500.
    #[error(transparent)]
    StockGet(#[from] SessionGetError),
    /// actix-session could not write a value: 500.
    #[error(transparent)]
    StockInsert(#[from] SessionInsertError),
    /// The page could not be rendered: 500.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl ResponseError for ViewError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Session(error) => error.status_code(),
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Session(error) => error.error_response(),
            _ => HttpResponse::InternalServerError().finish(),
        }
    }
}

/// `/hello/world`: the seed's counter. Shows what this visit found, and stores one more.
///
/// ```
/// use actix_web::App;
/// use sessionid::site::{HelloWorldView, as_view};
///
/// let app = App::new().service(as_view("/hello/world", HelloWorldView::get));
/// # drop(app);
/// ```
#[derive(Debug)]
pub struct HelloWorldView;

impl HelloWorldView {
    /// GET and HEAD.
    ///
    /// ```
    /// # use actix_web::web::Data;
    /// # use sessionid::site::{HelloWorldView, Templates, ViewError};
    /// # use sessionid::sessions::Session;
    /// # async fn view(session: Session, templates: Data<Templates>) -> Result<(), ViewError> {
    /// session.insert("counter", 7)?;
    /// HelloWorldView::get(session.clone(), templates).await?;
    /// assert_eq!(session.get("counter")?, Some(8));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ViewError`], as every view.
    pub async fn get(session: Session, templates: Data<Templates>) -> Result<HttpResponse, ViewError> {
        let counter = session.fetch_update(COUNTER, 0, |counter: i64| counter.saturating_add(1))?;
        Ok(templates.render(HELLO_WORLD, &context! { counter })?)
    }
}

/// `/hello/world2`: the same page from another path, which only reads the counter.
///
/// ```
/// use actix_web::App;
/// use sessionid::site::{HelloWorld2View, as_view};
///
/// let app = App::new().service(as_view("/hello/world2", HelloWorld2View::get));
/// # drop(app);
/// ```
#[derive(Debug)]
pub struct HelloWorld2View;

impl HelloWorld2View {
    /// GET and HEAD.
    ///
    /// ```
    /// # use actix_web::web::Data;
    /// # use sessionid::site::{HelloWorld2View, Templates, ViewError};
    /// # use sessionid::sessions::Session;
    /// # async fn view(session: Session, templates: Data<Templates>) -> Result<(), ViewError> {
    /// HelloWorld2View::get(session.clone(), templates).await?;
    /// assert!(!session.modified()?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ViewError`], as every view.
    pub async fn get(session: Session, templates: Data<Templates>) -> Result<HttpResponse, ViewError> {
        let counter: i64 = session.get(COUNTER)?.unwrap_or(0);
        Ok(templates.render(HELLO_WORLD, &context! { counter })?)
    }
}

/// `/hello/plain`: a page that never touches the session.
///
/// ```
/// use actix_web::App;
/// use sessionid::site::{HelloPlainView, as_view};
///
/// let app = App::new().service(as_view("/hello/plain", HelloPlainView::get));
/// # drop(app);
/// ```
#[derive(Debug)]
pub struct HelloPlainView;

impl HelloPlainView {
    /// GET and HEAD.
    ///
    /// ```
    /// # use actix_web::web::Data;
    /// # use sessionid::site::{HelloPlainView, Templates};
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let templates = Data::new(Templates::load("templates".as_ref())?);
    /// assert_eq!(HelloPlainView::get(templates).await?.status(), 200);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ViewError`], as every view.
    pub async fn get(templates: Data<Templates>) -> Result<HttpResponse, ViewError> {
        Ok(templates.render("plain.html", &Context::new())?)
    }
}

/// `/hello/poke`: the seed's `request.session.set_expiry(0)`.
///
/// ```
/// use actix_web::App;
/// use sessionid::site::{HelloPokeView, as_view};
///
/// let app = App::new().service(as_view("/hello/poke", HelloPokeView::get));
/// # drop(app);
/// ```
#[derive(Debug)]
pub struct HelloPokeView;

impl HelloPokeView {
    /// GET and HEAD.
    ///
    /// ```
    /// # use actix_web::web::Data;
    /// # use sessionid::site::{HelloPokeView, Templates, ViewError};
    /// # use sessionid::sessions::Session;
    /// # async fn view(session: Session, templates: Data<Templates>) -> Result<(), ViewError> {
    /// HelloPokeView::get(session.clone(), templates).await?;
    /// assert!(session.get_expire_at_browser_close()?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ViewError`], as every view.
    pub async fn get(session: Session, templates: Data<Templates>) -> Result<HttpResponse, ViewError> {
        session.set_expiry(0)?;
        Ok(templates.render("poke.html", &Context::new())?)
    }
}

/// `/actix/hello/world`: the same counter under actix-session's own middleware.
///
/// ```
/// use actix_web::App;
/// use sessionid::site::{ActixHelloWorldView, as_view};
///
/// let app = App::new().service(as_view("/actix/hello/world", ActixHelloWorldView::get));
/// # drop(app);
/// ```
#[derive(Debug)]
pub struct ActixHelloWorldView;

impl ActixHelloWorldView {
    /// GET and HEAD.
    ///
    /// ```
    /// # use actix_web::web::Data;
    /// # use sessionid::site::{ActixHelloWorldView, Templates, ViewError};
    /// # use sessionid::sessions::actix::stock::StockSession as Session;
    /// # async fn view(session: Session, templates: Data<Templates>) -> Result<(), ViewError> {
    /// let page = ActixHelloWorldView::get(session, templates).await?;
    /// assert_eq!(page.status(), 200);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ViewError`], as every view.
    pub async fn get(session: StockSession, templates: Data<Templates>) -> Result<HttpResponse, ViewError> {
        let counter: i64 = session.get(COUNTER)?.unwrap_or(0);
        session.insert(COUNTER, counter.saturating_add(1))?;
        Ok(templates.render(HELLO_WORLD, &context! { counter })?)
    }
}

/// `/`: what this is, and the way to the views.
///
/// ```
/// use actix_web::App;
/// use sessionid::site::{IndexView, as_view};
///
/// let app = App::new().service(as_view("/", IndexView::get));
/// # drop(app);
/// ```
#[derive(Debug)]
pub struct IndexView;

impl IndexView {
    /// GET and HEAD.
    ///
    /// ```
    /// # use actix_web::web::Data;
    /// # use sessionid::site::{IndexView, Templates};
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let templates = Data::new(Templates::load("templates".as_ref())?);
    /// assert_eq!(IndexView::get(templates).await?.status(), 200);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ViewError`], as every view.
    pub async fn get(templates: Data<Templates>) -> Result<HttpResponse, ViewError> {
        Ok(templates.render("index.html", &Context::new())?)
    }
}
