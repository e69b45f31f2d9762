"""What would fail, or differ, on another system, read in the source: the matrix of CI cannot be run here."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# What the matrix of CI runs on Windows and macOS too.
TESTED = ["data", "explain", "judge", "models", "show", "network"]
PACKAGE = list(ROOT.glob("musiclime/**/*.py"))
TESTS = [*ROOT.glob("tests/*.py"), *(path for name in TESTED for path in ROOT.glob(f"tests/{name}/*.py"))]

POSIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "spwd", "syslog", "termios", "tty"}
POSIX_NAMES = {
    "os": {
        *(
            "chown",
            "chroot",
            "fork",
            "forkpty",
            "getegid",
            "geteuid",
            "getgid",
            "getloadavg",
            "getpgid",
            "getuid",
        ),
        *("killpg", "lchown", "mkfifo", "nice", "posix_fallocate", "posix_spawn", "sched_getaffinity"),
        *(
            "sched_setaffinity",
            "setgid",
            "setpgid",
            "setsid",
            "setuid",
            "sysconf",
            "uname",
            "wait",
            "wait3",
            "wait4",
        ),
    },
    "signal": {
        "SIGALRM",
        "SIGCHLD",
        "SIGHUP",
        "SIGKILL",
        "SIGPIPE",
        "SIGSTOP",
        "SIGUSR1",
        "SIGUSR2",
        "alarm",
    },
}
TEXT_MODE = re.compile(r"[rwxat+]+")
LINUX_FOLDERS = re.compile(r"/(tmp|proc|dev|sys|var|home|etc)\b(/|$)")


def guarded(path: list[ast.AST]) -> bool:
    """Whether a node stands where its failure is expected: in a try, a suppress, or under a question."""
    for outer, inner in zip(path, path[1:], strict=False):
        if isinstance(outer, ast.Try) and inner in outer.body and outer.handlers:
            return True
        if isinstance(outer, ast.With) and "suppress" in ast.unparse(outer.items[0]):
            return True
        asks = isinstance(outer, ast.If | ast.IfExp) and inner is not outer.test
        if asks and re.search(r"sys\.platform|os\.name|hasattr|resource", ast.unparse(outer.test)):
            return True
        # A test that says where it runs.
        for decorator in getattr(outer, "decorator_list", []):
            if re.search(r"skipif\(.*(sys\.platform|resource|hasattr)", ast.unparse(decorator)):
                return True
    return False


def posix_only(node: ast.AST) -> str:
    """What a node needs that only POSIX systems have, or ""."""
    if isinstance(node, ast.Import):
        return ", ".join(name.name for name in node.names if name.name in POSIX_MODULES)
    if isinstance(node, ast.ImportFrom):
        names = POSIX_NAMES.get(node.module or "", set())
        if node.module in POSIX_MODULES and node.level == 0:
            return str(node.module)
        return ", ".join(name.name for name in node.names if name.name in names)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        module = node.value.id
        return f"{module}.{node.attr}" if node.attr in POSIX_NAMES.get(module, ()) else ""
    if isinstance(node, ast.Call) and ast.unparse(node).startswith("ctypes.CDLL(None)"):
        return "ctypes.CDLL(None)"
    return ""


def without_encoding(node: ast.AST) -> str:
    """A call that reads or writes text in whatever encoding the system prefers, or ""."""
    if not isinstance(node, ast.Call):
        return ""
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    if "encoding" in named or None in named:
        return ""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    modes = node.args[1:2] if isinstance(node.func, ast.Name) else node.args[:1]
    mode = named.get("mode") or (modes[0] if modes else ast.Constant("r"))
    is_text = isinstance(mode, ast.Constant) and bool(TEXT_MODE.fullmatch(str(mode.value)))
    is_open = method == "open" or isinstance(node.func, ast.Name) and node.func.id == "open"
    if is_open and is_text:
        return ast.unparse(node)
    if (method == "read_text" and not node.args) or (method == "write_text" and len(node.args) == 1):
        return ast.unparse(node)
    if "text" in named and ast.unparse(node.func).startswith("subprocess."):
        return ast.unparse(node)
    return ""


def fixed_folder(node: ast.AST) -> str:
    """A folder of one system written out, or a temporary name that another process may take, or ""."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and LINUX_FOLDERS.match(node.value):
        return node.value
    if isinstance(node, ast.Call) and ast.unparse(node.func) in (
        "tempfile.mktemp",
        "os.tmpnam",
        "os.tempnam",
    ):
        return ast.unparse(node)
    return ""


def findings(source: str, question) -> list[str]:
    """Line and text of each unguarded node of which the question finds something."""
    found = []

    def visit(node: ast.AST, path: list[ast.AST]) -> None:
        path = [*path, node]
        told = question(node)
        if told and not guarded(path):
            found.append(f"{node.lineno}: {told}")
        for child in ast.iter_child_nodes(node):
            visit(child, path)

    visit(ast.parse(source), [])
    return found


@pytest.mark.parametrize(
    "question, files",
    [
        (posix_only, PACKAGE + TESTS),
        # The tests run with Python's UTF-8 mode, and name folders of a system as what is to be refused.
        (without_encoding, PACKAGE),
        (fixed_folder, PACKAGE),
    ],
)
def test_nothing_needs_one_system(question, files):
    assert len(PACKAGE) > 40 and len(TESTS) > 20
    found = {}
    for path in files:
        if path != Path(__file__):
            told = findings(path.read_text(encoding="utf-8"), question)
            if told:
                found[str(path.relative_to(ROOT))] = told
    assert found == {}


@pytest.mark.parametrize(
    "source, question, count",
    [
        ("import resource", posix_only, 1),
        ("try:\n    import resource\nexcept ImportError:\n    resource = None", posix_only, 0),
        ("from os import fork, getpid", posix_only, 1),
        ("os.sched_getaffinity(0)", posix_only, 1),
        ("if hasattr(os, 'fork'):\n    os.fork()", posix_only, 0),
        ("if hasattr(os, 'fork'):\n    pass\nos.fork()", posix_only, 1),
        ("with suppress(OSError):\n    ctypes.CDLL(None).mallopt(1, 1)", posix_only, 0),
        ("try:\n    pass\nfinally:\n    os.kill(1, signal.SIGKILL)", posix_only, 1),
        ("open(path)", without_encoding, 1),
        ("open(path, 'rb')", without_encoding, 0),
        ("path.open('w')", without_encoding, 1),
        ("path.open(encoding='utf-8')", without_encoding, 0),
        ("Image.open(path)", without_encoding, 0),
        ("path.read_text()", without_encoding, 1),
        ("path.read_text('utf-8')", without_encoding, 0),
        ("path.write_text(text)", without_encoding, 1),
        ("subprocess.run(command, text=True)", without_encoding, 1),
        ("a = '/tmp/x'", fixed_folder, 1),
        ("a = '/temporal'", fixed_folder, 0),
        ("tempfile.mktemp()", fixed_folder, 1),
        ("tempfile.mkdtemp()", fixed_folder, 0),
    ],
)
def test_what_is_looked_for_is_found(source, question, count):
    assert len(findings(source, question)) == count
