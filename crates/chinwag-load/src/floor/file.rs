//! A bare file with group commit: one append and one fdatasync for all waiters, and nothing else.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{BenchError, system};
use crate::statistics::Latencies;

/// Filled with zeros beforehand, so that a sync records no growth and no new blocks.
const FILE_BYTES: u64 = 64 << 20;

/// The result of the bare file.
pub(crate) struct FileFloor {
    waiters: usize,
    elapsed: Duration,
    /// From the append to the end of its sync, which each waiter waits for.
    pub latencies: Latencies,
    /// One message, one sync.
    pub single: Latencies,
}

impl FileFloor {
    /// Messages a second.
    pub(crate) fn messages_per_second(&self) -> f64 {
        let batches = self.latencies.total() as f64;
        batches * self.waiters as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Adds another measurement with the same waiters.
    pub(crate) fn add(&mut self, other: &Self) {
        self.elapsed += other.elapsed;
        self.latencies.add(&other.latencies);
        self.single.add(&other.single);
    }

    /// Appends for this long, for `waiters` that each have one message of `bytes` bytes in flight.
    pub(crate) fn measure(
        folder: &Path,
        waiters: usize,
        bytes: usize,
        time: Duration,
    ) -> Result<Self, BenchError> {
        let path = folder.join("floor");
        let floor =
            Self::measure_in(&path, waiters, bytes, time).map_err(system("can't measure the disk"))?;
        // The folder is deleted as a whole; this only frees the space for the next run.
        let _ = std::fs::remove_file(&path);
        Ok(floor)
    }

    fn measure_in(path: &Path, waiters: usize, bytes: usize, time: Duration) -> io::Result<Self> {
        let mut file = File::create(path)?;
        let zeros = vec![0; 1 << 20];
        for _ in 0..FILE_BYTES >> 20 {
            file.write_all(&zeros)?;
        }
        file.sync_all()?;
        let message = vec![b'x'; bytes];
        let (single, _) = append(&mut file, &message, time / 4)?;
        let (latencies, elapsed) = append(&mut file, &message.repeat(waiters), time)?;
        Ok(Self { waiters, elapsed, latencies, single })
    }
}

/// Appends and syncs batch after batch, from the file's start again when it is full.
fn append(file: &mut File, batch: &[u8], time: Duration) -> io::Result<(Latencies, Duration)> {
    let mut latencies = Latencies::new();
    let length = u64::try_from(batch.len()).unwrap_or(u64::MAX);
    let mut at = 0;
    file.seek(SeekFrom::Start(0))?;
    let begun = Instant::now();
    while begun.elapsed() < time {
        if at + length > FILE_BYTES {
            file.seek(SeekFrom::Start(0))?;
            at = 0;
        }
        let start = Instant::now();
        file.write_all(batch)?;
        file.sync_data()?;
        latencies.record(start.elapsed());
        at += length;
    }
    Ok((latencies, begun.elapsed()))
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn it_counts_every_waiter_of_a_batch() {
        let folder = tempfile::tempdir().unwrap();
        let floor = FileFloor::measure(folder.path(), 10, 300, Duration::from_millis(40)).unwrap();
        let batches_a_second = floor.messages_per_second() / 10.0;
        assert!(floor.latencies.total() > 0 && floor.single.total() > 0);
        assert!(batches_a_second >= floor.latencies.total() as f64 / 10.0);
        assert!(!folder.path().join("floor").exists());
    }
}
