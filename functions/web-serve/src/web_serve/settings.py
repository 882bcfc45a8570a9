"""Configuration from environment variables; their names are those of Knative and of the manifests."""

from pathlib import Path

from battlescope_events.access.settings import EdgeSettings


class Settings(EdgeSettings):
    """What web-serve needs.

    site_folder: the build of the web app; by default where the image has it, beside the code.
    build_state_file: what the build beside local mode writes about itself; elsewhere there is none.
    """

    site_folder: Path = Path("site")
    build_state_file: Path | None = None
