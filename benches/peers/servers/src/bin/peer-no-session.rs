//! The ceiling: the same page by actix-web and Tera, without any session. `peer-no-session PORT`

use std::error::Error;

use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::ContentType;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use peers::{Page, argument};

async fn hello(page: Data<Page>) -> actix_web::Result<HttpResponse> {
    let page = page.render(0).map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().insert_header(ContentType::html()).body(page))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let page = Data::new(Page::load()?);
    let app = move || App::new().app_data(page.clone()).route("/hello/world", web::get().to(hello));
    Ok(HttpServer::new(app).bind(("127.0.0.1", argument(1)?.parse()?))?.run().await?)
}
