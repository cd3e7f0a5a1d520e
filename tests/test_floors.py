"""The linter of imports is seen to break: each contract, with a breach of its own planted in a copy of the code."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BREACHES = {
    "Imports point down only": ("portal/orgs/model.py", "import portal.keys.model"),
    "The kernel knows no web": ("portal/kernel/clock.py", "import portal.web.body"),
    "The rules of a competition are pure": ("portal/formats/rules.py", "import portal.kernel.db"),
    "No contract imports another": ("portal/contracts/feed/answers.py", "import portal.contracts.agent.answers"),
    "Nobody imports the pages of another room": ("portal/console/navigation.py", "import portal.keys.pages"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(folder)})


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "portal", tmp_path / "portal", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_code_as_it_stands_keeps_every_contract(copy):
    answer = lint(copy)
    assert answer.returncode == 0, answer.stdout
    assert f"{len(BREACHES)} kept, 0 broken" in answer.stdout


@pytest.mark.parametrize("contract", BREACHES)
def test_a_planted_breach_breaks_its_contract(copy, contract):
    file, line = BREACHES[contract]
    path = copy / file
    path.write_text(path.read_text() + f"\n{line}\n")
    answer = lint(copy)
    assert answer.returncode != 0
    assert f"{contract} BROKEN" in answer.stdout
