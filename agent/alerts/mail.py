"""An alert as an e-mail: text and HTML, UTF-8, nothing that a value could inject into a header."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from agent.alerts.rendering import as_html, as_text
from agent.domain.alert import Severity
from agent.domain.display import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.alerts.interface import OutgoingMessage

_LONGEST_ADDRESS = 254
# Folding between an encoded and a plain word puts a second space in the subject that people read.
_ONE_LINE_HEADERS = SMTP.clone(max_line_length=900)


def _plain_address(text: str) -> str:
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, AttributeError) as error:
        raise ValueError("n'est pas une adresse électronique") from error
    if not text.isascii() or not text.isprintable() or not address.domain or len(text) > _LONGEST_ADDRESS:
        raise ValueError("n'est pas une adresse électronique simple, du type nom@domaine")
    return text


MailAddress = Annotated[str, AfterValidator(_plain_address)]


def compose_mail(message: OutgoingMessage, *, channel_id: str, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """
    Return the e-mail of `message` from `sender` to `recipients` (plain addresses).

    Its Message-ID depends on the content and the channel only: a repeat can be recognised.
    """
    mail = EmailMessage(policy=_ONE_LINE_HEADERS)
    mail["From"] = Address("Carénage", addr_spec=sender)
    mail["To"] = [Address(addr_spec=recipient) for recipient in recipients]
    mail["Subject"] = printable(message.subject, longest=200)
    mail["Date"] = format_datetime(message.sent_at)
    tag = "".join(sign for sign in channel_id if sign.isascii() and (sign.isalnum() or sign == "-"))
    mail["Message-ID"] = f"<{message.id}.{tag}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if message.severity is Severity.CRITICAL:
        mail["Importance"] = "high"
    mail.set_content(as_text(message), cte="quoted-printable")
    mail.add_alternative(as_html(message), subtype="html", cte="quoted-printable")
    return mail
