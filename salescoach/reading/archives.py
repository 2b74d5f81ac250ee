"""Documents that are zip archives: what kind they are, and their parts, never more of them than fits in memory."""

import zipfile
from typing import BinaryIO, Final, Literal

from lxml import etree

from salescoach.errors import InputError

MAX_DOCUMENT_BYTES: Final = 20_000_000  # of a document with one call: pictures of its speakers are in it
MAX_PART_BYTES: Final = 200_000_000  # of what is unpacked, all XML together

ArchiveKind = Literal["Word document", "Excel workbook", "OpenDocument spreadsheet", "OpenDocument text", ""]

_MAGIC: Final = b"PK\x03\x04"


def is_archive(head: bytes) -> bool:
    """Whether bytes begin as those of a zip archive."""
    return head.startswith(_MAGIC)


def archive_kind(stream: BinaryIO) -> ArchiveKind:
    """What a zip archive is by the parts in it; empty where it is nothing that we read, or damaged."""
    try:
        with zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                mime = archive.read("mimetype").strip()
                if mime.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
                    return "OpenDocument spreadsheet"
                if mime.startswith(b"application/vnd.oasis.opendocument.text"):
                    return "OpenDocument text"
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return ""
    finally:
        stream.seek(0)
    if any(name.startswith("word/document") for name in names):
        return "Word document"
    return "Excel workbook" if any(name.startswith("xl/workbook") for name in names) else ""


def check_unpacked(archive: zipfile.ZipFile, what: str) -> None:
    """Refuses an archive whose XML would take too much memory; what it says of its sizes is all that Python unpacks.

    Raises:
        InputError: it is too large, or a part of it is locked with a password.
    """
    parts = [part for part in archive.infolist() if part.filename.endswith((".xml", ".rels"))]
    if any(part.flag_bits & 1 for part in parts):
        raise InputError(f"{what} is locked with a password; save it without one.")
    if sum(part.file_size for part in parts) > MAX_PART_BYTES:
        raise InputError(
            f"{what} unpacks to more than {MAX_PART_BYTES // 1_000_000} MB, too much; split it or give it as text."
        )


def safe_parser() -> etree.XMLParser:
    """A parser that follows nothing: no entity, no definition of the document's type, no address."""
    return etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True)


def check_type(root: etree._Element) -> None:
    """Refuses XML that defines its own type, and with that entities: no office program writes such a document.

    Raises:
        ValueError: it does.
    """
    if root.getroottree().docinfo.doctype:
        raise ValueError("a definition of a type stands before the document")
