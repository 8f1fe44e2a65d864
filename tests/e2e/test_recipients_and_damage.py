"""Keys that are replaced, and evidence that cannot be given back: both are said, neither stops the rest."""

from __future__ import annotations

from pathlib import Path

from pyrage import x25519

from agent.domain.errors import ExitCode
from tests.e2e.conftest import ADS_REPORT, Installation


def test_keys_replaced_in_the_configuration_are_asked_about_until_they_are_applied(
    installation: Installation, tmp_path: Path
) -> None:
    new = [x25519.Identity.generate() for _ in range(2)]
    key = tmp_path / "new.key"
    key.write_text(f"{new[0]}\n", encoding="utf-8")
    text = installation.config.read_text(encoding="utf-8")
    before, rest = text[: text.index("recipients = [")], text[text.index("recipients = [") :]
    keys = ", ".join(f'"{pair.to_public()}"' for pair in new)
    installation.config.write_text(f"{before}recipients = [{keys}]{rest[rest.index(']') + 1 :]}", encoding="utf-8")

    assert installation.type("doctor").code == ExitCode.CONFIGURATION
    assert "configuration" in {alert["kind"] for alert in installation.type("run", "--json").json["alerts"]}

    applied = installation.type("vault", "recipients", "--person", "RSSI", "--reason", "clé compromise", "--json")
    assert applied.code == ExitCode.OK
    report = tmp_path / "note.txt"
    report.write_text("preuve", encoding="utf-8")
    added = installation.type("evidence", "add", str(report), "--json").json
    to = tmp_path / "out"
    export = ("evidence", "export", added["id"], "--identity", str(key), "--to", str(to), "--json")
    assert installation.type(*export).code == ExitCode.OK
    assert installation.type("doctor").code == ExitCode.OK
    assert installation.type("vault", "verify", "--all").code == ExitCode.OK


def test_a_damaged_report_is_named_in_the_dossier_which_is_built_all_the_same(
    installation: Installation, tmp_path: Path
) -> None:
    evidence = []
    for day in ("2026-05-20", "2026-06-10"):
        report = tmp_path / f"ads-{day}.html"
        report.write_bytes(ADS_REPORT + day.encode())
        said = ("--kind", "ads_report", "--directory", "ad-chu", "--date", day, "--score", "3")
        evidence.append(installation.type("inbox", "add", str(report), *said, "--json").json["evidence_id"])
    (payload,) = installation.vault.glob(f"deposits/*/*/{evidence[0]}/data/0001*")
    content = payload.read_bytes()
    payload.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    installation.clock.advance(days=1)

    built = installation.type(
        *("dossier", "build", "--to", str(tmp_path / "dossier"), "--identity", str(installation.key), "--json")
    )

    assert built.code == ExitCode.OK
    assert any(evidence[0] in item["piece"] and "illisible" in item["piece"] for item in built.json["missing"])
    assert not any(evidence[1] in item["piece"] for item in built.json["missing"])
