"""
The one HTTP client: one pinned host, bounded in time and size, errors of our own.

Importing this module loads `requests`: import it where it is used.
"""

from __future__ import annotations

import errno
import json
import logging
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import _basic_auth_str
from urllib3.connection import HTTPConnection, HTTPSConnection

from agent.domain.errors import (
    AccessDeniedError,
    AgentError,
    AuthenticationError,
    CollectorError,
    ConfigurationError,
    ProxyAuthenticationError,
    RateLimitedError,
    SourceAnswerError,
    UnreachableError,
    UntrustedPeerError,
)
from agent.domain.secret import Secret
from agent.trust import tls_context
from agent.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import BinaryIO, Self

    from agent.clock import Clock

MEBIBYTE: Final = 1024 * 1024
DEFAULT_MAX_BYTES: Final = 32 * MEBIBYTE

_ATTEMPTS = 3
_MAX_REDIRECTS = 3
_MAX_WAIT_SECONDS = 60.0
_CHUNK_BYTES = 64 * 1024
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait, in seconds: for a connection, in silence, and for the whole call with its retries."""

    connect_seconds: float = 10
    read_seconds: float = 60
    total_seconds: float = 600


class ProxyLogin(Protocol):
    """What remembers that the proxy refused its account."""

    def require_free(self) -> None:
        """Raise ProxyAuthenticationError when it did."""
        ...

    def refused(self, error: ProxyAuthenticationError) -> None:
        """Remember it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """
    How this house reaches the network.

    `ca_file` (PEM) is trusted besides the system's own authorities; `no_proxy` lists host
    names reached directly, a leading dot standing for a whole domain. `proxy_login` is asked
    before the proxy is, and told when it refuses its account.
    """

    proxy_url: str | None = None
    proxy_user: str | None = None
    proxy_password: Secret | None = None
    proxy_login: ProxyLogin | None = None
    no_proxy: tuple[str, ...] = ()
    ca_file: Path | None = None
    user_agent: str = "carenage"
    timeouts: Timeouts = field(default_factory=Timeouts)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A successful answer; `body` is decompressed, and empty after a download."""

    host: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def media_type(self) -> str:
        """Return the content type without its parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def json(self, *, max_depth: int = 64) -> Any:
        """
        Return the decoded body.

        Raises SourceAnswerError when the answer is not JSON, is cut, or is nested deeper than `max_depth`.
        """
        if not self.media_type.endswith(("/json", "+json")):
            raise SourceAnswerError(
                f"{self.host} a répondu « {self.media_type[:60] or 'sans type'} » au lieu de JSON.",
                hint="Une page de proxy ou de maintenance s'est peut-être interposée.",
            )
        return decode_json(self.body, max_depth=max_depth, source=self.host)


def decode_json(body: bytes, *, max_depth: int = 64, source: str) -> Any:
    """Return the JSON value in `body`; raise SourceAnswerError, naming `source`, when it is damaged or too deep."""
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        problem = "illisible ou tronqué"
    else:
        if _depth_within(value, max_depth):
            return value
        problem = f"imbriqué sur plus de {max_depth} niveaux"
    raise SourceAnswerError(f"{source} a renvoyé un JSON {problem}.")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _depth_within(value: object, max_depth: int) -> bool:
    level = [value]
    for _ in range(max_depth + 1):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return True
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """One call: what to send, where the body goes, and the limits."""

    prepared: requests.PreparedRequest
    sink: Callable[[bytes], object]
    rewind: Callable[[], object]
    max_bytes: int
    timeouts: Timeouts
    accept_status: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class _Again:
    """A failure worth another attempt, after `wait_seconds` when the server said so."""

    error: AgentError
    wait_seconds: float | None = None


class HttpSession:
    """
    One conversation with one host.

    Only `base_url`'s scheme, host and port are ever talked to. Redirects elsewhere, other
    hosts, self-signed certificates and environment variables are refused or ignored. Not
    thread-safe; use as a context manager.
    """

    def __init__(
        self, base_url: str, options: HttpOptions | None = None, *, clock: Clock, allow_plain_http: bool = False
    ) -> None:
        self.options = options or HttpOptions()
        self.clock = clock
        self._base = base_url
        self._origin = _origin(base_url)
        scheme, self.host, _ = self._origin
        if scheme != "https" and not (allow_plain_http and scheme == "http"):
            raise ConfigurationError(f"L'adresse de {self.host} doit commencer par https://.")
        self._watchdog = Watchdog()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.clear()
        self._session.headers.update(
            {"User-Agent": self.options.user_agent, "Accept": "*/*", "Accept-Encoding": "gzip"}
        )
        self._adapter = _Adapter(self.options, self._watchdog)
        for name in ("urllib3.connection", "urllib3.connectionpool"):
            logging.getLogger(name).addFilter(_no_record)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._adapter.close()
        self._session.close()
        self._watchdog.release()

    def request(
        self,
        method: str,
        path_or_url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        params: Mapping[str, str | int] | None = None,
        json: object = None,
        data: bytes | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
        timeouts: Timeouts | None = None,
        accept_status: Collection[int] = (),
    ) -> HttpResponse:
        """
        Return the answer to one request, its body in memory.

        Statuses in `accept_status` are returned as they are; any other failure raises:
        AuthenticationError (401: never tried again), ProxyAuthenticationError (407 of the
        proxy), AccessDeniedError (403), RateLimitedError, UnreachableError, UntrustedPeerError
        or SourceAnswerError. GET and HEAD are tried again, a few times, after a reset or 502,
        503, 504.
        """
        body = bytearray()
        prepared = self._prepare(method, path_or_url, headers=headers, params=params, json=json, data=data)
        answer = self._call(
            _Order(
                prepared=prepared,
                sink=body.extend,
                rewind=body.clear,
                max_bytes=max_bytes,
                timeouts=timeouts or self.options.timeouts,
                accept_status=accept_status,
            )
        )
        return replace(answer, body=bytes(body))

    def download(
        self,
        path_or_url: str,
        *,
        to: BinaryIO,
        max_bytes: int,
        headers: Mapping[str, str | Secret] | None = None,
        params: Mapping[str, str | int] | None = None,
        timeouts: Timeouts | None = None,
    ) -> HttpResponse:
        """Write the body of a GET to `to` (seekable) as it comes; raise as `request` does."""
        start = to.tell()

        def rewind() -> None:
            to.seek(start)
            to.truncate()

        return self._call(
            _Order(
                prepared=self._prepare("GET", path_or_url, headers=headers, params=params),
                sink=to.write,
                rewind=rewind,
                max_bytes=max_bytes,
                timeouts=timeouts or self.options.timeouts,
            )
        )

    def _prepare(
        self,
        method: str,
        path_or_url: str,
        *,
        headers: Mapping[str, str | Secret] | None,
        params: Mapping[str, str | int] | None,
        json: object = None,
        data: bytes | None = None,
    ) -> requests.PreparedRequest:
        revealed = {name: _header_value(name, value) for name, value in (headers or {}).items()}
        request = requests.Request(
            method.upper(), self._resolve(path_or_url), headers=revealed, params=params, json=json, data=data
        )
        with suppress(requests.RequestException, UnicodeError):
            return self._session.prepare_request(request)
        raise ConfigurationError(f"La requête vers {self.host} ne peut pas être formée : adresse ou en-tête incorrect.")

    def _resolve(self, path_or_url: str) -> str:
        if "://" not in path_or_url:
            return self._base.partition("?")[0].rstrip("/") + "/" + path_or_url.lstrip("/")
        if _origin(path_or_url) != self._origin:
            raise SourceAnswerError(f"Requête refusée : elle ne vise pas {self.host}.")
        return path_or_url

    def _call(self, order: _Order) -> HttpResponse:
        ends_at = self.clock.monotonic() + order.timeouts.total_seconds
        proxy_login = self.options.proxy_login if self._proxy_url else None
        attempt = 1
        while True:
            if proxy_login is not None:
                proxy_login.require_free()
            try:
                outcome = self._attempt(order, max(ends_at - self.clock.monotonic(), 0.001))
            except ProxyAuthenticationError as error:
                if proxy_login is not None:
                    proxy_login.refused(error)
                raise
            if isinstance(outcome, HttpResponse):
                return outcome
            wait = 2.0 ** (attempt - 1) if outcome.wait_seconds is None else outcome.wait_seconds
            if attempt == _ATTEMPTS or wait > min(_MAX_WAIT_SECONDS, ends_at - self.clock.monotonic()):
                raise outcome.error
            order.rewind()
            self.clock.sleep(wait)
            attempt += 1

    def _attempt(self, order: _Order, seconds: float) -> HttpResponse | _Again:
        safe = order.prepared.method in _SAFE_METHODS
        try:
            with self._watchdog.limit(seconds):
                outcome = self._follow(order, seconds, safe=safe)
                if self._watchdog.expired:  # a body cut without an announced length looks whole
                    raise TimeoutError
                return outcome
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            failure = self._translate(error, safe=safe)
        if isinstance(failure, _Again):
            return failure
        raise failure

    def _follow(self, order: _Order, seconds: float, *, safe: bool) -> HttpResponse | _Again:
        """Send the request, and again where the same server redirects it."""
        step = order.prepared
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._send(step, order.timeouts, seconds)
            try:
                status = response.status_code
                if 200 <= status < 300 or status in order.accept_status:  # noqa: PLR2004
                    self._read(response, order)
                    return HttpResponse(host=self.host, status=status, headers=response.headers)
                if status not in _REDIRECTS:
                    return self._refused(status, response.headers, safe=safe)
                step = self._redirected(step, response.headers.get("Location", ""), safe=safe)
            finally:
                response.close()
        raise SourceAnswerError(f"{self.host} redirige en boucle.")

    @property
    def _proxy_url(self) -> str | None:
        """Return the proxy on the way to our host, None when it is reached directly."""
        direct = any(
            self.host == name.lstrip(".") or (name.startswith(".") and self.host.endswith(name))
            for name in self.options.no_proxy
        )
        return None if direct else self.options.proxy_url

    def _send(self, prepared: requests.PreparedRequest, timeouts: Timeouts, seconds: float) -> requests.Response:
        response = self._adapter.send(
            prepared,
            stream=True,
            timeout=(min(timeouts.connect_seconds, seconds), min(timeouts.read_seconds, seconds)),
            proxies={"all": self._proxy_url} if self._proxy_url else {},
        )
        self._session.cookies.update(response.cookies)
        return response

    def _redirected(self, prepared: requests.PreparedRequest, location: str, *, safe: bool) -> requests.PreparedRequest:
        target = urljoin(prepared.url or "", location)
        if not location or not safe or _origin(target) != self._origin:
            raise SourceAnswerError(
                f"{self.host} redirige vers une autre adresse ; la redirection n'est pas suivie.",
                hint="Vérifiez l'adresse configurée ; un portail d'authentification intercepte peut-être la requête.",
            )
        step = prepared.copy()
        step.url = requests.Request("GET", target).prepare().url
        return step

    def _read(self, response: requests.Response, order: _Order) -> None:
        received = 0
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            received += len(chunk)
            if received > order.max_bytes:
                raise SourceAnswerError(
                    f"{self.host} a envoyé plus de {order.max_bytes // MEBIBYTE or 1} Mio ; la réponse est abandonnée."
                )
            order.sink(chunk)

    def _refused(self, status: int, headers: Mapping[str, str], *, safe: bool) -> _Again:
        """Return the failure for `status`, or raise it when another attempt would be wrong."""
        # Inside a tunnel, a 407 is the host's: the proxy itself answers CONNECT (`_translate`).
        if status == 407 and self._proxy_url and self._origin[0] == "http":  # noqa: PLR2004
            raise self._proxy_refused()
        if status == 401:  # noqa: PLR2004
            raise AuthenticationError(
                f"{self.host} refuse nos identifiants (HTTP 401).",
                hint="Vérifiez la clé chez l'éditeur ; aucun nouvel essai avant qu'elle ne change.",
            )
        if status == 403:  # noqa: PLR2004
            raise AccessDeniedError(
                f"{self.host} reconnaît nos identifiants mais refuse l'accès à ce qui est demandé (HTTP 403).",
                hint="Donnez au compte ou à la clé le droit de lecture qui manque, ou vérifiez le filtrage du proxy.",
            )
        wait = self._retry_after(headers)
        if status == 429 or (status in _PASSING and wait is not None):  # noqa: PLR2004
            limited = RateLimitedError(
                f"{self.host} demande d'attendre (HTTP {status}).",
                retry_after_seconds=wait,
                hint="La collecte reprendra d'elle-même.",
            )
            if status == 429 or safe:  # noqa: PLR2004 - 429: the request was not acted upon
                return _Again(limited, wait)
            raise limited
        if status >= 500:  # noqa: PLR2004
            unreachable = UnreachableError(f"{self.host} est en panne (HTTP {status}).")
            if safe and status in _PASSING:
                return _Again(unreachable)
            raise unreachable
        raise SourceAnswerError(f"{self.host} a répondu HTTP {status}, ce que nous n'attendions pas.")

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        text = headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        if moment.tzinfo is None:
            return None
        return max((moment - self.clock.now()).total_seconds(), 0.0)

    def _proxy_refused(self) -> ProxyAuthenticationError:
        return ProxyAuthenticationError(
            "Le proxy refuse notre compte (HTTP 407).",
            hint="Vérifiez le compte et le mot de passe du proxy ; aucun nouvel essai avant qu'ils ne changent.",
        )

    def _translate(self, error: Exception, *, safe: bool) -> AgentError | _Again:
        """Return our error for a library's; its text, which may hold a secret, is left behind."""
        if self._watchdog.expired:
            return UnreachableError(f"{self.host} n'a pas fini de répondre dans le délai ; la réponse est abandonnée.")
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return CollectorError(f"Le disque est plein : la réponse de {self.host} n'a pas pu être enregistrée.")
        causes = list(_causes(error))

        def wraps(*kinds: type[BaseException]) -> bool:
            return any(isinstance(cause, kinds) for cause in causes)

        if wraps(ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return self._broken(safe=safe)
        if wraps(ssl.SSLError, urllib3.exceptions.SSLError):
            return UntrustedPeerError(
                f"Le certificat ou le chiffrement de {self.host} n'est pas digne de confiance.",
                hint="Si votre proxy inspecte le trafic, ajoutez son autorité (ca_file) ; sinon, ne passez pas outre.",
            )
        if wraps(urllib3.exceptions.ProxyError, requests.exceptions.ProxyError):
            if any("407" in str(cause) for cause in causes if type(cause) is OSError):
                return self._proxy_refused()
            return UnreachableError("Le proxy ne répond pas ou refuse la connexion.", hint="Vérifiez proxy_url.")
        if wraps(urllib3.exceptions.NewConnectionError, socket.gaierror):
            return UnreachableError(
                f"{self.host} est injoignable.", hint="Vérifiez le DNS, le pare-feu et, s'il en faut un, le proxy."
            )
        if wraps(requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
            return UnreachableError(f"{self.host} ne répond pas dans le délai.")
        if wraps(urllib3.exceptions.IncompleteRead):
            cut = SourceAnswerError(f"La réponse de {self.host} est tronquée.")
            return _Again(cut) if safe else cut
        if wraps(urllib3.exceptions.ProtocolError, ConnectionError):
            return self._broken(safe=safe)
        return SourceAnswerError(f"La réponse de {self.host} est illisible.")

    def _broken(self, *, safe: bool) -> AgentError | _Again:
        broken = UnreachableError(f"{self.host} a coupé la connexion.")
        return _Again(broken) if safe else broken


def _no_record(record: logging.LogRecord) -> bool:
    """Drop what urllib3 logs: it quotes whole addresses, whose query may hold a secret."""
    del record
    return False


def _origin(url: str) -> tuple[str, str, int]:
    """Return (scheme, host, port) of `url`; raise ConfigurationError, without quoting it, when it has none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
        parts = urlsplit("")
    if not host or parts.scheme not in ("http", "https") or parts.username is not None or "\\" in url:
        raise ConfigurationError("Une adresse de service n'est pas une URL https valable.")
    return parts.scheme, host.lower(), port or (443 if parts.scheme == "https" else 80)


def _header_value(name: str, value: str | Secret) -> str:
    text = value.reveal() if isinstance(value, Secret) else value
    if not text.isascii() or not text.isprintable():
        raise ConfigurationError(
            f"La valeur de l'en-tête {name} contient un caractère interdit.",
            hint="Un secret lu dans un fichier ne doit tenir que sur une ligne, sans accent.",
        )
    return text


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and everything it wraps."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        item = waiting.pop()
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        waiting += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]


class _Adapter(HTTPAdapter):
    """requests' transport with the system's trust, the proxy's account in a header, and the watchdog."""

    def __init__(self, options: HttpOptions, watchdog: Watchdog) -> None:
        self._options = options
        self._context = tls_context(options.ca_file)
        self._pools = _watched_pools(watchdog)
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(
            proxy, ssl_context=self._context, proxy_ssl_context=tls_context(self._options.ca_file), **kwargs
        )
        manager.pool_classes_by_scheme = self._pools
        return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        del proxy
        user, password = self._options.proxy_user, self._options.proxy_password
        if user is None:
            return {}
        return {"Proxy-Authorization": _basic_auth_str(user.encode(), password.reveal().encode() if password else b"")}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Require a certificate of the context's own trust: requests would add its bundle to it."""
        del url, verify, cert
        conn.cert_reqs = "CERT_REQUIRED"


def _watched_pools(watchdog: Watchdog) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    class PlainConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            watchdog.attach(connection)
            return connection

    class TlsConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            watchdog.attach(connection)
            return connection

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class TlsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    return {"http": PlainPool, "https": TlsPool}
