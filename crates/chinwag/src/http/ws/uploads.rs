//! Uploads in a socket. Each has its own task, which writes its chunks and finishes it, so that nothing else
//! on the socket waits for a disk or a picture.
//!
//! The window is the bound: that many chunks may wait for the task, and each is acknowledged when it is
//! written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use bytes::{Buf as _, Bytes};
use chinwag_protocol::frame::Done;
use chinwag_protocol::rest::UploadedFile;
use chinwag_protocol::{ErrorCode, Frame, NewUpload, limits};
use tokio::sync::mpsc;

use super::refusals::{error_frame, refuse};
use crate::chat::{Chat, Upload};
use crate::error::Refusal;
use crate::realtime::{End, Line, Reporter};

/// Uploads of one socket at the same time.
const MAX_OPEN: usize = 8;
/// The beginning of a chunk.
const CHUNK: u32 = 0x0100_0000;

/// The uploads of one socket. Dropping it keeps what has arrived, so that an upload can resume.
#[derive(Default)]
pub(super) struct Uploads {
    /// Created for the first of them, because most sockets never have one.
    #[expect(clippy::box_collection, reason = "a null pointer in each connection's task, not an empty map")]
    open: Option<Box<BTreeMap<u32, Open>>>,
}

struct Open {
    inputs: mpsc::Sender<Input>,
    /// Chunks that were read but not yet written.
    waiting: Arc<AtomicUsize>,
}

enum Input {
    Chunk(u64, Bytes),
    Commit(Option<String>),
    Abort(Option<String>),
}

impl Uploads {
    fn open(&mut self) -> &mut BTreeMap<u32, Open> {
        self.open.get_or_insert_default()
    }

    pub(super) async fn begin(
        &mut self,
        chat: &Chat,
        line: &Line,
        reference: Option<&str>,
        new: NewUpload,
    ) -> Result<(), End> {
        // Unique on the server, so that a number means nothing on another socket.
        static LAST: AtomicU32 = AtomicU32::new(0);

        self.open().retain(|_, open| !open.inputs.is_closed());
        let begun = if self.open().len() < MAX_OPEN {
            chat.begin_upload(line.actor(), new).await
        } else {
            Err(Refusal::Forbidden("This socket has too many uploads: finish one"))
        };
        let upload = match begun {
            Ok(upload) => upload,
            Err(refusal) => {
                line.metrics().upload_refusals.inc();
                return refuse(line, reference, None, &refusal).await;
            }
        };
        let upload_id = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let offset = upload.offset();
        // A commit or an abort may follow a full window.
        let (inputs, received) = mpsc::channel(limits::UPLOAD_WINDOW + 1);
        let waiting = Arc::new(AtomicUsize::new(0));
        let (chat, reporter) = (chat.clone(), line.reporter());
        let task = Task { chat, upload_id, upload, waiting: Arc::clone(&waiting), reporter };
        tokio::spawn(task.run(received));
        self.open().insert(upload_id, Open { inputs, waiting });
        line.answer(&Frame::Ok(Done {
            reference,
            upload_id: Some(upload_id),
            chunk_bytes: Some(limits::CHUNK_BYTES),
            offset: Some(offset),
            window: Some(limits::UPLOAD_WINDOW),
            ..Done::default()
        }))
        .await
    }

    /// One binary frame: a header, then bytes of the file.
    pub(super) async fn chunk(&mut self, line: &Line, mut bytes: Bytes) -> Result<(), End> {
        let invalid = |message: &str| Refusal::invalid("chunk", ErrorCode::InvalidFrame, message);
        if bytes.len() <= limits::CHUNK_HEAD_BYTES || bytes.get_u32() != CHUNK {
            return refuse(line, None, None, &invalid("a binary frame is a chunk of an upload")).await;
        }
        let (upload_id, offset) = (bytes.get_u32(), bytes.get_u64());
        let Some(open) = self.open().get(&upload_id).filter(|open| !open.inputs.is_closed()) else {
            return self.unknown(line, upload_id, None).await;
        };
        let is_over = open.waiting.fetch_add(1, Ordering::AcqRel) >= limits::UPLOAD_WINDOW;
        if is_over || open.inputs.try_send(Input::Chunk(offset, bytes)).is_err() {
            // What has arrived stays: the upload can begin again, and continues there.
            self.open().remove(&upload_id);
            let refusal = invalid("more chunks than the window allows");
            line.metrics().upload_refusals.inc();
            let message = refusal.to_string();
            return line.answer(&error_frame(None, None, Some(upload_id), &refusal, &message)).await;
        }
        Ok(())
    }

    pub(super) async fn commit(
        &mut self,
        line: &Line,
        upload_id: u32,
        reference: Option<String>,
    ) -> Result<(), End> {
        self.pass_on(line, upload_id, reference, Input::Commit).await
    }

    pub(super) async fn abort(
        &mut self,
        line: &Line,
        upload_id: u32,
        reference: Option<String>,
    ) -> Result<(), End> {
        self.pass_on(line, upload_id, reference, Input::Abort).await
    }

    async fn pass_on(
        &mut self,
        line: &Line,
        upload_id: u32,
        reference: Option<String>,
        input: impl FnOnce(Option<String>) -> Input,
    ) -> Result<(), End> {
        let sent = self.open().get(&upload_id).map(|open| open.inputs.try_send(input(reference.clone())));
        if matches!(sent, Some(Ok(()))) {
            return Ok(());
        }
        self.open().remove(&upload_id);
        self.unknown(line, upload_id, reference.as_deref()).await
    }

    async fn unknown(&self, line: &Line, upload_id: u32, reference: Option<&str>) -> Result<(), End> {
        line.metrics().refusals.inc();
        let refusal = unknown();
        line.answer(&error_frame(reference, None, Some(upload_id), &refusal, &refusal.to_string())).await
    }
}

/// The work beside the socket for one upload.
struct Task {
    chat: Chat,
    upload_id: u32,
    upload: Upload,
    waiting: Arc<AtomicUsize>,
    reporter: Reporter,
}

impl Task {
    /// Runs until the upload ends, or its socket does.
    async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        while let Some(input) = inputs.recv().await {
            match input {
                Input::Chunk(offset, bytes) => {
                    let written = self.upload.add_at(offset, bytes).await;
                    // Before the client is told, so that its next chunk is inside the window.
                    self.waiting.fetch_sub(1, Ordering::AcqRel);
                    if let Err(refusal) = written {
                        self.refuse(None, &refusal);
                        break;
                    }
                    let (upload_id, offset) = (self.upload_id, self.upload.offset());
                    self.reporter.report(&Frame::UploadProgress { upload_id, offset });
                }
                Input::Commit(reference) if !self.upload.is_complete() => {
                    let message = format!("only the bytes up to {} have arrived", self.upload.offset());
                    self.refuse(reference.as_deref(), &Refusal::UploadMismatch(message));
                }
                Input::Commit(reference) => {
                    let Self { chat, upload, reporter, upload_id, .. } = self;
                    match chat.finish_upload(upload).await {
                        Ok(file) => tell(&reporter, reference.as_deref(), &file),
                        Err(refusal) => tell_refusal(&reporter, upload_id, reference.as_deref(), &refusal),
                    }
                    return refuse_the_rest(&reporter, upload_id, &mut inputs);
                }
                Input::Abort(reference) => {
                    self.upload.discard().await;
                    let reference = reference.as_deref();
                    self.reporter.report(&Frame::Ok(Done { reference, ..Done::default() }));
                    return refuse_the_rest(&self.reporter, self.upload_id, &mut inputs);
                }
            }
        }
        refuse_the_rest(&self.reporter, self.upload_id, &mut inputs);
    }

    fn refuse(&self, reference: Option<&str>, refusal: &Refusal) {
        tell_refusal(&self.reporter, self.upload_id, reference, refusal);
    }
}

/// Answers the commands that followed the end. Chunks get no answer of their own.
fn refuse_the_rest(reporter: &Reporter, upload_id: u32, inputs: &mut mpsc::Receiver<Input>) {
    inputs.close();
    while let Ok(input) = inputs.try_recv() {
        if let Input::Commit(reference) | Input::Abort(reference) = input {
            tell_refusal(reporter, upload_id, reference.as_deref(), &unknown());
        }
    }
}

fn unknown() -> Refusal {
    Refusal::NotFound("this socket has no such upload".to_owned())
}

fn tell(reporter: &Reporter, reference: Option<&str>, file: &UploadedFile) {
    let file = &file.attachment;
    reporter.report(&Frame::Ok(Done {
        reference,
        file_id: Some(file.id),
        url: Some(&file.url),
        mime: Some(&file.mime),
        size: Some(file.size),
        width: file.width,
        height: file.height,
        ..Done::default()
    }));
}

fn tell_refusal(reporter: &Reporter, upload_id: u32, reference: Option<&str>, refusal: &Refusal) {
    let metrics = reporter.metrics();
    metrics.refusals.inc();
    metrics.upload_refusals.inc();
    reporter.report(&error_frame(reference, None, Some(upload_id), refusal, &refusal.to_string()));
}
