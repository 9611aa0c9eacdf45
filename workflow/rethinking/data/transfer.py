"""One file from one place, an address or a path; whatever is wrong with it is a `TransferError`."""

import http.client
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import requests
import urllib3.exceptions

from rethinking.data.originals import BEGINNING, Original, fault, too_large, web_page, web_page_in, wrong_size
from rethinking.data.progress import Progress, Say

CHUNK = 1 << 16
SHOWN = 300  # characters of a reason
# The bytes as they are stored: some servers declare a .gz to be a compressed form of something else.
HEADERS = {"User-Agent": "rethinking", "Accept-Encoding": "identity"}
# Answers below 500 after which the same question may have another answer: timeout, too early, too many requests.
PASSING_ANSWERS = (408, 425, 429)


class TransferError(Exception):
    """Why a file could not be had from one place; where it is `passing`, another try may help.

    What a server says may stand in the reason: of that, no character moves a terminal's cursor, and a long text is cut.
    """

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in reason[:SHOWN])
        super().__init__(shown if len(reason) <= SHOWN else f"{shown}…")
        self.passing = passing


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, in seconds, and how often to ask again."""

    connect: float = 15.0
    silence: float = 30.0  # without a byte
    rounds: int = 4
    pause: float = 2.0  # before the second round; twice as long before each further one
    window: float = 20.0  # over which a speed is measured
    slow: float = 200e3  # bytes a second; a slower server is left for the next one while there are others
    crawl: float = 2e3  # bytes a second; a slower server is as good as none
    longest: float = 6 * 3600.0  # for one file


PATIENCE = Patience()


def is_address(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def transfer(place: str, target: Path, original: Original, patience: Patience, hurried: bool, say: Say) -> None:
    """Write the file at `place` to `target`; raises TransferError where it does not arrive or is not the original.

    A hurried transfer also ends where the server is slow.
    """
    if is_address(place):
        _fetch(place, target, original, patience, hurried, say)
    else:
        _copy(Path(place), target, original)
    if reason := fault(target, original):
        raise TransferError(reason)


def _copy(source: Path, target: Path, original: Original) -> None:
    """Copy a file of the right size; what is wrong in reading is the place's fault, in writing it is not."""
    try:
        status = source.stat()
        if not stat.S_ISREG(status.st_mode):
            raise TransferError("is a directory" if stat.S_ISDIR(status.st_mode) else "is no plain file")
        file = source.open("rb")
    except OSError as error:
        raise TransferError("is not there" if isinstance(error, FileNotFoundError) else _strerror(error)) from None
    with file:
        beginning = _read(file, BEGINNING)
        if status.st_size > original.at_most:
            stated = original.bytes is not None and wrong_size(status.st_size, original)
            raise TransferError(web_page(beginning) or stated or too_large(original))
        with target.open("wb") as copy:
            copy.write(beginning)
            while chunk := _read(file, 1 << 20):
                copy.write(chunk)


def _read(file: BinaryIO, size: int) -> bytes:
    try:
        return file.read(size)
    except OSError as error:
        raise TransferError(f"cannot be read: {_strerror(error)}") from None


def _fetch(url: str, target: Path, original: Original, patience: Patience, hurried: bool, say: Say) -> None:
    timeout = (patience.connect, patience.silence)
    _check_trust([url], original)
    try:
        with requests.get(url, stream=True, timeout=timeout, headers=HEADERS) as response:
            _check_trust([answer.url for answer in (*response.history, response)], original)
            _check_answer(response, original)
            _receive(response, target, original, patience, patience.slow if hurried else patience.crawl, say)
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        passing = not isinstance(error, ValueError | requests.TooManyRedirects)  # ValueError: no address
        raise TransferError(_reason(error, patience), passing=passing) from None


def _check_trust(urls: Sequence[str], original: Original) -> None:
    """Refuse to take what no hash can tell right from an address where anybody on the way can change it."""
    for url in urls if not original.hashes else ():
        if not url.startswith("https://"):
            reason = "nobody has published its hash, and without one only https:// is trusted"
            raise TransferError(f"{'leads to ' + url if len(urls) > 1 else 'is not asked'}: {reason}")


def _check_answer(response: requests.Response, original: Original) -> None:
    """Refuse what can be told from the headers, before any of a large file is fetched."""
    if (code := response.status_code) != 200:
        passing = code >= 500 or code in PASSING_ANSWERS
        raise TransferError(f"the server answers {code} {response.reason}".rstrip(), passing=passing)
    stated = response.headers.get("Content-Length", "")
    if stated.isdigit() and original.bytes not in (None, int(stated)):
        beginning = response.raw.read(BEGINNING, decode_content=False)
        raise TransferError(web_page(beginning) or wrong_size(int(stated), original))


def _receive(
    response: requests.Response, target: Path, original: Original, patience: Patience, least: float, say: Say
) -> None:
    """Write what arrives; `least` is how many bytes a second must."""
    began = since = time.monotonic()
    before = 0
    with target.open("wb") as file, Progress(original.name, original.bytes, say) as progress:
        # read1 returns what has arrived, so that a trickle is noticed.
        while chunk := response.raw.read1(CHUNK, decode_content=False):
            file.write(chunk)
            progress.add(len(chunk))
            if progress.received > (original.bytes or original.at_most):
                raise TransferError(too_large(original))
            if (now := time.monotonic()) - began > patience.longest:
                raise TransferError(f"not whole after {patience.longest:,.0f} s")
            if (seconds := now - since) >= patience.window:
                if (rate := (progress.received - before) / seconds) < least:
                    raise TransferError(f"slow: {rate / 1e3:.1f} kB/s", passing=True)
                since, before = now, progress.received
    # Without a stated length, a cut connection looks like the end of the file.
    if original.bytes is not None and progress.received < original.bytes:
        page = web_page_in(target)
        raise TransferError(page or wrong_size(progress.received, original), passing=page is None)


def _reason(error: Exception, patience: Patience) -> str:
    """What happened, from the innermost of the exceptions that libraries wrap around each other."""
    inner: BaseException = error
    while (cause := inner.__cause__ or inner.__context__) is not None:
        inner = cause
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {patience.connect:g} s"
    if isinstance(error, requests.ReadTimeout | urllib3.exceptions.ReadTimeoutError):
        return f"not a byte for {patience.silence:g} s"
    if isinstance(inner, http.client.BadStatusLine) and not isinstance(inner, http.client.RemoteDisconnected):
        return f"no HTTP: it answers {str(inner)!r}"
    if isinstance(inner, urllib3.exceptions.IncompleteRead | http.client.IncompleteRead):
        return "the connection was cut"
    return _strerror(inner) if isinstance(inner, OSError) else str(inner) or type(inner).__name__


def _strerror(error: OSError) -> str:
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]
