"""Where a change carries its token: in a header, or in the form itself.

The guard reads it before the application sees the request, so that no page can forget to ask for it: in a form with
files it is the first field, for which the first bytes suffice.
"""

import re
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header

from almascan.web.access.asked import Asked
from almascan.web.access.body import Body
from almascan.web.access.limits import Limits

HEADER = "x-csrf-token"
FIELD = "csrf"
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 2_000
_FIRST_FIELD_BYTES = 1024
_FIRST_FIELD = rb'--%s\r\ncontent-disposition: form-data; name="csrf"\r\n\r\n([\x21-\x7e]{1,200})\r\n--%s'


async def read_token(asked: Asked, body: Body, limits: Limits) -> str:
    """Give the token that a change carries; "" where it carries none.

    Args:
        asked: The request's head.
        body: Its body, of which as much is waited for as the token needs.
        limits: What the body may take.

    Raises:
        BrokenBodyError: The body is too large or too slow.
    """
    if (sent := asked.only(HEADER)) is not None:
        return sent
    content_type = asked.only("content-type") or ""
    if asked.is_multipart:
        return find_first_field(await body.peek(_FIRST_FIELD_BYTES), content_type)
    if content_type.partition(";")[0].strip().lower() == _FORM:
        return find_field(await body.peek(limits.form_bytes))
    return ""


def find_field(form: bytes) -> str:
    """Give the token of a form without files; "" where it has none, or several."""
    try:
        fields = parse_qsl(form.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return ""
    tokens = [value for name, value in fields if name == FIELD]
    return tokens[0] if len(tokens) == 1 else ""


def find_first_field(beginning: bytes, content_type: str) -> str:
    """Give the token of a form with files; "" where it is not the very first field.

    Args:
        beginning: The first bytes of the body.
        content_type: The header, which says what parts the fields.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        return ""
    parts = re.escape(boundary)
    # Of the pattern only the header's name may be written in either case; a boundary is taken as it is.
    pattern = _FIRST_FIELD.replace(b"content-disposition", b"(?i:content-disposition)") % (parts, parts)
    found = re.match(pattern, beginning)
    return found.group(1).decode("ascii") if found else ""
