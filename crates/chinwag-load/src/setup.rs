//! The input of every case: how to measure, and which programs to start.

use std::path::Path;

use crate::args::Options;

#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) options: &'a Options,
    /// The server to measure.
    pub(crate) server: &'a Path,
    /// A program whose command `bench` is this bench, for helpers.
    pub(crate) program: &'a Path,
}
