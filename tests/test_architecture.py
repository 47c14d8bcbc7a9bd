"""The shape of the house: contracts, sizes, names that must not stand anywhere."""

import ast
import importlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "domain",
    "firmware_sim",
    "ingest",
    "store",
    "field",
    "traceability",
    "district",
    "api",
    "nguon",
)


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found = [ROOT / name for name in names.splitlines()]
    return [path for path in found if path.is_file()] or [
        p for p in ROOT.rglob("*") if p.is_file() and ".venv" not in p.parts
    ]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [str(program), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("package", "line", "contract"),
    [
        ("store", "import api.app", "Imports run against the flow"),
        ("domain", "import store.series", "Imports run against the flow"),
        ("firmware_sim", "import store.series", "The simulator knows only the nouns"),
        ("ingest", "import traceability.qr", "Ingest knows neither fields nor labels"),
        ("field", "import fastapi", "HTTP stays in the api"),
        ("api", "import sqlalchemy", "Databases stay in the store"),
        ("district", "import paho.mqtt.client", "MQTT and AMQP stay in ingest's sources"),
        ("store", "import pika", "MQTT and AMQP stay in ingest's sources"),
    ],
)
def test_a_violation_of_the_import_rule_is_caught(
    tmp_path: Path, package: str, line: str, contract: str
) -> None:
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    (tmp_path / package / "smuggled.py").write_text(line + "\n")
    result = lint(tmp_path)
    assert result.returncode != 0
    assert re.search(re.escape(contract) + r".*BROKEN", result.stdout), result.stdout


def test_verification_reaches_no_store_and_no_network(tmp_path: Path) -> None:
    code = "import sys; import traceability.verify; print(*sorted(m.split('.')[0] for m in sys.modules))"
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert not {
        "store",
        "sqlalchemy",
        "apsw",
        "psycopg",
        "paho",
        "fastapi",
        "http",
        "socketserver",
    } & set(out.split())


def test_packages_are_those_of_this_checkout() -> None:
    for name in PACKAGES:
        module = importlib.import_module(name)
        assert Path(str(module.__file__)).is_relative_to(ROOT)


def test_no_file_is_long_and_every_module_says_why_it_exists() -> None:
    for path in tracked():
        if path.suffix not in (".py", ".css", ".html", ".js", ".sql"):
            continue
        text = path.read_text("utf-8")
        assert text.count("\n") <= 500, path
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PACKAGES:
            assert ast.get_docstring(ast.parse(text)), f"{path} has no docstring"


def test_nothing_names_a_registry_or_a_machine() -> None:
    words = [
        r"python" + r"hosted",
        r"pypi" + r"\.org",
        r"npm" + r"js",
        r"deb\." + r"debian",
        r"/wo" + r"rk/",
        r"/ro" + r"ot/",
    ]
    pattern = re.compile("|".join(words))
    for path in tracked():
        if path.suffix in (".png", ".ico"):
            continue
        found = pattern.search(path.read_text("utf-8", "replace"))
        assert found is None, f"{path}: {found}"


def test_the_wheel_carries_the_packages_with_their_data_and_no_tests(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.startswith("tests/")]
    for needed in ("domain/observed_properties.toml", "store/sqlite/migrations/0002_three_times_and_a_clock_verdict.sql", "api/locale/vi.po", "api/shared/style.css",
                   "store/records/migrations/versions/0001_the_first_tables.py", "nguon/demo/scenario.toml"):  # fmt: skip
        assert needed in names
