from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from agent.domain.errors import ConfigurationError
from agent.domain.secret import Secret
from collectors import registry
from collectors.exposure.tenable import TenableCollector, TenableSettings
from collectors.interface import CollectionContext
from tests.fakes.clock import FakeClock

KEYS = {"access_key": Secret("a"), "secret_key": Secret("s")}


def test_the_registry_finds_it_by_its_folder() -> None:
    assert registry.kinds()["tenable"] == "exposure"
    assert registry.load("tenable") is TenableCollector


def test_what_the_platform_is_worth_is_stated_never_supposed() -> None:
    with pytest.raises(ValidationError) as caught:
        TenableSettings.model_validate(KEYS)

    assert [error["loc"] for error in caught.value.errors()] == [("tool",)]


@pytest.mark.parametrize(
    "base_url",
    ["http://cloud.tenable.com", "https://me@cloud.tenable.com", "https://cloud.tenable.com/x?y", "cloud.tenable.com"],
)
def test_an_address_that_is_not_an_https_host_is_refused(base_url: str) -> None:
    with pytest.raises(ValidationError):
        TenableSettings.model_validate({**KEYS, "tool": "INDUSTRIAL", "base_url": base_url})


def test_settings_print_no_key() -> None:
    settings = TenableSettings.model_validate(
        {"access_key": Secret("ak-1"), "secret_key": Secret("sk-1"), "tool": "INDUSTRIAL"}
    )

    assert "k-1" not in repr(settings)


def test_without_network_it_says_so() -> None:
    collector = TenableCollector("t", TenableSettings.model_validate({**KEYS, "tool": "UNKNOWN"}))

    with pytest.raises(ConfigurationError):
        next(iter(collector.collect(CollectionContext(now=FakeClock().now()))))


def test_listing_the_collectors_loads_no_http_library() -> None:
    code = "import sys, collectors.exposure.tenable; sys.exit('requests' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
