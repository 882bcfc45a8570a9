"""What a declaration in `knative/declarations/` may say about its function."""

from dataclasses import dataclass
from typing import Annotated, Final, Generic, Self, TypeVar, cast

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from battlescope_local.manifests.labels import BACKGROUND_SUFFIX
from battlescope_local.manifests.typed_yaml import TypedEntry

NAMESPACE: Final = "battlescope"

T = TypeVar("T")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,51}$")]
Sentence = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Cpu = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*m?$")]
Mebibytes = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*Mi$")]
Duration = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*[sm]$")]
EventTypeName = Annotated[str, StringConstraints(pattern=r"^com\.battlescope\.[a-z.-]+\.v[1-9][0-9]*$")]
Path = Annotated[str, StringConstraints(pattern=r"^/[a-z0-9/-]*$")]
Count = Annotated[int, Field(ge=1)]


class Explained(TypedEntry, Generic[T]):
    """A value and why it is that; the generated manifest repeats the reason as a comment."""

    value: T
    why: Sentence | None = None


def _without_reason(raw: object) -> object:
    is_mapping = isinstance(raw, dict)
    return cast("object", raw) if is_mapping else {"value": raw}


ExplainedText = Annotated[Explained[str], BeforeValidator(_without_reason)]
ExplainedName = Annotated[Explained[Name], BeforeValidator(_without_reason)]
ExplainedCount = Annotated[Explained[Count], BeforeValidator(_without_reason)]
ExplainedDuration = Annotated[Explained[Duration], BeforeValidator(_without_reason)]
ExplainedCpu = Annotated[Explained[Cpu], BeforeValidator(_without_reason)]
ExplainedMebibytes = Annotated[Explained[Mebibytes], BeforeValidator(_without_reason)]


class Scale(TypedEntry):
    """`target` requests at once in a pod start another one; `concurrency` is the most that a pod gets."""

    target: ExplainedCount
    concurrency: ExplainedCount
    max_pods: ExplainedCount
    keep_last_pod: ExplainedDuration | None = None


class CpuBounds(TypedEntry):
    request: Cpu
    limit: Cpu


class MemoryBounds(TypedEntry):
    request: Mebibytes
    limit: Mebibytes


class Resources(TypedEntry):
    """`scratch` is a writable /tmp of this size; without it the pod can write nothing."""

    cpu: CpuBounds
    memory: MemoryBounds
    scratch: ExplainedMebibytes | None = None


class Trigger(TypedEntry):
    """Events of a Broker for the function. The name is that of a consumer group: a new one starts at new events."""

    name: Name
    broker: Name
    types: Annotated[tuple[EventTypeName, ...], Field(min_length=1)]
    ordered: bool = False
    why: Sentence | None = None


class Background(TypedEntry):
    """A second Service of the function for work that may wait, with the same image, role and settings.

    Its pods have a small share of a busy node's CPU, and no other event waits in a process that works through a batch.
    `target`: that of its pods, where it is not that of the function.
    """

    why: Sentence
    cpu_request: ExplainedCpu
    max_pods: ExplainedCount
    target: ExplainedCount | None = None
    triggers: Annotated[tuple[Trigger, ...], Field(min_length=1)]


class Timer(TypedEntry):
    """Timer events for the function; `task` becomes their extension of that name."""

    name: Name
    schedule: str
    task: Name | None = None
    why: Sentence | None = None


class Job(TypedEntry):
    """A command that runs once in each release, beside the migrations."""

    name: Name
    purpose: Sentence
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    secrets: tuple[Name, ...] = ()
    config_maps: tuple[Name, ...] = ()
    resources: Resources


@dataclass(frozen=True, slots=True)
class ServicePart:
    """One Service of a function and the Triggers that send to it."""

    name: str
    purpose: str
    scale: Scale
    resources: Resources
    triggers: tuple[Trigger, ...]


class Declaration(TypedEntry):
    """A function. Its name is that of the file; `owner` runs the migrations of the context's database.

    A function without a context has no database.
    """

    name: Name
    purpose: Sentence
    context: Name | None = None
    owner: bool = False
    secrets: tuple[Name, ...] = ()
    config_maps: tuple[Name, ...] = ()
    env: dict[str, ExplainedText] = Field(default_factory=dict[str, ExplainedText])
    scale: Scale
    timeout_seconds: ExplainedCount = Explained[Count](value=60)
    resources: Resources
    publishes_to: ExplainedName | None = None
    triggers: tuple[Trigger, ...] = ()
    background: Background | None = None
    timers: tuple[Timer, ...] = ()
    paths: tuple[Path, ...] = ()
    jobs: tuple[Job, ...] = ()

    @model_validator(mode="after")
    def _owner_has_context(self) -> Self:
        if self.owner and self.context is None:
            raise ValueError("an owner needs a context, whose database it migrates")
        return self

    @property
    def services(self) -> tuple[ServicePart, ...]:
        """The Service with the name of the function, then the one for background work where it is declared."""
        own = ServicePart(self.name, self.purpose, self.scale, self.resources, self.triggers)
        if self.background is None:
            return (own,)
        background = ServicePart(
            self.name + BACKGROUND_SUFFIX,
            self.background.why,
            self.scale.model_copy(
                update={"max_pods": self.background.max_pods, "target": self.background.target or self.scale.target}
            ),
            self.resources.model_copy(
                update={"cpu": self.resources.cpu.model_copy(update={"request": self.background.cpu_request.value})}
            ),
            self.background.triggers,
        )
        return (own, background)

    @property
    def database(self) -> str:
        """The name of the database; empty without a context."""
        return f"battlescope_{self.context}" if self.context else ""

    @property
    def database_secret(self) -> str:
        """The Secret with the function's role there; empty without a context."""
        return f"{self.name}-database" if self.context else ""
