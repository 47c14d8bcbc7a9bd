"""Documentation that a change of the program makes false fails here."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from domain.topics import Leaf
from firmware_sim.scenario import FAULTS
from nguon.settings import Settings
from tests.generate_docs import PAGES
from traceability.verify import STEPS

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_current(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert (ROOT / "docs" / name).read_text("utf-8") == PAGES[name](), "run `make docs`"


def test_every_make_verb_in_the_readme_exists() -> None:
    known = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        asked = set(re.findall(r"`make ([a-z-]+)", page.read_text("utf-8")))
        assert asked
        assert asked <= known, page


def test_every_nguon_verb_in_the_prose_exists() -> None:
    verbs = set(
        re.findall(r"^### nguon ([a-z]+)", (ROOT / "docs" / "cli.md").read_text(), re.MULTILINE)
    )
    for page in [ROOT / "README.md", *ROOT.glob("*/README.md"), *ROOT.glob("docs/**/*.md")]:
        asked = set(re.findall(r"`nguon ([a-z]+)", page.read_text("utf-8")))
        assert asked <= verbs, page


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_topics_steps_and_faults_are_told() -> None:
    wire = (ROOT / "docs" / "wire-format.md").read_text("utf-8")
    for leaf in Leaf:
        assert f"nguon/v1/{{device}}/{leaf}" in wire
    proof = (ROOT / "traceability" / "README.md").read_text("utf-8")
    for step in STEPS:
        assert f"`{step}`" in proof
    simulator = (ROOT / "firmware_sim" / "README.md").read_text("utf-8")
    for fault in FAULTS:
        assert f"`{fault}`" in simulator


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("0*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 5


def test_compose_has_no_default_password_and_every_service_a_health_check() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    for name, service in compose["services"].items():
        assert "healthcheck" in service or "sim" in service["profiles"], name
        for key, value in service.get("environment", {}).items():
            assert (
                not key.startswith("NGUON_")
                or key.removeprefix("NGUON_").lower() in Settings.model_fields
            )
            if re.search("PASSWORD|SECRET|_URL", key) and "PUBLIC" not in key:
                assert ":?" in value, f"{name}: {key} has a default"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            made = source in compose["volumes"] or source in GENERATED
            assert made or (ROOT / source).exists(), f"{name}: {source}"


GENERATED = ("./deploy/rabbitmq/definitions.json", "./deploy/devices.json")


@pytest.mark.parametrize(
    "script", ["deploy/venv.sh", "deploy/install.sh", "deploy/test-services.sh", ".ci/run"]
)
def test_scripts_parse_and_may_be_run(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    shell = path.read_text().split("\n", 1)[0].rsplit("/", 1)[1].split()[-1]
    subprocess.run([shell, "-n", str(path)], check=True)
