"""Downloads from a loopback server that answers rightly or wrongly, and from folders; the stage and the catalogue."""

import errno
import gzip
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import loopback_server as web
import numpy as np
import pytest
import requests
from official_layout import FOLDER, archive, cifar_files, expected, gzipped, mnist_files

from rethinking import files
from rethinking.__main__ import main
from rethinking.config import CATALOGUE, CHECKOUT, DEFAULT, Configuration, datasets, jobs
from rethinking.data import download as download_module
from rethinking.data.download import download
from rethinking.data.originals import verified_paths
from rethinking.data.progress import Progress
from rethinking.data.transfer import Patience
from rethinking.schema import ConfigOrigins, ConfigurationError, load_yaml
from rethinking.stages import by_hand
from rethinking.stages import download as stage
from rethinking.stages import prepare as prepare_stage

SHARED = CHECKOUT.parent / "shared"
PATIENCE = Patience(connect=10, silence=10, rounds=3, pause=0, slow=0)
DATA = np.random.default_rng(0).bytes(50_000)
PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign\n in</title></head><body>Please.</body></html>"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[web.Loopback]:
    with web.loopback() as server:
        yield server


@pytest.fixture
def absent() -> Iterator[str]:
    with web.nobody() as address:
        yield address


def fetch(out: Path, *urls: str, data: bytes = DATA, patience: Patience = PATIENCE, **options: Any) -> list[str]:
    """Download one file named `file` of the data set `tiny`; the lines that were said."""
    lines: list[str] = []
    wanted = {"file": {**expected(data), **options.pop("more", {})}}
    download("tiny", wanted, {"file": list(urls)}, out, patience=patience, say=lines.append, **options)
    assert (out / "file").read_bytes() == data
    assert names(out) == ["file"]
    return lines


def refusal(out: Path, *urls: str, **options: Any) -> str:
    """The message of a download that fails; nothing of it may be left."""
    before = names(out)
    with pytest.raises(ValueError, match="could not be had") as caught:
        fetch(out, *urls, **options)
    assert names(out) == before
    return str(caught.value)


def names(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir()) if out.exists() else []


# -- gzipped anew -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [1, 9])
def test_a_file_of_a_folder_may_have_been_gzipped_anew(level, tmp_path):
    official = gzip.compress(DATA, 5, mtime=1)
    wanted = {"file.gz": expected(official, {"file": DATA})}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file.gz").write_bytes(gzip.compress(DATA, level, mtime=0))
    download("tiny", wanted, {}, tmp_path / "out", bases=[str(tmp_path / "mine")], say=lambda line: None)
    assert verified_paths(tmp_path / "out", "file.gz", wanted["file.gz"]) == {"file.gz": tmp_path / "out/file.gz"}


@pytest.mark.parametrize("content", [DATA[:-1], b"", DATA[::-1]])
def test_other_content_gzipped_is_refused_like_any_wrong_file(content, tmp_path):
    official = gzip.compress(DATA, 5, mtime=1)
    wanted = expected(official, {"file": DATA})
    for data in (gzip.compress(content), gzip.compress(content)[:-9], content):
        (tmp_path / "file.gz").write_bytes(data)
        with pytest.raises(ValueError, match=r"file\.gz: wrong (size|sha256): "):
            verified_paths(tmp_path, "file.gz", wanted)


# -- from one server -------------------------------------------------------------------------------------------------


def test_a_file_is_fetched_once_and_then_nobody_is_asked(server, tmp_path):
    url = server.serve("file", web.whole(DATA))
    lines = fetch(tmp_path, url)
    assert re.fullmatch(rf"{re.escape(url)}: 50,000 bytes in \d\.\d s, checked", lines[0])
    assert fetch(tmp_path, url) == []
    assert server.asked == {"/file": 1}


@pytest.mark.parametrize("answer", [web.unsized, web.chunked, web.whole])
def test_a_server_need_not_state_the_length(answer, server, tmp_path):
    fetch(tmp_path, server.serve("file", answer(DATA)))


def test_the_bytes_are_kept_as_they_are_stored_whatever_encoding_the_server_declares(server, tmp_path):
    data = gzipped(DATA)
    fetch(tmp_path, server.serve("file", web.whole(data, Content_Encoding="x-gzip")), data=data)


def test_a_redirection_is_followed(server, tmp_path):
    fetch(tmp_path, server.serve("old", web.moved(server.serve("new", web.whole(DATA)))))


def wrong_hash() -> bytes:
    return DATA[:-1] + bytes([DATA[-1] ^ 1])


def html_of(size: int) -> bytes:
    return PAGE + b" " * (size - len(PAGE))


WRONG_HASH = f"wrong sha256: {expected(wrong_hash())['sha256']}, expected {expected(DATA)['sha256']}"
WEB_PAGE = "an HTML page titled 'Sign in' in place of the file"
# What goes wrong: the server's answer, the reason in the message, how often the server is asked.
FAULTS: dict[str, tuple[Callable[[], web.Answer], str, int]] = {
    "not found": (lambda: web.status(404, PAGE), "the server answers 404 Not Found", 1),
    "forbidden": (lambda: web.status(403), "the server answers 403 Forbidden", 1),
    "unavailable": (lambda: web.status(503), "the server answers 503 Service Unavailable (3 times)", 3),
    "too many requests": (lambda: web.status(429), "the server answers 429 Too Many Requests (3 times)", 3),
    "web page": (lambda: web.whole(PAGE), WEB_PAGE, 1),
    "web page without length": (lambda: web.unsized(PAGE), WEB_PAGE, 1),
    "web page of the same size": (lambda: web.whole(html_of(len(DATA))), WEB_PAGE, 1),
    "too short": (lambda: web.whole(DATA[:-10]), "wrong size: 49,990 bytes, expected 50,000", 1),
    "too long": (lambda: web.whole(DATA + b"0"), "wrong size: 50,001 bytes, expected 50,000", 1),
    "too long without length": (lambda: web.chunked(2 * DATA), "wrong size: more than the expected 50,000 bytes", 1),
    "wrong hash": (lambda: web.whole(wrong_hash()), WRONG_HASH, 1),
    "cut": (lambda: web.cut(DATA, 30_000), "the connection was cut (3 times)", 3),
    "cut at once": (lambda: web.cut(DATA, 0), "the connection was cut (3 times)", 3),
    "cut without length": (
        lambda: web.unsized(DATA[:30_000]),
        "wrong size: 30,000 bytes, expected 50,000 (3 times)",
        3,
    ),
    "silent": (lambda: web.silent(DATA, 30_000, QUIET), "not a byte for 0.3 s (3 times)", 3),
}
IMPATIENT = {"silent": replace(PATIENCE, silence=0.3)}
QUIET = threading.Event()


@pytest.fixture(params=FAULTS)
def faulty(request, server) -> Iterator[tuple[str, str, int, Patience]]:
    """The address of a faulty file, the reason to be given, how often it is to be asked for, and the patience."""
    answer, reason, times = FAULTS[request.param]
    QUIET.clear()
    yield server.serve("faulty", answer()), reason, times, IMPATIENT.get(request.param, PATIENCE)
    QUIET.set()


def test_whatever_is_wrong_is_named_and_nothing_of_it_is_kept(faulty, server, tmp_path):
    url, reason, times, patience = faulty
    message = refusal(tmp_path, url, patience=patience)
    assert message.splitlines()[:2] == ["tiny: file could not be had. Tried:", f"  {url}: {reason}"]
    assert server.asked == {"/faulty": times}


def test_after_a_faulty_mirror_comes_the_next_without_a_pause(faulty, server, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module.time, "sleep", lambda seconds: pytest.fail("it waited"))
    url, reason, _, patience = faulty
    lines = fetch(tmp_path, url, server.serve("good", web.whole(DATA)), patience=patience)
    assert lines[0] == f"{url}: {reason.removesuffix(' (3 times)')}"
    assert server.asked == {"/faulty": 1, "/good": 1}


def test_a_dead_mirror_is_passed_over(absent, server, tmp_path):
    lines = fetch(tmp_path, f"{absent}/file", server.serve("good", web.whole(DATA)))
    assert lines[0] == f"{absent}/file: connection refused"
    assert server.asked == {"/good": 1}


def test_a_passing_fault_is_tried_again_after_pauses_that_double(server, tmp_path, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(download_module.time, "sleep", pauses.append)
    url = server.serve("file", web.status(503), web.cut(DATA, 10), web.status(502), web.whole(DATA))
    lines = fetch(tmp_path, url, patience=Patience(rounds=4, pause=2))
    assert pauses == [2, 4, 8]
    assert [line.partition(": ")[2] for line in lines[:3]] == [
        "the server answers 503 Service Unavailable",
        "the connection was cut",
        "the server answers 502 Bad Gateway",
    ]


def test_only_passing_faults_are_tried_again(server, tmp_path):
    gone, busy = server.serve("gone", web.status(404)), server.serve("busy", web.status(500), web.whole(DATA))
    fetch(tmp_path, gone, busy)
    assert server.asked == {"/gone": 1, "/busy": 2}


SLOW = replace(PATIENCE, window=0.1, slow=250e3)


def test_a_slow_mirror_is_left_for_a_faster_one(server, tmp_path):
    slow = server.serve("slow", web.trickle(DATA, 10, 0.5))
    lines = fetch(tmp_path, slow, server.serve("fast", web.whole(DATA)), patience=SLOW)
    assert re.fullmatch(rf"{re.escape(slow)}: slow: \d+\.\d kB/s", lines[0])
    assert server.asked == {"/slow": 1, "/fast": 1}


def test_a_slow_mirror_is_better_than_none(server, tmp_path):
    slow = server.serve("slow", web.trickle(DATA, 10, 0.5))
    fetch(tmp_path / "alone", slow, patience=SLOW)
    assert server.asked == {"/slow": 1}
    lines = fetch(tmp_path / "last", slow, server.serve("gone", web.status(404)), patience=SLOW)
    assert [": slow: " in line for line in lines] == [True, False, False]
    assert server.asked == {"/slow": 3, "/gone": 1}


def test_progress_is_a_line_every_few_seconds_in_a_log(monkeypatch):
    lines: list[str] = []
    now = [100.0]
    monkeypatch.setattr("rethinking.data.progress.time.monotonic", lambda: now[0])
    with Progress("big", 100_000_000, lines.append) as progress:
        for _ in range(5):
            now[0] += 4
            progress.add(8_000_000)
    assert lines == ["big: 24.0 MB of 100.0 (24%), 2.00 MB/s, 38 s left"]
    with Progress("unknown", None, lines.append) as progress:
        now[0] += 10
        progress.add(5_000_000)
    assert lines[1:] == ["unknown: 5.0 MB, 0.50 MB/s"]


def test_an_address_that_is_none_is_named(tmp_path):
    assert "  http://: invalid URL" in refusal(tmp_path, "http://")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP: it answers 'SSH-2.0-OpenSSH_9.2"),
        (b"HTTP/1.1 404 d\xe9sol\xe9 \x1b[31m\r\n\r\n", "the server answers 404 désolé \\x1b[31m\n"),
        (b"HTTP/1.1 404 " + b"a" * 5000 + b"\r\n\r\n", f"the server answers 404 {'a' * 277}…\n"),
    ],
)
def test_what_a_server_says_is_shown_as_text_and_in_short(answer, told, server, tmp_path):
    def raw(handler) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    assert told in refusal(tmp_path, server.serve("file", raw))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ConnectTimeout("HTTPConnectionPool(…)"), "no connection within 10 s (3 times)"),
        (requests.ReadTimeout("HTTPConnectionPool(…)"), "not a byte for 10 s (3 times)"),
        (requests.exceptions.SSLError("certificate verify failed"), "certificate verify failed (3 times)"),
        (requests.TooManyRedirects("Exceeded 30 redirects."), "exceeded 30 redirects."),
    ],
)
def test_faults_that_come_before_an_answer_are_named(error, reason, tmp_path, monkeypatch):
    def get(*arguments: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(requests, "get", get)
    assert f"  http://host/file: {reason}\n" in refusal(tmp_path, "http://host/file")


def test_a_full_disk_is_not_blamed_on_the_mirrors(server, tmp_path, monkeypatch):
    def full(self: Progress, count: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Progress, "add", full)
    with pytest.raises(ValueError, match=r"file: cannot be written: No space left on device$"):
        fetch(tmp_path, server.serve("file", web.whole(DATA)), server.serve("other", web.whole(DATA)))
    assert server.asked == {"/file": 1}
    assert names(tmp_path) == []


# -- what nothing can tell right from wrong ----------------------------------------------------------------------------

UNVERIFIED = {"file": {"unverified": True}}


def unverified(out: Path, *urls: str, data_dir: str | None = None) -> None:
    stage.download("tiny", UNVERIFIED, {"file": list(urls)}, out, [data_dir] if data_dir else [])


def test_an_unverified_file_is_taken_by_https_alone_whatever_it_leads_to(authority, server, tmp_path):
    with web.loopback(authority) as trusted:
        insecure = server.serve("file", web.whole(DATA))
        there = trusted.serve("there", web.moved(insecure))
        back = trusted.serve("back", web.moved(server.serve("round", web.moved(trusted.serve("end", web.whole(DATA))))))
        for url, told in ((there, insecure), (back, f"{server.address}/round")):
            with pytest.raises(ValueError, match=rf"leads to {re.escape(told)}: nobody has published its hash"):
                unverified(tmp_path / "no", url)
        unverified(tmp_path / "yes", trusted.serve("moved", web.moved(trusted.serve("new", web.whole(DATA)))))
        assert (tmp_path / "yes/file").read_bytes() == DATA
    assert names(tmp_path / "no") == []


def test_an_unverified_file_is_not_asked_of_an_address_without_https(server, tmp_path):
    server.serve("file", web.whole(DATA))
    with pytest.raises(ValueError, match="is not asked: nobody has published its hash"):
        unverified(tmp_path, data_dir=server.address)
    assert not server.asked


def test_an_unverified_file_is_not_called_checked(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_bytes(DATA)
    unverified(tmp_path / "out", data_dir=str(tmp_path / "mine"))
    assert re.search(r"50,000 bytes in \d\.\d s, with nothing to check it by\n", capsys.readouterr().err)


def test_an_unverified_file_that_changes_is_refused_with_both_hashes(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_bytes(DATA)
    unverified(tmp_path / "out", data_dir=str(tmp_path / "mine"))
    (tmp_path / "out/manifest.json").unlink()  # as Snakemake does before it downloads again
    (tmp_path / "out/file").write_bytes(DATA[1:])
    first, now = expected(DATA)["sha256"], expected(DATA[1:])["sha256"]
    with pytest.raises(ValueError, match=rf"sha256 is {now}, that of the file that first came {first}"):
        unverified(tmp_path / "out")
    assert not (tmp_path / "out/manifest.json").exists()
    (tmp_path / "out/first-came.json").unlink()
    unverified(tmp_path / "out")
    assert files.read_json(tmp_path / "out/manifest.json")["files"]["file"]["sha256"] == now


def test_a_file_of_unknown_size_has_a_largest_one(authority, tmp_path, monkeypatch):
    monkeypatch.setattr("rethinking.data.originals.LARGEST", len(DATA) - 1)
    with (
        web.loopback(authority) as trusted,
        pytest.raises(ValueError, match=r"more than 49,999 bytes, and nobody has stated its size"),
    ):
        unverified(tmp_path, trusted.serve("file", web.unsized(DATA)))
    assert names(tmp_path) == []


# -- places that are no good -------------------------------------------------------------------------------------------


def test_a_mirror_that_leads_to_no_address_is_passed_over(server, tmp_path):
    for place in ("http://[::bad/", "http://", "//[", "http://\udcff/"):
        bad = server.serve("bad", web.moved(place))
        fetch(tmp_path / expected(place.encode("utf-8", "replace"))["md5"], bad, server.serve("file", web.whole(DATA)))


def test_a_server_that_trickles_is_as_good_as_none(server, tmp_path):
    slow = server.serve("slow", web.trickle(DATA, 10, 1))
    patience = replace(PATIENCE, rounds=1, window=0.1, crawl=250e3)
    assert re.search(r"/slow: slow: \d+\.\d kB/s\n", refusal(tmp_path, slow, patience=patience))


def test_no_file_may_take_for_ever(server, tmp_path):
    slow = server.serve("slow", web.trickle(DATA, 10, 1))
    assert "/slow: not whole after 0 s\n" in refusal(tmp_path, slow, patience=replace(PATIENCE, longest=0.1))


@pytest.fixture
def mine(tmp_path) -> Path:
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


def test_what_cannot_be_read_in_data_dir_is_passed_over_and_named(mine, server, tmp_path):
    (mine / "file").symlink_to("/proc/self/mem")  # a plain file, whose first byte is no memory
    lines = fetch(tmp_path / "out", server.serve("file", web.whole(DATA)), bases=[str(mine)])
    assert lines[0] == f"{mine}/file: cannot be read: input/output error"


def test_a_device_in_data_dir_is_passed_over(mine, server, tmp_path):
    (mine / "file").symlink_to("/dev/zero")
    lines = fetch(tmp_path / "out", server.serve("file", web.whole(DATA)), bases=[str(mine)])
    assert lines[0] == f"{mine}/file: is no plain file"


def test_a_file_of_the_wrong_size_is_not_copied(mine, server, tmp_path, monkeypatch):
    with (mine / "file").open("wb") as file:
        file.truncate(8 << 30)
    written: list[str] = []
    monkeypatch.setattr("rethinking.data.transfer.Path.open", spying(Path.open, written))
    lines = fetch(tmp_path / "out", server.serve("file", web.whole(DATA)), bases=[str(mine)])
    assert lines[0] == f"{mine}/file: wrong size: 8,589,934,592 bytes, expected 50,000"
    assert len(written) == 1, "what came from the mirror"


def spying(method: Any, written: list[str]) -> Any:
    """`Path.open`, with the names of the files that are opened to be written."""

    def open_and_tell(self: Path, mode: str = "r", **options: Any) -> Any:
        if "w" in mode:
            written.append(self.name)
        return method(self, mode, **options)

    return open_and_tell


# -- the message -----------------------------------------------------------------------------------------------------


def test_one_message_says_what_was_tried_why_it_failed_and_where_to_put_what_by_hand(absent, server, tmp_path):
    contents = {"a.gz": b"first", "b.gz": b"second", "c.gz": b"third"}
    wanted = {name: expected(data) for name, data in contents.items()}
    wanted["b.gz"]["unpacked"] = {"b": "0" * 32, "B/c": "1" * 32}
    urls = {
        "a.gz": [server.serve("a.gz", web.whole(b"first"))],
        "b.gz": [
            server.serve("gone/b.gz", web.status(404)),
            f"{absent}/b.gz",
            server.serve("page/b.gz", web.whole(PAGE)),
        ],
    }
    out, base = tmp_path / "results", tmp_path / "mine"
    base.mkdir()
    (base / "b.gz").write_bytes(b"2nd")
    with pytest.raises(ValueError, match="could not be had") as caught:
        download("tiny", wanted, urls, out, bases=[str(base)], patience=PATIENCE, say=lambda line: None)
    assert str(caught.value).splitlines() == [
        "tiny: b.gz could not be had. Tried:",
        f"  {base}/b.gz: wrong size: 3 bytes, expected 6",
        f"  {base}/tiny/b.gz: is not there",
        f"  {base}/b: is not there",
        f"  {base}/tiny/b: is not there",
        f"  {server.address}/gone/b.gz: the server answers 404 Not Found",
        f"  {absent}/b.gz: connection refused (3 times)",
        f"  {server.address}/page/b.gz: an HTML page titled 'Sign in' in place of the file",
        "Get it elsewhere and put it there by hand (size and hashes will be checked):",
        f"  {out}/b.gz: 6 bytes, sha256 {wanted['b.gz']['sha256']}, md5 {wanted['b.gz']['md5']}",
        "    or what it unpacks to: b, B/c",
        f"  {out}/c.gz: 5 bytes, sha256 {wanted['c.gz']['sha256']}, md5 {wanted['c.gz']['md5']}",
        "or set data_dir in the configuration to a folder or base address that has it.",
    ]
    assert names(out) == ["a.gz"]  # what was right stays


def test_different_reasons_of_one_place_are_all_given(server, tmp_path):
    url = server.serve("file", web.status(503), web.cut(DATA, 5), web.status(404))
    reasons = (
        "the server answers 503 Service Unavailable, then the connection was cut, then the server answers 404 Not Found"
    )
    assert f"  {url}: {reasons} (3 times)" in refusal(tmp_path, url)


def test_a_file_put_there_by_hand_is_used_if_it_is_right_and_named_if_it_is_wrong(server, tmp_path):
    (tmp_path / "file").write_bytes(b"wrong")
    gone = server.serve("gone", web.status(404))
    assert f"  {tmp_path / 'file'}: wrong size: 5 bytes, expected 50,000" in refusal(tmp_path, gone)
    (tmp_path / "file").write_bytes(DATA)
    assert fetch(tmp_path, gone) == []
    (tmp_path / "file").write_bytes(wrong_hash())
    fetch(tmp_path, gone, server.serve("good", web.whole(DATA)))


# -- from a folder, or a base address --------------------------------------------------------------------------------


INNER = {"inner/one": b"1" * 1000, "two": b"22"}
TINY = {"file": expected(DATA, INNER)}


def lay(folder: Path, contents: dict[str, bytes]) -> str:
    for name, data in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return str(folder)


@pytest.mark.parametrize("below", ["", "tiny"])
@pytest.mark.parametrize("form", ["packed", "unpacked"])
@pytest.mark.parametrize("place", ["folder", "address"])
def test_files_are_looked_for_in_the_data_dir_first(below, form, place, server, tmp_path):
    contents = {"file": DATA} if form == "packed" else INNER
    base = (
        lay(tmp_path / "mine" / below, contents).removesuffix(f"/{below}")
        if below
        else lay(tmp_path / "mine", contents)
    )
    if place == "address":
        base = f"{server.address}/mirror/"
        for name, data in contents.items():
            server.serve("/".join(filter(None, ["mirror", below, name])), web.whole(data))
    mirror = server.serve("mirror-in-the-list", web.whole(DATA))
    out = tmp_path / "out"
    download("tiny", TINY, {"file": [mirror]}, out, bases=[base], patience=PATIENCE, say=lambda line: None)
    assert {name: path.read_bytes() for name, path in verified_paths(out, "file", TINY["file"]).items()} == contents
    assert server.asked["/mirror-in-the-list"] == 0
    assert sum(path.is_file() for path in out.rglob("*")) == len(contents)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        ({}, "/file: is not there"),
        ({"file": b"wrong"}, "/file: wrong size: 5 bytes, expected 50,000"),
        ({"file": wrong_hash()}, f"/file: {WRONG_HASH}"),
        ({"file": html_of(len(DATA))}, f"/file: {WEB_PAGE}"),
        ({"file/inside": b""}, "/file: is a directory"),
        ({"inner/one": INNER["inner/one"]}, "/two: is not there"),
        (
            {**INNER, "two": b"23"},
            "/two: wrong md5: 37693cfc748049e45d87b8c7d8b9aacd, expected b6d767d2f8ed5d21a44b0e5886680cb9",
        ),
    ],
)
def test_a_data_dir_that_has_the_wrong_thing_is_passed_over_and_named(contents, reason, server, tmp_path):
    base = lay(tmp_path / "mine", contents)
    options = {"bases": [base], "patience": PATIENCE}
    with pytest.raises(ValueError, match="could not be had") as caught:
        download("tiny", TINY, {}, tmp_path / "out", say=lambda line: None, **options)
    assert f"  {base}{reason}\n" in str(caught.value)
    lines: list[str] = []
    url = server.serve("good", web.whole(DATA))
    download("tiny", TINY, {"file": [url]}, tmp_path / "out", say=lines.append, **options)
    assert list(verified_paths(tmp_path / "out", "file", TINY["file"])) == ["file"]
    assert f"{base}{reason}" in lines


# -- several processes, killed processes -----------------------------------------------------------------------------


def command(out: Path, url: str) -> list[str]:
    arguments = ["--files", json.dumps({"file": expected(DATA)}), "--urls", json.dumps({"file": [url]})]
    return [sys.executable, "-m", "rethinking", "download", "--dataset", "tiny", *arguments, "--out", str(out)]


def start(out: Path, url: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "workflow")}
    return subprocess.Popen(
        command(out, url), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )


def test_two_processes_at_once_do_not_clash(server, tmp_path):
    meeting = threading.Barrier(2)

    def answer(handler: Any) -> None:
        web.headers(handler, Content_Length=len(DATA))
        handler.wfile.write(DATA[:20_000])
        meeting.wait(20)  # both are in the middle of it
        handler.wfile.write(DATA[20_000:])

    processes = [start(tmp_path, server.serve("file", answer)) for _ in range(2)]
    outputs = [process.communicate(timeout=30)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert names(tmp_path) == ["file", "manifest.json"]
    assert (tmp_path / "file").read_bytes() == DATA
    assert server.asked == {"/file": 2}


def test_a_killed_download_leaves_nothing_that_could_be_taken_for_the_file(server, tmp_path):
    halfway, release = threading.Event(), threading.Event()

    def answer(handler: Any) -> None:
        web.headers(handler, Content_Length=len(DATA))
        handler.wfile.write(DATA[:20_000])
        halfway.set()
        release.wait(20)

    process = start(tmp_path, server.serve("file", answer, web.whole(DATA)))
    assert halfway.wait(20)
    while not any(path.stat().st_size for path in tmp_path.glob(".file.*.part")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    release.set()
    (left,) = names(tmp_path)
    assert re.fullmatch(r"\.file\.[0-9a-f]{32}\.part", left)
    os.utime(tmp_path / left, (0, 0))
    (tmp_path / ".file.0.part").write_bytes(b"of another process, still going on")
    download("tiny", {"file": expected(DATA)}, {"file": [f"{server.address}/file"]}, tmp_path, say=lambda line: None)
    assert names(tmp_path) == [".file.0.part", "file"]


# -- the stages ------------------------------------------------------------------------------------------------------


CIFAR = cifar_files()
ARCHIVE = archive(CIFAR)
UNPACKED = {f"{FOLDER}/{name}": data for name, data in CIFAR.items()}
NAME = "cifar-10-python.tar.gz"
SOURCE = {"image_size": 32, "channels": 3, "train": 100, "test": 20, "classes": 10}


def catalogue(urls: list[str]) -> dict[str, Any]:
    """The data set `tiny` in the layout of CIFAR-10, a subset of it, and one without files."""
    tiny = {"reader": "cifar10", "original": SOURCE, "files": {NAME: {"urls": urls, **expected(ARCHIVE, UNPACKED)}}}
    digits = load_yaml(CHECKOUT / CATALOGUE)["digits"]
    return {"tiny": tiny, "tiny-half": {"extends": "tiny", "train": 50}, "digits": digits}


def configuration(urls: list[str] | None = None, **raw: Any) -> Configuration:
    return Configuration({**load_yaml(CHECKOUT / DEFAULT), **raw}, catalogue(urls or []), ConfigOrigins("here.yaml"))


def run_stages(out: Path, data_dir: str) -> tuple[bytes, bytes]:
    """Download and prepare by the commands of the rules; the two manifests."""
    made = configuration()
    arguments = ["--files", json.dumps(jobs.download_job(made, "tiny")), "--data-dir", data_dir]
    assert main(["download", "--dataset", "tiny", *arguments, "--out", str(out / "downloads")]) == 0
    arguments = ["--job", json.dumps(jobs.prepare_job(made, "tiny")), "--downloaded", str(out / "downloads")]
    assert main(["prepare", "--dataset", "tiny", *arguments, "--out", str(out / "data")]) == 0
    return (out / "downloads" / "manifest.json").read_bytes(), (out / "data" / "manifest.json").read_bytes()


def test_where_the_bytes_come_from_changes_no_byte_of_what_is_made(tmp_path):
    one = run_stages(tmp_path / "one", lay(tmp_path / "packed", {NAME: ARCHIVE}))
    other = run_stages(tmp_path / "other", lay(tmp_path / "unpacked", UNPACKED))
    assert one == other
    assert json.loads(one[0])["files"] == jobs.download_job(configuration(), "tiny")
    assert json.loads(one[1])["sources"] == {NAME: expected(ARCHIVE)["sha256"]}
    assert not list((tmp_path / "other").rglob(NAME))


def test_a_failed_download_ends_the_command_with_the_message_and_writes_no_manifest(tmp_path, capsys):
    wanted = json.dumps({"file": expected(DATA)})
    assert main(["download", "--dataset", "tiny", "--files", wanted, "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.startswith("error: tiny: file has no mirror.\nGet it elsewhere")
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize("form", ["packed", "unpacked"])
def test_prepare_refuses_files_that_were_changed_after_the_download(form, tmp_path, capsys):
    run_stages(tmp_path, lay(tmp_path / "mine", {NAME: ARCHIVE} if form == "packed" else UNPACKED))
    changed = tmp_path / "downloads" / (NAME if form == "packed" else f"{FOLDER}/test_batch")
    changed.write_bytes(changed.read_bytes()[:-1] + b"!")
    arguments = [
        "--job",
        json.dumps(jobs.prepare_job(configuration(), "tiny")),
        "--downloaded",
        str(tmp_path / "downloads"),
    ]
    assert main(["prepare", "--dataset", "tiny", *arguments, "--out", str(tmp_path / "again")]) == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith(f"error: {changed}: wrong ")
    assert message.endswith(f"; delete {tmp_path / 'downloads'}, it will be made again")
    changed.unlink()
    assert main(["prepare", "--dataset", "tiny", *arguments, "--out", str(tmp_path / "again")]) == 1
    assert f"{NAME}: is missing; delete" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()


def test_a_run_by_hand_downloads_what_is_missing_and_takes_what_the_pipeline_has(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = configuration([server.serve("file", web.whole(ARCHIVE))])
    prepared = by_hand.prepared(made, "tiny")
    assert files.read_json(prepared / "manifest.json")["arrays"]["train_images"]["shape"] == [100, 32, 32, 3]
    assert by_hand.prepared(made, "tiny") == prepared
    half = by_hand.prepared(made, "tiny-half")
    assert files.read_json(half / "manifest.json")["arrays"]["train_images"]["shape"] == [50, 32, 32, 3]
    assert server.asked == {"/file": 1}

    monkeypatch.chdir(lay(tmp_path / "elsewhere", {f"results/downloads/tiny/{NAME}": ARCHIVE}))
    by_hand.prepared(made, "tiny")
    by_hand.prepared(made, "digits")
    assert server.asked == {"/file": 1}


def test_the_command_by_hand_needs_only_a_name(server, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    made = configuration([server.serve("file", web.whole(ARCHIVE))])
    monkeypatch.setattr(stage.Configuration, "load", lambda path: made)
    assert main(["download", "--dataset", "tiny-half"]) == 0
    assert names(tmp_path / "results/downloads/tiny") == [NAME, "manifest.json"]
    assert main(["download", "--dataset", "digits"]) == 1
    assert "--dataset = digits: has no files to download" in capsys.readouterr().err
    assert main(["download", "--dataset", "tinny", "--out", str(tmp_path)]) == 1
    told = "error: command line: --dataset = \"tinny\": unknown data set; did you mean 'tiny'?"
    assert capsys.readouterr().err.splitlines() == [told]
    assert main(["download", "--dataset", "tiny", "--data-dir", "nowhere"]) == 1
    assert "--data-dir = nowhere: there is no such folder" in capsys.readouterr().err


# -- configuration and catalogue -------------------------------------------------------------------------------------


def test_mirrors_and_data_dir_are_in_nothing_that_makes_a_job_run_again(tmp_path):
    one, other = configuration(), configuration(["http://a/b", "http://c/d"], data_dir=str(tmp_path))
    assert (jobs.urls(one), one.data_dir) != (jobs.urls(other), other.data_dir)
    assert jobs.urls(other) == {"tiny": {NAME: ["http://a/b", "http://c/d"]}}
    for name in ("tiny", "tiny-half"):
        assert jobs.prepare_job(one, name) == jobs.prepare_job(other, name)
        assert jobs.download_job(one, "tiny") == jobs.download_job(other, "tiny") == {NAME: expected(ARCHIVE, UNPACKED)}


def test_a_subset_is_made_of_the_files_of_the_whole():
    own = {"own": {"extends": "tiny-half", "test": 10}}
    made = configuration(datasets=load_yaml(CHECKOUT / DEFAULT)["datasets"] | own)
    assert [datasets.download_name(made, name) for name in ("tiny", "tiny-half", "own", "digits")] == [
        "tiny",
        "tiny",
        "tiny",
        None,
    ]
    assert list(jobs.urls(made)) == ["tiny"]


def test_a_data_dir_is_checked_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    absent = "there is no such folder"
    for name, problem in (
        ("absent", f"{absent} (looked in {tmp_path}, the working folder)"),
        (f"{tmp_path}/absent", absent),
        ("file", f"is not a folder; write the folder that it lies in, '{tmp_path}'"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            configuration(data_dir=name)
        assert str(caught.value) == f'here.yaml: data_dir = "{name}": {problem}'
    for name, seen in ((".", "."), ("http://127.0.0.1:9/nobody", "http://127.0.0.1:9/nobody"), (None, None)):
        assert configuration(data_dir=name).data_dir == seen
    monkeypatch.setenv("HOME", str(tmp_path))
    assert configuration(data_dir="~").data_dir == str(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"urls": ["ftp://host/file"]},
            '.urls[0] = "ftp://host/file": must be an address that begins http:// or https://',
        ),
        (
            {"urls": ["http://host/a b"]},
            '.urls[0] = "http://host/a b": must be an address that begins http:// or https://',
        ),
        ({"bytes": 0}, ".bytes = 0: must be at least 1"),
        ({"sha256": "abc"}, '.sha256 = "abc": must be 64 hexadecimal digits in lower case'),
        ({"md5": "Z" * 32}, f'.md5 = "{"Z" * 32}": must be 32 hexadecimal digits in lower case'),
        ({"unpacked": {}}, ".unpacked = {}: must not be empty"),
        ({"unpacked": {"../evil": "0" * 32}}, ".unpacked.../evil: must be a file name, in one folder at most"),
        ({"unpacked": {"/evil": "0" * 32}}, ".unpacked./evil: must be a file name, in one folder at most"),
        ({"mirrors": []}, ".mirrors = []: unknown key; "),
        ({"sha256": None, "md5": None}, ": needs one of the keys sha256 and md5 and unverified"),
    ],
)
def test_a_faulty_entry_of_the_catalogue_is_refused_by_key(changes, message):
    entry = {key: value for key, value in ({"urls": []} | expected(DATA) | changes).items() if value is not None}
    faulty = catalogue([]) | {"new": {"reader": "cifar10", "original": SOURCE, "files": {"file": entry}}}
    with pytest.raises(ConfigurationError) as caught:
        Configuration(load_yaml(CHECKOUT / DEFAULT), faulty, ConfigOrigins("here.yaml"))
    assert str(caught.value).startswith(f"config/datasets.yaml: new.files.file{message}")


@pytest.mark.parametrize("lacking", ["sha256", "md5"])
def test_one_hash_is_enough(lacking, server, tmp_path):
    wanted = {key: value for key, value in expected(DATA).items() if key != lacking}
    good = {"reader": "cifar10", "original": SOURCE, "files": {"file": {"urls": [], **wanted}}}
    Configuration(load_yaml(CHECKOUT / DEFAULT), catalogue([]) | {"new": good}, ConfigOrigins("here.yaml"))
    urls = [server.serve("bad", web.whole(wrong_hash())), server.serve("good", web.whole(DATA))]
    lines: list[str] = []
    download("tiny", {"file": wanted}, {"file": urls}, tmp_path, patience=PATIENCE, say=lines.append)
    assert ("wrong md5: " in lines[0]) == (lacking == "sha256")
    assert (tmp_path / "file").read_bytes() == DATA


def test_the_catalogues_hashes_are_those_that_torchvision_knows():
    # Read, not imported: torchvision needs torch, and this side does without.
    torchvision = importlib.util.find_spec("torchvision")
    assert torchvision is not None
    assert torchvision.origin is not None
    folder = Path(torchvision.origin).parent / "datasets"
    known = load_yaml(CHECKOUT / CATALOGUE)
    cifar, mnist = (folder / "cifar.py").read_text(), (folder / "mnist.py").read_text()
    entry = known["cifar10"]["files"][NAME]
    assert f'tgz_md5 = "{entry["md5"]}"' in cifar
    for name, md5 in entry["unpacked"].items():
        assert re.search(rf'"{name.removeprefix("cifar-10-batches-py/")}",\s.*"{md5}"', cifar, re.DOTALL)
    for name, values in known["mnist"]["files"].items():
        assert f'("{name}", "{values["md5"]}")' in mnist


# -- the real data sets, where they lie beside the checkout ----------------------------------------------------------


def prepared_from(dataset: str, data_dir: Path, out: Path) -> dict[str, Any]:
    made = Configuration.load()
    name = datasets.download_name(made, dataset)
    assert name is not None
    assert main(["download", "--dataset", dataset, "--data-dir", str(data_dir), "--out", str(out / name)]) == 0
    prepare_stage.prepare(dataset, jobs.prepare_job(made, dataset), out / name, out / "data" / dataset)
    return files.read_json(out / "data" / dataset / "manifest.json")


@pytest.fixture(scope="module")
def cifar10(tmp_path_factory) -> Path:
    """A folder with the real cifar-10-batches-py."""
    if not (SHARED / "data" / "cifar-10").is_dir():
        pytest.skip("the images of CIFAR-10 are not beside the checkout")
    folder = tmp_path_factory.mktemp("cifar10")
    tool = SHARED / "tools" / "unpack_cifar10.py"
    subprocess.run([sys.executable, tool, SHARED / "data" / "cifar-10", folder], check=True, stdout=subprocess.DEVNULL)
    return folder


def test_the_real_cifar10_is_prepared_from_its_unpacked_folder_in_less_than_a_gigabyte(cifar10, tmp_path):
    out = tmp_path / "data" / "cifar10"
    small = prepared_from("cifar10-1k", cifar10, tmp_path)
    assert small["class_counts"] == {"train": [100] * 10, "test": [200] * 10}

    # Beyond the limit it would end with MemoryError.
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (10**9, 10**9));"
        "from rethinking.stages import prepare; prepare.main(sys.argv[1:])"
    )
    job = json.dumps(jobs.prepare_job(Configuration.load(), "cifar10"))
    arguments = ["--dataset", "cifar10", "--job", job, "--downloaded", str(tmp_path / "cifar10"), "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "workflow"), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", limited, *arguments], check=True, env=environment)
    manifest = files.read_json(out / "manifest.json")
    assert manifest["arrays"]["train_images"]["shape"] == [50_000, 32, 32, 3]
    assert manifest["class_counts"] == {"train": [5000] * 10, "test": [1000] * 10}
    assert manifest["classes"][:3] == ["airplane", "automobile", "bird"]
    assert np.load(out / "train_labels.npy")[:5].tolist() == [6, 9, 9, 4, 1]  # frog, truck, truck, deer, automobile
    assert np.load(out / "train_images.npy", mmap_mode="r")[0, 0, 0].tolist() == [59, 62, 63]


@pytest.mark.skipif(not (SHARED / "data" / "mnist").is_dir(), reason="MNIST is not beside the checkout")
def test_the_real_mnist_is_prepared_from_its_uncompressed_files(tmp_path):
    for path in (SHARED / "data" / "mnist").glob("*.gz"):
        lay(tmp_path / "mine", {path.stem: gzip.decompress(path.read_bytes())})
    manifest = prepared_from("mnist", tmp_path / "mine", tmp_path)
    assert manifest["arrays"]["train_images"]["shape"] == [60_000, 28, 28, 1]
    assert manifest["class_counts"]["test"] == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.load(tmp_path / "data" / "mnist" / "train_labels.npy")[:5].tolist() == [5, 0, 4, 1, 9]


def test_tiny_mnist_goes_through_download_and_prepare(server, tmp_path):
    raw = mnist_files()
    data = {f"{name}.gz": gzipped(content) for name, content in raw.items()}
    wanted = {
        name: expected(content, {name.removesuffix(".gz"): raw[name.removesuffix(".gz")]})
        for name, content in data.items()
    }
    urls = {name: [server.serve(name, web.whole(content))] for name, content in data.items()}
    stage.download("mnist", wanted, urls, tmp_path / "files")
    job = jobs.prepare_job(Configuration.load(), "mnist") | {"source": {"train": 30, "test": 30, "classes": 10}}
    prepare_stage.prepare("mnist", job, tmp_path / "files", tmp_path / "data")
    assert np.load(tmp_path / "data" / "train_images.npy").shape == (30, 28, 28, 1)
