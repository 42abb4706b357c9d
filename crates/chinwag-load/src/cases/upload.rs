//! `upload`: the speed of files in and out compared with a plain copy, what an upload at full speed costs
//! messages on the same socket and on another one, and the memory of many uploads.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chinwag_client::Api;
use serde_json::{Value, json};

use crate::args::Upload;
use crate::error::{BenchError, system};
use crate::files::Files;
use crate::frame::{BINARY, TEXT, client_frame, read_frame};
use crate::population::{id_of, prepare, upgrade_request};
use crate::report::Sample;
use crate::setup::Setup;
use crate::statistics::Latencies;
use crate::target::Target;

/// A user may keep 1 GiB, so a run stops uploading before that.
const MAX_STORED: usize = 900 << 20;
/// Alternating rounds of messages alone and beside an upload, so that both see the same conditions.
const ROUNDS: u32 = 8;
/// How often a speed is measured.
const COPIES: usize = 5;

/// One run.
pub(crate) fn upload(case: &Upload, setup: &Setup<'_>) -> Result<Sample, BenchError> {
    let options = setup.options;
    let target = Target::open(setup)?;
    let bytes = noise(case.file_mib as usize * 1024 * 1024);
    let time = Duration::from_secs_f64(options.seconds) / ROUNDS;
    let mut sample = Sample::new("upload", format!("{} MiB", case.file_mib));
    let speed = |seconds: f64| bytes.len() as f64 / 1e6 / seconds;

    let copy = median((0..COPIES).map(|_| copy(target.folder(), &bytes)))?;
    let mut files = Files::connect(target.address)?;
    let (mut form, mut down) = (Vec::new(), Vec::new());
    let token = target.token(0)?;
    for _ in 0..COPIES {
        let begun = Instant::now();
        let file = files.upload(&token, &bytes)?;
        form.push(Ok(begun.elapsed()));
        let url = file.get("url").and_then(Value::as_str).unwrap_or_default();
        let begun = Instant::now();
        if files.download(url, &token)? != bytes {
            return Err(BenchError::Protocol("a file came back with other bytes".to_owned()));
        }
        down.push(Ok(begun.elapsed()));
    }
    let mut alone = Vec::new();
    let mut line = Line::open(&target, 1)?;
    for _ in 0..COPIES {
        let begun = Instant::now();
        line.run(&mut Work {
            file: Some(Transfer::new(&bytes)),
            once: true,
            ..Work::new(case.rate, Duration::MAX)
        })?;
        alone.push(Ok(begun.elapsed()));
    }
    sample.add("file copy, synced", "MB/s", speed(copy));
    sample.add("upload in a socket", "MB/s", speed(median(alone.into_iter())?));
    sample.add("upload as a form", "MB/s", speed(median(form.into_iter())?));
    sample.add("download", "MB/s", speed(median(down.into_iter())?));

    let mut quiet = Work::messages(case.rate, time);
    let mut busy = Work { file: Some(Transfer::new(&bytes)), ..Work::messages(case.rate, time) };
    let mut elsewhere = Latencies::new();
    let (mut alone, mut beside) = (Line::open(&target, 2)?, Line::open(&target, 4)?);
    let mut other = Line::open(&target, 3)?;
    for _ in 0..ROUNDS {
        alone.run(&mut quiet)?;
        let heard = std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                let mut work = Work::messages(case.rate, time);
                other.run(&mut work).map(|()| work.latencies)
            });
            beside.run(&mut busy)?;
            other.join().map_err(|_| BenchError::Protocol("a client gave up".to_owned()))?
        })?;
        elsewhere.add(&heard);
    }
    sample.add("messages alone p50", "µs", quiet.latencies.micros(50));
    sample.add("messages alone p99", "µs", quiet.latencies.micros(99));
    sample.add("beside an upload p50", "µs", busy.latencies.micros(50));
    sample.add("beside an upload p99", "µs", busy.latencies.micros(99));
    sample.add("p99 beside ÷ alone", "x", busy.latencies.micros(99) / quiet.latencies.micros(99));
    sample.add("elsewhere p99", "µs", elsewhere.micros(99));
    sample.add("p99 elsewhere ÷ alone", "x", elsewhere.micros(99) / quiet.latencies.micros(99));
    sample.add("uploaded meanwhile", "MB", busy.uploaded as f64 / 1e6);

    let before = target.resident();
    let peak = memory_of(&target, case.at_once as usize, &bytes)?;
    let mib = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
    sample.add_known("memory before", "MiB", before.map(mib));
    sample.add_known("memory with all uploads at once", "MiB", peak.map(mib));
    target.close()?;
    Ok(sample)
}

/// The server's peak memory while this many users upload at once.
fn memory_of(target: &Target, at_once: usize, bytes: &[u8]) -> Result<Option<u64>, BenchError> {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = target.resident();
            while !is_over.load(Ordering::Relaxed) {
                peak = peak.max(target.resident());
                std::thread::sleep(Duration::from_millis(2));
            }
            peak
        });
        let uploads: Vec<_> = (0..at_once)
            .map(|number| {
                scope.spawn(move || {
                    let mut line = Line::open(target, 10 + number)?;
                    line.run(&mut Work {
                        file: Some(Transfer::new(bytes)),
                        once: true,
                        ..Work::new(1, Duration::MAX)
                    })
                })
            })
            .collect();
        let gave_up = |_| BenchError::Protocol("a client gave up".to_owned());
        let results: Vec<_> = uploads.into_iter().map(|upload| upload.join().map_err(gave_up)?).collect();
        is_over.store(true, Ordering::Relaxed);
        results.into_iter().collect::<Result<(), _>>()?;
        watch.join().map_err(gave_up)
    })
}

/// The time of a plain copy with its sync, which every upload needs, too.
fn copy(folder: &Path, bytes: &[u8]) -> Result<Duration, BenchError> {
    let path = folder.join("copy");
    let begun = Instant::now();
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let elapsed = begun.elapsed();
    written.and_then(|()| std::fs::remove_file(path)).map_err(system("can't copy a file"))?;
    Ok(elapsed)
}

fn median(times: impl Iterator<Item = Result<Duration, BenchError>>) -> Result<f64, BenchError> {
    let mut times = times.collect::<Result<Vec<_>, _>>()?;
    times.sort();
    Ok(times.get(times.len() / 2).map_or(f64::NAN, Duration::as_secs_f64))
}

/// Bytes that no disk and no server can compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}

/// What a socket should do.
struct Work<'a> {
    every: Duration,
    time: Duration,
    has_messages: bool,
    /// Ends with the file instead of the time.
    once: bool,
    file: Option<Transfer<'a>>,
    latencies: Latencies,
    uploaded: usize,
}

impl Work<'_> {
    fn new(rate: u32, time: Duration) -> Self {
        Self {
            every: Duration::from_secs(1) / rate,
            time,
            has_messages: false,
            once: false,
            file: None,
            latencies: Latencies::new(),
            uploaded: 0,
        }
    }

    fn messages(rate: u32, time: Duration) -> Self {
        Self { has_messages: true, ..Self::new(rate, time) }
    }
}

/// A file that is sent again and again.
struct Transfer<'a> {
    bytes: &'a [u8],
    sha256: String,
    begun: Option<Begun>,
    is_waiting: bool,
}

struct Begun {
    id: u32,
    chunk: usize,
    window: usize,
    sent: usize,
    acknowledged: usize,
}

impl<'a> Transfer<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        let sha256 = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { bytes, sha256, begun: None, is_waiting: false }
    }
}

/// A level 1 room socket in its own conversation.
struct Line {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Line {
    fn open(target: &Target, user: usize) -> Result<Self, BenchError> {
        let token = target.token(user)?;
        let room = prepare(target, async |client| {
            let api = Api::new(client, &token);
            api.get("/users/me").await?;
            let wish = json!({"title": "Files", "participant_ids": []});
            id_of(&api.post("/conversations/", &wish).await?)
        })?;
        let mut stream = TcpStream::connect(target.address).map_err(system("can't connect to the server"))?;
        stream.set_nodelay(true).map_err(system("can't configure a socket"))?;
        let path = format!("/conversations/{room}/ws?token={token}&v=1");
        stream.write_all(&upgrade_request(&path, target.address)).map_err(system("can't send a request"))?;
        let mut line = Self { stream, unread: Vec::new() };
        while !line.unread.windows(4).any(|end| end == b"\r\n\r\n") {
            line.read(Duration::from_secs(30))?;
        }
        let end = line.unread.windows(4).position(|end| end == b"\r\n\r\n").unwrap_or_default();
        line.unread.drain(..end + 4);
        Ok(line)
    }

    fn run(&mut self, work: &mut Work<'_>) -> Result<(), BenchError> {
        let begun = Instant::now();
        let (mut next_message, mut sent) = (begun, None);
        while begun.elapsed() < work.time || sent.is_some() {
            let now = Instant::now();
            if work.has_messages && sent.is_none() && now >= next_message && begun.elapsed() < work.time {
                self.send(TEXT, br#"{"type":"send","ref":"m","content":"a message beside a file"}"#)?;
                sent = Some(now);
                next_message = (next_message + work.every).max(now);
            }
            if let Some(file) = &mut work.file
                && (work.once || work.uploaded + file.bytes.len() <= MAX_STORED)
            {
                self.go_on(file)?;
            }
            let wait = next_message
                .saturating_duration_since(now)
                .clamp(Duration::from_micros(100), Duration::from_millis(50));
            let Some(frame) = self.next(if sent.is_some() { Duration::from_millis(50) } else { wait })?
            else {
                continue;
            };
            match (frame.get("type").and_then(Value::as_str), frame.get("ref").and_then(Value::as_str)) {
                (Some("ok"), Some("m")) => {
                    if let Some(at) = sent.take() {
                        work.latencies.record(at.elapsed());
                    }
                }
                (Some("error"), _) => return Err(BenchError::Protocol(frame.to_string())),
                _ => {
                    let Some(file) = &mut work.file else { continue };
                    if file.hear(&frame) {
                        work.uploaded += file.bytes.len();
                        if work.once {
                            return Ok(());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends what the window allows.
    fn go_on(&mut self, file: &mut Transfer<'_>) -> Result<(), BenchError> {
        let Some(begun) = &mut file.begun else {
            if !std::mem::replace(&mut file.is_waiting, true) {
                let begin = json!({"type": "upload_begin", "ref": "b", "name": "f",
                    "size": file.bytes.len(), "sha256": file.sha256});
                self.send(TEXT, begin.to_string().as_bytes())?;
            }
            return Ok(());
        };
        while begun.sent < file.bytes.len() && begun.sent - begun.acknowledged < begun.window * begun.chunk {
            let end = file.bytes.len().min(begun.sent + begun.chunk);
            let mut chunk = vec![1, 0, 0, 0];
            chunk.extend_from_slice(&begun.id.to_be_bytes());
            chunk.extend_from_slice(&(begun.sent as u64).to_be_bytes());
            chunk.extend_from_slice(file.bytes.get(begun.sent..end).unwrap_or_default());
            self.send(BINARY, &chunk)?;
            begun.sent = end;
        }
        if begun.acknowledged == file.bytes.len() && !std::mem::replace(&mut file.is_waiting, true) {
            let commit = json!({"type": "upload_commit", "ref": "c", "upload_id": begun.id});
            self.send(TEXT, commit.to_string().as_bytes())?;
        }
        Ok(())
    }

    fn send(&mut self, opcode: u8, payload: &[u8]) -> Result<(), BenchError> {
        self.stream.write_all(&client_frame(opcode, payload)).map_err(system("can't write to a socket"))
    }

    /// The next JSON frame, if one comes within this time.
    fn next(&mut self, wait: Duration) -> Result<Option<Value>, BenchError> {
        let begun = Instant::now();
        loop {
            let frame =
                read_frame(&self.unread).map_err(|error| BenchError::Protocol(format!("{error:?}")))?;
            if let Some((frame, taken)) = frame {
                let value =
                    (frame.opcode == TEXT).then(|| serde_json::from_slice(frame.payload).ok()).flatten();
                self.unread.drain(..taken);
                if value.is_some() {
                    return Ok(value);
                }
                continue;
            }
            let left = wait.saturating_sub(begun.elapsed());
            if left.is_zero() || !self.read(left)? {
                return Ok(None);
            }
        }
    }

    fn read(&mut self, wait: Duration) -> Result<bool, BenchError> {
        self.stream.set_read_timeout(Some(wait)).map_err(system("can't configure a socket"))?;
        let mut block = [0; 16 * 1024];
        match self.stream.read(&mut block) {
            Ok(0) => Err(BenchError::Protocol("the server hung up".to_owned())),
            Ok(count) => {
                self.unread.extend_from_slice(block.get(..count).unwrap_or_default());
                Ok(true)
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Ok(false)
            }
            Err(error) => Err(system("can't read from a socket")(error)),
        }
    }
}

impl Transfer<'_> {
    /// Handles a frame of the upload; returns whether the upload is complete.
    fn hear(&mut self, frame: &Value) -> bool {
        let number = |name: &str| {
            frame.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok())
        };
        let kind = frame.get("type").and_then(Value::as_str);
        if kind == Some("upload_progress") {
            if let (Some(begun), Some(offset)) = (&mut self.begun, number("offset")) {
                begun.acknowledged = offset;
            }
        } else if let (Some(id), Some(chunk), Some(window)) =
            (number("upload_id"), number("chunk_bytes"), number("window"))
        {
            let offset = number("offset").unwrap_or_default();
            let id = u32::try_from(id).unwrap_or_default();
            self.begun = Some(Begun { id, chunk, window, sent: offset, acknowledged: offset });
            self.is_waiting = false;
        } else if number("file_id").is_some() {
            self.begun = None;
            self.is_waiting = false;
            return true;
        }
        false
    }
}
