"""A browser driven by WebDriver: only what these tests need, without a library."""

import json
import shutil
import socket
import subprocess
import time
from base64 import b64decode
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import Request, urlopen

DRIVER, CHROMIUM = shutil.which("chromedriver"), shutil.which("chromium")
ARGUMENTS: Final = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


class WebDriver:
    """One window of a browser with cookies of its own."""

    def __init__(self, url: str) -> None:
        options = {"binary": CHROMIUM, "args": ARGUMENTS}
        capabilities = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
        self._server = url
        self._session = self._call("POST", "/session", {"capabilities": capabilities})["sessionId"]

    def open(self, url: str) -> None:
        self._command("POST", "/url", {"url": url})

    @property
    def url(self) -> str:
        return self._command("GET", "/url")

    @property
    def cookies(self) -> list[dict[str, Any]]:
        return self._command("GET", "/cookie")

    def click(self, selector: str) -> None:
        element = self._command("POST", "/element", {"using": "css selector", "value": selector})
        self._command("POST", f"/element/{next(iter(element.values()))}/click", {})

    def fetch(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of a request that a page of this origin makes."""
        script = """
            const [method, path, body, done] = arguments;
            const options = {method, headers: body ? {'content-type': 'application/json'} : {}};
            if (body) options.body = JSON.stringify(body);
            fetch(path, options).then(async r => done([r.status, await r.text()])).catch(e => done([0, String(e)]));
        """
        status, text = self.run(script, method, path, body)
        return status, json.loads(text) if text.startswith("{") else text

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script of the page gives to the function that is its last argument."""
        return self._command("POST", "/execute/async", {"script": script, "args": arguments})

    def evaluate(self, script: str) -> Any:
        return self._command("POST", "/execute/sync", {"script": script, "args": []})

    def take_screenshot(self, file: Path, width: int, height: int = 900) -> None:
        """The page in a window of this width, in pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._devtools("Emulation.setDeviceMetricsOverride", metrics)
        file.write_bytes(b64decode(self._command("GET", "/screenshot")))
        self._devtools("Emulation.clearDeviceMetricsOverride", {})

    def close(self) -> None:
        self._call("DELETE", f"/session/{self._session}")

    def _devtools(self, command: str, parameters: dict[str, Any]) -> None:
        self._command("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _command(self, method: str, path: str, body: Any = None) -> Any:
        return self._call(method, f"/session/{self._session}{path}", body)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = Request(f"{self._server}{path}", content, {"content-type": "application/json"}, method=method)
        with urlopen(request, timeout=60) as response:
            return json.loads(response.read())["value"]


@contextmanager
def running_driver() -> Generator[str]:
    """The address of a chromedriver."""
    with socket.socket() as reservation:
        reservation.bind(("127.0.0.1", 0))
        port = reservation.getsockname()[1]
    process = subprocess.Popen([str(DRIVER), f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(URLError, ConnectionError):
                urlopen(f"{url}/status", timeout=5).close()
                break
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)
