"""The Valkey server."""

from pathlib import Path

import pytest

from battlescope_local.processes.children import Processes
from battlescope_local.stores import valkey
from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile

pytestmark = pytest.mark.stores


async def test_failed_start_reports_the_servers_last_lines(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "secrets.json")
    processes = Processes(tmp_path / "run", tmp_path / "logs")
    _, server = valkey.prepare_server(tmp_path / "valkey", processes, Ports(state_file), state_file)
    (tmp_path / "valkey" / "valkey.conf").write_text("no-such-option yes\n")
    with pytest.raises(StoreError, match="no-such-option"):
        await server.start()
