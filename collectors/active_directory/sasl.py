"""Proves who we are to a domain controller: NTLM inside SPNEGO (impacket's messages) or Kerberos (the system's)."""

from __future__ import annotations

import hashlib
import struct
import sys
from typing import TYPE_CHECKING, Any

from agent.domain.errors import (
    AuthenticationError,
    CollectorError,
    ConfigurationError,
    SourceAnswerError,
    UnreachableError,
)

if TYPE_CHECKING:
    import ssl

    from agent.domain.secret import Secret

MECHANISM = "GSS-SPNEGO"
REFUSED_HINT = (
    "Corrigez le compte ou son mot de passe. Aucun autre essai n'est fait avant, pour ne pas verrouiller le compte."
)

# Errors of MIT Kerberos (krb5_err.et), as gssapi gives them in `min_code`.
_REFUSED = {
    -1765328378: "le compte est inconnu",
    -1765328366: "le compte est désactivé, expiré ou verrouillé",
    -1765328361: "le mot de passe a expiré",
    -1765328360: "le mot de passe est faux",
    -1765328353: "le mot de passe est faux",
}
_UNREACHABLE = {-1765328228, -1765328230, -1765328164}
_SKEW = {-1765328347, -1765328316}
_NO_TICKET = {-1765328189, -1765328243}


class NtlmExchange:
    """One NTLM exchange: `first()`, then `answer(challenge)`; bound to the TLS channel when there is one."""

    def __init__(self, user: str, password: Secret, channel: ssl.SSLSocket | None) -> None:
        try:
            from impacket import ntlm, spnego
        except ImportError as error:
            raise ConfigurationError(
                "L'authentification NTLM a besoin d'impacket, qui ne se charge pas.",
                hint="Un antivirus ou EDR a pu le mettre en quarantaine. Préférez auth = « kerberos » ou « simple ».",
            ) from error
        self._ntlm: Any = ntlm
        self._spnego: Any = spnego
        domain, separator, name = user.rpartition("\\")
        self._domain, self._user = (domain, name) if separator else ("", user)
        self._password = password
        self._binding = _channel_binding(channel) if channel is not None else b""
        self._negotiate = ntlm.getNTLMSSPType1("", self._domain, signingRequired=False, use_ntlmv2=True)

    def first(self) -> bytes:
        """Return the opening token."""
        token = self._spnego.SPNEGO_NegTokenInit()
        token["MechTypes"] = [self._spnego.TypesMech["NTLMSSP - Microsoft NTLM Security Support Provider"]]
        token["MechToken"] = self._negotiate.getData()
        return bytes(token.getData())

    def answer(self, challenge: bytes) -> bytes:
        """Return the token that answers the server's challenge."""
        inner = challenge.find(b"NTLMSSP\0")
        if inner < 0:
            raise SourceAnswerError("L'annuaire n'a pas répondu à l'authentification NTLM par un défi.")
        try:
            authenticate, _ = self._ntlm.getNTLMSSPType3(
                self._negotiate,
                challenge[inner:],
                self._user,
                self._password.reveal(),
                self._domain,
                use_ntlmv2=True,
                channel_binding_value=self._binding,
                service="ldap",
            )
        except (struct.error, ValueError, LookupError, TypeError) as error:
            raise SourceAnswerError("L'annuaire a répondu à l'authentification NTLM par un défi illisible.") from error
        token = self._spnego.SPNEGO_NegTokenResp()
        token["ResponseToken"] = authenticate.getData()
        return bytes(token.getData())


def kerberos_credentials(user: str | None, password: Secret | None) -> Any:
    """
    Return the credentials that ldap3's GSSAPI bind takes, None for those of the process itself.

    With a password one ticket is asked for, before the directory is contacted: a refused
    password is counted once. Raises AuthenticationError, UnreachableError, ConfigurationError.
    """
    if sys.platform == "win32":
        if user is not None or password is not None:
            raise ConfigurationError(
                "Sous Windows, Kerberos utilise l'identité du service, pas un compte et un mot de passe.",
                hint="Retirez « user » et « password » et lancez le service sous un compte de service géré (gMSA).",
            )
        return None
    try:
        import gssapi
    except ImportError as error:
        raise ConfigurationError(
            "L'authentification Kerberos a besoin du paquet Python « gssapi ».",
            hint="Installez « carenage[kerberos] » (et libgssapi-krb5-2), ou choisissez une autre authentification.",
        ) from error
    try:
        name = None if user is None else gssapi.Name(principal(user), gssapi.NameType.user)
        if name is None or password is None:
            return gssapi.Credentials(name=name, usage="initiate")
        return gssapi.raw.acquire_cred_with_password(
            name, password.reveal().encode(), usage="initiate", mechs=[gssapi.MechType.kerberos]
        ).creds
    except kerberos_failures() as error:
        raise kerberos_error(error, user) from error


def kerberos_failures() -> tuple[type[Exception], ...]:
    """Return what the system's Kerberos raises; nothing when it is not in use."""
    library = sys.modules.get("winkerberos" if sys.platform == "win32" else "gssapi.exceptions")
    return () if library is None else (library.GSSError,)


def principal(user: str) -> str:
    """Return the Kerberos name of `user`: a realm is upper case; a NetBIOS domain gives way to the default realm."""
    name, at, realm = user.rpartition("\\")[2].partition("@")
    return f"{name}@{realm.upper()}" if at else name


def kerberos_error(error: Exception, user: str | None) -> CollectorError:
    """Translate a GSSError."""
    code = getattr(error, "min_code", 0)
    signed = code - (1 << 32) if code >= 1 << 31 else code
    who = f"« {user} »" if user else "du service"
    if signed in _REFUSED:
        return AuthenticationError(
            f"Kerberos refuse le compte {who} : {_REFUSED[signed]}.",
            hint=REFUSED_HINT,
        )
    if signed in _UNREACHABLE:
        return UnreachableError(
            "Aucun centre de distribution Kerberos (KDC) ne répond pour ce domaine.",
            hint="Vérifiez krb5.conf, le DNS et l'ouverture du port 88 (TCP et UDP) vers un contrôleur de domaine.",
        )
    if signed in _SKEW:
        return CollectorError(
            "Kerberos refuse : l'horloge de ce serveur et celle du contrôleur de domaine diffèrent trop.",
            hint="Synchronisez l'heure (NTP) : l'écart toléré est de cinq minutes.",
        )
    if signed in _NO_TICKET:
        return CollectorError(
            f"Aucun ticket Kerberos n'est disponible pour le compte {who}.",
            hint="Donnez « user » et « password », ou fournissez un keytab ou un cache de tickets au service.",
        )
    return CollectorError(
        f"L'authentification Kerberos du compte {who} a échoué : {' '.join(str(error).split())}.",
        hint="L'adresse configurée doit être le nom complet du contrôleur de domaine, pas une adresse IP ni un alias.",
    )


def _channel_binding(channel: ssl.SSLSocket) -> bytes:
    """Return the MD5 of the RFC 5929 `tls-server-end-point` binding, as MS-NLMP wants it (2.2.2.1)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    der = channel.getpeercert(binary_form=True)
    if der is None:
        return b""
    algorithm = x509.load_der_x509_certificate(der).signature_hash_algorithm
    if algorithm is None or algorithm.name in ("md5", "sha1"):
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(der)
    data = b"tls-server-end-point:" + digest.finalize()
    return hashlib.md5(bytes(16) + struct.pack("<I", len(data)) + data, usedforsecurity=False).digest()
