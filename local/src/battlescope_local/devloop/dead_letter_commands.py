"""`battlescope dead-letters`: list, group, show, replay and discard the events that no function accepted."""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from battlescope_local.arguments import positive
from battlescope_local.command_name import typed_command
from battlescope_local.errors import UserError
from battlescope_local.node import state
from battlescope_local.node.client import request_json, send_json
from battlescope_local.text_output import print_text

PATH: Final = "/node/dead-letters"
ALL: Final = "all"
MAX_LETTERS: Final = 100_000
CHANGE_TIMEOUT: Final = 3600.0  # seconds: a function may take its Trigger's timeout for each letter
ACTIONS: Final = ("list", "groups", "show", "replay", "discard")
Letter = Mapping[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=ACTIONS, default="list", help="default: list")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="letters to show, replay or discard; `all`: all open ones"
    )
    parser.add_argument("--limit", type=positive, default=20, help="number of events to list (default: 20)")
    parser.add_argument("--all", action="store_true", help="list letters that were replayed or discarded, too")
    parser.add_argument("--json", action="store_true", help="one JSON object per line, with attributes and payload")
    parser.add_argument("--reason", metavar="TEXT", help="replay or discard the open letters whose reason contains it")
    start_help = "replay to the function that failed, or to all that consume the event (default: function)"
    parser.add_argument("--from", dest="start", choices=("function", "beginning"), default="function", help=start_help)
    parser.add_argument("--note", help="why letters are discarded")


def run(node: state.NodeState, arguments: argparse.Namespace) -> None:
    match arguments.action:
        case "groups":
            _print_groups(_letters(node, everything=arguments.all), as_json=arguments.json)
        case "show":
            _show(_letters(node, everything=True), arguments.names)
        case "replay":
            _change(node, arguments, {"action": "replay", "start": arguments.start})
        case "discard":
            if not (arguments.note or "").strip():
                raise UserError("--note says why the letters are discarded; it stays with them.")
            _change(node, arguments, {"action": "discard", "note": arguments.note})
        case _:
            _print_list(node, arguments)


def _letters(node: state.NodeState, *, everything: bool, limit: int = MAX_LETTERS) -> list[Letter]:
    return request_json(node, f"{PATH}?limit={limit}{'&all=true' if everything else ''}")


def _print_list(node: state.NodeState, arguments: argparse.Namespace) -> None:
    letters = _letters(node, everything=arguments.all, limit=arguments.limit)
    for letter in letters:
        print(json.dumps(letter)) if arguments.json else print_text(letter_text(letter))
    if not letters and not arguments.json:
        print("There are no open dead letters.")


def letter_text(letter: Letter) -> str:
    """Two lines, the second with the ids, the first with the rest."""
    subscriber = letter["destination"]
    destination = f" -> {subscriber} ({letter['code'] or 'no response'})" if subscriber else ""
    subject = f" of {letter['subject']}" if letter["subject"] else ""
    resolution = f" [{letter['resolution']}]" if letter["resolution"] else ""
    reason = letter["reason"] or letter["data"]
    first = f"{letter['name']} {letter['time']} {letter['type']}{subject}{destination}: {reason}{resolution}"
    return f"{first}\n    event {letter['id']}, trace {letter['traceId'] or 'unknown'}, record {letter['record']}"


def group_letters(letters: Sequence[Letter]) -> list[tuple[str, str, list[Letter]]]:
    """Type, reason without its variable parts, and letters of each group; the largest group first."""
    groups: defaultdict[tuple[str, str], list[Letter]] = defaultdict(list)
    for letter in letters:
        groups[letter["type"], letter["group"]].append(letter)
    return sorted(((*key, members) for key, members in groups.items()), key=lambda group: -len(group[2]))


def _print_groups(letters: Sequence[Letter], *, as_json: bool) -> None:
    for event_type, reason, members in group_letters(letters):
        names = [letter["name"] for letter in members]
        if as_json:
            print(json.dumps({"type": event_type, "reason": reason, "count": len(names), "names": names}))
        else:
            print_text(f"{len(names):6} {event_type}: {reason}\n       newest {names[-1]}, {members[-1]['time']}")
    if not letters and not as_json:
        print("There are no open dead letters.")


def _show(letters: Sequence[Letter], names: Collection[str]) -> None:
    by_name = {letter["name"]: letter for letter in letters}
    for name in names:
        if name not in by_name:
            raise UserError(f"There is no dead letter {name}; `{typed_command('dead-letters')}` lists them.")
    if not names:
        raise UserError("Name the letters to show.")
    for name in names:
        letter = by_name[name]
        print_text(letter_text(letter))
        for attribute, value in sorted(letter["attributes"].items()):
            print_text(f"    {attribute}: {value}")
        print_text(f"    payload: {letter['payload']}")


def _change(node: state.NodeState, arguments: argparse.Namespace, change: Mapping[str, Any]) -> None:
    names = chosen_names(_letters(node, everything=False), arguments.names, arguments.reason)
    outcomes = send_json(node, PATH, {**change, "names": names}, timeout=CHANGE_TIMEOUT)
    for outcome in outcomes:
        print_text(f"{outcome['name']}: {outcome['text']}")
    open_count = sum(not outcome["is_resolved"] for outcome in outcomes)
    print(f"{len(outcomes) - open_count} of {len(outcomes)} dead letters are resolved.")
    if open_count:
        sys.exit(1)


def chosen_names(letters: Sequence[Letter], names: Collection[str], reason: str | None) -> list[str]:
    """The named letters, all open ones, or those whose reason contains the text.

    Raises:
        UserError: nothing is chosen, or no open letter has such a reason.
    """
    if reason is None:
        if not names:
            raise UserError("Name the letters, or choose them with --reason; `all` stands for all open ones.")
        return [letter["name"] for letter in letters] if ALL in names else list(names)
    chosen = [letter["name"] for letter in letters if reason in (letter["reason"] or letter["data"])]
    if not chosen:
        raise UserError(f"No open dead letter has a reason with {reason!r}.")
    return chosen
