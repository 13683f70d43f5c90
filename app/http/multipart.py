"""A form with files (`multipart/form-data`, RFC 7578) as one row of a request, in which bytes are Base64."""

import base64
import re
from typing import Any

from app.http.parse import Refused

MOST_PARTS = 200
KIND = "multipart/form-data"
_boundary, _name = re.compile(r'boundary="?([^";]{1,70})"?', re.IGNORECASE), re.compile(r'[; ]name="([^"]*)"')


def row(content_type: str, body: bytes) -> dict[str, Any]:
    """The row: the text of each field, and the bytes of each file in Base64, under the field's name.

    Raises:
        Refused: the body is no such form, or names a field twice.
    """
    found = _boundary.search(content_type)
    if found is None:
        raise Refused(422, "a form with files names its boundary in Content-Type, found none; let your client set that header")
    parts = (b"\r\n" + body).split(b"\r\n--" + found[1].encode("latin-1"))
    if len(parts) < 3 or len(parts) > MOST_PARTS or not parts[-1].startswith(b"--"):
        raise Refused(422, f"the body must be a form of 1 to {MOST_PARTS - 2} fields between the boundaries that Content-Type names, found another")
    cells: dict[str, Any] = {}
    for part in parts[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        told = head.decode("utf-8", "replace")
        name = _name.search(told)
        if name is None or name[1] in cells:
            raise Refused(422, f"each field of the form has a name of its own, found {'none' if name is None else repr(name[1][:80]) + ' twice'}")
        is_file = "filename=" in told
        cells[name[1]] = base64.b64encode(content).decode() if is_file else content.decode("utf-8", "replace") or None
    return cells
