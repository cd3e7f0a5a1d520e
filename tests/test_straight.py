"""Rows straight from the driver: outside of transactions, and without a trace of failures."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.kernel.db import db, straight


def test_a_row_is_what_the_driver_gives_and_nothing_is_none(app):
    with app.app_context():
        assert tuple(straight("SELECT 1, 'two'", ())) == (1, "two")
        assert straight("SELECT 1 WHERE 1 = 2", ()) is None


def test_a_failure_is_one_that_the_edge_knows_and_the_next_question_is_answered(app):
    with app.app_context():
        for _ in range(3):
            with pytest.raises(DBAPIError):
                straight("SELECT no_such_thing FROM nowhere", ())
        assert tuple(straight("SELECT 1", ())) == (1,)


def test_connections_go_back_as_transactions_expect_them(app):
    """Whoever gets the connection next can still take its changes back."""
    with app.app_context():
        straight("SELECT 1", ())
        with db.engine.connect() as connection:
            connection.execute(text("CREATE TEMPORARY TABLE kept_by_mistake (one INTEGER)"))
            connection.rollback()
            with pytest.raises(DBAPIError):
                connection.execute(text("SELECT * FROM kept_by_mistake"))
