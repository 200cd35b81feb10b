//! Which page and which form is where.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, FormConfig, ServiceConfig};
use actix_web::{Error, HttpResponse};

use super::entrance::no_such_room;
use super::state::Lab;
use super::{actions, feed, foreign, lead, loopback, play, report, thief, views};
use crate::sessions::SessionMiddleware;
use crate::site::{as_action, as_view, cross_origin};

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Bytes of a form.
const LARGEST_FORM: usize = 16 << 10;

/// `/`, `/lab…` and `/play/…`, and the same below `/room/<id>`, for this machine alone, and two paths for an attack:
/// `/elsewhere`, a page of another site, and `/transfer`, to which it may send.
pub(crate) fn configure(config: &mut ServiceConfig, lab: Data<Lab>, sessions: SessionMiddleware) {
    let forms = || FormConfig::default().limit(LARGEST_FORM);
    config
        .app_data(lab)
        .service(as_view("/", views::index).wrap(from_fn(page_headers)).wrap(from_fn(loopback::check)))
        .service(
            web::resource("/transfer")
                .wrap(from_fn(page_headers))
                .wrap(from_fn(loopback::check))
                .route(web::get().to(foreign::transfer))
                .route(web::post().to(foreign::transfer)),
        )
        .service(as_view("/elsewhere", foreign::elsewhere).wrap(from_fn(loopback::check)))
        .service(
            web::scope("/lab")
                .app_data(forms())
                .wrap(from_fn(lead::check))
                .wrap(from_fn(page_headers))
                .wrap(from_fn(cross_origin::check))
                .wrap(from_fn(loopback::check))
                .service(as_view("", views::exercises))
                .service(as_view("/", views::lead_to_the_exercises))
                .service(as_view("/exercises", views::lead_to_the_exercises))
                .service(as_view("/exercise", views::lead_to_the_exercises))
                .service(as_view("/learn", views::lead_to_the_document))
                .service(as_view("/feed", feed::feed))
                .service(as_view("/exercise/{number}", views::exercise))
                .service(as_view("/learn/{number}", views::learn))
                .service(as_view("/timeline", views::timeline))
                .service(as_view("/timeline/{number}", views::request))
                .service(as_view("/rows", views::rows))
                .service(as_view("/code", views::code))
                .service(as_view("/sandbox", views::sandbox))
                .service(as_view("/report", report::report))
                .service(as_view("/report/save", report::save))
                .service(as_action("/report/answer", report::answer))
                .service(as_action("/settings", actions::settings))
                .service(as_action("/theme", actions::theme))
                .service(as_action("/forget", actions::forget_cookie))
                .service(as_action("/httponly", actions::httponly))
                .service(as_action("/plant", actions::plant_key))
                .service(as_action("/thief", thief::act))
                .service(as_action("/exercise/{number}/answer", actions::answer))
                .service(as_action("/exercise/{number}/predict", actions::predict))
                .service(as_action("/exercise/{number}/reset", actions::reset))
                .service(as_action("/rows/clearsessions", actions::clear_sessions))
                .default_service(web::to(HttpResponse::NotFound)),
        )
        .service(
            web::scope("/room")
                .wrap(from_fn(page_headers))
                .wrap(from_fn(loopback::check))
                .default_service(web::to(no_such_room)),
        )
        .service(
            web::scope("/play")
                .app_data(forms())
                .wrap(sessions)
                .wrap(from_fn(cross_origin::check))
                .wrap(from_fn(loopback::check))
                .service(as_action("/{operation}", play::operate)),
        );
}

/// Nothing from elsewhere, and nothing kept: a page shows what is so now.
async fn page_headers<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
