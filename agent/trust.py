"""Whom we trust over TLS: the system's authorities, and those of the hospital."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import truststore

from agent.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """
    Return a client context, TLS 1.2 at least, that checks names against the system's authorities and `ca_file` (PEM).

    Raises ConfigurationError when `ca_file` cannot be read.
    """
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            raise ConfigurationError(
                f"Le fichier d'autorités « {ca_file} » ne se lit pas.", hint="ca_file attend des certificats PEM."
            ) from error
    return context
