//! `chinwag serve` and `chinwag demo`: start the library's server, print its address, stop it on a signal.

mod port;
mod ready;
mod signals;

use std::time::{Duration, Instant};

use chinwag::{Listener, Server};

use crate::failure::{Exit, Failure};
use crate::logs;
use crate::settings::{Options, Settings};

/// With fewer open files, a busy server refuses people.
const ENOUGH_FILES: u64 = 10_000;
/// How often unused memory goes back to the system, and the size of the allocation that triggers it: more
/// than any thread keeps to itself.
const GIVE_BACK_EVERY: Duration = Duration::from_secs(1);
const GIVE_BACK_BYTES: usize = 1 << 20;
/// The time for the runtime's remaining work after everything has drained.
const LAST_WORK: Duration = Duration::from_secs(3);

/// Runs the server until a signal, then drains.
pub(crate) fn run(settings: &Settings, started: Instant) -> Result<(), Failure> {
    let options = Options::read(settings)?;
    logs::start(&options.log)?;
    raise_open_files();
    keep_pages_small();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Io, format!("can't start threads: {error}")))?;
    let ended = runtime.block_on(serve(options, started));
    runtime.shutdown_timeout(LAST_WORK);
    ended
}

async fn serve(options: Options, started: Instant) -> Result<(), Failure> {
    // From here on a signal means an orderly stop, even before the server is ready.
    let stop = signals::stop()
        .map_err(|error| Failure::new(Exit::Io, format!("can't listen for signals: {error}")))?;
    // Bind the port first: if it is taken, nothing must have been created.
    let has_tls = options.tls.is_some();
    let listener = Listener::bind(options.listen, options.tls)
        .await
        .map_err(|error| port::explain(&error, options.listen))?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new(Exit::Io, format!("can't read the bound address: {error}")))?;
    let mode = options.config.mode;
    let data = match &options.config.store {
        Some(store) => store.to_string(),
        None => options.config.data_dir.display().to_string(),
    };
    let public_url = options.config.public_url.clone();
    let server = Server::builder(options.config).build().await?;
    ready::announce(&ready::Ready {
        mode,
        data,
        address,
        has_tls,
        public_url,
        setup_token: server.setup_token(),
        took: started.elapsed(),
    });
    tokio::spawn(give_memory_back());
    server
        .serve(listener, stop)
        .await
        .map_err(|error| Failure::new(Exit::Io, format!("the server stopped: {error}")))?;
    tracing::info!("stopped");
    Ok(())
}

/// The allocator returns memory that was free for a second when it next gets memory from the system or
/// returns some. An idle server does neither, and would keep what its last burst took.
async fn give_memory_back() {
    let mut interval = tokio::time::interval(GIVE_BACK_EVERY);
    loop {
        interval.tick().await;
        // Nothing writes to it, so it is never resident.
        drop(std::hint::black_box(Vec::<u8>::with_capacity(GIVE_BACK_BYTES)));
    }
}

/// The system keeps a huge page resident as a whole, and splits it when a part is given back; a connection
/// would cost as much as its setup took. No bench shows the gain in address translation.
fn keep_pages_small() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "can't turn huge pages off");
    }
}

/// Every connection is an open file, and the usual soft limit of 1024 is for programs that use select(2).
fn raise_open_files() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit >= ENOUGH_FILES => {}
        Ok(limit) => tracing::warn!(
            limit,
            "the limit of open files is low, and every connection needs one; raise the hard limit (ulimit -Hn, LimitNOFILE=)"
        ),
        Err(error) => tracing::warn!(%error, "can't raise the limit of open files"),
    }
}
