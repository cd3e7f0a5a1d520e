"""Rules of the house that no other tool checks."""

import ast
import re
from pathlib import Path

from sqlalchemy import CheckConstraint

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [path for folder in ("portal", "tests", "bench") for path in (ROOT / folder).rglob("*.py")] + [ROOT / "app.py"]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def test_files_and_functions_stay_short():
    long = [str(path.relative_to(ROOT)) for path in PYTHON if path.read_text().count("\n") > 400]
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 41 and "portal" in path.parts:
                long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert long == []


def test_only_the_unit_of_work_commits():
    commits = [str(p.relative_to(ROOT)) for p in PYTHON if "portal" in p.parts and re.search(r"\.commit\(\)", p.read_text())]
    assert commits == ["portal/kernel/db.py"]


def test_no_file_has_a_name_that_says_nothing():
    assert [path for path in PYTHON if path.stem in ("utils", "util", "helpers", "common", "misc")] == []


def test_templates_have_nothing_that_the_content_policy_would_refuse_and_escape_everything():
    wrong = []
    for path in TEMPLATES:
        text = path.read_text()
        for rule in (r"\|\s*safe\b", r"<script(?![^>]*\bsrc=)", r"\sstyle\s*=", r"\son[a-z]+\s*=\s*[\"']", r"hx-on", r"=\{\{"):
            wrong += [f"{path.relative_to(ROOT)}: {found[0]}" for found in re.finditer(rule, text)]
    assert wrong == []


def test_every_constraint_that_a_person_can_break_has_a_sentence(app):
    from portal.kernel.constraints import declared

    random_values = {"uid", "digest", "kid"}
    silent = []
    for constraint in declared():
        columns = {column.name for column in getattr(constraint, "columns", ())}
        if not isinstance(constraint, CheckConstraint) and columns <= random_values:
            continue
        if not constraint.info.get("says"):
            silent.append(constraint.name)
    assert silent == []


def test_the_migrations_make_the_tables_that_the_models_describe(app):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from portal.kernel.db import db

    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


def test_the_secrets_of_comparisons_take_the_same_time():
    """`==` on a digest or token is for `kernel.crypto.same`; look-ups by digest in SQL are fine."""
    wrong = []
    for path in PYTHON:
        if "portal" not in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                sides = [ast.unparse(side) for side in [node.left, *node.comparators]]
                named = [side for side in sides if re.search(r"(?:^|\.)(?:secret|password|token|signature)$", side)]
                if named and not any(side in ("''", "None") for side in sides):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}")
    assert wrong == []
