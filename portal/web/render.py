"""A page or its fragment, toasts, redirects and CSV: everything a view answers a browser with.

A fragment is a template file that its own page includes, so both always show the same thing. Which of the two is
sent depends on the `HX-Request` header, hence `Vary: HX-Request` on every answer made here.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, flash, g, make_response, redirect, render_template, stream_with_context
from flask import url_for as flask_url_for
from htmx_flask import Htmx, request

from portal.kernel.clock import utc_now
from portal.web.forms import flat

KINDS = ("success", "info", "warning", "danger")
# OWASP "CSV injection": a spreadsheet runs a cell that begins with one of these.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def init_app(app: Flask) -> None:
    """Register `request.htmx`, the template names every page uses, and the header that keeps caches honest."""
    Htmx(app)
    app.jinja_env.globals.update(asset=asset, now=utc_now, wants_fragment=wants_fragment)
    app.jinja_env.filters.update(number=number, flat=flat, spark=spark_points, epochs=epochs)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.after_request(_deliver_toasts)


def wants_fragment() -> bool:
    """True when htmx will swap the answer into a part of the page; a history restore or whole body gets the page."""
    return (
        bool(request.htmx)
        and not request.htmx.history_restore_request
        and request.headers.get("HX-Request-Type", "partial") != "full"
    )


def render(page: str, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    """Answer with `fragment` to an htmx request that swaps a part, with `page` to everybody else."""
    template = fragment if fragment and wants_fragment() else page
    return _varying(make_response(render_template(template, **context), status))


def unless_seen(version: str) -> Response | None:
    """204 where a live part asks with `seen` and what it shows is still so; None where there is something to show."""
    return _varying(Response(status=204)) if request.args.get("seen") == version else None


def toast(message: str, kind: str = "success", undo_url: str | None = None) -> None:
    """Say `message` once: on this answer when htmx asked, on the next page otherwise. `undo_url` is posted by "Undo"."""
    if kind not in KINDS:
        raise ValueError(f"toast kind {kind!r} is not one of {KINDS}")
    g.setdefault("toasts", []).append({"message": message, "kind": kind, "undo": undo_url})


def redirect_to(url: str) -> Response:
    """Send the browser to `url`: a full navigation for htmx, 303 See Other (never repeats a POST) otherwise."""
    if request.htmx:
        return _varying(Response(status=204, headers={"HX-Redirect": url}))
    return _varying(make_response(redirect(url, 303)))


def finish(url: str, message: str, kind: str = "success", undo_url: str | None = None) -> Response:
    """Answer a drawer form or row action that succeeded.

    htmx: the drawer closes, the page under it is loaded again in place, and the toast shows. Where that page is gone
    (the thing was deleted), the browser goes to `url`. Otherwise: 303 to `url`, where the toast shows.
    """
    toast(message, kind, undo_url)
    if request.htmx:
        return _varying(Response(status=204, headers={"HX-Trigger": json.dumps({"office:done": {"url": url}})}))
    return redirect_to(url)


def as_csv(filename: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Stream `rows` as a download: UTF-8 with a byte-order mark (Excel), formula-safe cells, ISO 8601 times."""

    def lines() -> Iterator[str]:
        yield "\ufeff" + _csv_line(columns)
        for row in rows:
            yield _csv_line(row)

    response = Response(stream_with_context(lines()), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    response.headers["Cache-Control"] = "no-store"
    return response


def csv_cell(value: Any) -> str:
    """The text of one cell. A value that a spreadsheet would run as a formula is quoted; plain numbers are not."""
    if value is None:
        return ""
    if isinstance(value, list | tuple | set | frozenset):
        value = ", ".join(str(item) for item in value)
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    if text.startswith(FORMULA_STARTS) and not PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def asset(path: str) -> str:
    """The address of a file under static/. Our own files carry a digest, vendored ones a version in their path."""
    folder = current_app.static_folder or ""
    if path.startswith("vendor/"):
        return flask_url_for("static", filename=path)
    file = Path(folder) / path
    return flask_url_for("static", filename=path, v=_digest(str(file), file.stat().st_mtime_ns))


def number(value: float | None, places: int = 0) -> str:
    """`1234567` → `1,234,567`; None → an en dash."""
    return "–" if value is None else f"{value:,.{places}f}"


def spark_points(values: Sequence[float], width: int = 96, height: int = 24) -> str:
    """The `points` of an SVG polyline through `values`, zero at the bottom, two units of margin."""
    top = max([*values, 1])
    step = (width - 4) / max(1, len(values) - 1)
    return " ".join(f"{2 + i * step:.1f},{height - 2 - value / top * (height - 4):.1f}" for i, value in enumerate(values))


def epochs(moments: Iterable[datetime]) -> list[int]:
    """Unix seconds of each moment, for a chart's axis."""
    return [int(moment.timestamp()) for moment in moments]


@lru_cache(maxsize=256)
def _digest(file: str, changed_at: int) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:10]


def _csv_line(values: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([csv_cell(value) for value in values])
    return line.getvalue()


def _varying(response: Response) -> Response:
    response.vary.add("HX-Request")
    return response


def _deliver_toasts(response: Response) -> Response:
    """Put waiting toasts in the answer's header, or keep them for the next page when this answer only sends it on."""
    waiting = g.pop("toasts", [])
    if not waiting:
        return response
    shown_here = request.htmx and "HX-Redirect" not in response.headers and "HX-Refresh" not in response.headers
    if not shown_here:
        for item in waiting:
            # Flask's hint says text; its signed cookie keeps any JSON value.
            flash({"message": item["message"], "undo": item["undo"]}, item["kind"])  # type: ignore[arg-type]
        return response
    given = response.headers.get("HX-Trigger", "{}")
    events = json.loads(given) if given.startswith("{") else {name.strip(): {} for name in given.split(",")}
    events["toast"] = {"items": waiting}
    response.headers["HX-Trigger"] = json.dumps(events)
    return response
