"""Repeats within transactions of a host's, at the same time, on each database server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from tests.adapters.servers import MARIADB, POSTGRESQL, Server

from slotkeeper.adapters.sql import SqlStore, exact_text
from slotkeeper.contrib.web import Answer, Repeats


@pytest.mark.parametrize("server", [POSTGRESQL, MARIADB], ids=["postgresql", "mariadb"])
def test_who_repeats_while_the_first_runs_waits_and_gets_its_answer(server: Server) -> None:
    store, inside, go_on = server.store(), threading.Event(), threading.Event()
    done: list[int] = []

    def slowly() -> Answer:
        done.append(1)
        inside.set()
        go_on.wait(30)
        return Answer(201, {"id": len(done)})

    def ask(act: Callable[[], Answer]) -> Answer:
        def work(on: sa.Connection) -> Answer:
            return Repeats(SqlStore.on(on, tables=store._tables)).once("key", "a", b"{}", act)

        return store.transact(work)

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(ask, slowly)
        assert inside.wait(30)
        rest = [pool.submit(ask, slowly) for _ in range(3)]
        go_on.set()
        answers = [one.result(60) for one in (first, *rest)]
    assert (answers, done) == ([Answer(201, {"id": 1})] * 4, [1])
    server.put_back(store)


@pytest.mark.parametrize("server", [POSTGRESQL, MARIADB], ids=["postgresql", "mariadb"])
def test_exact_texts_are_equal_only_where_every_character_is(server: Server) -> None:
    words = sa.Table("exact_words", sa.MetaData(), sa.Column("word", exact_text(20), primary_key=True))
    with server.engine.begin() as connection:
        words.drop(connection, checkfirst=True)
        words.create(connection)
        for word in ("anna", "Anna", "\u00e1nna", "anna "):
            connection.execute(words.insert().values(word=word))
            assert connection.scalars(sa.select(words.c.word).where(words.c.word == word)).all() == [word]
        words.drop(connection)
