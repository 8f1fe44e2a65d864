"""Messages written to a folder instead of being sent: for demonstrations, and for a relay of one's own."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from agent.alerts.interface import Channel, ChannelSettings
from agent.alerts.mail import MailAddress, compose_mail
from agent.domain.errors import DeliveryError

if TYPE_CHECKING:
    from agent.alerts.interface import OutgoingMessage


class FileSettings(ChannelSettings):
    """Where messages are written, and in which format."""

    directory: Path = Field(description="Dossier où les messages sont écrits.")
    format: Literal["eml", "json"] = Field(default="eml", description="eml (courriel) ou json.")
    sender: MailAddress = Field(default="carenage@localhost", alias="from", description="Expéditeur affiché.")
    to: tuple[MailAddress, ...] = Field(
        default=("rssi@localhost",), min_length=1, description="Destinataires affichés."
    )


class FileChannel(Channel[FileSettings]):
    """One file a message, named by its instant and content: a repeat replaces the file."""

    name: ClassVar[str] = "file"
    title: ClassVar[str] = "Fichiers dans un dossier"
    settings_type: ClassVar[type[ChannelSettings]] = FileSettings

    def send(self, message: OutgoingMessage) -> tuple[str, ...]:
        folder = self.settings.directory
        name = f"{message.sent_at:%Y%m%dT%H%M%S}-{message.id[:16]}.{self.settings.format}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, draft = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(self._content(message))
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(draft).replace(folder / name)
            except BaseException:
                Path(draft).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise DeliveryError(
                f"Le message ne peut pas être écrit dans {folder}.", hint="Vérifiez l'espace et les droits du dossier."
            ) from error
        return ()

    def _content(self, message: OutgoingMessage) -> bytes:
        if self.settings.format == "eml":
            mail = compose_mail(
                message, channel_id=self.channel_id, sender=self.settings.sender, recipients=self.settings.to
            )
            return mail.as_bytes()
        document = {
            "id": message.id,
            "subject": message.subject,
            "summary": message.summary,
            "note": message.note,
            "sent_at": message.sent_at.isoformat(),
            "sender": message.sender,
            "test": message.is_test,
            "items": [
                {
                    "severity": item.severity.value,
                    "change": item.change.value,
                    "title": item.title,
                    "body": item.body,
                    "action": item.action,
                    "establishments": list(item.establishments),
                    "due_on": item.due_on.isoformat() if item.due_on else None,
                    "raised_at": item.raised_at.isoformat(),
                    "outdated": item.outdated,
                }
                for item in message.items
            ],
        }
        return json.dumps(document, ensure_ascii=False, indent=2).encode()
