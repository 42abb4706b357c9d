//! WebSocket framing for the client's end (RFC 6455), as little as a load generator needs.
//!
//! The masking key is zero, so a masked frame equals its unmasked bytes. That saves a pass over every byte
//! here, but section 5.3 forbids it wherever proxies matter. Never use it in a real client.

/// A frame of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub opcode: u8,
    pub payload: &'a [u8],
}

/// The server sent what section 5.1 forbids, or what this client can't use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameError {
    Masked,
    Fragmented,
    Reserved,
    TooLong,
}

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A page of frames is far shorter; a longer one is a bug of the server.
const MAX_PAYLOAD: u64 = 16 << 20;

/// Makes a masked frame whose mask changes nothing.
pub(crate) fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(0x80 | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..126), _) => frame.push(0x80 | length),
        (_, Ok(length)) => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        (_, Err(_)) => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&u64::try_from(payload.len()).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// The length of a client's first frame, including its header; `None` if it is incomplete.
pub(crate) fn client_frame_length(bytes: &[u8]) -> Option<usize> {
    let [_, length, rest @ ..] = bytes else { return None };
    let (header, payload) = match length & 0x7f {
        126 => (8, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (14, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?),
        length => (6, usize::from(length)),
    };
    let whole = payload.checked_add(header)?;
    (whole <= bytes.len()).then_some(whole)
}

/// Makes an unmasked frame for the floor, as a server does.
pub(crate) fn server_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = client_frame(opcode, payload);
    let header = frame.len() - payload.len();
    if let Some(length) = frame.get_mut(1) {
        *length &= 0x7f;
    }
    frame.drain(header - 4..header);
    frame
}

/// Reads the first frame of `bytes`; returns it with its length. `None`: the frame is incomplete.
pub(crate) fn read_frame(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, FrameError> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err(FrameError::Reserved);
    }
    let opcode = first & 0x0f;
    if first & 0x80 == 0 || opcode == 0 {
        return Err(FrameError::Fragmented);
    }
    if second & 0x80 != 0 {
        return Err(FrameError::Masked);
    }
    let (length, rest) = match (second & 0x7f, rest) {
        (127, [a, b, c, d, e, f, g, h, rest @ ..]) => {
            (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), rest)
        }
        (126, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest),
        (126 | 127, _) => return Ok(None),
        (length, rest) => (u64::from(length), rest),
    };
    if length > MAX_PAYLOAD {
        return Err(FrameError::TooLong);
    }
    let length = usize::try_from(length).map_err(|_| FrameError::TooLong)?;
    let Some((payload, after)) = rest.split_at_checked(length) else { return Ok(None) };
    Ok(Some((Frame { opcode, payload }, bytes.len() - after.len())))
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    const LENGTHS: [usize; 8] = [0, 1, 125, 126, 127, 65_535, 65_536, 100_000];

    #[test]
    fn a_client_frame_has_the_mask_bit_and_a_zero_key() {
        assert_eq!(client_frame(TEXT, b"Hi"), [0x81, 0x82, 0, 0, 0, 0, b'H', b'i']);
        assert_eq!(client_frame(TEXT, &[b'x'; 300])[..8], [0x81, 0xfe, 1, 44, 0, 0, 0, 0]);
        assert_eq!(client_frame(TEXT, &[b'x'; 70_000])[..10], [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70]);
    }

    #[test]
    fn a_client_frame_has_a_length_once_it_is_whole() {
        for length in LENGTHS {
            let bytes = client_frame(TEXT, &vec![b'x'; length]);
            assert_eq!(client_frame_length(&bytes), Some(bytes.len()), "{length}");
            assert_eq!(client_frame_length(&bytes[..bytes.len() - 1]), None, "{length}");
        }
    }

    #[test]
    fn every_length_is_read_back() {
        for length in LENGTHS {
            let payload = vec![b'x'; length];
            let bytes = server_frame(TEXT, &payload);
            let frame = Frame { opcode: TEXT, payload: &payload };
            assert_eq!(read_frame(&bytes), Ok(Some((frame, bytes.len()))), "{length}");
        }
    }

    #[test]
    fn a_frame_in_pieces_is_not_there_until_its_last_byte() {
        for length in [0, 5, 126, 65_536] {
            let bytes = server_frame(TEXT, &vec![b'x'; length]);
            for end in [0, 1, 2, 3, 9, bytes.len() - 1] {
                if end < bytes.len() {
                    assert_eq!(read_frame(&bytes[..end]), Ok(None), "{length} cut to {end}");
                }
            }
        }
    }

    #[test]
    fn two_frames_are_read_one_by_one() {
        let mut bytes = server_frame(TEXT, b"one");
        bytes.extend(server_frame(PING, b"two"));
        let (first, used) = read_frame(&bytes).unwrap().unwrap();
        let (second, _) = read_frame(&bytes[used..]).unwrap().unwrap();
        assert_eq!((first.payload, second.payload, second.opcode), (&b"one"[..], &b"two"[..], PING));
    }

    #[test]
    fn what_a_server_may_not_send_is_refused() {
        assert_eq!(read_frame(&client_frame(TEXT, b"Hi")), Err(FrameError::Masked));
        assert_eq!(read_frame(&[0x01, 0]), Err(FrameError::Fragmented));
        assert_eq!(read_frame(&[0xc1, 0]), Err(FrameError::Reserved));
        assert_eq!(read_frame(&[0x81, 127, 1, 0, 0, 0, 0, 0, 0, 0]), Err(FrameError::TooLong));
    }
}
