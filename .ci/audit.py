"""Asks pip-audit about every locked dependency: a known vulnerability fails, data that cannot be reached does not.

``python .ci/audit.py [requirements.lock]`` says what it found and exits with 1 where a vulnerability is known.
"""
# ruff: noqa: INP001, T201 - a program and no package, whose result is what it prints

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

SERVICES = ("pypi", "osv")
"""Asked in this order, until one of them knows the packages."""
TIMEOUT_SECONDS = 600


def main(lock: str = "requirements.lock") -> int:
    """Audit a file of locked requirements; return the exit code."""
    for service in SERVICES:
        packages = ask(lock, service)
        known = [package for package in packages if "skip_reason" not in package]
        if known:
            return report(known, len(packages), service)
    print("The dependencies are not audited: pip-audit cannot reach its data from here.")
    return 0


def ask(lock: str, service: str) -> list[dict[str, Any]]:
    """Ask one service; give pip-audit's packages, or nothing where there was no answer."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", lock, "--require-hashes", "--disable-pip"]
    command += ["--vulnerability-service", service, "--format", "json", "--progress-spinner", "off"]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS)  # noqa: S603 - our own command line
        packages: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError):
        return []
    return packages


def report(known: list[dict[str, Any]], number: int, service: str) -> int:
    """Say what is known of the packages; return the exit code."""
    found = list(vulnerabilities(known))
    for line in found:
        print(line)
    print(f"{len(known)} of {number} locked dependencies audited ({service}), {len(found)} vulnerabilities known.")
    return 1 if found else 0


def vulnerabilities(packages: list[dict[str, Any]]) -> Iterator[str]:
    """Give a line for each vulnerability: package, version, its id, and what mends it."""
    for package in packages:
        for each in package["vulns"]:
            mended = ", ".join(each["fix_versions"]) or "no version yet"
            yield f"{package['name']} {package['version']}: {each['id']}, mended in {mended}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
