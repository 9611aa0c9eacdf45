"""A web server on 127.0.0.1 that a test tells how to answer, also wrongly."""

import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme

Answer = Callable[[BaseHTTPRequestHandler], None]


class Loopback:
    """`serve` gives a path its answers, one a request, the last of them for all further ones."""

    def __init__(self, port: int, scheme: str) -> None:
        self.address = f"{scheme}://127.0.0.1:{port}"
        self.asked: Counter[str] = Counter()
        self._answers: dict[str, tuple[Answer, ...]] = {}
        self._lock = threading.Lock()

    def serve(self, path: str, *answers: Answer) -> str:
        self._answers[f"/{path}"] = answers
        return f"{self.address}/{path}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            index = self.asked[handler.path]
            self.asked[handler.path] += 1
        answers = self._answers.get(handler.path, (status(404),))
        answers[min(index, len(answers) - 1)](handler)


@contextmanager
def loopback(authority: trustme.CA | None = None) -> Iterator[Loopback]:
    """A server on a free port; with https where an authority is there to sign for it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                server.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client has left, as it should from some answers

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        web.daemon_threads = False  # leaving the block waits for the answers that are still being given
        server = Loopback(web.server_address[1], "https" if authority else "http")
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            web.socket = context.wrap_socket(web.socket, server_side=True)
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            web.shutdown()
            thread.join()


@contextmanager
def nobody() -> Iterator[str]:
    """An address where nobody listens: the port is taken, but not opened."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def headers(handler: BaseHTTPRequestHandler, code: int = 200, **values: object) -> None:
    handler.send_response(code)
    for name, value in values.items():
        handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()


def whole(data: bytes, **more: object) -> Answer:
    """The file as it should be sent."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        headers(handler, Content_Length=len(data), **more)
        handler.wfile.write(data)

    return answer


def unsized(data: bytes) -> Answer:
    """No length is stated; the end of the connection is the end of the file."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        headers(handler, Connection="close")
        handler.wfile.write(data)

    return answer


def chunked(data: bytes) -> Answer:
    """No length is stated, but the end is told."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        headers(handler, Transfer_Encoding="chunked", Connection="close")
        for piece in (data[: len(data) // 2], data[len(data) // 2 :], b""):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    return answer


def cut(data: bytes, after: int) -> Answer:
    """The connection ends before the file."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        headers(handler, Content_Length=len(data))
        handler.wfile.write(data[:after])

    return answer


def silent(data: bytes, after: int, until: threading.Event) -> Answer:
    """Nothing more comes, and the connection stays open."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        headers(handler, Content_Length=len(data))
        handler.wfile.write(data[:after])
        until.wait(10)

    return answer


def trickle(data: bytes, pieces: int, seconds: float) -> Answer:
    """A slow server: the whole file, in `pieces` over `seconds`."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        headers(handler, Content_Length=len(data))
        size = -(-len(data) // pieces)
        for start in range(0, len(data), size):
            handler.wfile.write(data[start : start + size])
            time.sleep(seconds / pieces)

    return answer


def status(code: int, body: bytes = b"") -> Answer:
    return lambda handler: (headers(handler, code, Content_Length=len(body)), handler.wfile.write(body))[0]


def moved(place: str) -> Answer:
    return lambda handler: headers(handler, 302, Location=place, Content_Length=0)
