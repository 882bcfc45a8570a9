import sys
from pathlib import Path

import pytest
from declared_project import write_project

from battlescope_local.devtools import generate


def test_wrong_declaration_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_project(tmp_path)
    declaration = tmp_path / "knative/declarations/battle-api.yaml"
    declaration.write_text(declaration.read_text().replace("purpose:", "aim:", 1))
    manifests = generate.generated_manifests
    monkeypatch.setattr(generate, "generated_manifests", lambda _: manifests(tmp_path))
    monkeypatch.setattr(sys, "argv", ["generate"])
    with pytest.raises(SystemExit) as raised:
        generate.main()
    assert str(raised.value.code).startswith(f"{declaration}: purpose: Field required")
