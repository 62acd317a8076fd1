"""What every answer tells the browser to allow: nothing but the page itself."""

from starlette.datastructures import MutableHeaders

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: dict[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # With no-referrer a browser would not say where its own forms come from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
FRESH = "no-store"
STATIC_FRESH = "public, max-age=604800"
_KEPT_STATUSES = (200, 206, 304)


def put_headers(headers: MutableHeaders, status: int, *, static: bool, closing: bool) -> None:
    """Put the headers on an answer, over what the application says.

    Args:
        headers: The answer's headers, which are changed.
        status: Its HTTP status.
        static: Whether it is a part of the page that is the same for everybody.
        closing: Whether the connection is of no more use.
    """
    for name, value in HEADERS.items():
        headers[name] = value
    headers["Cache-Control"] = STATIC_FRESH if static and status in _KEPT_STATUSES else FRESH
    if closing:
        headers["Connection"] = "close"
