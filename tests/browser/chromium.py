"""Finds a Chromium for the browser tests, or installs one. `python -m tests.browser.chromium` does it beforehand."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

# The shell is the browser without its windows: it takes a third less time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# Root has no user namespace for the sandbox; containers give /dev/shm 64 MB, less than a page may need.
LAUNCH_ARGS = ["--disable-dev-shm-usage", "--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def find() -> Path | None:
    """Path of a Chromium that starts, or None."""
    for candidate in _candidates():
        if candidate.is_file() and _starts(candidate):
            return candidate
    return None


def find_or_install() -> Path:
    """Path of a Chromium that starts; installs one through Playwright, else (as root) through apt.

    Raises RuntimeError, saying what to do, where neither works."""
    for install in (None, *_installers()):
        if install:
            print(f"== No Chromium yet: {' && '.join(' '.join(command) for command in install)}", flush=True)
            if any(subprocess.run(command).returncode for command in install):
                continue
        if path := find():
            return path
    raise RuntimeError("The browser tests need Chromium: install it and put it on PATH (apt install chromium).")


def environment() -> dict[str, str]:
    """The environment without proxies: the browser is to reach the loopback and nothing else."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def _candidates() -> Iterator[Path]:
    yield from (Path(path) for name in NAMES if (path := shutil.which(name)))
    yield from (Path("/usr/bin") / name for name in NAMES)
    with sync_playwright() as playwright:
        yield Path(playwright.chromium.executable_path)


def _starts(path: Path) -> bool:
    """Whether it runs at all: a browser without its system libraries is as good as none."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _installers() -> Iterator[list[list[str]]]:
    yield [[sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        yield [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium-headless-shell"]]
        yield [["apt-get", "install", "-y", "-qq", "chromium"]]


if __name__ == "__main__":
    try:
        print(f"== Chromium: {find_or_install()}")
    except RuntimeError as problem:
        sys.exit(str(problem))
