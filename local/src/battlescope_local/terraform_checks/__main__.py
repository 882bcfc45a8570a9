"""`make terraform-check`: all rules over `terraform/`; exit status 1 with findings."""

import sys
import textwrap
from time import perf_counter
from typing import Final

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifests import ManifestError
from battlescope_local.terraform_checks.catalogue import RULES, findings
from battlescope_local.terraform_checks.configuration import ConfigurationError, load_configuration
from battlescope_local.terraform_checks.schemas import SCHEMAS, load_schemas

WIDTH: Final = 80


def main() -> int:
    begin = perf_counter()
    schemas = load_schemas(SCHEMAS)
    try:
        configuration = load_configuration(ROOT)
    except (ConfigurationError, ManifestError) as error:
        print(textwrap.fill(str(error), WIDTH, subsequent_indent="    "))
        return 1
    found = list(findings(configuration, schemas))
    for rule, finding in found:
        print(textwrap.fill(f"{finding} [{rule}]", WIDTH, subsequent_indent="    ", break_on_hyphens=False))
    if not schemas.providers:
        print("Attributes were not checked: there are no schemas of providers beside the project.")
    print(f"{len(RULES)} rules, {len(found)} findings, {perf_counter() - begin:.1f} s")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
