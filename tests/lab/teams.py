"""
A double of a Teams Workflows webhook, made from its published limits.

    python -m tests.lab.teams --port 8444 --out DIR [--cert server.crt --key server.key] [--fail 2 --status 429 --retry-after 30]

It answers 202 to a good envelope and writes its card to DIR/0001.json, …; 400, with the reason, to another.
"""

from __future__ import annotations

import argparse
import itertools
import json
import signal
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.lab.authority import ServerFiles

if TYPE_CHECKING:
    from types import TracebackType

MOST_BYTES = 28 * 1024
_CARD = "application/vnd.microsoft.card.adaptive"
_NEWEST = (1, 4)


def problem_of(content: bytes, media_type: str) -> str | None:
    """Return why a webhook would not post `content`, None when it would."""
    if len(content) > MOST_BYTES:
        return "RequestEntityTooLarge"
    if media_type.partition(";")[0].strip().lower() != "application/json":
        return "not JSON by its content type"
    try:
        envelope = json.loads(content)
        if envelope["type"] != "message":
            return "type is not message"
        (attachment,) = envelope["attachments"]
        if attachment["contentType"] != _CARD:
            return "the attachment is not an adaptive card"
        card = attachment["content"]
        if card["type"] != "AdaptiveCard" or not card["body"]:
            return "not an AdaptiveCard with a body"
        if tuple(int(part) for part in card["version"].split(".")) > _NEWEST:
            return f"version {card['version']} is newer than Teams knows"
    except (ValueError, KeyError, TypeError) as error:
        return f"malformed: {error!r}"
    return None


class TeamsWebhook:
    """
    A webhook at `url`, over TLS when `files` are given.

    `fail(times, status=, retry_after=)` makes the next requests fail. `cards` lists the cards
    posted, `refused` why others were not, `requests` counts everything that came.
    """

    PATH = "/workflows/0123/triggers/manual/paths/invoke"

    def __init__(self, out: Path, *, files: ServerFiles | None = None, port: int = 0) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._out = out
        self._numbers = itertools.count(1 + len(list(out.glob("*.json"))))
        self._failures: list[tuple[int, int | None]] = []
        self.refused: list[str] = []
        self.requests = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        if files is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(files.certificate, files.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https" if files else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Return the webhook's address, with an invented signature."""
        return f"{self._scheme}://127.0.0.1:{self.port}{self.PATH}?api-version=1&sig=Marqueur-Signature-5"

    @property
    def cards(self) -> list[dict[str, Any]]:
        """Return the cards posted, oldest first."""
        return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(self._out.glob("*.json"))]

    def fail(self, times: int = 1, *, status: int = 500, retry_after: int | None = None) -> None:
        """Answer `status` to the next `times` requests."""
        self._failures += [(status, retry_after)] * times

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, retry_after, text = webhook._answer(content, self.headers.get("Content-Type", ""))
                self.send_response(status)
                if retry_after is not None:
                    self.send_header("Retry-After", str(retry_after))
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _answer(self, content: bytes, media_type: str) -> tuple[int, int | None, bytes]:
        self.requests += 1
        if self._failures:
            status, retry_after = self._failures.pop(0)
            return status, retry_after, b"told to fail"
        problem = problem_of(content, media_type)
        if problem is not None:
            self.refused.append(problem)
            return 413 if problem == "RequestEntityTooLarge" else 400, None, problem.encode()
        card = json.loads(content)["attachments"][0]["content"]
        (self._out / f"{next(self._numbers):04}.json").write_text(
            json.dumps(card, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        return 202, None, b""


def main() -> None:
    """Serve until a signal asks to stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cert", type=Path)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--fail", type=int, default=0)
    parser.add_argument("--status", type=int, default=500)
    parser.add_argument("--retry-after", type=int)
    options = parser.parse_args()
    files = ServerFiles(options.cert, options.key) if options.cert and options.key else None
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with TeamsWebhook(options.out, files=files, port=options.port) as webhook:
        webhook.fail(options.fail, status=options.status, retry_after=options.retry_after)
        print(webhook.url, flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
