"""`make manifests-check`: all rules over base, overlays and optional components; exit status 1 with findings."""

import sys
import textwrap
from time import perf_counter
from typing import Final

from battlescope_local.manifest_checks.catalogue import PROJECT_RULES, RULES, findings
from battlescope_local.manifest_checks.project import load_project
from battlescope_local.manifests import ManifestError

WIDTH: Final = 80


def main() -> int:
    begin = perf_counter()
    try:
        found = list(findings(load_project()))
    except ManifestError as error:
        print(textwrap.fill(str(error), WIDTH, subsequent_indent="    "))
        return 1
    for rule, finding in found:
        print(textwrap.fill(f"{finding} [{rule}]", WIDTH, subsequent_indent="    ", break_on_hyphens=False))
    print(f"{len(RULES) + len(PROJECT_RULES)} rules, {len(found)} findings, {perf_counter() - begin:.1f} s")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
