"""From the event of a killmail to the stream and the list, through the gateway of local mode, with every part real.

The event is `killmail.ingested` as the Broker has stored it. A client follows `/api/stream`, another one asks for
`/api/killmails/recent` every tenth of a second; both note when they see a killmail first.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import httpx2
from harness.report import quantile, report
from machine import Machine, upstream

from battlescope_local.log.sqlite_schema import SELECT_NEWEST, connect, record_from_row

TOPIC: Final = "knative-broker-battlescope-killmails"
INGESTED: Final = b"com.battlescope.killmail.ingested.v1"
POLL_SECONDS: Final = 0.1
SETTLE_SECONDS: Final = 10.0  # after the last killmail of the feed


def follow_stream(gateway: str, seen: dict[str, float], stop: threading.Event) -> None:
    """Note when each killmail arrives on the stream; a lost connection is resumed."""
    last_id = ""
    while not stop.is_set():
        headers = {"last-event-id": last_id} if last_id else {}
        url = f"{gateway}/api/stream?topics=killmails&limit=1"
        with (
            suppress(httpx2.HTTPError),
            httpx2.Client(timeout=httpx2.Timeout(5, read=60)) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            name = ""
            for line in response.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "id":
                    last_id = value
                elif field == "data" and name == "killmail":
                    seen.setdefault(json.loads(value)["killmailId"], time.time())
                if stop.is_set():
                    return


def poll_list(gateway: str, seen: dict[str, float], stop: threading.Event) -> None:
    with httpx2.Client(base_url=gateway, timeout=10) as client:
        while not stop.wait(POLL_SECONDS):
            with suppress(httpx2.HTTPError, KeyError):
                items = client.get("/api/killmails/recent?limit=100").json()["items"]
                now = time.time()
                for item in items:
                    seen.setdefault(item["killmailId"], now)


def ingested_at(folder: Path) -> dict[str, float]:
    """When the Broker stored the event of each killmail; events of batches name none."""
    times: dict[str, float] = {}
    with closing(connect(folder / "log" / "log.sqlite3")) as log:
        for row in log.execute(SELECT_NEWEST, (TOPIC, 1_000_000)):
            stored = record_from_row(row)
            if dict(stored.record.headers).get("ce_type") == INGESTED:
                killmail_id = json.loads(stored.record.value).get("killmailId")
                if killmail_id is not None:
                    times[killmail_id] = stored.timestamp / 1000
    return times


def measure(folder: Path, killmails: int, rate: int) -> dict[str, Any]:
    arguments = ["--evening", "7", "--mails", str(killmails), "--speed", f"{rate}/s", "--frozen-head"]
    on_stream, in_list, stop = dict[str, float](), dict[str, float](), threading.Event()
    with upstream(*arguments) as upstream_url:
        machine = Machine(folder, upstream_url)
        try:
            gateway = machine.start()
            threads = [
                threading.Thread(target=follow, args=(gateway, seen, stop), daemon=True)
                for follow, seen in ((follow_stream, on_stream), (poll_list, in_list))
            ]
            for thread in threads:
                thread.start()
            while not on_stream:
                time.sleep(POLL_SECONDS)
            first_seen = time.time()
            time.sleep(killmails / rate + SETTLE_SECONDS)
            stop.set()
            times = {key: at for key, at in ingested_at(folder).items() if at > first_seen}
        finally:
            stop.set()
            machine.stop()
    return {
        "rate": rate,
        "killmails": len(times),
        **_figures("stream", times, on_stream),
        **_figures("list", times, in_list),
        "load_average": round(os.getloadavg()[0], 1),
    }


def _figures(name: str, times: dict[str, float], seen: dict[str, float]) -> dict[str, Any]:
    delays = [seen[key] - at for key, at in times.items() if key in seen]
    return {
        f"{name}_missed": len(times) - len(delays),
        f"{name}_p50_s": round(quantile(delays, 0.5), 3),
        f"{name}_p95_s": round(quantile(delays, 0.95), 3),
        f"{name}_max_s": round(max(delays), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--killmails", type=int, default=300)
    parser.add_argument("--rate", type=int, default=5, help="killmails a second; many at once are one event")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        Path(scratch).chmod(0o755)
        report("visibility", measure(Path(scratch) / "node", options.killmails, options.rate))


if __name__ == "__main__":
    main()
