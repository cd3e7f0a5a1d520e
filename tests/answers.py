"""Every JSON answer that any test gets from a described route is held to what the route says that it answers."""

from functools import cache
from typing import Any

from flask import Flask
from pydantic import TypeAdapter, ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from portal.contracts.reference.operations import Operation, operation_at, path_of
from portal.contracts.reference.schemas import answer_model


def hold(app: Flask, answer: TestResponse) -> None:
    """Raises AssertionError for a status that is not documented, or a body that differs from the documented shape."""
    operation = _operation_of(app, answer)
    if operation is None:
        return
    where = f"{operation.method} {operation.path} answered {answer.status_code}"
    good = operation.description.status
    known = {good, *operation.errors}
    assert answer.status_code in known, f"{where}, which is not documented: add it to `errors` of @describe. {answer.text[:300]}"
    if not answer.is_json:
        return
    try:
        shape(operation, answer.status_code == good).validate_json(answer.data, strict=True)
    except ValidationError as error:
        raise AssertionError(f"{where} in another shape than documented: {error}\n{answer.text[:600]}") from None


@cache
def shape(operation: Operation, good: bool) -> TypeAdapter[Any]:
    """What reads the whole body: the answer's, or that of a refusal."""
    return TypeAdapter(answer_model(operation) if good else operation.contract.error)


def _operation_of(app: Flask, answer: TestResponse) -> Operation | None:
    request = answer.request
    try:
        rule, _ = app.url_map.bind("localhost").match(request.path, method=request.method, return_rule=True)
    except HTTPException:
        return None
    calls = getattr(app.view_functions[rule.endpoint], "calls", {})
    action = request.args.get("action", "") if calls else ""
    return operation_at(app, path_of(rule), request.method, action)
