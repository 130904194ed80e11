"""Imports point one way: the walls of the house, walked by reading the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import musicae

ROOT = Path(musicae.__file__).parent

LEVELS: tuple[set[str], ...] = (
    {"errors"},
    {"seeds", "cpu", "checked_json", "inputs"},
    {"storage", "config", "music", "networks"},
    {"presets", "objectives", "settings", "corpus", "render"},
    {"model"},
    {"training"},
    {"geometry"},
    {"clips"},
    {"verbs"},
    {"evaluation"},
    {"report"},
    {"experiments", "importers", "exporters", "studio", "live"},
    {"cli"},
    {"__main__"},
)
"""Rooms, lowest first. A room imports from rooms below it and from itself, never from one beside it or above."""

HEAVY = {"torch", "numpy", "rich", "symusic", "pretty_midi", "mido", "safetensors", "jaxtyping", "jinja2"}
"""What answering `--help` must not wait for."""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def statements(node: ast.AST, everywhere: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports under a node: all of them, or those that run when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
            continue
        typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
        function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if everywhere or not (typing_only or function):
            yield from statements(child, everywhere)


@cache
def imports(module: str, everywhere: bool = True) -> frozenset[str]:
    """The modules that a module imports by name, submodules rather than the packages they are taken from."""
    found = set()
    for statement in statements(ast.parse(FILES[module].read_text()), everywhere):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
            continue
        assert statement.level == 0, f"{module} has a relative import"
        source = str(statement.module)
        for alias in statement.names:
            submodule = f"{source}.{alias.name}"
            found.add(submodule if submodule in FILES else source)
    return frozenset(found)


def room(module: str) -> str:
    return module.split(".")[1]


def level(module: str) -> int:
    found = [number for number, rooms in enumerate(LEVELS) if room(module) in rooms]
    assert found, f"{module} stands in no room: give {room(module)} a level in {Path(__file__).name}"
    return found[0]


OURS = sorted(FILES.keys() - {"musicae"})  # the package itself holds the version, and imports lazily
ARROWS = [(a, b) for a in OURS for b in sorted(imports(a)) if b in OURS]


def test_no_arrow_points_up_or_sideways() -> None:
    wrong = [f"{a} imports {b}" for a, b in ARROWS if room(a) != room(b) and level(b) >= level(a)]
    assert not wrong


def test_there_is_no_cycle() -> None:
    graph = TopologicalSorter({a: {b for source, b in ARROWS if source == a and b != a} for a in OURS})
    cycle: list[str] = []
    try:
        graph.prepare()
    except CycleError as error:
        cycle = error.args[1]
    assert not cycle, " -> ".join(cycle)


def defined(module: str) -> Iterator[str]:
    """The public names that a module defines at its top level."""
    for node in ast.parse(FILES[module].read_text()).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name


def test_a_public_name_is_defined_in_one_module() -> None:
    homes: dict[str, list[str]] = {}
    for module in OURS:
        for name in {name for name in defined(module) if not name.startswith("_")}:
            homes.setdefault(name, []).append(module)
    # Every command's file has the same few names: they are the interface by which the program registers it.
    command = {"app", "command", "EXAMPLES", "build"}
    assert not {name: found for name, found in homes.items() if len(found) > 1 and name not in command}


def test_the_package_has_few_modules_at_its_top_level() -> None:
    assert len([module for module in FILES if module.count(".") == 1 and FILES[module].name != "__init__.py"]) <= 12


def test_music_never_meets_torch() -> None:
    music = [module for module in OURS if room(module) == "music"]
    assert not [module for module in music if "torch" in {name.split(".")[0] for name in imports(module)}]


def test_commands_and_presets_import_nothing_heavy() -> None:
    todo = [module for module in OURS if room(module) in ("cli", "presets", "__main__")]
    seen: set[str] = set()
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        at_import = imports(module, everywhere=False)
        assert not {name.split(".")[0] for name in at_import} & HEAVY, f"{module} imports {sorted(at_import)}"
        parents = {name.rpartition(".")[0] for name in at_import if name in FILES}
        todo += [name for name in at_import | parents if name in FILES]


def test_the_walk_agrees_with_the_interpreter() -> None:
    code = f"import sys, musicae.cli.app, musicae.presets; print(sorted({HEAVY!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_the_python_api_is_there_when_asked_for() -> None:
    from musicae.model import Model, load
    from musicae.music.score import Score

    assert (musicae.load, musicae.Model, musicae.Score) == (load, Model, Score)
    with pytest.raises(AttributeError, match="sing"):
        musicae.sing  # noqa: B018
