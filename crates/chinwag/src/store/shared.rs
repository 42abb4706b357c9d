//! Tables that only a database of several servers has: nothing here runs on SQLite.

mod secrets;
