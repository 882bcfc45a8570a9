"""Topics of `prerequisites.yaml`, which lists what the manifests beside it need and do not create."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import yaml

from battlescope_local.manifests.fields import Fields, ManifestError, SourceLocation

PREREQUISITES: Final = "prerequisites.yaml"
# A node creates its stores and Secrets itself, and one machine has no other pods.
IGNORED_SECTIONS: Final = ("kafka", "buckets", "databases", "secrets", "workloads", "objects")


@dataclass(frozen=True, slots=True)
class ListedTopic:
    """A topic that neither Knative nor a function creates; `config` has Kafka's settings, such as `retention.ms`."""

    partitions: int
    config: Mapping[str, str] = field(default_factory=dict[str, str])


class ListedTopics:
    """The topics of one file by name; none where there is no file."""

    def __init__(self, topics: Mapping[str, ListedTopic]) -> None:
        self._topics = topics

    def find(self, name: str, location: SourceLocation) -> ListedTopic:
        """The topic that the manifest names at `location`.

        Raises:
            ManifestError: the file does not list it.
        """
        if name not in self._topics:
            location.fail(f"{PREREQUISITES} lists no topic {name}")
        return self._topics[name]


def listed_topics(folder: Path) -> ListedTopics:
    """Read the file of a kustomization's folder.

    Raises:
        ManifestError: the file is invalid.
    """
    file = folder / PREREQUISITES
    if not file.is_file():
        return ListedTopics({})
    location = SourceLocation(PREREQUISITES, "prerequisites")
    with Fields(_parse(file), location) as fields:
        fields.ignore(IGNORED_SECTIONS)
        topics = dict[str, ListedTopic]()
        for name, topic in _topics(fields):
            if name in topics:
                (location / "topics").fail(f"lists {name} twice")
            topics[name] = topic
    return ListedTopics(topics)


def _topics(fields: Fields) -> Iterator[tuple[str, ListedTopic]]:
    for topic in fields.mappings("topics"):
        with topic:
            topic.ignore(["used_by", "replication"])  # for people, and for the environments of a cluster
            name, partitions = topic.text("name"), topic.integer("partitions")
            if partitions < 1:
                (topic.location / "partitions").fail("must be at least 1")
            yield name, ListedTopic(partitions, topic.text_map("config"))


def _parse(file: Path) -> object:
    try:
        return cast("object", yaml.safe_load(file.read_text()))
    except yaml.YAMLError as error:
        raise ManifestError(f"{PREREQUISITES}: is not YAML: {error}") from error
