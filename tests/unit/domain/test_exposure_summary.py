from __future__ import annotations

from typing import Any

import pytest

from agent.domain.exposure import (
    AuditHead,
    Observation,
    Score,
    ScoreOutOfRangeError,
    cvss_score,
    deciding_score,
    summarise,
)

SCOPE = AuditHead(scope=("extranet.exemple.fr",), ended_at="2026-09-01T08:00:00Z")


def row(*scores: Score, severity: str | None = None, state: str | None = None, asset: str = "a.fr") -> Observation:
    return Observation(
        id="x", native_id="1", title="t", asset=asset, scores=scores, native_severity=severity, state=state
    )


def base(value: float, version: str | None = "3.1") -> Score:
    return Score(version=version, kind="base", value=value)


def verdicts(summary: dict[str, Any]) -> tuple[str, str]:
    inputs = summary["verdict_inputs"]
    return inputs["ge"]["verdict"], inputs["gt"]["verdict"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([row(base(8.9))], ("clean", "clean"), id="just-under"),
        pytest.param([row(base(9.0))], ("critical", "clean"), id="exactly-nine"),
        pytest.param([row(base(9.1))], ("critical", "critical"), id="just-over"),
        pytest.param([row(severity="Critical")], ("cannot_tell", "cannot_tell"), id="label-without-score"),
        pytest.param([row(severity="5")], ("cannot_tell", "cannot_tell"), id="source-s-own-top-label"),
        pytest.param([row(base(5.3), severity="Critical")], ("clean", "clean"), id="the-number-beats-the-label"),
        pytest.param([row(base(9.3, "2.0"), base(8.1))], ("clean", "clean"), id="v3-decides-over-v2"),
        pytest.param([row(base(9.3, "2.0"))], ("critical", "critical"), id="v2-alone-decides"),
        pytest.param([row(base(9.8), base(8.7, "4.0"))], ("clean", "clean"), id="v4-decides-over-v3"),
        pytest.param([row(base(9.8), state="fixed")], ("clean", "clean"), id="fixed-row-is-gone"),
        pytest.param([row(base(9.8), state="Risk accepted")], ("cannot_tell",) * 2, id="accepted-risk-needs-a-person"),
        pytest.param(
            [row(Score(version="3.1", kind="environmental", value=9.4))], ("cannot_tell",) * 2, id="no-base-score"
        ),
        pytest.param([row(base(9.8)), row(severity="Critical")], ("critical",) * 2, id="a-critical-row-settles-it"),
    ],
)
def test_verdict_is_drawn_from_the_deciding_score(rows: list[Observation], expected: tuple[str, str]) -> None:
    assert verdicts(summarise(rows, audit=SCOPE, completed=True, top_labels=frozenset({"5"}))) == expected


@pytest.mark.parametrize(
    ("audit", "completed", "expected"),
    [
        pytest.param(SCOPE, True, "clean", id="completed-with-a-scope"),
        pytest.param(SCOPE, None, "cannot_tell", id="nobody-says-it-completed"),
        pytest.param(AuditHead(ended_at="2026-09-01T08:00:00Z"), True, "cannot_tell", id="no-scope"),
        pytest.param(None, None, "cannot_tell", id="nothing-known"),
    ],
)
def test_empty_report_is_clean_only_when_the_audit_ended_over_a_scope(
    audit: AuditHead | None, completed: bool | None, expected: str
) -> None:
    assert verdicts(summarise([], audit=audit, completed=completed)) == (expected, expected)


def test_incomplete_reading_is_never_clean() -> None:
    summary = summarise([row(base(2.0))], audit=SCOPE, complete=False, completed=True)

    assert verdicts(summary) == ("cannot_tell", "cannot_tell")


def test_rejected_score_is_never_clean() -> None:
    summary: dict[str, Any] = summarise([row()], audit=SCOPE, completed=True, rejected_scores=1)

    assert verdicts(summary) == ("cannot_tell", "cannot_tell")
    assert summary["verdict_inputs"]["ge"]["reasons"] == ["SCORE_OUT_OF_RANGE"]


def test_versions_on_both_sides_of_nine_are_said() -> None:
    summary: dict[str, Any] = summarise([row(base(9.3, "2.0"), base(8.1))], audit=SCOPE, completed=True)

    assert summary["verdict_inputs"]["gt"]["reasons"] == ["VERSIONS_STRADDLE_9"]


def test_counts_are_by_family_and_keep_nine_apart() -> None:
    rows = [
        row(base(9.0), base(10.0, "2.0"), severity="4"),
        row(base(9.8, "3.0"), severity="4", asset="b.fr"),
        row(base(9.2, None), severity="High"),
        row(severity="4", asset="A.fr"),
    ]

    summary = summarise(rows, audit=SCOPE, completed=True, top_labels=frozenset({"4"}))

    assert summary["observations"] == 4
    assert summary["native_severities"] == {"4": 3, "High": 1}
    assert summary["max_cvss"] == {"v2": 10.0, "v3": 9.8, "unspecified": 9.2}
    assert summary["cvss_above_9"] == {"v2": 1, "v3": 1, "unspecified": 1}
    assert summary["cvss_equal_9_0"] == {"v2": 0, "v3": 1, "unspecified": 0}
    assert summary["top_label_without_cvss"] == 1
    assert summary["distinct_assets"] == 2


def test_temporal_score_counts_nowhere_as_a_base_score() -> None:
    scores = (Score(version="3.1", kind="temporal", value=9.5), base(6.0))

    assert deciding_score(row(*scores)) == ("v3", 6.0)
    assert summarise([row(*scores)], audit=SCOPE)["max_cvss"] == {"v3": 6.0}


@pytest.mark.parametrize("text", ["98", "-1", "10.1", "nan", "inf", "élevé", "", "٩.٠", "９", "1_0", "."])
def test_value_off_the_cvss_scale_is_refused(text: str) -> None:
    with pytest.raises(ScoreOutOfRangeError):
        cvss_score(text, version="3.1", kind="base")


def test_decimal_comma_is_a_number() -> None:
    assert cvss_score(" 9,8 ", version="3.1", kind="base").value == 9.8


@pytest.mark.parametrize("text", ["-0", "-0.0", "-0,0"])
def test_negative_zero_is_zero(text: str) -> None:
    assert str(cvss_score(text, version="3.1", kind="base").value) == "0.0"
