import asyncio
import gzip
import os
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import zlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from tests.alma.conftest import KEY, connect, no_sleep
from tests.alma.raw_server import RawServer, http
from tests.alma.samples import DESK, IDS, item_json

from almascan.alma import Alma, Pacer, Timeouts
from almascan.alma.transport import LARGEST_BODY_BYTES, _find_proxy, _make_socket
from almascan.errors import NoAnswerError, NotSentError


async def test_closing_a_connection_drops_what_was_not_sent(server: RawServer) -> None:
    server.script([http(200, item_json())])
    async with connect(server.base_url) as alma:
        await alma.read(IDS)
    await asyncio.sleep(0.02)
    assert server.resets == 1


def test_every_socket_lingers_not_at_all_and_sends_at_once() -> None:
    with _make_socket((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 1))) as made:
        linger = made.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
        assert linger in (b"\x01\x00\x00\x00\x00\x00\x00\x00", b"\x01\x00\x00\x00")
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.skipif(
    sys.platform != "linux", reason="cuts a connection by filling its receiver's window, as Linux does it"
)
def test_bytes_of_a_killed_process_do_not_arrive_later(tmp_path: Path) -> None:
    # The listener's small buffer is filled, so that the rest waits in the kernel of the process that is killed.
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        script = tmp_path / "sender.py"
        script.write_text(
            textwrap.dedent(f"""
                import socket, time
                from almascan.alma.transport import _make_socket
                made = _make_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", None))
                made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1_000_000)
                made.connect(("127.0.0.1", {listener.getsockname()[1]}))
                made.setblocking(False)
                print(made.send(b"x" * 500_000), flush=True)
                time.sleep(60)
            """)
        )
        with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as process:
            accepted, _ = listener.accept()
            with accepted:
                accepted.settimeout(10)
                assert process.stdout is not None
                sent = int(process.stdout.readline())
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                assert count_bytes(accepted) < sent


def count_bytes(connection: socket.socket) -> int:
    total = 0
    try:
        while part := connection.recv(65536):
            total += len(part)
    except ConnectionResetError:
        return total
    return total


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_an_answer_compressed_unasked_is_understood(server: RawServer, alma: Alma, encoding: str) -> None:
    body = gzip.compress(item_json()) if encoding == "gzip" else zlib.compress(item_json())
    server.script([http(200, body, Content_Encoding=encoding)])
    assert (await alma.read(IDS)).ids == IDS
    assert server.received[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b" " * (LARGEST_BODY_BYTES + 1) + item_json()),
        gzip.compress(item_json())[:-9],
        b"not compressed at all",
    ],
)
async def test_a_compressed_answer_that_is_huge_or_damaged_is_no_answer(
    server: RawServer, alma: Alma, body: bytes
) -> None:
    server.script([http(200, body, Content_Encoding="gzip")])
    with pytest.raises(NoAnswerError):
        await alma.scan_in(IDS, DESK)


async def test_a_proxy_is_asked_for_a_tunnel_and_never_sees_the_key(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script([http(407, "who are you?", "text/plain")])
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{server.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with connect("https://api-eu.hosted.exlibrisgroup.com/almaws/v1") as alma:
        with pytest.raises(NotSentError, match=r"proxy refused .* \(HTTP 407\)") as caught:
            await alma.scan_in(IDS, DESK)
    (request,) = server.received
    assert request.line == "CONNECT api-eu.hosted.exlibrisgroup.com:443 HTTP/1.1"
    assert request.headers["proxy-authorization"].startswith("Basic ")
    assert KEY not in str(request)
    assert "pass" not in str(caught.value)
    assert alma.requests == 0


async def test_a_proxy_that_is_not_there_means_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with RawServer() as gone:
        port = gone.port
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{port}")
    async with connect("https://api-eu.hosted.exlibrisgroup.com/almaws/v1") as alma:
        with pytest.raises(NotSentError, match="proxy on the way") as caught:
            await alma.scan_in(IDS, DESK)
    assert "pass" not in str(caught.value)


def test_this_machine_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "api-cn.hosted.exlibrisgroup.com.cn")
    monkeypatch.setenv("no_proxy", "api-cn.hosted.exlibrisgroup.com.cn")
    assert _find_proxy("http://127.0.0.1:1/almaws/v1", "127.0.0.1") is None
    assert _find_proxy("http://[::1]:1/almaws/v1", "::1") is None
    host = "api-eu.hosted.exlibrisgroup.com"
    assert _find_proxy(f"https://{host}/almaws/v1", host) == "http://proxy.example:3128"
    host = "api-cn.hosted.exlibrisgroup.com.cn"
    assert _find_proxy(f"https://{host}/almaws/v1", host) is None


async def test_a_server_that_speaks_no_tls_gets_nothing() -> None:
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65536))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        await expect_no_safe_connection(port)
    assert KEY.encode() not in b"".join(heard)


async def test_a_server_whose_certificate_nobody_trusts_gets_nothing(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65536))
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sign_oneself(tmp_path))
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as listening:
        await expect_no_safe_connection(listening.sockets[0].getsockname()[1])
    assert heard == []


async def expect_no_safe_connection(port: int) -> None:
    async with connect(f"https://127.0.0.1:{port}/almaws/v1") as alma:
        with pytest.raises(NotSentError, match="No safe connection"):
            await alma.scan_in(IDS, DESK)
    assert alma.requests == 0


def sign_oneself(folder: Path) -> Path:
    pytest.importorskip("cryptography", reason="makes a certificate; installed with keyring on Linux alone")
    from cryptography import x509  # noqa: PLC0415 - not on every platform
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - likewise
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - likewise

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(private + certificate.public_bytes(pem))
    return path


async def test_a_connection_that_is_not_made_in_time_means_not_sent() -> None:
    # A listener whose queue is full takes no more connections and refuses none.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [fill(listener.getsockname()) for _ in range(4)]
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/almaws/v1"
        timeouts = Timeouts(connect_seconds=0.2, scan_seconds=0.2)
        async with Alma(base_url, KEY, pacer=Pacer(100), timeouts=timeouts, sleep=no_sleep) as alma:
            with pytest.raises((NotSentError, NoAnswerError)) as caught:
                await alma.scan_in(IDS, DESK)
        for filler in fillers:
            filler.close()
    if sys.platform == "linux":
        assert isinstance(caught.value, NotSentError)


def fill(address: tuple[str, int]) -> socket.socket:
    filler = socket.socket()
    filler.setblocking(False)
    filler.connect_ex(address)
    return filler


async def test_a_host_that_does_not_exist_means_not_sent() -> None:
    async with connect("https://no-such-region.hosted.exlibrisgroup.com.invalid/almaws/v1") as alma:
        with pytest.raises(NotSentError, match="not found"):
            await alma.scan_in(IDS, DESK)
