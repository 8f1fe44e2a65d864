from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.cli.main import main
from agent.domain.errors import ExitCode
from tests.unit.domain.evaluation_cases import ads_case, case

REGULAR = [50, 105, 160, 215, 270, 325]
HOPELESS = ads_case([], as_of=365)


def written(folder: Path, content: object) -> str:
    file = folder / "scenario.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(file)


def problems(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return list(json.loads(capsys.readouterr().out)["error"]["problems"])


def test_one_scenario_gives_one_assessment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["evaluate", written(tmp_path, ads_case(REGULAR, as_of=300)), "--json"])

    found = json.loads(capsys.readouterr().out)
    assert code == ExitCode.OK
    assert (found["scenario_id"], found["mode"], sorted(found["objectives"])) == (
        "case",
        "follow_up",
        ["D1.O1.A", "D1.O1.B", "D1.O2.A", "D1.O2.B"],
    )


def test_an_assessment_says_which_version_of_the_programme_judged_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["evaluate", written(tmp_path, ads_case(REGULAR, as_of=300)), "--json"])

    found = json.loads(capsys.readouterr().out)
    assert (found["programme_version"], found["programme_dated"]) == ("1.0", "2026-04-07")


def test_an_array_gives_an_array_and_one_failed_objective_is_enough_for_the_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["evaluate", written(tmp_path, [ads_case(REGULAR, as_of=300), HOPELESS]), "--json"])

    assert code == ExitCode.OBJECTIVE_NOT_MET
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_an_empty_array_gives_an_empty_array(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", written(tmp_path, []), "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == []


def test_a_dash_reads_the_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(HOPELESS).encode())))

    assert main(["evaluate", "-", "--json"]) == ExitCode.OBJECTIVE_NOT_MET
    assert json.loads(capsys.readouterr().out)["mode"] == "declaration"


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, ads_case(REGULAR, as_of=300))

    main(["evaluate", file, "--json"])
    first = capsys.readouterr().out
    main(["evaluate", file, "--json"])

    assert capsys.readouterr().out == first


def test_without_json_a_person_reads_french(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = ads_case([61, 100], as_of=110, phase={"start": "2026-01-01"})

    main(["evaluate", written(tmp_path, scenario)])

    shown = capsys.readouterr().out
    for words in (
        "à risque",
        "prochaine échéance le",
        "le début de phase est antérieur",
        "Quel est le dernier jour du premier audit",
        "D1bis, Q/R 3.1",
    ):
        assert words in shown


def test_every_problem_is_listed_with_its_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faulty = [case(as_of=10), {**case(as_of=10), "as_of": "hier", "ads": [{"id": "A"}]}]

    assert main(["evaluate", written(tmp_path, faulty), "--json"]) == ExitCode.CONFIGURATION
    assert {problem["path"] for problem in problems(capsys)} == {
        "$[1].as_of",
        "$[1].ads[0].establishments",
        "$[1].ads[0].kind",
    }


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"{", id="not-json"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe{}", id="not-utf-8"),
        pytest.param(b'{"id": ' + b"9" * 10_000 + b"}", id="endless-number"),
        pytest.param(b"[" * 200_000, id="bottomless"),
        pytest.param(b"[" * 900 + b"]" * 900, id="too-deep"),
        pytest.param(b'{"id": "a", "id": "b"}', id="key-twice"),
        pytest.param(b"3", id="a-number"),
        pytest.param(b" " * (33 * 2**20), id="too-large"),
    ],
)
def test_what_cannot_be_read_is_refused_calmly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    assert main(["evaluate", written(tmp_path, content), "--json"]) == ExitCode.CONFIGURATION
    assert problems(capsys)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_named_by_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    text = json.dumps(case(as_of=10)).replace('"activity": 100', f'"activity": {word}')

    assert main(["evaluate", written(tmp_path, text.encode()), "--json"]) == ExitCode.CONFIGURATION
    assert [problem["path"] for problem in problems(capsys)] == ["$.candidate.establishments[0].activity"]


def test_a_key_written_twice_is_named_by_its_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = json.dumps([case(as_of=10)]).replace('"activity": 100', '"activity": 100, "activity": 1')

    assert main(["evaluate", written(tmp_path, text.encode()), "--json"]) == ExitCode.CONFIGURATION
    assert [problem["path"] for problem in problems(capsys)] == ["$[0].candidate.establishments[0].activity"]


def test_a_file_that_is_missing_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path / "nulle-part.json")]) == ExitCode.USAGE
    assert "nulle-part.json" in capsys.readouterr().err
