"""
Seeds a provisioned Samba directory, offline; run by the interpreter that has the `samba` module.

Standard input is JSON: `directory`, `lab` (realm, host, reader) and `scenario` (the fields of
`tests.lab.scenario.Scenario`). Everything is one transaction.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import ldb  # type: ignore[import-not-found]
from samba import param
from samba.auth import system_session
from samba.dcerpc import dnsp, security
from samba.ndr import ndr_pack, ndr_unpack
from samba.samdb import SamDB

_SERVER_TRUST = 532480
_READ_ONLY_TRUST = 0x0500_1000
_DISABLED = 2


class Seeder:
    """One open directory and the lab's facts about it."""

    def __init__(self, directory: str, lab: dict[str, str]) -> None:
        settings = param.LoadParm()
        settings.load(f"{directory}/smb.conf")
        self.db = SamDB(url=f"{directory}/private/sam.ldb", session_info=system_session(), lp=settings)
        self.lab = lab
        self.domain = str(self.db.domain_dn())
        self.configuration = str(self.db.get_config_basedn())
        self.realm = lab["realm"].lower()

    def seed(self, scenario: dict[str, Any]) -> None:
        """Make `scenario` so, all or nothing."""
        self.db.transaction_start()
        try:
            self._policy()
            self._accounts(scenario)
            self._sites(scenario["sites"])
            for controller in scenario["domain_controllers"]:
                self._domain_controller(controller)
            for trust in scenario["trusts"]:
                self._trust(trust)
            for zone in scenario["zones"]:
                self._zone(zone)
        except BaseException:
            self.db.transaction_cancel()
            raise
        self.db.transaction_commit()

    def _policy(self) -> None:
        """Count refused passwords (Samba does so only when accounts can lock), never expire one."""
        self._replace(self.domain, lockoutThreshold="50", maxPwdAge="-9223372036854775808")

    def _accounts(self, scenario: dict[str, Any]) -> None:
        self.db.newuser(self.lab["reader"], self.lab["reader_password"], setpassword=True)
        for user in scenario["users"]:
            self.db.newuser(user["name"], user["password"], setpassword=True)
            dn = self._dn_of(user["name"])
            if user["service_names"]:
                self._replace(dn, servicePrincipalName=user["service_names"])
            if user["disabled"]:
                self._replace(dn, userAccountControl="514")
        for group in scenario["groups"]:
            self.db.newgroup(group["name"])
            self.db.add_remove_group_members(group["name"], group["members"])
        host, netbios = self.lab["host"], self.lab["host"].split(".")[0].upper()
        names = [f"ldap/{host}", f"ldap/{netbios}", f"ldap/{host}/{self.realm}", f"GC/{host}/{self.realm}"]
        dn = self._dn_of(f"{netbios}$")
        present = {str(value) for value in self.db.search(dn, scope=ldb.SCOPE_BASE)[0]["servicePrincipalName"]}
        self._add_values(dn, "servicePrincipalName", [name for name in names if name not in present])

    def _sites(self, sites: list[dict[str, Any]]) -> None:
        for site in sites:
            dn = f"CN={site['name']},CN=Sites,{self.configuration}"
            self._add(dn, "site")
            self._add(f"CN=Servers,{dn}", "serversContainer")
            self._add(f"CN=NTDS Site Settings,{dn}", "nTDSSiteSettings")
            for subnet in site["subnets"]:
                self._add(f"CN={subnet},CN=Subnets,CN=Sites,{self.configuration}", "subnet", siteObject=dn)

    def _domain_controller(self, controller: dict[str, Any]) -> None:
        name = controller["name"]
        host = f"{name.lower()}.{self.realm}"
        flags = _READ_ONLY_TRUST if controller["read_only"] else _SERVER_TRUST
        account = f"CN={name},OU=Domain Controllers,{self.domain}"
        self._add(
            account,
            "computer",
            sAMAccountName=f"{name}$",
            dNSHostName=host,
            operatingSystem=controller["operating_system"],
            operatingSystemVersion=controller["operating_system_version"],
            userAccountControl=str(flags | (_DISABLED if controller["disabled"] else 0)),
        )
        self._add(
            f"CN={name},CN=Servers,CN={controller['site']},CN=Sites,{self.configuration}",
            "server",
            dNSHostName=host,
            serverReference=account,
        )

    def _trust(self, trust: dict[str, Any]) -> None:
        self._add(
            f"CN={trust['partner']},CN=System,{self.domain}",
            "trustedDomain",
            trustPartner=trust["partner"],
            flatName=trust["netbios_name"],
            securityIdentifier=ndr_pack(security.dom_sid(trust["sid"])),
            trustDirection=str(trust["direction"]),
            trustType=str(trust["kind"]),
            trustAttributes=str(trust["attributes"]),
        )

    def _zone(self, zone: dict[str, Any]) -> None:
        if zone["legacy"]:
            container = f"CN=MicrosoftDNS,CN=System,{self.domain}"
        else:
            partition = "ForestDnsZones" if zone["forest_wide"] else "DomainDnsZones"
            container = f"CN=MicrosoftDNS,DC={partition},{self.domain}"
        if not self._exists(container):
            self._add(container, "container")
        dn = f"DC={zone['name']},{container}"
        self._add(dn, "dnsZone")
        nodes: dict[str, list[dict[str, Any]]] = {"@": [{"type": "SOA"}, {"type": "NS"}]}
        for record in zone["records"]:
            nodes.setdefault(record["name"], []).append(record)
        for name, records in nodes.items():
            tombstoned = any(record.get("tombstoned") for record in records)
            values = [ndr_pack(self._record(record)) for record in records]
            extra = {"dNSTombstoned": "TRUE"} if tombstoned else {}
            self._add(f"DC={name},{dn}", "dnsNode", dnsRecord=values, **extra)
            if any(record.get("hidden") for record in records):
                self._hide(f"DC={name},{dn}")

    def _record(self, record: dict[str, Any]) -> Any:
        made = dnsp.DnssrvRpcRecord()
        made.rank = dnsp.DNS_RANK_ZONE
        made.dwSerial = 1
        made.dwTtlSeconds = 900
        made.dwTimeStamp = record.get("hours", 0)
        if record.get("tombstoned"):
            made.wType = dnsp.DNS_TYPE_TOMBSTONE
            made.data = 130_000_000_000_000_000
            return made
        made.wType = getattr(dnsp, f"DNS_TYPE_{record['type']}")
        made.data = self._data(record["type"], record.get("data", "").split(" "))
        return made

    def _data(self, kind: str, words: list[str]) -> Any:
        if kind == "SOA":
            soa = dnsp.soa()
            soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum = 1, 900, 600, 86400, 3600
            soa.mname, soa.rname = self.lab["host"], f"hostmaster.{self.realm}"
            return soa
        if kind == "NS":
            return self.lab["host"]
        if kind == "MX":
            mx = dnsp.mx()
            mx.wPriority, mx.nameTarget = int(words[0]), words[1]
            return mx
        if kind == "SRV":
            srv = dnsp.srv()
            srv.wPriority, srv.wWeight, srv.wPort, srv.nameTarget = *map(int, words[:3]), words[3]
            return srv
        if kind == "TXT":
            text = dnsp.string_list()
            text.str, text.count = [" ".join(words)], 1
            return text
        return words[0]

    def _hide(self, dn: str) -> None:
        """Deny the reader every property of `dn`; it stays listed."""
        found = self.db.search(dn, scope=ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"])[0]
        descriptor = ndr_unpack(security.descriptor, bytes(found["nTSecurityDescriptor"][0]))
        reader = self.db.search(self._dn_of(self.lab["reader"]), scope=ldb.SCOPE_BASE, attrs=["objectSid"])[0]
        ace = security.ace()
        ace.type = security.SEC_ACE_TYPE_ACCESS_DENIED
        ace.access_mask = security.SEC_ADS_READ_PROP
        ace.trustee = ndr_unpack(security.dom_sid, bytes(reader["objectSid"][0]))
        descriptor.dacl_add(ace, 0)
        self._replace(dn, nTSecurityDescriptor=ndr_pack(descriptor))

    def _dn_of(self, account: str) -> str:
        found = self.db.search(self.domain, expression=f"(sAMAccountName={ldb.binary_encode(account)})", attrs=["dn"])
        return str(found[0].dn)

    def _exists(self, dn: str) -> bool:
        try:
            self.db.search(dn, scope=ldb.SCOPE_BASE, attrs=["dn"])
        except ldb.LdbError:
            return False
        return True

    def _add(self, dn: str, kind: str, **attributes: Any) -> None:
        self.db.add({"dn": dn, "objectClass": kind, **attributes}, ["relax:0"])

    def _replace(self, dn: str, **attributes: Any) -> None:
        self._modify(dn, ldb.FLAG_MOD_REPLACE, attributes)

    def _add_values(self, dn: str, name: str, values: list[str]) -> None:
        if values:
            self._modify(dn, ldb.FLAG_MOD_ADD, {name: values})

    def _modify(self, dn: str, flag: int, attributes: dict[str, Any]) -> None:
        message = ldb.Message(ldb.Dn(self.db, dn))
        for name, value in attributes.items():
            message[name] = ldb.MessageElement(value, flag, name)
        self.db.modify(message, ["relax:0"])


def main() -> None:
    """Seed the directory that standard input names."""
    order = json.load(sys.stdin)
    Seeder(order["directory"], order["lab"]).seed(order["scenario"])


if __name__ == "__main__":
    main()
