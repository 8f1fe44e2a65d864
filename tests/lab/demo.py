"""
`make demo`: the story of `agent.demo` against real servers on loopback, inside a network namespace of its own.

    python -m tests.lab.demo [--to DIR] [--keep]

Everything that is started is stopped and removed at the end, on Ctrl-C and on failure; DIR stays.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.clock import SystemClock
from agent.demo import configuration, story
from agent.demo.files import received_files, run_times
from agent.demo.narration import ConsoleNarrator
from agent.demo.play import Answer, Play, farewell
from agent.demo.stage import Stage
from agent.domain.errors import AgentError
from tests.lab import dns, samba, scenario, tenable
from tests.lab.authority import Authority
from tests.lab.namespace import Namespace
from tests.lab.process import Process, python
from tests.lab.teams import TeamsWebhook

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
_RELAY, _PLATFORM, _FLOW = (f"{name}.val-de-brume.example" for name in ("relais", "tenable", "flux"))
_PUBLIC_DNS, _RELAY_ADDRESS, _LOOPBACK = "127.0.0.53", "127.0.0.25", "127.0.0.1"
_RELAY_PORT, _PLATFORM_PORT, _FLOW_PORT = 587, 8443, 8444
_SECRETS = {
    "annuaire": samba.SambaDomain.reader_password,
    "tenable-acces": "demonstration-acces",
    "tenable-secret": "demonstration-secret",
    "flux-teams": f"https://{_FLOW}:{_FLOW_PORT}{TeamsWebhook.PATH}?api-version=1&sig=demonstration",
}
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the demonstration; return its exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description="La démonstration, contre de vrais serveurs.")
    parser.add_argument("--to", type=Path, default=ROOT / "demo-output", help="dossier à remplir")
    parser.add_argument("--keep", action="store_true", help="garde les serveurs en marche jusqu'à Ctrl-C")
    options = parser.parse_args(arguments)
    reason = samba.missing() or dns.missing()
    if reason is not None:
        return _refused(
            f"le laboratoire ne peut pas démarrer ici ({reason}).",
            "Lancez « make demo » en root sous Debian : il installe ce qui manque. Sans serveur : carenage demo.",
            code=2,
        )
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job starts with Ctrl-C ignored
    try:
        _play(Stage(options.to.absolute()), keep=options.keep)
    except AgentError as error:
        return _refused(error.message, error.hint, code=int(error.exit_code))
    except KeyboardInterrupt:
        print("Interrompu : tout ce qui était démarré est arrêté.", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _refused(message: str, hint: str | None, *, code: int) -> int:
    print(f"Erreur : {message}" + (f"\n→ {hint}" if hint else ""), file=sys.stderr)
    return code


def _play(stage: Stage, *, keep: bool) -> None:
    clock = SystemClock()
    started_at = clock.monotonic()
    narrator = ConsoleNarrator(clock)
    stage.prepare()
    stage.servers.mkdir()
    for name, secret in _SECRETS.items():
        path = stage.secrets / name
        path.touch(mode=0o600)
        path.write_text(f"{secret}\n", encoding="utf-8")
    narrator.tell("Démonstration : un GHT inventé, de vrais serveurs, aucun accès au réseau.")
    with ExitStack() as stack:
        lab = _start(stage, stack, narrator)
        told = Play(
            stage=stage,
            carenage=_Inside(lab),
            narrator=narrator,
            complete=lambda text: configuration.completed(
                text, collectors=_collectors(lab), channels=_channels(), network={"ca_file": "serveurs/ca.pem"}
            ),
            files=tuple(received_files()),
        ).perform()
        narrator.tell()
        narrator.tell(told.screen)
        for line in farewell(stage, told, command=str(_command())):
            narrator.tell(line)
        if keep:
            inside = " ".join(["env", f"KRB5_CONFIG={lab.domain.krb5_conf}", *lab.namespace.command("bash")])
            narrator.tell(f"Les serveurs tournent jusqu'à Ctrl-C. Pour taper des commandes parmi eux : {inside}")
            with suppress(KeyboardInterrupt):
                signal.pause()
    seconds = clock.monotonic() - started_at
    narrator.tell(f"Les serveurs sont arrêtés et l'espace réseau est supprimé ({seconds:.0f} s en tout).")


@dataclass(frozen=True, slots=True)
class _Lab:
    namespace: Namespace
    domain: samba.SambaDomain


class _Inside:
    """Runs the installed command inside the lab, as a person would type it."""

    def __init__(self, lab: _Lab) -> None:
        self._namespace = lab.namespace
        self._environment = {**os.environ, "KRB5_CONFIG": str(lab.domain.krb5_conf)}

    def __call__(self, *argv: str) -> Answer:
        done = subprocess.run(
            self._namespace.command(str(_command()), *argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=170,
            env=self._environment,
        )
        return Answer(code=done.returncode, output=done.stdout, errors=done.stderr)


def _command() -> Path:
    return Path(sys.executable).with_name("carenage")


def _start(stage: Stage, stack: ExitStack, narrator: ConsoleNarrator) -> _Lab:
    """Start the five servers; `stack` stops them."""
    authority = Authority(stage.servers)
    with narrator.step("Un espace réseau isolé, et le DNS public du GHT (Knot)"), _told_as_ours():
        namespace = stack.enter_context(Namespace(nameserver=_PUBLIC_DNS))
        stack.enter_context(dns.DnsServer(namespace, zones=_public_zones(), address=_PUBLIC_DNS))
        narrator.say(f"{namespace.name} : rien n'en sort, rien n'y entre.")
    with narrator.step("L'annuaire du CHU : un contrôleur de domaine Samba"), _told_as_ours():
        domain = stack.enter_context(
            samba.SambaDomain(namespace, realm=story.FOREST.dns_name.upper(), seed=_directory())
        )
        shutil.copy(domain.ca_file, stage.servers / "annuaire-ca.pem")
        narrator.say(f"{domain.url}, lu par le compte ordinaire {domain.reader}")
    with narrator.step("Tenable, le relais de messagerie et Teams, en TLS"), _told_as_ours():
        platform = authority.issue(_PLATFORM)
        relay = authority.issue(_RELAY)
        flow = authority.issue(_FLOW)
        runs = stage.servers / "tenable.json"
        runs.write_text(json.dumps(asdict(_platform()), ensure_ascii=False), encoding="utf-8")
        for name, arguments, address, port in (
            ("tenable", ["--scenario", str(runs), *_certificate(platform)], _LOOPBACK, _PLATFORM_PORT),
            (
                "mailbox",
                ["--address", _RELAY_ADDRESS, "--out", str(stage.mails), *_certificate(relay)],
                _RELAY_ADDRESS,
                _RELAY_PORT,
            ),
            ("teams", ["--out", str(stage.cards), *_certificate(flow)], _LOOPBACK, _FLOW_PORT),
        ):
            stack.enter_context(
                Process(
                    namespace,
                    python(f"tests.lab.{name}", "--port", str(port), *arguments),
                    ports=[(address, port)],
                    log=stage.servers / f"{name}.log",
                )
            )
    return _Lab(namespace, domain)


def _certificate(files: Any) -> list[str]:
    return ["--cert", str(files.certificate), "--key", str(files.key)]


@contextmanager
def _told_as_ours() -> Iterator[None]:
    """Let a server that does not start be told like any other failure of a step."""
    try:
        yield
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise AgentError(f"Un serveur ne démarre pas.\n{error}") from error


def _public_zones() -> dict[str, str]:
    """Return what the Internet sees of the group, and where its services are inside the lab."""
    zones = {
        "val-de-brume.example": [
            f"relais IN A {_RELAY_ADDRESS}",
            f"tenable IN A {_LOOPBACK}",
            f"flux IN A {_LOOPBACK}",
        ]
    }
    for surface in story.SURFACES:
        first = surface.addresses[0].split("/")[0]
        network, _, last = first.rpartition(".")
        for number, name in enumerate(surface.names, start=1):
            host, _, zone = name.partition(".")
            zones.setdefault(zone, []).append(f"{host} IN A {network}.{int(last) + number}")
    return {zone: "\n".join(records) for zone, records in zones.items()}


def _directory() -> scenario.Scenario:
    forest = story.FOREST
    return scenario.Scenario(
        sites=tuple(scenario.Site(name=name, subnets=subnets) for name, subnets in forest.sites),
        domain_controllers=tuple(
            scenario.DomainController(
                name=one.name, operating_system=one.system, operating_system_version=one.version, site=one.site
            )
            for one in forest.controllers
        ),
        trusts=(
            scenario.Trust(
                partner=forest.trust_partner,
                netbios_name=forest.trust_netbios_name,
                sid=forest.trust_sid,
                direction=2,
                attributes=8,
            ),
        ),
        zones=(
            scenario.Zone(
                name=forest.zone,
                records=tuple(scenario.Record(name=one.name, type=one.type, data=one.data) for one in forest.records),
            ),
        ),
    )


def _platform() -> tenable.Scenario:
    scan = story.CHU_SCAN
    return tenable.Scenario(
        access_key=_SECRETS["tenable-acces"],
        secret_key=_SECRETS["tenable-secret"],
        export_polls=0,
        scans=(
            tenable.Scan(
                id=scan.number,
                name=scan.name,
                targets=scan.targets,
                runs=tuple(
                    tenable.Run(
                        id=run.number,
                        started_at=run_times(run)[0].isoformat(),
                        ended_at=run_times(run)[1].isoformat(),
                        hosts=scan.targets,
                        findings=tuple(tenable.Finding(host=host, plugin=flaw) for host, flaw in run.findings),
                    )
                    for run in scan.runs
                ),
            ),
        ),
    )


def _collectors(lab: _Lab) -> list[dict[str, Any]]:
    domain = lab.domain
    reader = {
        "directory": story.CHU_DIRECTORY.id,
        "urls": [domain.url],
        "auth": "kerberos",
        "user": f"{domain.reader}@{domain.realm}",
        "password": {"file": "secrets/annuaire"},
        "ca_file": "serveurs/annuaire-ca.pem",
    }
    return [
        {"id": "annuaire-chu", "kind": "ldap", **reader},
        {"id": "dns-chu", "kind": "ad_dns", **reader},
        {
            "id": "tenable-chu",
            "kind": "tenable",
            "tool": "INDUSTRIAL",
            "base_url": f"https://{_PLATFORM}:{_PLATFORM_PORT}",
            "access_key": {"file": "secrets/tenable-acces"},
            "secret_key": {"file": "secrets/tenable-secret"},
            "max_age_days": 3650,
        },
    ]


def _channels() -> list[dict[str, Any]]:
    return [
        {
            "id": "courriel",
            "kind": "smtp",
            "to": ["rssi", "dsi-ch"],
            "host": _RELAY,
            "port": _RELAY_PORT,
            "ca_file": "serveurs/ca.pem",
            "from": "carenage@chu-brumeville.example",
        },
        {
            "id": "teams",
            "kind": "teams",
            "to": ["rssi"],
            "url": {"file": "secrets/flux-teams"},
            "allowed_hosts": [_FLOW],
            "ca_file": "serveurs/ca.pem",
        },
    ]


if __name__ == "__main__":
    sys.exit(main())
