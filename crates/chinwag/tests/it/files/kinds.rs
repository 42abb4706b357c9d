//! A file's type comes from its content: documents, archives, sound and video, with names that lie.

use std::io::Write as _;

use serde_json::json;

use super::upload;
use crate::harness::TestServer;

/// A zip archive with these entries, in this order; those that are marked are compressed.
fn zip(entries: &[(&str, &[u8], bool)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, content, is_compressed) in entries {
        let method = if *is_compressed {
            rawzip::CompressionMethod::DEFLATE
        } else {
            rawzip::CompressionMethod::STORE
        };
        let (mut entry, config) = archive.new_file(*name).compression_method(method).start().unwrap();
        let descriptor = if *is_compressed {
            let encoder = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default());
            let mut writer = config.wrap(encoder);
            writer.write_all(content).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            descriptor
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(content).unwrap();
            writer.finish().unwrap().1
        };
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

/// As Office programs write it: the types of the parts in front, the relations, then the parts.
fn office(main: &str, folder: &str, more: &[&str]) -> Vec<u8> {
    let types = format!(
        "<?xml version=\"1.0\"?><Types><Default Extension=\"rels\" ContentType=\"application/rels+xml\"/>\
         <Override PartName=\"/{folder}/main.xml\" ContentType=\"{main}\"/></Types>"
    );
    let part = format!("{folder}/main.xml");
    let mut entries: Vec<(&str, &[u8], bool)> = vec![
        ("[Content_Types].xml", types.as_bytes(), true),
        ("_rels/.rels", b"<Relationships/>", true),
        ("docProps/app.xml", b"<Properties/>", true),
        ("docProps/core.xml", b"<Properties/>", true),
        (&part, b"<main/>", true),
    ];
    entries.extend(more.iter().map(|name| (*name, &b"x"[..], true)));
    zip(&entries)
}

fn declared(mime: &str, is_compressed: bool) -> Vec<u8> {
    zip(&[
        ("mimetype", mime.as_bytes(), is_compressed),
        ("content.xml", b"<content/>", true),
        ("META-INF/manifest.xml", b"<manifest/>", true),
    ])
}

/// An Ogg page that begins a stream.
fn ogg_page(is_first: bool, packet: &[u8]) -> Vec<u8> {
    let mut page = b"OggS\0".to_vec();
    page.push(if is_first { 2 } else { 0 });
    page.extend_from_slice(&[0; 20]);
    page.extend_from_slice(&[1, packet.len() as u8]);
    page.extend_from_slice(packet);
    page
}

fn ogg(packets: &[&[u8]]) -> Vec<u8> {
    let mut bytes: Vec<u8> = packets.iter().flat_map(|packet| ogg_page(true, packet)).collect();
    bytes.extend_from_slice(&ogg_page(false, b"data"));
    bytes
}

fn mp4_box(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = (content.len() as u32 + 8).to_be_bytes().to_vec();
    bytes.extend_from_slice(kind);
    bytes.extend_from_slice(content);
    bytes
}

/// With the data first, so that the tracks are found only at the end.
fn mp4(brand: &[u8; 4], tracks: &[&[u8; 4]]) -> Vec<u8> {
    let mut moov = mp4_box(b"mvhd", &[0; 100]);
    for track in tracks {
        let handler = mp4_box(b"hdlr", &[&[0; 8], &track[..], &[0; 12]].concat());
        let media = mp4_box(b"mdia", &[mp4_box(b"mdhd", &[0; 24]), handler].concat());
        moov.extend_from_slice(&mp4_box(b"trak", &[mp4_box(b"tkhd", &[0; 84]), media].concat()));
    }
    let brands = [&brand[..], &[0, 0, 2, 0], b"isomiso2"].concat();
    [mp4_box(b"ftyp", &brands), mp4_box(b"mdat", &[7; 20_000]), mp4_box(b"moov", &moov)].concat()
}

fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend_from_slice(&(content.len() as u32 | 0x1000_0000).to_be_bytes());
    bytes.extend_from_slice(content);
    bytes
}

fn matroska(name: &[u8], tracks: &[u8]) -> Vec<u8> {
    let head =
        element(b"\x1a\x45\xdf\xa3", &[element(b"\x42\x86", &[1]), element(b"\x42\x82", name)].concat());
    let tracks: Vec<u8> = tracks
        .iter()
        .flat_map(|kind| element(b"\xae", &[element(b"\xd7", &[1]), element(b"\x83", &[*kind])].concat()))
        .collect();
    let parts = [
        element(b"\xec", &[0; 300]),
        element(b"\x15\x49\xa9\x66", b"info"),
        element(b"\x16\x54\xae\x6b", &tracks),
        element(b"\x1f\x43\xb6\x75", &[0; 100]),
    ];
    // A recording that is streamed does not know how long it will be.
    [head, b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff".to_vec(), parts.concat()].concat()
}

fn asf(streams: &[&[u8; 4]]) -> Vec<u8> {
    const BEGIN: &[u8] = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c";
    let mut bytes = BEGIN.to_vec();
    bytes.extend_from_slice(&[0; 14]);
    // Titles and a cover first.
    bytes.extend_from_slice(&[9; 16]);
    bytes.extend_from_slice(&(24_u64 + 50_000).to_le_bytes());
    bytes.extend_from_slice(&[1; 50_000]);
    for stream in streams {
        bytes.extend_from_slice(b"\x91\x07\xdc\xb7\xb7\xa9\xcf\x11\x8e\xe6\x00\xc0\x0c\x20\x53\x65");
        bytes.extend_from_slice(&(24_u64 + 16 + 38).to_le_bytes());
        bytes.extend_from_slice(*stream);
        bytes.extend_from_slice(b"\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b");
        bytes.extend_from_slice(&[0; 38]);
    }
    bytes
}

fn compound(stream: &str) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
    for name in ["\u{5}SummaryInformation", "1Table", "Data", "ObjectPool", stream] {
        file.create_stream(name).unwrap().write_all(&[1; 5000]).unwrap();
    }
    file.into_inner().into_inner()
}

const OPEN_XML: &str = "application/vnd.openxmlformats-officedocument";

#[tokio::test]
async fn a_document_is_what_is_inside() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let alice = server.person("alice").await;
    let open = |kind: &str| format!("{OPEN_XML}.{kind}");
    let mut table = vec![
        ("empty office", zip(&[("[Content_Types].xml", b"<Types/>", true)]), "application/zip".to_owned()),
        (
            "types that can't be read",
            zip(&[("[Content_Types].xml", b"", false), ("xl/workbook.xml", b"", false)]),
            open("spreadsheetml.sheet"),
        ),
        (
            "macros without types",
            zip(&[
                ("[Content_Types].xml", b"", false),
                ("word/document.xml", b"", false),
                ("word/vbaProject.bin", b"", false),
            ]),
            "application/vnd.ms-word.document.macroEnabled.12".to_owned(),
        ),
        ("word without types", zip(&[("word/document.xml", b"", false)]), "application/zip".to_owned()),
        ("plain", zip(&[("a.txt", b"a", true), ("xl.txt", b"b", true)]), "application/zip".to_owned()),
        ("nothing in it", zip(&[]), "application/zip".to_owned()),
        (
            "jar",
            zip(&[("META-INF/MANIFEST.MF", b"x", true), ("A.class", b"x", true)]),
            "application/java-archive".to_owned(),
        ),
        (
            "apk",
            zip(&[
                ("META-INF/MANIFEST.MF", b"x", true),
                ("AndroidManifest.xml", b"x", true),
                ("classes.dex", b"x", true),
            ]),
            "application/vnd.android.package-archive".to_owned(),
        ),
        ("kmz", zip(&[("doc.kml", b"<kml/>", true)]), "application/vnd.google-earth.kmz".to_owned()),
        ("a type that is a lie", declared("text/html", false), "application/zip".to_owned()),
        ("a picture that is a lie", declared("image/svg+xml", false), "application/zip".to_owned()),
    ];
    for (kind, folder, mime) in [
        ("wordprocessingml.document", "word", open("wordprocessingml.document")),
        ("wordprocessingml.template", "word", open("wordprocessingml.template")),
        ("spreadsheetml.sheet", "xl", open("spreadsheetml.sheet")),
        ("spreadsheetml.template", "xl", open("spreadsheetml.template")),
        ("presentationml.presentation", "ppt", open("presentationml.presentation")),
        ("presentationml.slideshow", "ppt", open("presentationml.slideshow")),
    ] {
        table.push((kind, office(&format!("{OPEN_XML}.{kind}.main+xml"), folder, &[]), mime));
    }
    for (main, folder, mime) in [
        (
            "application/vnd.ms-word.document.macroEnabled.main+xml",
            "word",
            "application/vnd.ms-word.document.macroEnabled.12",
        ),
        (
            "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
            "word",
            "application/vnd.ms-word.template.macroEnabled.12",
        ),
        (
            "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
            "xl",
            "application/vnd.ms-excel.sheet.macroEnabled.12",
        ),
        (
            "application/vnd.ms-excel.sheet.binary.macroEnabled.main",
            "xl",
            "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
        ),
        (
            "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
            "ppt",
            "application/vnd.ms-powerpoint.slideshow.macroEnabled.12",
        ),
        ("application/vnd.ms-visio.drawing.main+xml", "visio", "application/vnd.ms-visio.drawing"),
    ] {
        table.push((main, office(main, folder, &["word/vbaProject.bin"]), mime.to_owned()));
    }
    for mime in [
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.oasis.opendocument.graphics",
        "application/vnd.oasis.opendocument.text-template",
        "application/epub+zip",
    ] {
        table.push((mime, declared(mime, false), mime.to_owned()));
        table.push((mime, declared(mime, true), mime.to_owned()));
    }
    for (stream, mime) in [
        ("WordDocument", "application/msword"),
        ("Workbook", "application/vnd.ms-excel"),
        ("Book", "application/vnd.ms-excel"),
        ("PowerPoint Document", "application/vnd.ms-powerpoint"),
        ("Other", "application/x-ole-storage"),
    ] {
        table.push((stream, compound(stream), mime.to_owned()));
    }
    for (what, bytes, mime) in table {
        let file = upload(&alice, "a.png", &bytes).await;
        assert_eq!(file["mime"], json!(mime), "{what}");
        assert_eq!(file["sha256"], super::sha256(&bytes), "{what}");
    }
}

#[tokio::test]
async fn sound_and_films_in_one_kind_of_container_are_told_apart() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let alice = server.person("alice").await;
    let (skeleton, opus, vorbis, theora) =
        (&b"fishead\0\x03\0"[..], &b"OpusHead\x01\x02"[..], &b"\x01vorbis\0\0"[..], &b"\x80theora\x03"[..]);
    let (film, sound): (&[u8; 4], &[u8; 4]) = (b"\xc0\xef\x19\xbc", b"\x40\x9e\x69\xf8");
    for (what, bytes, mime) in [
        ("opus", ogg(&[opus]), "audio/ogg"),
        ("vorbis behind a skeleton", ogg(&[skeleton, vorbis]), "audio/ogg"),
        ("flac", ogg(&[b"\x7fFLAC\x01\0\0\x01"]), "audio/ogg"),
        ("theora with vorbis", ogg(&[theora, vorbis]), "video/ogg"),
        ("vorbis before theora", ogg(&[skeleton, vorbis, theora]), "video/ogg"),
        ("unknown", ogg(&[b"something"]), "application/ogg"),
        ("m4a", mp4(b"M4A ", &[b"soun"]), "audio/mp4"),
        ("recorded sound", mp4(b"isom", &[b"soun"]), "audio/mp4"),
        ("sound of another brand", mp4(b"dash", &[b"soun"]), "audio/mp4"),
        ("film", mp4(b"mp42", &[b"soun", b"vide"]), "video/mp4"),
        ("film of a brand that nobody knows", mp4(b"ABCD", &[b"vide"]), "video/mp4"),
        ("m4v", mp4(b"M4V ", &[b"vide"]), "video/mp4"),
        ("film of a telephone", mp4(b"3gp5", &[b"vide", b"soun"]), "video/3gpp"),
        ("memo of a telephone", mp4(b"3gp4", &[b"soun"]), "audio/3gpp"),
        ("another telephone", mp4(b"3g2a", &[b"soun"]), "audio/3gpp2"),
        ("quicktime", mp4(b"qt  ", &[b"vide"]), "video/quicktime"),
        ("heic", mp4(b"heic", &[b"pict"]), "image/heif"),
        ("avif", mp4(b"avif", &[b"pict"]), "image/avif"),
        ("webm", matroska(b"webm", &[1, 2]), "video/webm"),
        ("recorded webm", matroska(b"webm", &[2]), "audio/webm"),
        ("mkv", matroska(b"matroska", &[2, 1, 17]), "video/x-matroska"),
        ("mka", matroska(b"matroska", &[2]), "audio/x-matroska"),
        ("wma", asf(&[sound]), "audio/x-ms-wma"),
        ("wmv", asf(&[sound, film]), "video/x-ms-wmv"),
        ("asf", asf(&[]), "video/x-ms-asf"),
        ("wav", b"RIFF\x24\0\0\0WAVEfmt ".to_vec(), "audio/x-wav"),
        ("mp3", b"ID3\x03\0\0\0\0\0\0".to_vec(), "audio/mpeg"),
    ] {
        let file = upload(&alice, "a.docx", &bytes).await;
        assert_eq!(file["mime"], mime, "{what}");
    }
}

#[tokio::test]
async fn containers_that_lie_about_their_sizes_are_files_like_any_other() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let alice = server.person("alice").await;
    let whole = [
        office(&format!("{OPEN_XML}.wordprocessingml.document.main+xml"), "word", &[]),
        declared("application/vnd.oasis.opendocument.text", false),
        compound("WordDocument"),
        ogg(&[b"OpusHead", b"\x80theora"]),
        mp4(b"isom", &[b"vide"]),
        matroska(b"webm", &[1]),
        asf(&[b"\xc0\xef\x19\xbc"]),
    ];
    for bytes in whole {
        for cut in [12, 31, bytes.len() / 2, bytes.len() - 1] {
            upload(&alice, "a", &bytes[..cut]).await;
        }
        // Each number that may be a size, at its maximum.
        for at in (8..bytes.len().min(72)).step_by(8).chain((bytes.len() - 40..bytes.len() - 4).step_by(8)) {
            let mut lying = bytes.clone();
            lying[at..at + 4].fill(0xff);
            upload(&alice, "a", &lying).await;
        }
    }
    // An entry that names its type and unpacks to a gigabyte is read to its bound only.
    let bomb = zip(&[("mimetype", &vec![b' '; 64 << 20], true)]);
    assert!(bomb.len() < 100_000);
    assert_eq!(upload(&alice, "a.odt", &bomb).await["mime"], "application/zip");
}
