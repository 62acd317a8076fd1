"""What a sender may take of the page's time and space."""

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """Bounds of a request's body and of connections.

    Attributes:
        upload_bytes: The most that a form with a file may be.
        form_bytes: The most that any other body may be.
        arrival_seconds: Within which a body must be there whole.
        silence_seconds: How long a sender may be silent before its body is whole.
        linger_seconds: How long the rest of a refused body is read and dropped, so that the browser comes to read why.
        head_seconds: Within which a request's head must be there whole.
        connections: The most that are open at once; a page that shows a run live holds one.
    """

    upload_bytes: int = 64 * 1024 * 1024
    form_bytes: int = 32 * 1024
    arrival_seconds: float = 120.0
    silence_seconds: float = 10.0
    linger_seconds: float = 5.0
    head_seconds: float = 10.0
    connections: int = 200
