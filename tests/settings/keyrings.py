"""Real keyrings of keyring's own interface, for tests that must not touch the platform's."""

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class MemoryKeyring(KeyringBackend):
    """A keyring that forgets everything at the end."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.passwords[service, username]


class LockedKeyring(MemoryKeyring):
    """A keyring that nobody unlocks."""

    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002 - keyring's signature
        raise KeyringLocked("Failed to unlock the collection!\nmore")

    def set_password(self, service: str, username: str, password: str) -> None:  # noqa: ARG002 - keyring's signature
        raise KeyringLocked("Failed to unlock the collection!")


@contextmanager
def in_use(backend: KeyringBackend) -> Iterator[None]:
    """Let a keyring be the one that is asked."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(before)
