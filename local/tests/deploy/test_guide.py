"""docs/deploy.md: every block of commands says whether it was run, and names what exists."""

import json
import re

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifests.prerequisites import load_prerequisites
from battlescope_local.terraform_checks.configuration import load_configuration, text

TEXT = (ROOT / "docs" / "deploy.md").read_text()
README = ROOT / "terraform" / "README.md"
FENCED = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
BLOCKS = [block for language, block in FENCED if not language]
EXAMPLES = [block for language, block in FENCED if language == "json"]
COMMANDS = "\n".join(BLOCKS)
PRODUCTION = "terraform/environments/production"
ROOTS = {"installation": "environments/production", "platform": "environments/production/platform"}
# Of the shell, or on every machine that has one.
SHELL = {
    *("export", "echo", "set", "for", "do", "done", "mapfile"),
    *("sh", "env", "cat", "cut", "sed", "base64", "date", "mkdir", "return"),
}
FUNCTIONS = ("api", "rpk", "pg", "in_pod", "terraform_pod", "stores_file")  # of the shell, which the guide defines


def test_every_block_says_whether_it_was_run() -> None:
    """An operator trusts a copied command more than one that was only thought of."""
    marks = {re.split("[,:]", block.splitlines()[0])[0] for block in BLOCKS}
    assert marks == {"# run", "# not run here"}


def commands_of(block: str) -> set[str]:
    """The first word of each command: of a line, behind a pipe, `&&` or `;`, and in `$(…)` or `<(…)`."""
    without_comments = re.sub(r"(?m)(?:^| )#.*", "", block)
    without_documents = re.sub(r"<<(\w+)\n.*?^\1$", "", without_comments, flags=re.MULTILINE | re.DOTALL)
    without_texts = re.sub(r"'[^']*'", "''", without_documents.replace("\\\n", " "))
    without_assignments = re.sub(r"(^|\() *\w+=(?:[^\s$(]\S*)?(?=\$\(|\s|$)", r"\1", without_texts, flags=re.MULTILINE)
    starts = r"(?:^ *(?:do )?|\| *|&& *|; *|[$<]\(|\{ +)"
    return set(re.findall(starts + r"([a-z][a-z0-9_]*)\b(?![=(])", without_assignments, re.MULTILINE))


def test_tools_are_named_before_the_first_step() -> None:
    needs = TEXT[TEXT.index("You need, on your machine:") : TEXT.index("## 1. Install")].lower()
    used = set[str]().union(*map(commands_of, BLOCKS)) - SHELL - set(FUNCTIONS)
    assert {name for name in used if not re.search(rf"\b{name}\b", needs)} == set()
    assert used >= {"kubectl", "kn", "terraform", "jq", "make", "gh", "curl", "git", "tar"}


def test_functions_of_the_shell_are_defined() -> None:
    for name in FUNCTIONS:
        assert f"\n{name}() {{" in COMMANDS


def test_no_command_is_one_of_local_mode() -> None:
    """The program `battlescope` has no option for a cluster."""
    assert re.findall(r"(?:`|^|bin/)battlescope [a-z-]+", TEXT, re.MULTILINE) == []


def test_requests_are_those_of_the_api() -> None:
    paths = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text())["paths"]
    requests = re.findall(r"\bapi (/[\w/-]+)((?: --(?:request|data) (?:'[^']*'|\S+))*)", TEXT)
    assert len(requests) >= len(["log in", "backfill", "token", "battles", "republish"])
    for path, options in requests:
        operations = paths[re.sub(r"/ID\b", "/{job_id}", path)]
        method = re.search(r"--request (\w+)", options)
        assert (method.group(1).lower() if method else "post" if "--data" in options else "get") in operations
        body = re.search(r"--data '([^']*)'", options)
        assert isinstance(json.loads(body.group(1)), dict) if body else True


def test_settings_are_variables_of_their_root() -> None:
    modules = load_configuration(ROOT).modules
    settings = re.findall(r"echo '(\{.*\})' > \$production/(\S*)settings\.auto\.tfvars\.json", COMMANDS)
    assert [folder for _, folder in settings] == ["platform/", ""]
    for line, folder in settings:
        assert json.loads(line).keys() <= modules[f"environments/production/{folder}".rstrip("/")].names("variable")


def test_example_of_managed_stores_has_the_fields_of_the_variable() -> None:
    (example,) = map(json.loads, EXAMPLES)
    variable = (ROOT / PRODUCTION / "variables.tf").read_text().partition("description")[0]
    fields = dict(re.findall(r"^    (\w+) = object\(\{\n(.*?)^    \}\)", variable, re.MULTILINE | re.DOTALL))
    assert {name: set(re.findall(r"^      (\w+) +=", fields[name], re.MULTILINE)) for name in example} == {
        name: store.keys() for name, store in example.items()
    }
    assert fields.keys() - example.keys() == {"typesense"}


def test_addresses_of_terraform_exist() -> None:
    """Terraform ignores a misspelt address: `-target` then does nothing, and `-replace` keeps the secret."""
    configuration = load_configuration(ROOT)
    addresses = set(re.findall(r"-(?:target|replace)='?(module\.[\w.]+(?:\[0\][\w.]*)?)", TEXT))
    assert len(addresses) == len(["postgres", "typesense", "grafana"])
    for address in addresses:
        path, _, resource = address.replace("[0]", "").rpartition("module.")
        called, _, resource = resource.partition(".")
        root = ROOTS[address.split(".")[1]]
        module = configuration.modules[root]
        for name in [*filter(None, path.replace("module", "").split(".")), called]:
            (call,) = [block for block in module.of_kind("module") if block.labels == (name,)]
            module = configuration.target(module, call)
        assert not resource or resource in {block.address for block in module.of_kind("resource")}


def test_every_database_is_moved_by_its_owner() -> None:
    moved = dict(re.findall(r"\b(\w+):([a-z-]+)", re.search(r"for part in (.*); do", COMMANDS).group(1)))
    databases = load_prerequisites(ROOT / "knative" / "base").databases
    assert moved == {database.name.removeprefix("battlescope_"): database.owner for database in databases}


def test_paths_and_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", COMMANDS)) - targets == set()
    commands = COMMANDS.replace("$production", PRODUCTION)
    paths = set(re.findall(r"(?<![\w/.])((?:terraform|knative)/[\w./-]+)", commands))
    made = {path for path in paths if path.endswith((".auto.tfvars.json", "managed-stores.json"))}
    assert {path for path in paths - made if not (ROOT / path).exists()} == set()


def test_secrets_that_are_written_to_files_are_never_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"*.auto.tfvars.json", "managed-stores.json", "*.tfstate", ".terraform/"} <= set(ignored)


def test_every_secret_has_its_rotation() -> None:
    """Secrets of databases are one row; the others are named."""
    section = TEXT[TEXT.index("## 3. Rotate every secret") : TEXT.index("## 4.")]
    stores = ("database roles", "administrator of PostgreSQL", "Kafka", "bucket", "Valkey", "Typesense")
    for name in (*stores, "`token-encryption`", "`sso`", "Grafana", "DNS", "registry", "certificate", "KUBECONFIG"):
        assert name in section


def test_every_chart_and_image_has_its_source() -> None:
    """A version that is changed is looked up where it is published."""
    modules = load_configuration(ROOT).modules.values()
    charts = {
        (text(block.body["chart"]), text(block.body["version"]))
        for module in modules
        for block in module.resources("helm_release")
    }
    images = {
        tuple(text(block.body["image"]).split(":"))
        for module in modules
        for block in module.of_kind("module")
        if "image" in block.body
    }
    rows = re.findall(r"^\| ([\w./-]+) \| (v?\d[\w.]*) \| \S", README.read_text(), re.MULTILINE)
    assert set(rows) == charts | images
