"""Writes the release of an environment: `make release ARGS="staging --registry PREFIX --digests FILE"`.

A release is the digest of each function's image. It comes from arguments, from a file, or from the release of another
environment, which promotes what was tried there.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from battlescope_local.devtools.project import ROOT
from battlescope_local.devtools.release_component import (
    Release,
    ReleaseError,
    check_release,
    read_component,
    unique_digests,
    workloads_of,
    write_component,
)
from battlescope_local.errors import USER_ERRORS
from battlescope_local.manifests import load

OVERLAYS: Final = ROOT / "knative" / "overlays"


def component_file(environment: str, overlays: Path = OVERLAYS) -> Path:
    """The component of an environment's overlay.

    Raises:
        ReleaseError: there is no such overlay.
    """
    existing = sorted(path.parent.name for path in overlays.glob("*/kustomization.yaml"))
    if environment not in existing:
        message = f"There is no overlay {environment} in {overlays}, only {', '.join(existing) or 'nothing'}."
        raise ReleaseError(message)
    return overlays / environment / "release" / "kustomization.yaml"


def release_of(options: argparse.Namespace) -> Release:
    """The release that the options name; `--image` replaces the digest that `--from-kustomization` has.

    Raises:
        ReleaseError: a file cannot be understood, a function occurs twice, or there is no registry.
    """
    previous = Release("", {})
    if options.from_kustomization:
        file: Path = options.from_kustomization
        previous = read_component(read_text(file), str(file))
    listed: Mapping[str, str] = (
        read_digests(read_text(options.digests), str(options.digests)) if options.digests else {}
    )
    named = unique_digests((_pair(text, "=") for text in options.image), "The command line")
    if both := sorted(set(listed) & set(named)):
        raise ReleaseError(f"Both --digests and --image name {', '.join(both)}.")
    registry: str = options.registry or previous.registry
    if not registry:
        raise ReleaseError("The release has no registry; name one with --registry.")
    return Release(registry, {**previous.digests, **listed, **named})


def read_text(file: Path) -> str:
    """The text of a file that a person named.

    Raises:
        ReleaseError: it cannot be read, or is no text.
    """
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise ReleaseError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ReleaseError(f"{file} is no text.") from error


def read_digests(text: str, source: str) -> Mapping[str, str]:
    """Digests by function, from lines of a function and its digest; empty lines and those after `#` are skipped."""
    lines = [line.strip() for line in text.splitlines()]
    return unique_digests((_pair(line, None) for line in lines if line and not line.startswith("#")), source)


def _pair(text: str, separator: str | None) -> tuple[str, str]:
    parts = text.split(separator)
    if len(parts) != 2:  # noqa: PLR2004  # a pair
        raise ReleaseError(f"{text!r} is not a function and its digest.")
    return parts[0], parts[1]


def parse_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="release", description="Write the release component of an overlay.")
    parser.add_argument("environment", help="the name of an overlay")
    parser.add_argument("--registry", default="", metavar="PREFIX", help="such as registry.example.org/battlescope")
    parser.add_argument("--image", action="append", default=[], metavar="FUNCTION=DIGEST", help="can be repeated")
    parser.add_argument("--digests", type=Path, metavar="FILE", help="lines of a function and its digest")
    parser.add_argument(
        "--from-kustomization", type=Path, metavar="FILE", help="a release component whose registry and digests apply"
    )
    parser.add_argument(
        "--allow-unpublished", action="store_true", help="accept digests of zeros, of images that do not exist yet"
    )
    parser.add_argument(
        "--overlays", type=Path, default=OVERLAYS, metavar="FOLDER", help="the overlays of a copy of knative/"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    try:
        file = component_file(options.environment, options.overlays)
        workloads, release = workloads_of(load(options.overlays.parent / "base")), release_of(options)
        check_release(release, workloads, allow_unpublished=options.allow_unpublished)
        file.parent.mkdir(exist_ok=True)
        file.write_text(write_component(release, workloads))
    except USER_ERRORS as error:
        sys.exit(str(error))
    print(f"{file.relative_to(options.overlays)}: {len(release.digests)} images, {len(workloads.jobs)} Jobs")


if __name__ == "__main__":
    main()
