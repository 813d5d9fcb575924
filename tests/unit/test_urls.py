"""A URL with a password shows none, whatever shows it, and is whole where it is opened."""

import copy
import json
import logging
import pickle

import msgspec
import pytest

from dartian_queue import config
from dartian_queue.errors import shown, without_passwords
from dartian_queue.settings import Connection
from dartian_queue.urls import SealedUrl, masked, revealed, sealed
from tests.canary import CANARY, URL

SHOWN = "vault://shop:***@db.invalid:5432/queue"


def test_it_is_shown_without_its_password() -> None:
    url = sealed(URL)
    assert [str(url), f"{url}", f"{url:s}", url + "", "".join([url])] == [SHOWN] * 5
    assert (repr(url), json.dumps([url])) == (f"'{SHOWN}'", f'["{SHOWN}"]')
    assert msgspec.json.encode([url], enc_hook=str).decode() == f'["{SHOWN}"]'
    with pytest.raises(TypeError):
        msgspec.json.encode(url)
    assert revealed(url) == URL


def test_it_is_compared_and_copied_whole() -> None:
    other = URL.replace(CANARY, "other")
    assert sealed(URL) == sealed(URL) == URL
    assert sealed(URL) != sealed(other)
    assert str(sealed(URL)) == str(sealed(other))
    assert len({sealed(URL), sealed(other), URL}) == 2
    for again in (copy.copy(sealed(URL)), copy.deepcopy(sealed(URL)), pickle.loads(pickle.dumps(sealed(URL)))):
        assert (revealed(again), str(again)) == (URL, SHOWN)
    assert revealed(sealed(sealed(URL))) == URL
    assert revealed(SealedUrl(SealedUrl(URL))) == URL


def test_a_connection_wraps_it_as_soon_as_it_is_made(caplog: pytest.LogCaptureFixture) -> None:
    connection = Connection(driver="isolate", store=URL)
    replaced = msgspec.structs.replace(connection, name="other")
    for one in (connection, replaced):
        assert (one.store == URL, str(one.store), revealed(one.store)) == (True, SHOWN, URL)
        logging.getLogger("test").error("%s %r", one, config.Config(connections={"a": one}))
    assert caplog.text.count(SHOWN) == 4
    with pytest.raises(TypeError):
        msgspec.json.encode(connection)
    assert SHOWN in msgspec.json.encode(connection, enc_hook=str).decode()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://user:pw@host/0", "redis://user:***@host/0"),
        ("redis://:pw@host/0", "redis://:***@host/0"),
        ("redis://user:p/w@host/0", "redis://user:***@host/0"),
        ("redis://user:p@w:x@host/0", "redis://user:***@host/0"),
        ("redis://me@corp:pw@host/0", "redis://me@corp:***@host/0"),
        ("postgresql://host/db?user=u&password=pw&x=1", "postgresql://host/db?user=u&password=***&x=1"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("redis://user@host/0", "redis://user@host/0"),
        ("/plain/path:with@signs", "/plain/path:with@signs"),
        ("storage/queue.sqlite3", "storage/queue.sqlite3"),
    ],
)
def test_where_a_password_may_stand(url: str, told: str) -> None:
    assert masked(url) == str(sealed(url)) == told
    assert isinstance(sealed(url), SealedUrl) == (url != told)
    assert masked(told) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no answer from redis://u:pw@h/0, ask me@corp", "no answer from redis://u:***@h/0, ask me@corp"),
        ("http://localhost:8000/@user and x@y", "http://localhost:8000/@user and x@y"),
        ('{"a":"x://u:pw@h","b":"me@corp"}', '{"a":"x://u:***@h","b":"me@corp"}'),
        ("two: a://u:1@h b://:2@h", "two: a://u:***@h b://:***@h"),
        ("http://h/?PASSWORD=1&db_password=2 3", "http://h/?PASSWORD=***&db_password=*** 3"),
        ("a time 12:30 @ noon", "a time 12:30 @ noon"),
    ],
)
def test_passwords_of_urls_in_a_text(text: str, told: str) -> None:
    assert without_passwords(text) == shown(text, 200) == told


def test_a_value_that_is_cut_shows_no_part_of_a_password() -> None:
    assert shown("x" * 50 + f"://u:{CANARY * 20}@h", 60) == "x" * 50 + "://u:***@h"
