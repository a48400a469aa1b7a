"""The shape of the program, held by reading its source: who may import whom, and what each room may not do."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "bot").rglob("*.py"))
}

# Each row may import the rows above it, and nothing else of bot; the modules of one house may import each other.
ROWS = """
    emulator
    core
    clock ids message toml calendars totp
    config store render outward wire
    delivery chat drawing second_route forwarding
    clinic
    inbox ticks heartbeat upkeep health web
    app
    desk service explain rehearse play simulation setup
    demo
    prove
    cli
    __main__
"""
# A house of several modules, beside the folders.
HOUSES = {
    "config_keys": "config",
    "config_readers": "config",
    "config_together": "config",
    "questionnaire_folder": "config",
    "alarming": "ticks",
    "announcing": "ticks",
    "cli_clinic": "cli",
    "cli_ledger": "cli",
    "cli_options": "cli",
    "clinic_closures": "clinic",
    "clinic_import": "clinic",
    "clinic_ledger": "clinic",
    "clinic_login": "clinic",
    "clinic_today": "clinic",
    "clinic_series": "clinic",
    "cli_sessions": "cli",
    "population": "simulation",
    "clinic_people": "clinic",
    "clinic_plan": "clinic",
    "cli_people": "cli",
    "cli_upkeep": "cli",
    "cli_keys": "cli",
    "cli_erase": "cli",
    "erasing": "upkeep",
    "retaining": "upkeep",
    "erasing_now": "desk",
    "clinic_erasing": "clinic",
    "cli_audit": "cli",
    "auditing": "desk",
    "backing_up": "desk",
    "keeping_keys": "upkeep",
    "offering": "ticks",
    "gate": "inbox",
    "raw": "inbox",
    "metrics": "health",
    "doctor": "desk",
    "cli_prove": "cli",
    "cli_export": "cli",
    "exporting": "desk",
    "sbom": "desk",
    "calling": "ticks",
    "checkin_due": "ticks",
    "logs": "service",
    "drafting": "desk",
}

# A library, and the houses that may use it. The connection's type and `select` may be named where a transaction is
# described; everything that runs one is in store.
DOORS = {
    "telegram": "app chat delivery desk inbox outward prove service wire",
    "sqlalchemy": "chat clinic delivery demo desk inbox prove rehearse store ticks web",
    "alembic": "prove store",
    "cryptography": "store",
    "sqlite3": "store",
    "sqlcipher3": "store",
    "apscheduler": "app",
    "aiohttp": "demo emulator health heartbeat wire",
    "jinja2": "render",
    "babel": "render",
    "click": "cli demo",
    "rich": "demo prove",
    "segno": "desk web",
    "tzdata": "store",
    "xlsxwriter": "desk",
    "fhir": "desk",
    "matplotlib": "drawing",
    "dateutil": "core",
    "icalendar": "calendars",
    "starlette": "web",
    "uvicorn": "web",
    "recurring_ical_events": "calendars",
    "random": "emulator prove simulation",
    "secrets": "ids",
    "time": "desk emulator prove",
    "argparse": "emulator",
    "logging": "app delivery forwarding heartbeat inbox prove second_route service ticks upkeep web",
    "subprocess": "prove",
    "apsw": "prove",
    "hypothesis": "prove",
    "pickle": "",
    "marshal": "",
    "shelve": "",
    "yaml": "",
    "requests": "",
    "httpx": "",
}

PURE = (
    "bot collections dataclasses datetime dateutil difflib functools itertools json math operator re statistics typing "
    "zlib zoneinfo"
)
"""All that core may import. `json` only as text to values; `zoneinfo` reads constants; `zlib` for a checksum;
`dateutil` for its calendar, never for its zones.
"""

MOST_LINES, LONGEST_FUNCTION = 400, 50


@cache
def tree(module: str) -> ast.Module:
    """The syntax of a module."""
    return ast.parse(SOURCES[module].read_text(encoding="utf-8"))


def house(module: str) -> str:
    """The part of the program a module belongs to: "chat" of bot.chat.door."""
    name = module.split(".")[1] if "." in module else ""
    return HOUSES.get(name, name)


@cache
def imports(module: str) -> tuple[str, ...]:
    """Every module it imports, also inside functions; of bot's the module itself, not the name taken from it."""
    return tuple(_imported(module))


def _imported(module: str) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively, line {node.lineno}"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in SOURCES else node.module


def own_imports(module: str) -> set[str]:
    """What it imports of bot."""
    return {name for name in imports(module) if name.split(".")[0] == "bot"} - {module}


@cache
def calls(module: str) -> list[tuple[str, int]]:
    """What is called, as written: "open", "datetime.now"; and where."""
    found = (node for node in ast.walk(tree(module)) if isinstance(node, ast.Call))
    return [(ast.unparse(node.func), node.lineno) for node in found]


CORE = [module for module in SOURCES if house(module) == "core"]
RANK = {name: row for row, names in enumerate(ROWS.split("\n")) for name in names.split()}


def test_every_module_has_its_place() -> None:
    assert {house(module) for module in SOURCES} - {""} == RANK.keys()


def test_imports_go_one_way() -> None:
    upward = [
        f"{module} -> {name}"
        for module in SOURCES
        for name in own_imports(module)
        if house(name) and house(name) != house(module) and RANK[house(name)] >= RANK.get(house(module), 0)
    ]
    assert upward == []


def test_the_emulator_knows_nothing_of_the_bot() -> None:
    for module in SOURCES:
        if house(module) == "emulator":
            assert {house(name) for name in own_imports(module)} <= {"emulator"}, module


def test_core_imports_only_core() -> None:
    assert {house(name) for module in CORE for name in own_imports(module)} == {"core"}


def test_nothing_imports_in_a_circle() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for name in own_imports(module) & SOURCES.keys():
                visit(name, (*path, module))
            done.add(module)

    for module in SOURCES:
        visit(module, ())


@pytest.mark.parametrize("library", DOORS)
def test_a_library_is_used_only_behind_its_door(library: str) -> None:
    users = {
        house(module) for module in SOURCES if library in {name.split(".")[0] for name in imports(module)} - {"bot"}
    }
    assert users == set(DOORS[library].split())


# ------------------------------------------------------------------------------------------------ purity


def test_core_uses_only_what_is_pure() -> None:
    assert {name.split(".")[0] for module in CORE for name in imports(module)} <= set(PURE.split())


def test_core_waits_for_nothing_and_touches_nothing() -> None:
    words = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Global, ast.Nonlocal)
    found = [f"{m}:{node.lineno}" for m in CORE for node in ast.walk(tree(m)) if isinstance(node, words)]
    touching = {"open", "print", "input", "exec", "eval", "compile", "__import__", "globals", "vars"}
    assert found + [f"{m}:{line} {name}" for m in CORE for name, line in calls(m) if name in touching] == []


WATCH = "bot.prove.watch"
CLOCKS = (".now", ".utcnow", ".today", "time.time", ".monotonic", ".perf_counter", "uuid4", "urandom")


def test_only_the_clock_knows_the_time() -> None:
    """A clock that was handed over is asked by its name: `clock.now()`, `self._clock.now()`."""
    elsewhere = [module for module in SOURCES if house(module) not in ("clock", "ids", "emulator") and module != WATCH]
    asked = [(module, line, name) for module in elsewhere for name, line in calls(module) if name.endswith(CLOCKS)]
    assert [one for one in asked if not one[2].endswith("clock.now")] == []


def test_nothing_is_run_that_was_read() -> None:
    running = {"eval", "exec", "compile", "os.system", "os.popen"}
    assert [f"{m}:{line} {name}" for m in SOURCES for name, line in calls(m) if name in running] == []


# ------------------------------------------------------------------------------------------------ size, words


def functions(module: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a module, methods and inner ones too."""
    return (node for node in ast.walk(tree(module)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_modules_and_functions_are_short() -> None:
    lines = {module: path.read_text(encoding="utf-8").count("\n") for module, path in SOURCES.items()}
    assert {module: n for module, n in lines.items() if n > MOST_LINES} == {}
    lengths = {f"{m}.{f.name}": (f.end_lineno or 0) - f.lineno + 1 for m in SOURCES for f in functions(m)}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}


def test_every_module_and_public_name_says_what_it_is() -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    named = [(m, node) for m in SOURCES for node in tree(m).body if isinstance(node, kinds)]
    public = [(module, node) for module, node in named if not node.name.startswith("_")]
    assert [module for module in SOURCES if not ast.get_docstring(tree(module))] == []
    assert [f"{module}.{node.name}" for module, node in public if not ast.get_docstring(node)] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {part for module in SOURCES for part in module.split(".")}
    assert parts & {"utils", "helpers", "common", "manager", "base", "misc", "types"} == set()


LEFT_OUT = {"time.sleep", *(f"pytest.{name}" for name in ("skip", "xfail", "mark.skip", "mark.skipif", "mark.xfail"))}


def test_the_tests_wait_for_nothing_and_leave_nothing_out() -> None:
    for path in sorted((ROOT / "tests").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("sleep", "skip", "skipif", "xfail"):
                assert ast.unparse(node) not in LEFT_OUT, path.name
