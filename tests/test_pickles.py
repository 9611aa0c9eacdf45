"""Pickles from elsewhere: what they may hold, and that a few bytes take neither time nor memory."""

import gzip
import pickle
import pickletools
import struct
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rethinking import pickles

TUPLES = b"K\x01\x85q\x00" + b"".join(b"0h%ch%c\x86q%c" % (i, i, i + 1) for i in range(60))
LISTS: list[Any] = [1]
for _ in range(26):
    LISTS = [LISTS, LISTS]
CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)

AGAIN, KEYS, PLACE = "more values than bytes", "neither numbers nor text", "in the place of a name"
BOMBS = {
    "lists in lists": (pickle.dumps(LISTS), AGAIN),
    "tuples in tuples": (b"\x80\x02" + TUPLES + b".", AGAIN),
    "a list in itself": (pickle.dumps(CIRCLE), AGAIN),
    "a key that is a tuple": (b"\x80\x02}" + TUPLES + b"K\x01s.", KEYS),
    "keys that are tuples": (b"\x80\x02}(" + TUPLES + b"K\x01u.", KEYS),
    "a dict of such keys": (b"\x80\x02(" + TUPLES + b"K\x01d.", KEYS),
    "a set of tuples": (b"\x80\x04\x8f(" + TUPLES + b"\x90.", "a set"),
    "a frozen set of tuples": (b"\x80\x04(" + TUPLES + b"\x91.", "a set"),
    "a tuple as a type of number": (b"\x80\x02cnumpy\ndtype\n" + TUPLES + b"\x85R.", PLACE),
    "a tuple as an encoding": (b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00a" + TUPLES + b"\x86R.", PLACE),
    "a tuple as text": (b"\x80\x02c_codecs\nencode\n" + TUPLES + b"X\x06\x00\x00\x00latin1\x86R.", PLACE),
    "a state for a function": (b"\x80\x02c_codecs\nencode\n}X\x01\x00\x00\x00aK\x01sb.", "what has none"),
    "bytes that are not there": (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"abc.", "ends too early"),
    "a number that is not there": (b"\x80\x02\x8b" + struct.pack("<i", 1 << 30) + b"abc.", "ends too early"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_few_bytes_that_stand_for_endless_values_are_refused_by_name_at_once(name):
    data, message = BOMBS[name]
    with pytest.raises(ValueError, match=rf"^bomb\.pkl: not loaded: .*{message}"):
        pickles.loads(data, "bomb.pkl")


@pytest.mark.parametrize(
    "data",
    [b".", b"hello world\n", b"t.", b"h\x09.", gzip.compress(pickle.dumps([1]), mtime=0), b"<!doctype html>"],
)
def test_what_is_no_pickle_is_said_to_be_none(data):
    with pytest.raises(ValueError, match=r"^file: not loaded: it is damaged, or no pickle at all \([A-Za-z]*Error: "):
        pickles.loads(data, "file")


def test_a_place_far_down_the_memo_takes_no_memory():
    data = b"\x80\x02Nr" + struct.pack("<I", 1 << 28) + b"."
    tracemalloc.start()
    try:
        assert pickles.loads(data, "memo.pkl") is None
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
)


@given(value=PLAIN, protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_builtin_containers_come_as_they_were_written_in_every_protocol(value, protocol):
    assert pickles.loads(pickle.dumps(value, protocol), "file") == value


@given(protocol=st.integers(0, pickle.HIGHEST_PROTOCOL), kind=st.sampled_from(["<f4", ">i8", "u1", "?", "U3", "S2"]))
def test_arrays_come_as_plain_pickle_has_them_also_where_several_share_one(protocol, kind):
    array = np.zeros((2, 3), kind)
    data = pickletools.optimize(pickle.dumps([array, array.T, array], protocol))
    for found, wanted in zip(pickles.loads(data, "file"), pickle.loads(data), strict=True):
        assert type(found) is np.ndarray
        assert found.dtype == wanted.dtype
        assert np.array_equal(found, wanted)
