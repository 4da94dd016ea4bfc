//! Reads requests from a socket.

use std::io;
use std::io::{Read, Write};

use httparse::{EMPTY_HEADER, Status};

use crate::transport::Request;
use crate::transport::http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use crate::transport::http::{Method, StatusCode, Uri};

/// Request line and headers, in bytes.
const MAX_HEAD: usize = 64 * 1_024;
const MAX_HEADERS: usize = 100;
/// A body, in bytes.
const MAX_BODY: usize = 64 * 1_024 * 1_024;

/// Why there is no request.
#[derive(Debug)]
pub(in crate::emulator) enum Bad {
    /// The connection broke; there is nobody to answer.
    Io,
    /// What came is no request that can be served.
    Request(StatusCode),
}

impl From<io::Error> for Bad {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

const BAD_REQUEST: Bad = Bad::Request(StatusCode::BAD_REQUEST);
const HEAD_TOO_LARGE: Bad = Bad::Request(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
const BODY_TOO_LARGE: Bad = Bad::Request(StatusCode::PAYLOAD_TOO_LARGE);

#[derive(Debug)]
pub(in crate::emulator) struct Incoming {
    pub(in crate::emulator) request: Request,
    pub(in crate::emulator) keep_alive: bool,
}

pub(in crate::emulator) struct Reader<R> {
    stream: R,
    /// Read, but not yet used.
    buffer: Vec<u8>,
}

enum Framing {
    Length(usize),
    Chunked,
}

impl<R: Read + Write> Reader<R> {
    pub(in crate::emulator) fn new(stream: R) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Reads more. Fails when there is no more.
    fn fill(&mut self) -> Result<(), Bad> {
        let mut chunk = [0; 8_192];
        // A read with a timeout is interrupted when a stopped process goes on.
        let read = loop {
            match self.stream.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        match read {
            0 => Err(Bad::Io),
            read => {
                self.buffer.extend_from_slice(&chunk[..read]);
                Ok(())
            }
        }
    }

    /// What requests are read from, and answers are written to.
    pub(in crate::emulator) fn stream(&mut self) -> &mut R {
        &mut self.stream
    }

    /// The next request, or `None` at the end.
    pub(in crate::emulator) fn next(&mut self) -> Result<Option<Incoming>, Bad> {
        let (mut request, length, version_1_1) = loop {
            if let Some(head) = parse_head(&self.buffer)? {
                break head;
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(HEAD_TOO_LARGE);
            }
            match self.fill() {
                Err(_) if self.buffer.is_empty() => return Ok(None),
                filled => filled?,
            }
        };
        self.buffer.drain(..length);
        let headers = request.headers();
        if version_1_1 && headers.get_all(HOST).iter().count() != 1 {
            return Err(BAD_REQUEST);
        }
        let framing = framing(headers)?;
        let waits = headers
            .get(EXPECT)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        if waits && version_1_1 && self.buffer.is_empty() {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        *request.body_mut() = match framing {
            Framing::Length(length) => self.exactly(length)?,
            Framing::Chunked => self.chunks()?,
        };
        let keep_alive = keeps_alive(request.headers(), version_1_1);
        Ok(Some(Incoming { request, keep_alive }))
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>, Bad> {
        if length > MAX_BODY {
            return Err(BODY_TOO_LARGE);
        }
        while self.buffer.len() < length {
            self.fill()?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    fn chunks(&mut self) -> Result<Vec<u8>, Bad> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = match httparse::parse_chunk_size(&line) {
                Ok(Status::Complete((_, size))) => usize::try_from(size).unwrap_or(usize::MAX),
                _ => return Err(BAD_REQUEST),
            };
            if size == 0 {
                // Trailers are of no use here.
                let mut trailers = 0;
                loop {
                    let line = self.line()?;
                    trailers += line.len();
                    match &*line {
                        b"\r\n" => return Ok(body),
                        _ if trailers > MAX_HEAD => return Err(HEAD_TOO_LARGE),
                        _ => {}
                    }
                }
            }
            if size > MAX_BODY - body.len() {
                return Err(BODY_TOO_LARGE);
            }
            body.append(&mut self.exactly(size)?);
            if self.exactly(2)? != b"\r\n" {
                return Err(BAD_REQUEST);
            }
        }
    }

    /// A line with its end.
    fn line(&mut self) -> Result<Vec<u8>, Bad> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                return Ok(self.buffer.drain(..end + 2).collect());
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(HEAD_TOO_LARGE);
            }
            self.fill()?;
        }
    }
}

/// A request without its body, the length of the head, and whether it is HTTP/1.1.
fn parse_head(buffer: &[u8]) -> Result<Option<(Request, usize, bool)>, Bad> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(buffer) {
        Ok(Status::Complete(length)) if length <= MAX_HEAD => length,
        Ok(Status::Partial) => return Ok(None),
        Ok(Status::Complete(_)) | Err(httparse::Error::TooManyHeaders) => {
            return Err(HEAD_TOO_LARGE);
        }
        Err(_) => return Err(BAD_REQUEST),
    };
    let mut request = Request::new(Vec::new());
    let bad = |_| BAD_REQUEST;
    let method = parsed.method.unwrap_or_default().as_bytes();
    *request.method_mut() = Method::from_bytes(method).map_err(|_| BAD_REQUEST)?;
    *request.uri_mut() = Uri::try_from(parsed.path.unwrap_or_default()).map_err(bad)?;
    for header in parsed.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| BAD_REQUEST)?;
        let value = HeaderValue::from_bytes(header.value).map_err(|_| BAD_REQUEST)?;
        request.headers_mut().append(name, value);
    }
    Ok(Some((request, length, parsed.version == Some(1))))
}

/// How long the body is (RFC 9112, section 6.3). Whatever could be read in two ways is refused.
fn framing(headers: &HeaderMap) -> Result<Framing, Bad> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    match (lengths.next(), encodings.next()) {
        (None, None) => Ok(Framing::Length(0)),
        (Some(length), None) if lengths.next().is_none() => {
            let digits =
                length.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
            let length = digits.filter(|text| !text.is_empty()).ok_or(BAD_REQUEST)?;
            Ok(Framing::Length(length.parse().unwrap_or(usize::MAX)))
        }
        (None, Some(encoding)) if encodings.next().is_none() => {
            if encoding.as_bytes().eq_ignore_ascii_case(b"chunked") {
                Ok(Framing::Chunked)
            } else {
                Err(Bad::Request(StatusCode::NOT_IMPLEMENTED))
            }
        }
        _ => Err(BAD_REQUEST),
    }
}

fn keeps_alive(headers: &HeaderMap, version_1_1: bool) -> bool {
    let has = |wanted: &str| {
        let options = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
        options
            .flat_map(|value| value.split(','))
            .any(|option| option.trim().eq_ignore_ascii_case(wanted))
    };
    if version_1_1 { !has("close") } else { has("keep-alive") }
}
