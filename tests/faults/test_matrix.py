"""What `matrix.py` names is there to be run."""

import ast
from functools import lru_cache

from tests.faults.matrix import PROVEN
from tests.servers import ROOT


@lru_cache
def found_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_fault_names_tests_that_exist():
    missing = [f"{row}: {path}::{name}" for row, tests in PROVEN.items() for path, name in tests if name not in found_in(path)]
    assert missing == []
    assert all(PROVEN.values())
