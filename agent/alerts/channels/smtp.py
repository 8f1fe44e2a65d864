"""E-mail through the hospital's relay, encrypted, its certificate checked."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from agent.alerts.interface import Channel, ChannelSettings
from agent.alerts.mail import MailAddress, compose_mail
from agent.domain.errors import DeliveryError, DeliveryRefusedLoginError
from agent.domain.secret import Secret
from agent.trust import tls_context
from agent.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.alerts.interface import OutgoingMessage

_MECHANISMS = ("PLAIN", "LOGIN")
_BASIC_AUTH_OFF = b"5.7.30"
_FIRST_PERMANENT = 500
# Greeting, EHLO twice, STARTTLS, account, sender, recipients, message: no relay may drip its answers for ever.
_LONGEST_EXCHANGE = 10


class SmtpSettings(ChannelSettings):
    """A relay, who writes and who reads."""

    host: str = Field(min_length=1, max_length=253, description="Relais de messagerie.")
    port: int = Field(default=587, ge=1, le=65535, description="Port du relais.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="starttls, tls dès la connexion, ou none (refusé sans allow_clear)."
    )
    allow_clear: bool = Field(default=False, description="Accepte d'envoyer sans chiffrement (déconseillé).")
    ca_file: Path | None = Field(default=None, description="Autorité du relais (PEM), en plus de celles du système.")
    user: str | None = Field(default=None, description="Compte, si le relais en demande un.")
    password: Secret | None = Field(default=None, description="Mot de passe du compte (référence à un secret).")
    sender: MailAddress = Field(alias="from", description="Adresse de l'expéditeur.")
    to: tuple[MailAddress, ...] = Field(min_length=1, max_length=50, description="Adresses des destinataires.")
    timeout_seconds: float = Field(default=30, gt=0, le=300, description="Attente maximale du relais, en secondes.")

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if (self.security == "none") != self.allow_clear:
            raise ValueError('une connexion en clair se demande deux fois : security = "none" et allow_clear = true')
        if (self.user is None) != (self.password is None):
            raise ValueError("user et password vont ensemble")
        if self.user is not None and self.security == "none":
            raise ValueError('un mot de passe ne part jamais en clair : choisissez security = "starttls"')
        return self


class SmtpChannel(Channel[SmtpSettings]):
    """One e-mail for all recipients, by a relay."""

    name: ClassVar[str] = "smtp"
    title: ClassVar[str] = "Courriel par un relais SMTP"
    settings_type: ClassVar[type[ChannelSettings]] = SmtpSettings

    @property
    def account(self) -> str | None:
        return f"{self.settings.user}@{self.settings.host}" if self.settings.user else None

    @property
    def secret(self) -> Secret | None:
        return self.settings.password

    def send(self, message: OutgoingMessage) -> tuple[str, ...]:
        settings = self.settings
        mail = compose_mail(message, channel_id=self.channel_id, sender=settings.sender, recipients=settings.to)
        watchdog = Watchdog()
        with (
            self._translated(watchdog),
            watchdog.limit(_LONGEST_EXCHANGE * settings.timeout_seconds),
            self._connected(watchdog) as relay,
        ):
            self._log_in(relay)
            refused = relay.send_message(mail, from_addr=settings.sender, to_addrs=list(settings.to))
            with suppress(smtplib.SMTPException, OSError):
                relay.quit()  # the mail is taken: what happens from here must not send it twice
        if refused and message.is_test:
            raise DeliveryError(
                f"Le relais {settings.host} refuse {len(refused)} des {len(settings.to)} destinataires.",
                hint=f"Adresses à vérifier : {', '.join(sorted(refused))}.",
            )
        return tuple(sorted(refused))

    @contextmanager
    def _connected(self, watchdog: Watchdog) -> Iterator[smtplib.SMTP]:
        settings = self.settings
        context = tls_context(settings.ca_file) if settings.security == "tls" else None
        relay = _WatchedRelay(settings.host, settings.port, settings.timeout_seconds, context, watchdog)
        try:
            relay.ehlo_or_helo_if_needed()
            if settings.security == "starttls":
                self._encrypt(relay)
            yield relay
        finally:
            relay.close()
            watchdog.release()

    def _encrypt(self, relay: smtplib.SMTP) -> None:
        if not relay.has_extn("starttls"):
            raise DeliveryError(
                f"Le relais {self.settings.host} ne propose pas STARTTLS : rien n'a été envoyé.",
                hint='Faites activer STARTTLS sur le relais, ou utilisez son port TLS (security = "tls", port 465).',
            )
        relay.starttls(context=tls_context(self.settings.ca_file))
        relay.ehlo()

    def _log_in(self, relay: smtplib.SMTP) -> None:
        settings = self.settings
        if settings.user is None or settings.password is None:
            return
        offered = relay.esmtp_features.get("auth", "").split()
        mechanism = next((name for name in _MECHANISMS if name in offered), None)
        if mechanism is None:
            raise DeliveryError(
                f"Le relais {settings.host} n'accepte pas d'identification par mot de passe.",
                hint="Retirez user et password si le relais reconnaît l'adresse du serveur.",
            )
        relay.user, relay.password = settings.user, settings.password.reveal()
        try:
            # One mechanism, once: SMTP.login would try each in turn, and three refusals can lock an account.
            relay.auth(mechanism, relay.auth_plain if mechanism == "PLAIN" else relay.auth_login)
        except smtplib.SMTPAuthenticationError as error:
            raise self._refused_login(error) from None  # its text may quote what was sent
        except UnicodeError:
            raise DeliveryError(
                f"Le compte ou le mot de passe du relais {settings.host} contient un caractère non ASCII.",
                hint="SMTP ne transporte que des lettres sans accent : changez-le.",
            ) from None

    def _refused_login(self, error: smtplib.SMTPAuthenticationError) -> DeliveryError:
        host = self.settings.host
        text = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        if _BASIC_AUTH_OFF in text:
            return _basic_authentication_off(host)
        if error.smtp_code < _FIRST_PERMANENT:
            return DeliveryError(f"Le relais {host} ne peut pas vérifier notre compte pour l'instant.")
        return DeliveryRefusedLoginError(
            f"Le relais {host} refuse notre compte (code {error.smtp_code}).",
            hint="Corrigez le mot de passe à sa source ; aucun nouvel essai avant qu'il ne change.",
        )

    @contextmanager
    def _translated(self, watchdog: Watchdog) -> Iterator[None]:
        host = self.settings.host
        try:
            with self._in_time(watchdog):
                yield
        except ssl.SSLCertVerificationError as error:
            raise DeliveryError(
                f"Le certificat du relais {host} n'est pas digne de confiance : rien n'a été envoyé.",
                hint="Donnez l'autorité de l'établissement (ca_file) et le nom exact du relais.",
            ) from error
        except smtplib.SMTPRecipientsRefused as error:
            raise DeliveryError(f"Le relais {host} refuse tous les destinataires.") from error
        except smtplib.SMTPResponseException as error:
            text = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
            if _BASIC_AUTH_OFF in text:
                raise _basic_authentication_off(host) from None
            raise DeliveryError(f"Le relais {host} refuse le message (code {error.smtp_code}).") from error
        except (smtplib.SMTPException, ValueError) as error:
            raise DeliveryError(f"Le relais {host} n'a pas pris le message ({type(error).__name__}).") from error
        except OSError as error:
            raise DeliveryError(
                f"Le relais {host} est injoignable (port {self.settings.port}).",
                hint="Vérifiez le nom du relais, le port et le pare-feu.",
            ) from error

    @contextmanager
    def _in_time(self, watchdog: Watchdog) -> Iterator[None]:
        try:
            yield
        except (smtplib.SMTPException, OSError) as error:
            if not watchdog.expired:
                raise
            raise DeliveryError(
                f"Le relais {self.settings.host} n'a pas fini de répondre dans le délai : l'envoi est abandonné.",
                hint="Vérifiez le relais, ou augmentez timeout_seconds.",
            ) from error


class _WatchedRelay(smtplib.SMTP):
    """A relay whose connection, encrypted at once when there is a `context`, is cut by a watchdog."""

    def __init__(
        self, host: str, port: int, timeout_seconds: float, context: ssl.SSLContext | None, watchdog: Watchdog
    ) -> None:
        self._context = context
        self._watchdog = watchdog
        super().__init__(host, port, timeout=timeout_seconds)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = socket.create_connection((host, port), timeout)
        self._watchdog.attach(connection)
        return self._context.wrap_socket(connection, server_hostname=host) if self._context else connection


def _basic_authentication_off(host: str) -> DeliveryError:
    return DeliveryRefusedLoginError(
        f"{host} n'accepte plus les mots de passe pour l'envoi (550 5.7.30 : authentification de base désactivée).",
        hint="Exchange Online : envoyez par le relais interne de l'établissement, ou faites réactiver SMTP AUTH "
        "par l'administrateur du locataire Microsoft 365.",
    )
