//! The answer of a call that has succeeded.

use std::time::{Duration, Instant};

use crate::json::Body;
use crate::transport::Response;

/// A response that is still to be read.
pub(crate) struct Answer {
    pub(crate) response: Response,
    /// When the reading of a long one is given up.
    until: Option<Instant>,
}

impl Answer {
    /// The response to a call that has this much time left.
    pub(crate) fn new(response: Response, left: Duration) -> Self {
        Self { response, until: Instant::now().checked_add(left) }
    }

    pub(crate) fn body(&self) -> Body<'_> {
        Body::new(self.response.body()).until(self.until)
    }

    /// Whether it has no body.
    pub(crate) fn is_empty(&self) -> bool {
        self.response.body().trim_ascii().is_empty()
    }
}
