"""A public DNS server: an authoritative knot with the zones it is given."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.lab.process import Process

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from tests.lab.namespace import Namespace

_CONF = """\
server:
    rundir: "{directory}/run"
    listen: {address}@53
log:
  - target: stdout
    any: warning
database:
    storage: "{directory}/db"
acl:
  - id: transfer
    address: {transfer}
    action: transfer
template:
  - id: default
    storage: "{directory}"
    file: "%s.zone"
{templates}zone:
{zones}"""

_ZONE = """\
$ORIGIN {zone}.
$TTL 300
@ IN SOA ns1 hostmaster 1 3600 600 86400 300
@ IN NS ns1
ns1 IN A {address}
{records}
"""

# What the fictive hospital of `tests.lab.scenario` shows to the Internet.
PUBLIC_ZONES = {
    "hopital.example": """\
@        IN A     52.143.10.20
@        IN MX 10 courrier
@        IN TXT   "v=spf1 mx -all"
www      IN A     52.143.10.20
www      IN AAAA  2a01:cb00:1:2::10
courrier IN A     52.143.10.25
portail  IN CNAME www
vpn      IN A     52.143.10.30
""",
}


def missing() -> str | None:
    """Return why no DNS server can be started here, None when one can."""
    return None if shutil.which("knotd") else "not installed: knotd"


class DnsServer:
    """
    Serves `zones` (name → records in master-file form, without SOA and NS) at `address`:53.

    `transfer_to` is the one address that may transfer them; `signed` zones carry DNSSEC.
    """

    def __init__(
        self,
        namespace: Namespace,
        *,
        zones: Mapping[str, str] = PUBLIC_ZONES,
        address: str = "127.0.0.53",
        transfer_to: str = "127.0.0.1",
        signed: bool = False,
    ) -> None:
        self.namespace = namespace
        self.address = address
        self.zones = dict(zones)
        self._transfer_to = transfer_to
        self._signed = signed

    def __enter__(self) -> Self:
        self.directory = Path(tempfile.mkdtemp(prefix="carenage-dns-"))
        try:
            self._write()
            self._server = Process(
                self.namespace,
                ["knotd", "-c", str(self.directory / "knot.conf")],
                ports=[(self.address, 53)],
                log=self.directory / "knot.out",
            )
            self._server.start()
        except BaseException:
            shutil.rmtree(self.directory, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _write(self) -> None:
        for name in ("run", "db"):
            (self.directory / name).mkdir()
        for zone, records in self.zones.items():
            text = _ZONE.format(zone=zone, address=self.address, records=records)
            (self.directory / f"{zone}.zone").write_text(text)
        options = "    acl: transfer\n" + ("    dnssec-signing: on\n" if self._signed else "")
        conf = _CONF.format(
            directory=self.directory,
            address=self.address,
            transfer=self._transfer_to,
            templates=options,
            zones="".join(f"  - domain: {zone}\n" for zone in self.zones),
        )
        (self.directory / "knot.conf").write_text(conf)
