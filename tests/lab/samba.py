"""A real Active Directory: a Samba domain controller, provisioned from nothing and thrown away."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.lab import namespace as namespaces
from tests.lab.authority import Authority
from tests.lab.process import Process
from tests.lab.scenario import HOSPITAL, Scenario

if TYPE_CHECKING:
    from types import TracebackType

_PORTS = (636, 445, 88, 53, 389, 135)
_SEED = Path(__file__).with_name("samba_seed.py")
_SYSTEM_PYTHON = "/usr/bin/python3"  # the interpreter that Debian's samba module is built for

_SMB_CONF = """\
[global]
 netbios name = {netbios}
 realm = {realm}
 workgroup = {workgroup}
 server role = active directory domain controller
 interfaces = {address}/8
 bind interfaces only = yes
 disable netbios = yes
 smb ports = 445
 server services = s3fs, rpc, ldap, cldap, kdc, drepl, winbindd, dns
 rpc server dynamic port range = {rpc_ports}
 private dir = {base}/private
 lock directory = {base}
 state directory = {base}/state
 cache directory = {base}/cache
 pid directory = {base}/run
 ncalrpc dir = {base}/run/ncalrpc
 log file = {base}/log.%m
 load printers = no
 ldap server require strong auth = allow_sasl_over_tls
 tls certfile = {certificate}
 tls keyfile = {key}
 tls cafile = {ca}
[sysvol]
 path = {base}/state/sysvol
 read only = no
[netlogon]
 path = {base}/state/sysvol/{domain}/scripts
 read only = no
{shares}"""

_KRB5_CONF = """\
[libdefaults]
 default_realm = {realm}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 rdns = false
 dns_canonicalize_hostname = false
[realms]
 {realm} = {{
  kdc = {address}
  admin_server = {address}
 }}
[domain_realm]
 .{domain} = {realm}
 {domain} = {realm}
"""


def missing() -> str | None:
    """Return why no domain can be started here, None when one can."""
    reason = namespaces.missing()
    if reason is not None:
        return reason
    absent = [command for command in ("samba", "samba-tool", "unshare", "kinit") if shutil.which(command) is None]
    if absent:
        return "not installed: " + ", ".join(absent)
    return None


class SambaDomain:
    """
    One domain, alone in its forest, with one domain controller that answers at `address`.

    Its host is `dc1.<realm>`. `reader` is the least-privileged account a collector uses;
    `shares` are extra sections of smb.conf. Starting takes about six seconds.
    """

    admin = "Administrator"
    admin_password = "Passw0rd.lab!"
    reader = "svc-carenage"
    reader_password = "Lecture-2040.lab"

    def __init__(
        self,
        namespace: namespaces.Namespace,
        *,
        realm: str = "CORP.LAB.EXAMPLE",
        address: str = "127.0.0.2",
        seed: Scenario = HOSPITAL,
        shares: str = "",
    ) -> None:
        self.namespace = namespace
        self.realm = realm.upper()
        self.domain = realm.lower()
        self.netbios_name = self.realm.split(".", maxsplit=1)[0]
        self.base_dn = ",".join(f"DC={label}" for label in self.domain.split("."))
        self.address = address
        self.host = f"dc1.{self.domain}"
        self.seed = seed
        self._shares = shares
        self._server: Process | None = None

    def __enter__(self) -> Self:
        self.directory = Path(tempfile.mkdtemp(prefix="carenage-samba-"))
        try:
            self._provision()
            self.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def url(self) -> str:
        """Return where the directory answers over TLS."""
        return f"ldaps://{self.host}"

    @property
    def ca_file(self) -> Path:
        """Return the authority that clients must trust."""
        return self._authority.ca_file

    @property
    def krb5_conf(self) -> Path:
        """Return the Kerberos configuration for clients (KRB5_CONFIG)."""
        return self.directory / "krb5.conf"

    def start(self) -> None:
        """Start the server, after `stop` too."""
        # smbd looks for winbindd in /run/samba only: each domain gets its own.
        script = f"mount --bind {self.directory}/run /run/samba && exec samba -F --no-process-group -s {self._conf}"
        Path("/run/samba").mkdir(exist_ok=True)
        self._server = Process(
            self.namespace,
            ["unshare", "-m", "sh", "-c", script],
            ports=[(self.address, port) for port in _PORTS],
            log=self.directory / "samba.out",
        )
        self._server.start()

    def stop(self) -> None:
        """Stop the server; the directory stays."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def kinit(self, user: str | None = None, password: str | None = None) -> Path:
        """Get a ticket for `user` (the reader by default) and return its cache (KRB5CCNAME)."""
        cache = self.directory / f"krb5cc-{user or self.reader}"
        self.namespace.run(
            "kinit",
            "-c",
            str(cache),
            f"{user or self.reader}@{self.realm}",
            stdin=f"{password or self.reader_password}\n",
            env={"KRB5_CONFIG": str(self.krb5_conf)},
        )
        return cache

    def tool(self, *arguments: str) -> str:
        """Run `samba-tool` on the live directory's files and return what it printed."""
        return self.namespace.run("samba-tool", *arguments, "-s", str(self._conf))

    def attribute(self, account: str, name: str) -> str | None:
        """Return one attribute of an account as the server's own files hold it, None when it has none."""
        return self._stored(name, "-b", self.base_dn, f"(sAMAccountName={account})")

    def attribute_of(self, dn: str, name: str) -> str | None:
        """Return one attribute of an object as the server's own files hold it, None when it has none."""
        return self._stored(name, "-b", dn, "-s", "base", "(objectClass=*)")

    def deny(self, dn: str, account: str, rights: str) -> None:
        """Refuse `rights` (SDDL letters) on the one object `dn` to `account`."""
        sid = self.attribute(account, "objectSid")
        self.tool("dsacl", "set", "-H", self._database, f"--objectdn={dn}", f"--sddl=(D;;{rights};;;{sid})")

    def _stored(self, name: str, *search: str) -> str | None:
        found = self.namespace.run("ldbsearch", "-H", self._database, "--configfile", str(self._conf), *search, name)
        values = [line.partition(": ")[2] for line in found.splitlines() if line.startswith(f"{name}: ")]
        return values[0] if values else None

    @property
    def _database(self) -> str:
        return str(self.directory / "private/sam.ldb")

    @property
    def _conf(self) -> Path:
        return self.directory / "smb.conf"

    def _provision(self) -> None:
        self.namespace.add_hosts({self.host: self.address})
        self.namespace.run(
            "samba-tool",
            "domain",
            "provision",
            f"--targetdir={self.directory}",
            f"--realm={self.realm}",
            f"--domain={self.netbios_name}",
            "--server-role=dc",
            "--dns-backend=SAMBA_INTERNAL",
            f"--adminpass={self.admin_password}",
            "--host-name=dc1",
            f"--host-ip={self.address}",
            f"--option=interfaces={self.address}/8",
            "--option=bind interfaces only=yes",
        )
        for name in ("run", "cache"):
            (self.directory / name).mkdir(exist_ok=True)
        self._authority = Authority(self.directory / "authority")
        files = self._authority.issue(self.host, self.address)
        last = int(self.address.rsplit(".", maxsplit=1)[1])
        self._conf.write_text(
            _SMB_CONF.format(
                netbios="DC1",
                realm=self.realm,
                workgroup=self.netbios_name,
                address=self.address,
                rpc_ports=f"{50000 + 100 * last}-{50050 + 100 * last}",
                base=self.directory,
                certificate=files.certificate,
                key=files.key,
                ca=self.ca_file,
                domain=self.domain,
                shares=self._shares,
            )
        )
        self.krb5_conf.write_text(_KRB5_CONF.format(realm=self.realm, domain=self.domain, address=self.address))
        lab = {
            "realm": self.realm,
            "host": self.host,
            "reader": self.reader,
            "reader_password": self.reader_password,
        }
        order = {"directory": str(self.directory), "lab": lab, "scenario": asdict(self.seed)}
        self.namespace.run(_SYSTEM_PYTHON, "-I", str(_SEED), stdin=json.dumps(order))

    def _end(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
