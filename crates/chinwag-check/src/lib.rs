//! The checker of chinwag: records what clients saw, and tests whether the server keeps its promises.
//!
//! [`history`] is what can be recorded, and [`check`] judges it without any other input. [`run`] records such
//! histories with a real server, real sockets and many failures, and reports on each promise.

mod args;
mod checker;
mod claims;
mod client;
mod cluster;
mod error;
mod fault;
pub mod history;
mod keys;
mod postgres;
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
