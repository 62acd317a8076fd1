"""The page behind a real nginx, with the configuration that the documentation shows."""

import base64
import contextlib
import http.client
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.waiting import wait_until
from tests.web.guarded import SECRET, Guarded, guarded
from tests.web.test_access_requests import MULTIPART, parts

from almascan.web.access import Asked, ProxyAccess

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "the-page-for-a-team.md"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
OPENSSL = shutil.which("openssl")
KIB = 1024

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(NGINX is None or OPENSSL is None, reason="needs nginx and openssl"),
]


class Proxied:
    """The page as people reach it."""

    def __init__(self, page: Guarded, port: int, certificate: Path) -> None:
        self.page = page
        self.port = port
        self._trusting = ssl.create_default_context(cafile=certificate)
        self._trusting.check_hostname = False  # it is reached by its address
        self.host = f"scan.example.org:{port}"

    @contextlib.contextmanager
    def asking(
        self, method: str, target: str, headers: dict[str, str], body: bytes = b""
    ) -> Iterator[http.client.HTTPResponse]:
        with contextlib.closing(
            http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self._trusting)
        ) as connection:
            connection.request(method, target, body, {"Host": self.host, **headers})
            with connection.getresponse() as response:
                yield response

    def ask(self, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
        with self.asking(method, target, headers, body) as response:
            return response.status, response.read()


def signed_in(name: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:pass'.encode()).decode()}"}


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    origin = f"https://scan.example.org:{port}"
    with guarded(lambda _: ProxyAccess(SECRET, ["127.0.0.1"], origin)) as page:
        configuration = write_configuration(folder, port, page.port)
        process = subprocess.Popen([str(NGINX), "-c", str(configuration), "-p", str(folder), "-e", "error.log"])
        try:
            wait_for(port, process)
            yield Proxied(page, port, folder / "site.pem")
        finally:
            process.terminate()
            process.wait(timeout=60)


def write_configuration(folder: Path, port: int, page_port: int) -> Path:
    """Take the documentation's server, and put this test's addresses and files into it."""
    key, certificate = folder / "site.key", folder / "site.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", "/CN=scan.example.org", "-days", "2", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    (folder / "users").write_text("ada:{PLAIN}pass\n", encoding="utf-8")
    server = PAGE.read_text(encoding="utf-8").partition("```nginx\n")[2].partition("```")[0]
    for shown, own in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/certs/scan.example.org.pem": str(certificate),
        "/etc/ssl/private/scan.example.org.key": str(key),
        "/etc/nginx/almascan.htpasswd": str(folder / "users"),
        "127.0.0.1:8766": f"127.0.0.1:{page_port}",
    }.items():
        assert shown in server
        server = server.replace(shown, own)
    folders = " ".join(f"{kind}_temp_path {kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    path = folder / "nginx.conf"
    frame = f"daemon off; master_process off; pid pid; error_log error.log; events {{}}\nhttp {{ access_log off; {folders}\n"
    path.write_text(f"{frame}{server}}}\n", encoding="utf-8")
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    def is_there() -> bool:
        assert process.poll() is None, "nginx has ended"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        return False

    wait_until(is_there, "nginx answers")


def token_of(proxied: Proxied) -> str:
    asked = Asked("GET", "/", "/", headers=((b"x-forwarded-user", b"ada"),))
    return str(getattr(proxied.page.access.admit(asked), "csrf", ""))


def test_whoever_has_not_signed_in_gets_nothing(proxied: Proxied) -> None:
    proxied.page.through.clear()
    for headers in ({}, {"X-Forwarded-User": "ada"}, signed_in("eve")):
        assert proxied.ask("GET", "/", headers)[0] == 401
    assert proxied.page.through == []


def test_whoever_has_signed_in_is_known_by_that_name_whatever_the_browser_says(proxied: Proxied) -> None:
    assert proxied.ask("GET", "/", signed_in("ada")) == (200, b"ada")
    assert proxied.ask("GET", "/", {**signed_in("ada"), "X-Forwarded-User": "root"}) == (200, b"ada")


def test_another_host_is_refused_behind_the_proxy_too(proxied: Proxied) -> None:
    assert proxied.ask("GET", "/", {**signed_in("ada"), "Host": "evil.example"})[0] == 400


def test_a_change_and_an_upload_come_through_with_the_public_origin_alone(proxied: Proxied) -> None:
    token = token_of(proxied)
    form = {**signed_in("ada"), "Content-Type": MULTIPART[1]}
    body = parts(("csrf", token), ("name", "a"), ("filler", "x" * 900 * KIB))
    for origin, status in ((f"https://{proxied.host}", 303), ("https://evil.example", 403), ("null", 403)):
        assert proxied.ask("POST", "/change", {**form, "Origin": origin}, body)[0] == status


def test_progress_comes_through_as_it_comes(proxied: Proxied) -> None:
    with proxied.asking("GET", "/ticks", signed_in("ada")) as response:
        assert response.read(15) == b"tick\ntick\ntick\n"
