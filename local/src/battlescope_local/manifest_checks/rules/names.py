"""One name in all places, so that a log line, a role or a policy leads to the folder of a function."""

from collections.abc import Iterator
from typing import Final

from battlescope_local.manifest_checks.deployments import (
    DATABASE_SUFFIX,
    Deployment,
    Function,
    containers,
    function_of,
    prerequisite_finding,
    secret_names,
)
from battlescope_local.manifest_checks.nodes import Finding, Node, node
from battlescope_local.manifests.labels import DATABASE_LABEL, DATABASE_OWNER_LABEL, FUNCTION_LABEL, PHASE_LABEL
from battlescope_local.manifests.loading import JOB, PING_SOURCE, SERVICE, SINK_BINDING, TRIGGER

FOLDERS_OF_FUNCTIONS: Final = ("/functions", "/migrate")


def service_for_each_function(deployment: Deployment) -> Iterator[Finding]:
    """A function without Service is never deployed; a Service without function has no image."""
    services = deployment.names(SERVICE)
    for name in sorted(deployment.functions.keys() - services):
        yield Finding(
            f"knative/base/functions/{name}.yaml", f"Service {name}", "", "there must be one for the function"
        )
    for service in deployment.of_kind(SERVICE):
        if deployment.function_behind(service.name) is None:
            yield service.finding(f"there is no folder functions/{service.name}")


def name_of_function_everywhere(deployment: Deployment) -> Iterator[Finding]:
    """The name of a function is that of its file, labels, image, account, database role and Secret.

    Its Service has the name too, the one for background work with a suffix. A SinkBinding is named as its Service.
    """
    for service, function in deployment.services_with_code():
        yield from _misnamed_service(service, function)
    for binding in deployment.of_kind(SINK_BINDING):
        subject = binding.at("spec.subject.name")
        if subject.text != binding.name:
            yield subject.finding(f"must be {binding.name}, the name of the SinkBinding")


def _misnamed_service(service: Node, function: Function) -> Iterator[Finding]:
    name = function.name
    if service.owner.file.rpartition("/")[2] != f"{name}.yaml":
        yield service.finding(f"must stand in functions/{name}.yaml")
    for labels in (service.at("metadata.labels"), service.at("spec.template.metadata.labels")):
        if labels[FUNCTION_LABEL].text != name:
            yield labels[FUNCTION_LABEL].finding(
                f"must be {name}; NetworkPolicies and local mode find the function by it"
            )
    account = service.at("spec.template.spec.serviceAccountName")
    if account.text != name:
        yield account.finding(f"must be {name}")
    for container in containers(service):
        yield from _misnamed_container(container, function)


def _misnamed_container(container: Node, function: Function) -> Iterator[Finding]:
    if image_name(container["image"].text) != function.name:
        yield container["image"].finding(f"must be the image of {function.name}")
    expected = {function.database_secret} if "database_url" in function.variables else set[str]()
    used = {name for name in secret_names(container) if name.endswith(DATABASE_SUFFIX)}
    if used != expected:
        wanted = ", ".join(sorted(expected)) or "none"
        yield container["envFrom"].finding(
            f"the Secret of its database role must be {wanted}, not {', '.join(sorted(used))}"
        )


def image_name(image: str) -> str:
    """Last part of an image's name, without registry, tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def jobs_belong_to_owners(deployment: Deployment) -> Iterator[Finding]:
    """Only the owner of a database may change its schema, with its image and its role."""
    owners = {database.name: database.owner for database in deployment.prerequisites.databases}
    for job in deployment.of_kind(JOB):
        labels, database = job.at("metadata.labels"), job.at("metadata.labels")[DATABASE_LABEL]
        owner = owners.get(database.text)
        if owner is None:
            yield database.finding(f"prerequisites.yaml lists no database {database.text}")
            continue
        for label in (labels[FUNCTION_LABEL], labels[DATABASE_OWNER_LABEL]):
            if label.text != owner:
                yield label.finding(f"must be {owner}, the owner of {database.text}")
        for container in containers(job):
            if image_name(container["image"].text) != owner:
                yield container["image"].finding(f"must be the image of {owner}, which has the migrations")
            if owner + DATABASE_SUFFIX not in secret_names(container):
                yield container["envFrom"].finding(f"must have the Secret {owner}{DATABASE_SUFFIX}")


def databases_have_a_migration(deployment: Deployment) -> Iterator[Finding]:
    """A database that no Job migrates stays empty, and none of its functions becomes ready."""
    migrated = {
        job.at("metadata.labels")[DATABASE_LABEL].text
        for job in deployment.of_kind(JOB)
        if job.at("metadata.labels")[PHASE_LABEL].text == "migrate"
    }
    for database in deployment.prerequisites.databases:
        if database.name not in migrated:
            yield prerequisite_finding(f"databases.{database.name}", "there must be a Job of the phase migrate for it")


def roles_of_databases(deployment: Deployment) -> Iterator[Finding]:
    """Each function that uses a database has a role of its own there, and no other function has one."""
    used: dict[str, set[str]] = {}
    for service in deployment.of_kind(SERVICE):
        database = service.at("metadata.labels")[DATABASE_LABEL]
        function = deployment.function_behind(service.name)
        used.setdefault(database.text, set()).add(function.name if function else service.name)
        if function and ("database_url" in function.variables) != bool(database.text):
            yield database.finding("must name the database of the function, if it uses one")
    listed = {database.name: database for database in deployment.prerequisites.databases}
    for name in sorted(used.keys() - listed.keys() - {""}):
        yield prerequisite_finding("databases", f"there must be {name}, which {', '.join(sorted(used[name]))} use")
    for name, database in listed.items():
        if set(database.roles) != used.get(name, set()) or database.owner not in database.roles:
            expected = ", ".join(sorted(used.get(name, set()))) or "none"
            yield prerequisite_finding(f"databases.{name}.roles", f"must be the functions that use it: {expected}")


def parts_of_a_function_together(deployment: Deployment) -> Iterator[Finding]:
    """Triggers and timers stand in the file of their function and begin with its name, or nobody finds them."""
    for kind, path in ((TRIGGER, "spec.subscriber.ref"), (PING_SOURCE, "spec.sink.ref")):
        for part in deployment.of_kind(kind):
            ref = part.at(path)
            if (ref["apiVersion"].text, ref["kind"].text) != SERVICE:
                continue
            function = deployment.function_behind(ref["name"].text)
            name = function.name if function else ref["name"].text
            if part.name != name and not part.name.startswith(f"{name}-"):
                yield ref["name"].finding(f"is {name}, but the name of the {kind[1]} belongs to another function")
            if part.owner.file.rpartition("/")[2] != f"{name}.yaml":
                yield ref["name"].finding(f"must stand in functions/{name}.yaml")
            label = part.at("metadata.labels")[FUNCTION_LABEL]
            if label.exists and label.text != name:
                yield label.finding(f"must be {name}, which gets the events")


def labels_name_functions(deployment: Deployment) -> Iterator[Finding]:
    """Operators select all objects of a function by the label; an unknown one is left over from a rename."""
    for built in deployment.objects:
        label = node(built).at("metadata.labels")[FUNCTION_LABEL]
        folder, _, file = built.file.rpartition("/")
        is_part = folder.endswith(FOLDERS_OF_FUNCTIONS)
        if (label.exists or is_part) and label.text not in deployment.functions:
            yield label.finding(f"there is no function {label.text or 'named here'}")
        elif folder.endswith(FOLDERS_OF_FUNCTIONS[0]) and f"{label.text}.yaml" != file:
            yield label.finding(f"must be {file.removesuffix('.yaml')}, in whose file the object stands")


def job_names_are_their_accounts(deployment: Deployment) -> Iterator[Finding]:
    """Policies find the pods of a Job by its label, which a release does not rename."""
    for job in deployment.of_kind(JOB):
        label = job.at("spec.template.metadata.labels")["battlescope.dev/job"]
        if job.name != label.text and not job.name.startswith(f"{label.text}-"):
            yield label.finding(f"must be the name of the Job, {job.name}, without the suffix of its release")
        account = job.at("spec.template.spec.serviceAccountName")
        if account.text != label.text:
            yield account.finding(f"must be {label.text}")


def jobs_run_what_their_image_has(deployment: Deployment) -> Iterator[Finding]:
    """The image's own command serves requests, so that a Job without a command never ends."""
    for job in deployment.of_kind(JOB):
        function = deployment.functions.get(function_of(job))
        for container in containers(job):
            command = [word.text for word in container["command"]]
            if job.at("metadata.labels")[PHASE_LABEL].text == "migrate":
                yield from _wrong_migration(container)
            elif command[:2] != ["python", "-m"] or (function and not function.modules & {*command[2:3]}):
                yield container["command"].finding("must be python -m MODULE, with a module of the function")


def _wrong_migration(container: Node) -> Iterator[Finding]:
    words = [word.text for word in container["command"]]
    if (words[:1], words[-1:]) != (["dbmate"], ["up"]):
        yield container["command"].finding("must begin with dbmate and end with up")
    folders = [entry["value"].text for entry in container["env"] if entry["name"].text == "DBMATE_MIGRATIONS_DIR"]
    if folders != ["migrations"]:
        yield container["env"].finding("DBMATE_MIGRATIONS_DIR must be migrations, the folder in the image")
