"""One authenticated conversation with a domain controller, over TLS only."""

from __future__ import annotations

import contextlib
import logging
import re
import ssl
from enum import IntEnum
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

import ldap3
from ldap3.core.exceptions import LDAPException
from ldap3.operation.search import search_operation
from ldap3.protocol.convert import build_controls_list
from ldap3.protocol.rfc2696 import paged_search_control
from ldap3.protocol.rfc4511 import LDAPMessage, MessageID, ProtocolOp
from ldap3.protocol.sasl.sasl import send_sasl_negotiation
from ldap3.utils.asn1 import encode
from pydantic import AfterValidator, Field, model_validator

from agent.clock import SystemClock
from agent.domain.directory.distinguished_name import dns_name, values
from agent.domain.errors import (
    AuthenticationError,
    CollectorError,
    SourceAnswerError,
    UnreachableError,
    UntrustedPeerError,
)
from agent.domain.secret import Secret
from agent.trust import tls_context
from collectors.active_directory import sasl
from collectors.active_directory.ber import Attributes, Done, Entry, MessageReader
from collectors.interface import CollectorSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.clock import Clock

logger = logging.getLogger(__name__)

_PAGE_SECONDS_PER_TIMEOUT = 10
_LIBRARY_ERRORS = (LDAPException, OSError, ValueError, TypeError, LookupError)

# Sub-codes that Active Directory puts in the diagnostic of a refused bind: « data 52e ».
_REASONS = {
    "525": "le compte est inconnu",
    "52e": "le compte ou le mot de passe est faux",
    "530": "ce compte n'a pas le droit de se connecter à cette heure",
    "531": "ce compte n'a pas le droit de se connecter depuis ce serveur",
    "532": "le mot de passe a expiré",
    "533": "le compte est désactivé",
    "701": "le compte a expiré",
    "773": "le mot de passe doit être changé",
    "775": "le compte est verrouillé",
}


class ResultCode(IntEnum):
    """The LDAP result codes that are told apart (RFC 4511, 4.1.9)."""

    SUCCESS = 0
    TIME_LIMIT_EXCEEDED = 3
    SIZE_LIMIT_EXCEEDED = 4
    STRONGER_AUTH_REQUIRED = 8
    REFERRAL = 10
    SASL_BIND_IN_PROGRESS = 14
    NO_SUCH_OBJECT = 32
    INVALID_CREDENTIALS = 49
    INSUFFICIENT_ACCESS = 50
    BUSY = 51
    UNAVAILABLE = 52


class SearchRefusedError(CollectorError):
    """The directory would not answer one search; others may go on. `result` is the LDAP result code."""

    code = "SEARCH_REFUSED"

    def __init__(self, message: str, *, result: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.result = result


class Scope:
    """How deep a search goes."""

    BASE = ldap3.BASE
    LEVEL = ldap3.LEVEL
    SUBTREE = ldap3.SUBTREE


class Control(NamedTuple):
    """One LDAP control, always critical; `value` is BER."""

    oid: str
    value: bytes | None = None


EXTENDED_DN = Control("1.2.840.113556.1.4.529", bytes.fromhex("3003020101"))


def _ldap_url(text: str) -> str:
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = 0
    plain = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("ldap", "ldaps") or not parts.hostname or port == 0 or not plain:
        raise ValueError("attendu : ldaps://serveur[:port] (ou ldap://serveur[:port], passé en TLS par StartTLS)")
    return text


LdapUrl = Annotated[str, AfterValidator(_ldap_url)]


class ConnectionSettings(CollectorSettings):
    """Where the directory is and who reads it; without user and password, Kerberos uses the service's own identity."""

    urls: Annotated[tuple[LdapUrl, ...], Field(min_length=1)] = Field(
        description="Contrôleurs de domaine, dans l'ordre : ldaps://dc1.exemple.local (ldap:// passe par StartTLS)."
    )
    auth: Literal["kerberos", "simple", "ntlm"] = Field(
        default="kerberos", description="Authentification, toujours sous TLS."
    )
    user: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="Compte de lecture ordinaire ; sans lui, Kerberos prend l'identité du service."
    )
    password: Secret | None = Field(default=None, description="Mot de passe du compte (référence à un secret).")
    ca_file: Path | None = Field(
        default=None, description="Autorité des contrôleurs (PEM), en plus de celles du système."
    )
    timeout_seconds: float = Field(default=30, gt=0, le=600, description="Attente maximale d'une réponse, en secondes.")
    page_size: int = Field(default=1000, ge=1, le=5000, description="Objets demandés à la fois.")
    max_entries: int = Field(default=1_000_000, ge=1, description="Objets lus au plus par recherche.")

    @model_validator(mode="after")
    def _who(self) -> Self:
        if self.auth != "kerberos" and (self.user is None or self.password is None or not self.password.reveal()):
            raise ValueError(f"auth = « {self.auth} » demande « user » et « password »")
        if self.password is not None and self.user is None:
            raise ValueError("« password » sans « user »")
        return self

    @property
    def account(self) -> str | None:
        """Return the account that a refused login blocks, for every job and every controller of its domain."""
        return None if self.user is None else _account(self.user, urlsplit(self.urls[0]).hostname or "")


def _account(user: str, controller: str) -> str:
    r"""
    Return `name@domain` for any way to write an account: alone, DOMAIN\name, name@domain or a DN.

    What the account leaves out is the domain of the controller, also when it gives its NetBIOS name: the first
    label of the DNS name, as nearly everywhere. Another NetBIOS name or UPN suffix makes another account.
    """
    host, _, domain = controller.partition(".")
    with contextlib.suppress(ValueError):
        ip_address(controller)
        host, domain = controller, ""
    if "\\" not in user and re.match(r"\s*[A-Za-z][\w-]*\s*=", user):
        name, realm = values(user)[0], dns_name(user)
    elif "\\" in user:
        realm, _, name = user.rpartition("\\")
    else:
        name, _, realm = user.partition("@")
    if not realm or realm.casefold() == domain.partition(".")[0].casefold():
        realm = domain or host
    return f"{name}@{realm}".casefold()


class Session:
    """A bound conversation; made by `connect`, used by one thread."""

    def __init__(self, connection: ldap3.Connection, settings: ConnectionSettings, url: str, clock: Clock) -> None:
        self.url = url
        self._connection = connection
        self._settings = settings
        self._clock = clock
        self._deadline = 0.0
        self._reader = MessageReader(self._receive)

    def search(
        self,
        base: str,
        filter_: str,
        attributes: Sequence[str],
        *,
        scope: str = Scope.SUBTREE,
        controls: Sequence[Control] = (),
    ) -> Iterator[Entry]:
        """
        Yield the objects found, raw, page after page; what other servers hold is left out.

        Raises SearchRefusedError when the directory ends the search with an error, after what
        came before it; UnreachableError and SourceAnswerError end the session.
        """
        if self._connection.socket is None:
            raise UnreachableError(f"La connexion à {self.url} est déjà fermée.")
        request = search_operation(
            base,
            filter_,
            scope,
            ldap3.DEREF_NEVER,
            list(attributes),
            size_limit=0,
            time_limit=0,
            types_only=False,
            auto_escape=True,
            auto_encode=False,
        )
        cookie = b""
        found = 0
        while True:
            page, done = self._page(request, cookie, controls, paged=scope != Scope.BASE)
            found += len(page)
            if found > self._settings.max_entries:
                raise SourceAnswerError(
                    f"L'annuaire rend plus de {self._settings.max_entries} objets sous « {base} ».",
                    hint="Augmentez « max_entries » si l'annuaire est vraiment aussi grand.",
                )
            yield from page
            if done.code != ResultCode.SUCCESS:
                raise _search_refused(base, done)
            if not done.cookie:
                return
            cookie = done.cookie

    def read(self, dn: str, attributes: Sequence[str], *, controls: Sequence[Control] = ()) -> Attributes:
        """Return the attributes of one object; raises as `search`, also when it is not there."""
        for entry in self.search(dn, "(objectClass=*)", attributes, scope=Scope.BASE, controls=controls):
            return entry.attributes
        raise SearchRefusedError(f"L'objet « {dn} » n'est pas lisible.", result=ResultCode.NO_SUCH_OBJECT)

    def close(self) -> None:
        """Leave politely when still connected."""
        with contextlib.suppress(*_LIBRARY_ERRORS):
            self._connection.unbind()

    def _page(
        self, request: Any, cookie: bytes, controls: Sequence[Control], *, paged: bool
    ) -> tuple[list[Entry], Done]:
        number = self._connection.server.next_message_id()
        asked: list[Any] = [(control.oid, True, control.value) for control in controls]
        if paged:
            asked.append(paged_search_control(criticality=True, size=self._settings.page_size, cookie=cookie))
        self._deadline = self._clock.monotonic() + self._settings.timeout_seconds * _PAGE_SECONDS_PER_TIMEOUT
        try:
            self._connection.socket.sendall(_encode(number, request, asked))
            return self._answer(number)
        except TimeoutError as error:
            self._drop()
            raise _silent(self.url) from error
        except OSError as error:
            self._drop()
            raise UnreachableError(f"La connexion à {self.url} s'est interrompue pendant la lecture.") from error
        except CollectorError:
            self._drop()
            raise

    def _answer(self, number: int) -> tuple[list[Entry], Done]:
        page: list[Entry] = []
        while True:
            message = self._reader.read()
            content = message.content
            if message.id == 0:
                raise UnreachableError(f"L'annuaire {self.url} met fin à la connexion.")
            if message.id != number:
                raise SourceAnswerError("L'annuaire a répondu à une autre question que celle posée.")
            if isinstance(content, Entry):
                page.append(content)
                if len(page) > self._settings.max_entries:
                    raise SourceAnswerError("L'annuaire rend plus d'objets que demandé dans une page.")
            elif isinstance(content, Done):
                return page, content

    def _receive(self, size: int) -> bytes:
        if self._clock.monotonic() > self._deadline:
            raise TimeoutError
        block: bytes = self._connection.socket.recv(size)
        if not block:
            raise UnreachableError(f"L'annuaire {self.url} a fermé la connexion pendant la lecture.")
        return block

    def _drop(self) -> None:
        """Close at once: what is left on the wire belongs to no question."""
        self._connection.strategy.close()


@contextlib.contextmanager
def connect(
    settings: ConnectionSettings,
    *,
    login: Callable[[], contextlib.AbstractContextManager[object]] = contextlib.nullcontext,
    clock: Clock | None = None,
) -> Iterator[Session]:
    """
    Open, secure and authenticate one session, on the first controller of `settings.urls` that answers.

    Only a controller that cannot be reached makes room for the next: once the account was
    shown to one, no other is asked, whatever came of it. It is shown inside `login()` only.
    Raises AuthenticationError, UntrustedPeerError, UnreachableError, ConfigurationError or
    another CollectorError.
    """
    context = tls_context(settings.ca_file)
    credentials = None
    if settings.auth == "kerberos":
        with login():
            credentials = sasl.kerberos_credentials(settings.user, settings.password)
    connection, url = _first_reachable(settings, context, credentials)
    try:
        with login():
            _bind(connection, settings, url)
    except BaseException:
        connection.strategy.close()
        raise
    session = Session(connection, settings, url, clock or SystemClock())
    try:
        yield session
    finally:
        session.close()


def _first_reachable(
    settings: ConnectionSettings, context: ssl.SSLContext, credentials: Any
) -> tuple[ldap3.Connection, str]:
    """Return an open connection, inside TLS and not yet bound, and its address."""
    for url in settings.urls[:-1]:
        try:
            return _open(settings, url, _Tls(context), credentials), url
        except UnreachableError as error:
            logger.warning(
                "domain controller unreachable, trying the next", extra={"url": url, "reason": error.message}
            )
    return _open(settings, settings.urls[-1], _Tls(context), credentials), settings.urls[-1]


class _Tls(ldap3.Tls):  # type: ignore[misc]
    """ldap3's TLS step with our own context: names are checked by the TLS library, trust may be the system's."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context
        self.failure: OSError | None = None

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:
        del do_handshake
        try:
            connection.socket = self._context.wrap_socket(connection.socket, server_hostname=connection.server.host)
        except OSError as error:
            self.failure = error
            raise


class _NtlmConnection(ldap3.Connection):  # type: ignore[misc]
    """A connection whose SASL bind is NTLM inside SPNEGO; ldap3's own NTLM is Microsoft's older Sicily bind."""

    ntlm_user: str
    ntlm_password: Secret

    def do_sasl_bind(self, controls: Any) -> Any:
        exchange = sasl.NtlmExchange(self.ntlm_user, self.ntlm_password, self.socket)
        self.sasl_mechanism = sasl.MECHANISM
        self.sasl_in_progress = True
        try:
            result = send_sasl_negotiation(self, controls, exchange.first())
            if result["result"] != ResultCode.SASL_BIND_IN_PROGRESS:
                return result
            return send_sasl_negotiation(self, controls, exchange.answer(result["saslCreds"] or b""))
        finally:
            self.sasl_in_progress = False


def _open(settings: ConnectionSettings, url: str, tls: _Tls, credentials: Any) -> ldap3.Connection:
    parts = urlsplit(url)
    secure = parts.scheme == "ldaps"
    server = ldap3.Server(
        parts.hostname,
        port=parts.port or (636 if secure else 389),
        use_ssl=secure,
        tls=tls,
        get_info=ldap3.NONE,
        connect_timeout=settings.timeout_seconds,
    )
    options: dict[str, Any] = {
        "client_strategy": ldap3.SYNC,
        "auto_referrals": False,
        "read_only": True,
        "raise_exceptions": False,
        "check_names": False,
    }
    connection: ldap3.Connection
    if settings.auth == "simple":
        password = settings.password.reveal() if settings.password else ""
        connection = ldap3.Connection(server, settings.user, password, authentication=ldap3.SIMPLE, **options)
    elif settings.auth == "ntlm":
        connection = _NtlmConnection(server, authentication=ldap3.SASL, sasl_mechanism=ldap3.GSSAPI, **options)
        connection.ntlm_user, connection.ntlm_password = settings.user, settings.password
    else:
        connection = ldap3.Connection(
            server,
            authentication=ldap3.SASL,
            sasl_mechanism=ldap3.GSSAPI,
            sasl_credentials=(parts.hostname, None, credentials),
            **options,
        )
    try:
        connection.open(read_server_info=False)
        connection.socket.settimeout(settings.timeout_seconds)
        if not secure:
            connection.start_tls(read_server_info=False)
    except _LIBRARY_ERRORS as error:
        if connection.socket is not None:
            connection.socket.close()
        if tls.failure is not None:
            raise _tls_refused(url, tls.failure) from error
        raise UnreachableError(
            f"Le contrôleur de domaine {url} ne répond pas.",
            hint="Vérifiez le nom, le port (636, ou 389 pour StartTLS) et le pare-feu entre ce serveur et lui.",
        ) from error
    if not isinstance(connection.socket, ssl.SSLSocket):
        connection.strategy.close()
        raise UnreachableError(f"{url} n'a pas ouvert de canal TLS : aucun mot de passe ne lui a été envoyé.")
    return connection


def _bind(connection: ldap3.Connection, settings: ConnectionSettings, url: str) -> None:
    try:
        connection.bind(read_server_info=False)
    except CollectorError:
        raise
    except sasl.kerberos_failures() as error:
        raise sasl.kerberos_error(error, settings.user) from error
    except TimeoutError as error:
        raise _silent(url) from error
    except (LDAPException, OSError) as error:
        raise UnreachableError(f"La connexion à {url} s'est interrompue pendant l'authentification.") from error
    except _LIBRARY_ERRORS as error:
        raise SourceAnswerError(f"{url} a répondu à l'authentification par des octets illisibles.") from error
    result = connection.result or {}
    if connection.bound:
        return
    raise _bind_refused(url, settings, result.get("result", -1), str(result.get("message") or ""))


def _bind_refused(url: str, settings: ConnectionSettings, code: int, diagnostic: str) -> CollectorError:
    who = f"« {settings.user} »" if settings.user else "du service"
    if code == ResultCode.INVALID_CREDENTIALS:
        found = re.search(r"\bdata ([0-9a-f]+)", diagnostic)
        reason = _REASONS.get(found[1] if found else "", "le compte ou le mot de passe est faux")
        return AuthenticationError(
            f"L'annuaire {url} refuse le compte {who} : {reason}.",
            hint=sasl.REFUSED_HINT,
        )
    if code in (ResultCode.BUSY, ResultCode.UNAVAILABLE):
        return UnreachableError(f"L'annuaire {url} est occupé ou indisponible (code {code}).")
    if code == ResultCode.STRONGER_AUTH_REQUIRED:
        return CollectorError(
            f"L'annuaire {url} refuse auth = « {settings.auth} » : il exige une authentification plus forte.",
            hint="Choisissez auth = « kerberos », ou auth = « simple » sur ldaps://.",
        )
    return CollectorError(
        f"L'annuaire {url} refuse la connexion du compte {who} (code LDAP {code}).",
        hint="Essayez une autre valeur de « auth », puis lancez « carenage doctor ».",
    )


def _search_refused(base: str, done: Done) -> SearchRefusedError:
    reasons = {
        ResultCode.NO_SUCH_OBJECT: "cet emplacement n'existe pas, ou le compte ne le voit pas",
        ResultCode.INSUFFICIENT_ACCESS: "le compte n'a pas le droit de le lire",
        ResultCode.SIZE_LIMIT_EXCEEDED: "le serveur a limité le nombre de réponses",
        ResultCode.TIME_LIMIT_EXCEEDED: "le serveur a limité la durée de la recherche",
        ResultCode.REFERRAL: "un autre serveur le détient",
    }
    known = {int(code): reason for code, reason in reasons.items()}
    why = known.get(done.code, f"code LDAP {done.code}")
    return SearchRefusedError(f"« {base} » n'a pas été lu en entier : {why}.", result=done.code)


def _tls_refused(url: str, failure: OSError) -> CollectorError:
    if isinstance(failure, ssl.SSLCertVerificationError):
        return UntrustedPeerError(
            f"Le certificat présenté par {url} n'est pas fiable : {failure.verify_message}.",
            hint="Indiquez dans « ca_file » l'autorité racine du domaine, et dans « urls » le nom exact du contrôleur "
            "tel qu'il figure dans son certificat.",
        )
    return UnreachableError(
        f"La négociation TLS avec {url} a échoué.",
        hint="Le contrôleur n'a peut-être pas de certificat (LDAPS non activé), ou n'accepte que TLS 1.0 ou 1.1.",
    )


def _silent(url: str) -> UnreachableError:
    return UnreachableError(
        f"L'annuaire {url} n'a pas répondu à temps.",
        hint="Un nouvel essai sera fait ; augmentez « timeout_seconds » si l'annuaire est lent.",
    )


def _encode(number: int, request: Any, controls: Sequence[Any]) -> bytes:
    message = LDAPMessage()
    message["messageID"] = MessageID(number)
    message["protocolOp"] = ProtocolOp().setComponentByName("searchRequest", request)
    if controls:
        message["controls"] = build_controls_list(controls)
    return bytes(encode(message))
