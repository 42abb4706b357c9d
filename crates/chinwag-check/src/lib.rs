//! The checker of chinwag: records what clients saw, and proves or disproves what the server promises.
//!
//! [`history`] is what can be recorded, [`check`] judges it and knows nothing else. [`run`] makes such
//! histories with a real server, real sockets and much misfortune, and reports what became of each promise.

mod args;
mod checker;
mod claims;
mod client;
mod error;
mod fault;
pub mod history;
mod keys;
mod process;
mod recorded;
mod report;
mod run;

pub use args::Options;
pub use checker::{check, check_deliveries};
pub use error::CheckError;
pub use fault::{Fault, FaultKind};
pub use keys::{WITHHELD, content_key, stamp_key};
pub use report::{Claim, Figure, Report, Tell};
pub use run::run;
