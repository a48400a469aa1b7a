"""Pictures and documents: what may be uploaded, how Telegram describes it, where it is downloaded."""

from typing import Any

from bot.emulator.call import Call
from bot.emulator.refuse import MAX_DOWNLOAD, MAX_PHOTO, MAX_UPLOAD, Refusal, bad_request
from bot.emulator.world import StoredFile

Json = dict[str, Any]

PNG = b"\x89PNG\r\n\x1a\n"
PICTURES = (PNG, b"\xff\xd8\xff", b"GIF8", b"RIFF")
MIME = {"txt": "text/plain", "html": "text/html", "pdf": "application/pdf", "csv": "text/csv"}


def photo(call: Call) -> Json:
    """The photo of a message, checked as Telegram checks pictures."""
    stored = _stored(call, "photo")
    if not stored.content.startswith(PICTURES):
        raise bad_request("IMAGE_PROCESS_FAILED")
    if len(stored.content) > MAX_PHOTO:
        raise bad_request("file is too big")
    width, height = _size(stored.content)
    if width + height > 10_000 or not width or not height or max(width / height, height / width) > 20:
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return {"photo": [_facts(stored) | {"width": width, "height": height}]}


def _size(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG; other pictures are taken to be of a common size."""
    if content.startswith(PNG) and len(content) >= 24:
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    return 1280, 720


def document(call: Call) -> Json:
    """The document of a message."""
    stored = _stored(call, "document")
    mime = MIME.get(stored.path.rpartition(".")[2], "application/octet-stream")
    return {"document": _facts(stored) | {"file_name": stored.name, "mime_type": mime}}


def _stored(call: Call, field: str) -> StoredFile:
    """What was uploaded under this field (or under the name it points to), or sent before."""
    given = call.params.get(field, "")
    upload = call.uploads.get(given.removeprefix("attach://")) or call.uploads.get(field)
    if upload is None:
        if not given:
            raise bad_request(f"there is no {field} in the request")
        if given not in call.world.files:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return call.world.files[given]
    name, content = upload
    if not content:
        raise bad_request("file must be non-empty")
    if len(content) > MAX_UPLOAD:
        raise Refusal(413, "Request Entity Too Large")
    return call.world.add_file(field, name, content)


def _facts(stored: StoredFile) -> Json:
    return {"file_id": stored.id, "file_unique_id": f"u{stored.id}", "file_size": len(stored.content)}


def get_file(call: Call) -> Json:
    """Where a file can be downloaded."""
    stored = call.world.files.get(call.params.get("file_id", ""))
    if stored is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if len(stored.content) > MAX_DOWNLOAD:
        raise bad_request("file is too big")
    call.note("called")
    return _facts(stored) | {"file_path": stored.path}
