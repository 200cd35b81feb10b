//! Request bodies that do not come.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::{InternalError, PayloadError};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage as _, HttpResponse};
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

/// How long a request may take for its whole body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyTimeout(pub(crate) Duration);

/// What has become of a body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Unread,
    Complete,
    TimedOut,
}

/// Ends a body that takes too long; stands around everything that may read one.
///
/// Where the handler has not read all of it, the connection ends with the answer. Actix would wait without a limit for
/// the rest of a chunked body that has been dropped, so the answer holds it until it is sent.
pub(crate) async fn limit_body<B: MessageBody + 'static>(
    timeout: Data<BodyTimeout>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let payload = request.take_payload();
    if let Payload::None = payload {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    let shared = Rc::new(Shared { payload: RefCell::new(payload), progress: Cell::new(Progress::Unread) });
    let body = Body { shared: Rc::clone(&shared), deadline: Box::pin(sleep(timeout.0)) };
    request.set_payload(Payload::Stream { payload: Box::pin(body) });
    request.extensions_mut().insert(Rc::clone(&shared));
    match next.call(request).await {
        Ok(response) if shared.progress.get() == Progress::Complete => Ok(response.map_into_left_body()),
        Ok(response) => {
            let (request, response) = response.into_parts();
            Ok(ServiceResponse::new(request, shared.last(response)).map_into_right_body())
        }
        Err(error) => {
            let response = error.error_response();
            Err(InternalError::from_response(error, shared.last(response)).into())
        }
    }
}

/// Whether a handler has failed because the body did not come in time, which is a 408 whatever the handler says.
pub(super) fn is_timed_out<B>(response: &ServiceResponse<B>) -> bool {
    let extensions = response.request().extensions();
    let shared = extensions.get::<Rc<Shared>>();
    response.status().is_client_error()
        && shared.is_some_and(|shared| shared.progress.get() == Progress::TimedOut)
}

/// What the handler and the answer hold.
struct Shared {
    payload: RefCell<Payload>,
    progress: Cell<Progress>,
}

impl Shared {
    /// The answer as the last one of its connection.
    fn last<B: MessageBody + 'static>(self: Rc<Self>, mut response: HttpResponse<B>) -> HttpResponse {
        response.head_mut().set_connection_type(ConnectionType::Close);
        response.map_body(|_, body| Holding { body: Box::pin(body), _held: self }.boxed())
    }
}

/// The answer's body, and the request's.
struct Holding<B> {
    body: Pin<Box<B>>,
    _held: Rc<Shared>,
}

impl<B: MessageBody> MessageBody for Holding<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_mut().poll_next(context)
    }
}

/// The request's body as the handler gets it.
struct Body {
    shared: Rc<Shared>,
    deadline: Pin<Box<Sleep>>,
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut *self.shared.payload.borrow_mut()).poll_next(context);
        if let Poll::Ready(None) = polled {
            self.shared.progress.set(Progress::Complete);
        }
        if polled.is_pending() && self.deadline.as_mut().poll(context).is_ready() {
            self.shared.progress.set(Progress::TimedOut);
            let timed_out = io::Error::from(io::ErrorKind::TimedOut);
            return Poll::Ready(Some(Err(PayloadError::Io(timed_out))));
        }
        polled
    }
}
