//! Recognisers and a model that know beforehand what they will say, and speak the wire formats of real ones: a second
//! implementation, written from PROTOCOLS.md alone.

mod endpoint;
mod model;
mod streaming;

pub use endpoint::{Endpoint, EndpointFault, Sent};
pub use model::{Model, ModelFault};
pub use streaming::{Recogniser, RecogniserFault, RecogniserScript};
