"""The audit of the dependencies fails for a known vulnerability, and for that alone."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLEAN = {"name": "idna", "version": "3.10", "vulns": []}
HOLED = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "PYSEC-2014-8", "fix_versions": ["2.7.2"]}]}


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_known_vulnerability_fails_and_says_what_mends_it(
    audit: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.report([CLEAN, HOLED], 3, "pypi") == 1
    assert "jinja2 2.0: PYSEC-2014-8, mended in 2.7.2" in capsys.readouterr().out


def test_dependencies_without_a_known_vulnerability_pass(audit: ModuleType) -> None:
    assert audit.report([CLEAN], 1, "pypi") == 0


def test_data_that_cannot_be_reached_is_said_and_does_not_fail(tmp_path: Path) -> None:
    unknown = "of-no-registry-whatever==1.0 --hash=sha256:" + "0" * 64
    (tmp_path / "lock.txt").write_text(unknown)
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    ended = subprocess.run(
        [sys.executable, ROOT / ".ci" / "audit.py", tmp_path / "lock.txt"],
        env=os.environ | nowhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "The dependencies are not audited: pip-audit cannot reach its data from here.\n"


def test_continuous_integration_audits() -> None:
    assert "make audit" in (ROOT / ".ci" / "run").read_text()
    assert ".ci/audit.py" in (ROOT / "Makefile").read_text()


def test_every_dependency_is_locked_by_its_digest() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", "")
    pinned = [line for line in lock.splitlines() if "==" in line and not line.lstrip().startswith("#")]
    assert len(pinned) > 50
    assert [line for line in pinned if "--hash=sha256:" not in line] == []
