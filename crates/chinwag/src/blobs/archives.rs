//! Identifies a zip archive or a compound file: a document, a book, a program, or a plain archive.
//!
//! Office and OpenDocument files declare their type inside. The directory is walked entry by entry through
//! one buffer, and only a bounded part is read of the two small entries that name a type: the sizes in an
//! archive are not trusted.

use std::fs::File;
use std::io::Read;

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder};

/// How a zip archive begins.
pub(super) const ZIP: &[u8] = b"PK\x03\x04";
/// How a compound file begins: the documents of older Office programs.
pub(super) const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

const PLAIN_ZIP: &str = "application/zip";
const PLAIN_COMPOUND: &str = "application/x-ole-storage";
/// The most entries to check. Documents have hundreds, and their type is named at the start or the end.
const MAX_ENTRIES: usize = 20_000;
/// The limit for an entry that names a type.
const MAX_ENTRY_BYTES: u64 = 256 * 1024;

/// Types that an entry `mimetype` may name, as in OpenDocument and EPUB.
const DECLARED: [&str; 30] = [
    "application/epub+zip",
    "application/vnd.adobe.indesign-idml-package",
    "application/vnd.oasis.opendocument.base",
    "application/vnd.oasis.opendocument.chart",
    "application/vnd.oasis.opendocument.chart-template",
    "application/vnd.oasis.opendocument.database",
    "application/vnd.oasis.opendocument.formula",
    "application/vnd.oasis.opendocument.formula-template",
    "application/vnd.oasis.opendocument.graphics",
    "application/vnd.oasis.opendocument.graphics-template",
    "application/vnd.oasis.opendocument.image",
    "application/vnd.oasis.opendocument.image-template",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.presentation-template",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.spreadsheet-template",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.text-master",
    "application/vnd.oasis.opendocument.text-master-template",
    "application/vnd.oasis.opendocument.text-template",
    "application/vnd.oasis.opendocument.text-web",
    "application/vnd.recordare.musicxml",
    "application/vnd.sun.xml.calc",
    "application/vnd.sun.xml.draw",
    "application/vnd.sun.xml.impress",
    "application/vnd.sun.xml.math",
    "application/vnd.sun.xml.writer",
    "application/vnd.sun.xml.writer.global",
    "application/x-krita",
    "image/openraster",
];

/// Office Open XML. The main part of such a file has the same type without `.12`, and with `.main` appended.
const OFFICE: [&str; 17] = [
    "application/vnd.ms-excel.addin.macroEnabled.12",
    "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    "application/vnd.ms-excel.sheet.macroEnabled.12",
    "application/vnd.ms-excel.template.macroEnabled.12",
    "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    "application/vnd.ms-powerpoint.slideshow.macroEnabled.12",
    "application/vnd.ms-powerpoint.template.macroEnabled.12",
    "application/vnd.ms-visio.drawing",
    "application/vnd.ms-word.document.macroEnabled.12",
    "application/vnd.ms-word.template.macroEnabled.12",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
    "application/vnd.openxmlformats-officedocument.presentationml.template",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
];

/// The types by the folder of the main part, without macros and with, for Office files whose declared type
/// can't be read.
const OFFICE_FOLDERS: [(&str, &str, &str); 3] = [
    (
        "word/",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.ms-word.document.macroEnabled.12",
    ),
    (
        "xl/",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel.sheet.macroEnabled.12",
    ),
    (
        "ppt/",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    ),
];

/// What a walk through an archive's directory found.
#[derive(Default)]
struct Found {
    /// The entry that declares the type of a document or a book.
    declaration: Option<Entry>,
    /// The entry that names the types of an Office document's parts.
    office_types: Option<Entry>,
    /// The index in `OFFICE_FOLDERS`.
    office_folder: Option<usize>,
    has_macros: bool,
    is_java: bool,
    is_android: bool,
    is_map: bool,
}

#[derive(Clone, Copy)]
struct Entry {
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
}

/// The type of a zip archive by its content. Blocks.
pub(super) fn zip_type(file: &File) -> &'static str {
    look_into(file).unwrap_or(PLAIN_ZIP)
}

fn look_into(file: &File) -> Option<&'static str> {
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file.try_clone().ok()?, &mut buffer).ok()?;
    let mut found = Found::default();
    let mut entries = archive.entries(&mut buffer);
    for _ in 0..MAX_ENTRIES {
        let Ok(Some(entry)) = entries.next_entry() else { break };
        let path = entry.file_path();
        let place = Entry { place: entry.wayfinder(), method: entry.compression_method() };
        found.note(path.as_bytes(), place);
    }
    let declared = found.declaration.and_then(|entry| declared_type(&archive, entry));
    let office = || found.office_types.and_then(|entry| office_type(&archive, entry, &found));
    let by_names = if found.is_android {
        Some("application/vnd.android.package-archive")
    } else if found.is_java {
        Some("application/java-archive")
    } else if found.is_map {
        Some("application/vnd.google-earth.kmz")
    } else {
        None
    };
    declared.or_else(office).or(by_names)
}

impl Found {
    fn note(&mut self, path: &[u8], entry: Entry) {
        match path {
            b"mimetype" => self.declaration = Some(entry),
            b"[Content_Types].xml" => self.office_types = Some(entry),
            b"AndroidManifest.xml" => self.is_android = true,
            b"META-INF/MANIFEST.MF" => self.is_java = true,
            b"doc.kml" => self.is_map = true,
            _ => {}
        }
        let folder = OFFICE_FOLDERS.iter().position(|(folder, ..)| path.starts_with(folder.as_bytes()));
        self.office_folder = self.office_folder.or(folder);
        self.has_macros |= path.ends_with(b"/vbaProject.bin");
    }
}

fn declared_type(archive: &ZipArchive<FileReader>, entry: Entry) -> Option<&'static str> {
    let text = content(archive, entry)?;
    let text = text.trim();
    DECLARED.into_iter().find(|declared| *declared == text)
}

/// The main part's type says which kind of document it is; the other parts may have many types.
fn office_type(archive: &ZipArchive<FileReader>, entry: Entry, found: &Found) -> Option<&'static str> {
    let text = content(archive, entry).unwrap_or_default();
    let mains = text.split(['"', '\'']).filter_map(|value| {
        let main = value.strip_suffix(".main+xml").or(value.strip_suffix(".main"))?;
        // One of the types is named differently.
        Some(main.strip_suffix("Template").unwrap_or(main))
    });
    let is_of = |main: &str, own: &&str| own.strip_suffix(".12").unwrap_or(own).eq_ignore_ascii_case(main);
    let mut known = mains.filter_map(|main| OFFICE.into_iter().find(|own| is_of(main, own)));
    let by_folder = || {
        let (_, plain, with_macros) = OFFICE_FOLDERS.get(found.office_folder?)?;
        Some(if found.has_macros { *with_macros } else { *plain })
    };
    known.next().or_else(by_folder)
}

/// The beginning of a small text entry.
fn content(archive: &ZipArchive<FileReader>, entry: Entry) -> Option<String> {
    let found = archive.get_entry(entry.place).ok()?;
    let mut bytes = Vec::new();
    let read = match entry.method {
        CompressionMethod::STORE => found.reader().take(MAX_ENTRY_BYTES).read_to_end(&mut bytes),
        CompressionMethod::DEFLATE => {
            DeflateDecoder::new(found.reader()).take(MAX_ENTRY_BYTES).read_to_end(&mut bytes)
        }
        _ => return None,
    };
    read.ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The type of a compound file, by the name of its content stream. Blocks.
pub(super) fn compound_type(file: &File) -> &'static str {
    let found = file.try_clone().and_then(cfb::CompoundFile::open);
    let Ok(compound) = found else { return PLAIN_COMPOUND };
    let names = [
        ("WordDocument", "application/msword"),
        ("Workbook", "application/vnd.ms-excel"),
        ("Book", "application/vnd.ms-excel"),
        ("PowerPoint Document", "application/vnd.ms-powerpoint"),
        ("VisioDocument", "application/vnd.visio"),
        ("__properties_version1.0", "application/vnd.ms-outlook"),
    ];
    let named = names.into_iter().find(|(name, _)| compound.exists(name)).map(|(_, own)| own);
    let is_installer = compound.root_entry().clsid().to_string() == "000c1084-0000-0000-c000-000000000046";
    named.or(is_installer.then_some("application/x-msi")).unwrap_or(PLAIN_COMPOUND)
}
