"""The HTTP client against real servers on loopback."""

from __future__ import annotations

import gzip
import logging
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
import trustme

from agent.domain.errors import (
    AccessDeniedError,
    AgentError,
    AuthenticationError,
    ConfigurationError,
    ProxyAuthenticationError,
    RateLimitedError,
    SourceAnswerError,
    UnreachableError,
    UntrustedPeerError,
)
from agent.domain.secret import Secret
from agent.http import HttpOptions, HttpResponse, HttpSession, Timeouts, decode_json
from tests.lab.tenable import Fault, Scenario, TenableDouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.fakes.clock import FakeClock
    from tests.lab.authority import ServerFiles

Reply = tuple[int, dict[str, str], bytes]
SECRET = "s3cr3t-of-the-house"


class Loopback:
    """A plain server that gives `replies` in turn (the last one for ever) and notes what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.replies: list[Reply] = [(200, {}, b"")]
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            loopback.asked.append(f"{self.command} {self.path}")
            loopback.headers.append(dict(self.headers))
            status, headers, body = loopback.next_reply()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        do_GET = do_POST = do_CONNECT = answer  # noqa: N815

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            del request, client_address

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    loopback = Loopback(f"{'http' if context is None else 'https'}://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as loopback:
        yield loopback


@pytest.fixture
def http(server: Loopback, clock: FakeClock) -> Iterator[HttpSession]:
    with HttpSession(server.url, clock=clock, allow_plain_http=True) as session:
        yield session


def test_an_answer_comes_with_its_status_headers_and_body(server: Loopback, http: HttpSession) -> None:
    server.replies = [(201, {"Content-Type": "application/json; charset=utf-8"}, b'{"a": [1]}')]

    answer = http.request("post", "/things", params={"q": 1}, json={"b": 2})

    assert (answer.status, answer.json(), answer.headers["content-type"]) == (
        201,
        {"a": [1]},
        "application/json; charset=utf-8",
    )
    assert server.asked == ["POST /things?q=1"]


def test_a_base_address_with_a_path_is_kept(server: Loopback, clock: FakeClock) -> None:
    with HttpSession(server.url + "/api/v3/", clock=clock, allow_plain_http=True) as http:
        http.request("GET", "/ping")

    assert server.asked == ["GET /api/v3/ping"]


def test_another_host_is_never_asked(http: HttpSession, server: Loopback) -> None:
    with pytest.raises(SourceAnswerError):
        http.request("GET", "http://elsewhere.example/")

    assert server.asked == []


def test_a_redirection_on_the_same_server_is_followed(http: HttpSession, server: Loopback) -> None:
    server.replies = [(302, {"Location": "/there"}, b"x" * 100_000), (200, {}, b"here")]

    assert http.request("GET", "/").body == b"here"
    assert server.asked == ["GET /", "GET /there"]


@pytest.mark.parametrize("location", ["http://127.0.0.1:9/", "//elsewhere.example/", "https://127.0.0.1/", "\\\\x", ""])
def test_a_redirection_elsewhere_is_refused(http: HttpSession, server: Loopback, location: str) -> None:
    server.replies = [(302, {"Location": location}, b""), (200, {}, b"")]

    with pytest.raises(AgentError):
        http.request("GET", "/", headers={"Authorization": Secret(SECRET)})

    assert len(server.asked) == 1


def test_a_redirected_post_is_not_sent_again(http: HttpSession, server: Loopback) -> None:
    server.replies = [(302, {"Location": "/there"}, b""), (200, {}, b"")]

    with pytest.raises(SourceAnswerError):
        http.request("POST", "/", data=b"x")

    assert server.asked == ["POST /"]


def test_a_redirection_loop_ends(http: HttpSession, server: Loopback) -> None:
    server.replies = [(302, {"Location": "/"}, b"")]

    with pytest.raises(SourceAnswerError, match="boucle"):
        http.request("GET", "/")


def test_a_passing_failure_is_tried_again(http: HttpSession, server: Loopback, clock: FakeClock) -> None:
    server.replies = [(503, {}, b""), (502, {}, b""), (200, {}, b"at last")]

    assert http.request("GET", "/").body == b"at last"
    assert clock.slept == [1.0, 2.0]


def test_a_failure_that_lasts_is_told_after_three_attempts(http: HttpSession, server: Loopback) -> None:
    server.replies = [(504, {}, b"")]

    with pytest.raises(UnreachableError):
        http.request("GET", "/")

    assert len(server.asked) == 3


def test_a_post_is_not_repeated_after_a_failure_that_may_have_acted(http: HttpSession, server: Loopback) -> None:
    server.replies = [(503, {"Retry-After": "1"}, b"")]

    with pytest.raises(UnreachableError):
        http.request("POST", "/", data=b"x")

    assert len(server.asked) == 1


def test_a_post_put_off_by_its_server_is_repeated(http: HttpSession, server: Loopback, clock: FakeClock) -> None:
    server.replies = [(429, {"Retry-After": "7"}, b""), (202, {}, b"")]

    assert http.request("POST", "/", data=b"x").status == 202
    assert clock.slept == [7.0]


def test_a_date_to_come_back_at_is_understood(http: HttpSession, server: Loopback, clock: FakeClock) -> None:
    soon = (clock.now() + timedelta(seconds=9)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    server.replies = [(503, {"Retry-After": soon}, b""), (200, {}, b"")]

    http.request("GET", "/")

    assert clock.slept == [9.0]


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_too_long_is_told_at_once(http: HttpSession, server: Loopback, clock: FakeClock, status: int) -> None:
    server.replies = [(status, {"Retry-After": "600"}, b"")]

    with pytest.raises(RateLimitedError) as caught:
        http.request("GET", "/")

    assert caught.value.retry_after_seconds == 600
    assert (len(server.asked), clock.slept) == (1, [])


@pytest.mark.parametrize(("status", "expected"), [(401, AuthenticationError), (403, AccessDeniedError)])
def test_a_refusal_is_never_tried_again(
    http: HttpSession, server: Loopback, status: int, expected: type[AgentError]
) -> None:
    server.replies = [(status, {}, b""), (200, {}, b"")]

    with pytest.raises(expected):
        http.request("GET", "/")

    assert len(server.asked) == 1


def test_a_missing_right_is_no_refused_login() -> None:
    assert not issubclass(AccessDeniedError, AuthenticationError)


def test_a_source_that_speaks_as_the_proxy_does_not_pass_for_it(http: HttpSession, server: Loopback) -> None:
    server.replies = [(407, {}, b"")]

    with pytest.raises(SourceAnswerError):
        http.request("GET", "/")


def test_a_status_the_caller_accepts_is_his_to_judge(http: HttpSession, server: Loopback) -> None:
    server.replies = [(404, {}, b"none")]

    assert http.request("GET", "/", accept_status=(404,)).body == b"none"


def test_a_body_too_large_is_abandoned(http: HttpSession, server: Loopback) -> None:
    server.replies = [(200, {}, b"x" * 2000)]

    with pytest.raises(SourceAnswerError, match="plus de"):
        http.request("GET", "/", max_bytes=1999)


def test_a_small_body_that_inflates_without_end_is_abandoned(http: HttpSession, server: Loopback) -> None:
    server.replies = [(200, {"Content-Encoding": "gzip"}, gzip.compress(b"\0" * 50_000_000))]
    written: list[int] = []

    class Counting(BytesIO):
        def write(self, data: object, /) -> int:
            written.append(len(data))  # type: ignore[arg-type]
            return len(data)  # type: ignore[arg-type]

    with pytest.raises(SourceAnswerError, match="plus de"):
        http.download("/", to=Counting(), max_bytes=1_000_000)

    assert sum(written) <= 1_000_000
    assert max(written) <= 65_536


def test_a_compressed_body_is_given_plain(http: HttpSession, server: Loopback) -> None:
    server.replies = [(200, {"Content-Encoding": "gzip"}, gzip.compress(b"plain" * 100_000))]

    assert http.request("GET", "/").body == b"plain" * 100_000


def test_damaged_compression_is_told(http: HttpSession, server: Loopback) -> None:
    server.replies = [(200, {"Content-Encoding": "gzip"}, b"not gzip at all")]

    with pytest.raises(SourceAnswerError):
        http.request("GET", "/")


def test_a_download_cut_short_begins_again_from_its_start(http: HttpSession, server: Loopback) -> None:
    server.replies = [(200, {"Content-Length": "100"}, b"half"), (200, {}, b"whole")]
    to = BytesIO(b"kept ")
    to.seek(0, 2)

    http.download("/", to=to, max_bytes=1000)

    assert to.getvalue() == b"kept whole"


def test_a_server_that_is_not_there_is_unreachable(clock: FakeClock) -> None:
    with (
        HttpSession("https://127.0.0.1:9", clock=clock) as http,
        pytest.raises(UnreachableError, match="injoignable"),
    ):
        http.request("GET", "/")


def test_an_unknown_name_is_unreachable(clock: FakeClock) -> None:
    with (
        HttpSession("https://nowhere.invalid", clock=clock) as http,
        pytest.raises(UnreachableError, match="injoignable"),
    ):
        http.request("GET", "/")


@pytest.mark.parametrize("kind", ["slow", "dripping-headers"])
def test_a_peer_that_drips_is_cut_at_the_deadline(
    server_files: ServerFiles, ca_file: Path, clock: FakeClock, kind: str
) -> None:
    fault = Fault(path=".*", kind=kind)  # type: ignore[arg-type]
    options = HttpOptions(ca_file=ca_file, timeouts=Timeouts(read_seconds=0.3, total_seconds=0.5))
    with (
        TenableDouble(Scenario(faults=[fault]), server_files) as double,
        HttpSession(double.url, options, clock=clock) as http,
    ):
        begun = time.monotonic()
        with pytest.raises(UnreachableError, match="délai"):
            http.request("GET", "/scans")

        assert time.monotonic() - begun < 2
        assert len(double.requests) == 1


def test_nothing_secret_is_told_by_an_error_or_a_log(
    http: HttpSession, server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    server.replies = [(200, {"Content-Length": "100"}, b""), (500, {"X:": "not a header"}, b"")]

    with caplog.at_level(logging.DEBUG), pytest.raises(AgentError) as caught:
        http.request("GET", f"/hook/{SECRET}", params={"sig": SECRET}, headers={"Authorization": Secret(SECRET)})

    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in repr(error)
        error = error.__cause__ or error.__context__
    assert SECRET not in caplog.text


@pytest.mark.parametrize("value", [f"{SECRET}\nX: 1", f"{SECRET}é"], ids=["two lines", "accent"])
def test_a_secret_unfit_for_a_header_is_a_matter_of_configuration(http: HttpSession, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        http.request("GET", "/", headers={"Authorization": Secret(value)})

    assert SECRET not in repr(caught.value)


def test_an_answer_does_not_print_what_it_holds() -> None:
    answer = HttpResponse(host="h", status=200, headers={"Set-Cookie": SECRET}, body=SECRET.encode())

    assert SECRET not in repr(answer)


def test_plain_http_is_refused(clock: FakeClock) -> None:
    with pytest.raises(ConfigurationError, match="https"):
        HttpSession("http://cloud.example", clock=clock)


@pytest.mark.parametrize("url", ["https://", "ftp://host", "https://me:pass@host", "https://host:port", "host"])
def test_an_address_that_is_none_is_refused_without_being_quoted(url: str, clock: FakeClock) -> None:
    with pytest.raises(ConfigurationError) as caught:
        HttpSession(url, clock=clock)

    assert "pass" not in caught.value.message


def test_an_authorities_file_that_does_not_read_is_a_matter_of_configuration(clock: FakeClock, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"ca\.pem"):
        HttpSession("https://host.example", HttpOptions(ca_file=tmp_path / "ca.pem"), clock=clock)


def _tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.mark.parametrize(
    "issue",
    [
        pytest.param(lambda ca: ca.issue_cert("other.example"), id="of another host"),
        pytest.param(
            lambda ca: ca.issue_cert(
                "127.0.0.1", not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2021, 1, 1, tzinfo=UTC)
            ),
            id="expired",
        ),
        pytest.param(lambda _: trustme.CA().issue_cert("127.0.0.1"), id="of an unknown authority"),
    ],
)
def test_a_certificate_that_proves_nothing_is_refused(
    issue: Callable[[trustme.CA], trustme.LeafCert], clock: FakeClock, tmp_path: Path
) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with (
        serving(_tls(issue(ca))) as server,
        HttpSession(server.url, HttpOptions(ca_file=tmp_path / "ca.pem"), clock=clock) as http,
        pytest.raises(UntrustedPeerError),
    ):
        http.request("GET", "/")

    assert server.asked == []


def test_the_environment_chooses_no_proxy_and_no_password(
    http: HttpSession, server: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    http.request("GET", "/")

    assert "Authorization" not in server.headers[0]


@pytest.fixture
def proxied(server: Loopback) -> HttpOptions:
    return HttpOptions(proxy_url=server.url, proxy_user="chu\\svc", proxy_password=Secret(SECRET))


def test_a_proxy_gets_its_account_in_a_header(server: Loopback, proxied: HttpOptions, clock: FakeClock) -> None:
    server.replies = [(200, {}, b"through the proxy")]

    with HttpSession("http://vendor.example", proxied, clock=clock, allow_plain_http=True) as http:
        assert http.request("GET", "/a").body == b"through the proxy"

    assert server.asked == ["GET http://vendor.example/a"]
    assert server.headers[0]["Proxy-Authorization"].startswith("Basic ")


def test_a_proxy_that_refuses_our_account_is_asked_once(
    server: Loopback, proxied: HttpOptions, clock: FakeClock
) -> None:
    server.replies = [(407, {}, b"")]

    with (
        HttpSession("https://vendor.example", proxied, clock=clock) as http,
        pytest.raises(ProxyAuthenticationError, match="proxy") as caught,
    ):
        http.request("GET", "/", headers={"Authorization": "Bearer for the vendor"})

    assert server.asked == ["CONNECT vendor.example:443"]
    assert "Authorization" not in server.headers[0]
    assert SECRET not in repr(caught.value)


class Remembered:
    """What remembers the proxy's refusal, for these tests: in memory."""

    def __init__(self) -> None:
        self.error: ProxyAuthenticationError | None = None

    def require_free(self) -> None:
        if self.error is not None:
            raise self.error

    def refused(self, error: ProxyAuthenticationError) -> None:
        self.error = error


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refused_our_account_is_left_alone_by_every_session(
    server: Loopback, proxied: HttpOptions, clock: FakeClock, scheme: str
) -> None:
    options = replace(proxied, proxy_login=Remembered())
    server.replies = [(407, {}, b""), (407, {}, b"")]

    for host in ("vendor", "other"):
        with (
            HttpSession(f"{scheme}://{host}.example", options, clock=clock, allow_plain_http=True) as http,
            pytest.raises(ProxyAuthenticationError),
        ):
            http.request("GET", "/")

    assert len(server.asked) == 1


def test_a_refused_proxy_account_does_not_stop_what_is_reached_directly(server: Loopback, clock: FakeClock) -> None:
    remembered = Remembered()
    remembered.error = ProxyAuthenticationError("refusé")
    options = HttpOptions(proxy_url="http://127.0.0.1:9", no_proxy=("127.0.0.1",), proxy_login=remembered)

    with HttpSession(server.url, options, clock=clock, allow_plain_http=True) as http:
        assert http.request("GET", "/").status == 200


def test_a_proxy_that_fails_makes_the_source_unreachable(
    server: Loopback, proxied: HttpOptions, clock: FakeClock
) -> None:
    server.replies = [(502, {}, b"")]

    with HttpSession("https://vendor.example", proxied, clock=clock) as http, pytest.raises(UnreachableError):
        http.request("GET", "/")


@pytest.mark.parametrize("no_proxy", ["localhost", ".localhost"])
def test_a_host_reached_directly_does_without_the_proxy(server: Loopback, clock: FakeClock, no_proxy: str) -> None:
    options = HttpOptions(proxy_url="http://127.0.0.1:9", no_proxy=(no_proxy,))

    with HttpSession(server.url.replace("127.0.0.1", "localhost"), options, clock=clock, allow_plain_http=True) as http:
        assert http.request("GET", "/").status == 200


@pytest.mark.parametrize(
    "body",
    [b'{"a": ', b"", b"\xff\xfe", b"[NaN]", b"[" * 100_000, b"[" * 70 + b"]" * 70],
    ids=["cut", "empty", "not text", "not a number", "never closed", "too deep"],
)
def test_json_that_cannot_be_used_is_told(body: bytes) -> None:
    with pytest.raises(SourceAnswerError):
        decode_json(body, source="vendor.example")


def test_json_nested_as_deep_as_allowed_is_read() -> None:
    assert decode_json(b"[[1]]", max_depth=2, source="vendor.example") == [[1]]
