//! Tells whether a container holds video or only sound. Several formats share each container, and browsers
//! choose the player by the type, so the list of streams decides. Reads only headers, and few of them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// How an ASF container begins: the object that holds all headers.
pub(super) const ASF: &[u8] = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c";
/// How a Matroska or WebM container begins.
pub(super) const EBML: &[u8] = b"\x1a\x45\xdf\xa3";
/// How a page of an Ogg container begins.
pub(super) const OGG: &[u8] = b"OggS";

/// The most boxes, elements or pages to check.
const MAX_STEPS: usize = 4096;
/// The limit for the headers of an ASF container, which include titles and covers.
const ASF_BYTES: usize = 1024 * 1024;

/// What was found in a container.
#[derive(Clone, Copy, Default)]
struct Streams {
    has_sound: bool,
    has_film: bool,
}

impl Streams {
    /// Picks the fitting one of three types: with video, with sound only, and unknown.
    fn choose(self, film: &'static str, sound: &'static str, unknown: &'static str) -> &'static str {
        match self {
            Self { has_film: true, .. } => film,
            Self { has_sound: true, .. } => sound,
            _ => unknown,
        }
    }
}

/// The type of an Ogg container. All its streams begin before any other content.
pub(super) fn ogg_type(file: &File) -> &'static str {
    let mut streams = Streams::default();
    let mut at = 0;
    for _ in 0..MAX_STEPS {
        // A page: its header, the lengths of its segments, then the segments.
        let Some(head) = read::<27>(file, at) else { break };
        let is_first_of_stream = head[5] & 2 != 0;
        if !head.starts_with(OGG) || !is_first_of_stream {
            break;
        }
        let lengths = read_up_to(file, at + 27, usize::from(head[26]));
        let body = at + 27 + u64::from(head[26]);
        let packet = read_up_to(file, body, 8);
        if [&b"\x80theora"[..], b"\x01video", b"OVP80", b"BBCD", b"\x80daala"]
            .iter()
            .any(|codec| packet.starts_with(codec))
        {
            streams.has_film = true;
        } else if [&b"\x01vorbis"[..], b"OpusHead", b"\x7fFLAC", b"Speex   ", b"CELT", b"PCM     "]
            .iter()
            .any(|codec| packet.starts_with(codec))
        {
            streams.has_sound = true;
        }
        at = body + lengths.iter().map(|length| u64::from(*length)).sum::<u64>();
    }
    streams.choose("video/ogg", "audio/ogg", "application/ogg")
}

/// The type of a container that begins with the box `ftyp`, by its brand and its tracks. `None` if it does
/// not hold sound or video: pictures use the same boxes.
pub(super) fn mp4_type(file: &File) -> Option<&'static str> {
    let brand = read::<12>(file, 0)?;
    let tracks = mp4_tracks(file);
    let chosen = match &brand[8..] {
        b"M4A " | b"M4B " | b"M4P " | b"F4A " | b"F4B " => "audio/mp4",
        b"M4V " | b"M4VH" | b"M4VP" => "video/mp4",
        b"qt  " => "video/quicktime",
        [b'3', b'g', b'2', _] => tracks.choose("video/3gpp2", "audio/3gpp2", "video/3gpp2"),
        [b'3', b'g', ..] => tracks.choose("video/3gpp", "audio/3gpp", "video/3gpp"),
        _ if tracks.has_film || tracks.has_sound => tracks.choose("video/mp4", "audio/mp4", "video/mp4"),
        _ => return None,
    };
    Some(chosen)
}

/// The kinds of the tracks. Their box may stand at the end, after all data.
fn mp4_tracks(file: &File) -> Streams {
    let mut streams = Streams::default();
    let mut at = 0_u64;
    for _ in 0..MAX_STEPS {
        let Some(head) = read::<8>(file, at) else { break };
        let [s0, s1, s2, s3, kind @ ..] = head;
        let (size, head_size) = match u32::from_be_bytes([s0, s1, s2, s3]) {
            1 => (read(file, at + 8).map_or(0, u64::from_be_bytes), 16),
            size => (u64::from(size), 8),
        };
        if matches!(&kind, b"moov" | b"trak" | b"mdia") {
            at += head_size;
            continue;
        }
        if &kind == b"hdlr" {
            match read::<4>(file, at.saturating_add(head_size + 8)).as_ref() {
                Some(b"vide") => streams.has_film = true,
                Some(b"soun") => streams.has_sound = true,
                _ => {}
            }
        }
        // A box without a valid end is the last one.
        if size < head_size {
            break;
        }
        at = at.saturating_add(size);
    }
    streams
}

/// The type of a Matroska or WebM container, by its declared type and its tracks.
pub(super) fn ebml_type(file: &File) -> Option<&'static str> {
    const DOC_TYPE: u64 = 0x4282;
    const CLUSTER: u64 = 0x1f43_b675;
    const TRACK_TYPE: u64 = 0x83;
    /// The elements that contain others: header, segment, tracks, track.
    const OUTER: [u64; 4] = [0x1a45_dfa3, 0x1853_8067, 0x1654_ae6b, 0xae];

    let (mut name, mut streams, mut at) = (Vec::new(), Streams::default(), 0);
    for _ in 0..MAX_STEPS {
        let Some((id, after_id)) = ebml_number(file, at, Marker::Kept) else { break };
        let Some((size, body)) = ebml_number(file, after_id, Marker::Dropped) else { break };
        match id {
            CLUSTER => break,
            DOC_TYPE => name = read_up_to(file, body, usize::try_from(size).unwrap_or(16).min(16)),
            TRACK_TYPE => match read::<1>(file, body) {
                Some([1]) => streams.has_film = true,
                Some([2]) => streams.has_sound = true,
                _ => {}
            },
            _ => {}
        }
        at = if OUTER.contains(&id) { body } else { body.saturating_add(size) };
    }
    match name.split(|byte| *byte == 0).next()? {
        b"webm" => Some(streams.choose("video/webm", "audio/webm", "video/webm")),
        b"matroska" => Some(streams.choose("video/x-matroska", "audio/x-matroska", "video/x-matroska")),
        _ => None,
    }
}

/// Whether the bit that ends a number's length is part of the number, as in ids.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    Kept,
    Dropped,
}

/// A number of one to eight bytes, and the position after it.
fn ebml_number(file: &File, at: u64, marker: Marker) -> Option<(u64, u64)> {
    let [first] = read::<1>(file, at)?;
    let length = first.leading_zeros() + 1;
    if length > 8 {
        return None;
    }
    let bytes = read_up_to(file, at, usize::try_from(length).ok()?);
    if bytes.len() < usize::try_from(length).ok()? {
        return None;
    }
    let number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let number = if marker == Marker::Kept { number } else { number & !(1 << (7 * length)) };
    Some((number, at + u64::from(length)))
}

/// The type of an ASF container: WMA, WMV.
pub(super) fn asf_type(file: &File) -> &'static str {
    const FILM: &[u8] = b"\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b";
    const SOUND: &[u8] = b"\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b";
    const STREAM: &[u8] = b"\x91\x07\xdc\xb7\xb7\xa9\xcf\x11\x8e\xe6\x00\xc0\x0c\x20\x53\x65";

    let heads = read_up_to(file, 0, ASF_BYTES);
    let mut rest = heads.get(30..).unwrap_or_default();
    let mut streams = Streams::default();
    // Objects: each has a type, a size, and for a stream its kind.
    while let Some((object, size)) = rest.get(..16).zip(rest.get(16..24)) {
        if object == STREAM {
            let kind = rest.get(24..40);
            streams.has_film |= kind == Some(FILM);
            streams.has_sound |= kind == Some(SOUND);
        }
        let size = size.try_into().map(u64::from_le_bytes).unwrap_or_default();
        let next = usize::try_from(size).ok().filter(|size| *size >= 24).and_then(|size| rest.get(size..));
        rest = next.unwrap_or_default();
    }
    streams.choose("video/x-ms-wmv", "audio/x-ms-wma", "video/x-ms-asf")
}

fn read<const LENGTH: usize>(file: &File, at: u64) -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    file.read_exact_at(&mut bytes, at).ok().map(|()| bytes)
}

/// As many bytes as there are; what can't be read counts as missing.
fn read_up_to(file: &File, at: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, at.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    bytes.truncate(filled);
    bytes
}
