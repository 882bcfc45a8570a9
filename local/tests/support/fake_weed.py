"""A `weed` for tests: /healthz succeeds at once, but objects of an earlier start are unreadable at first.

It runs as the first executable `weed` on the PATH. It stores objects as files in -dir, which survive it, responds to
the first UNREADABLE GetObject requests for existing objects with InternalError, and appends every S3 request with the
status of its response to the file `requests` beside it.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

UNREADABLE = 7


def option(name: str) -> str:
    return next(word.partition("=")[2] for word in sys.argv if word.startswith(f"-{name}="))


class Store(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = Path(option("dir"))
    requests = Path(sys.argv[0]).with_name("requests")
    write_lock = Lock()
    unreadable = UNREADABLE

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/healthz":
            self._respond(200)
        elif not self._file.is_file():
            self._respond(404, b"<Error><Code>NoSuchKey</Code></Error>")
        elif Store.unreadable > 0 and self._file.stat().st_mtime < STARTED:
            Store.unreadable -= 1
            self._respond(500, b"<Error><Code>InternalError</Code></Error>")
        else:
            self._respond(200, self._file.read_bytes())

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_bytes(body)
        self._respond(200)

    @property
    def _file(self) -> Path:
        return self.folder / self.path.partition("?")[0].strip("/")

    def _respond(self, status: int, body: bytes = b"") -> None:
        if self.path != "/healthz":
            with self.write_lock, self.requests.open("a") as file:
                print(self.command, self.path.partition("?")[0], status, file=file)
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("etag", '"one"')
        self.send_header("last-modified", self.date_time_string())
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    Store.folder.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", int(option("s3.port"))), Store)
    started = Path(sys.argv[0]).with_name("started")
    started.touch()
    STARTED = started.stat().st_mtime  # by the clock of the file system, like the times of the objects
    server.serve_forever()
