"""The `hallmark` command as a process: what it loads, and who reads what it says."""

import subprocess
import sys
from pathlib import Path

from tests.support.stack import fresh_environ


def test_a_list_of_commands_imports_nothing_heavy() -> None:
    code = "import sys; from hallmark_cli.main import run; run(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    heavy = {"onnxruntime", "numpy", "opentelemetry.sdk", "uvloop", "fastapi", "jinja2", "yaml", "rich.progress"}
    assert heavy.isdisjoint(done.stdout.split())


def test_ctrl_c_while_the_command_still_imports_is_no_traceback(tmp_path: Path) -> None:
    # Stands for typer, which is imported early: interrupted there, as by a user who is quicker.
    (tmp_path / "typer.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from hallmark_cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_reader_that_leaves_is_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hallmark_cli", "models", "list", "--json"]
    process = subprocess.Popen(command, env=fresh_environ(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    with process:
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_terminal_that_is_not_utf_8_is_told_verdicts_apart_and_whole_json(tmp_path: Path) -> None:
    code = (
        "from hallmark_cli import main, output; from hallmark_cli.render.verdict import verdict_text\n"
        "def said(_):\n"
        "    output.write_lines(map(verdict_text, ('pass', 'violated', 'unknown', '')))\n"
        "    output.write_lines([output.Text('▏█ a · b → Zürich')])\n"
        "    output.write_json({'city': 'Zürich'})\n"
        "    return 0\n"
        "main.run = said; main.main()"
    )
    environ = fresh_environ(tmp_path) | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True, env=environ)
    assert done.stderr == b""
    assert done.stdout.decode("ascii").splitlines() == [
        *("+ pass", "x violated", "? unknown", "- not judged"),
        "## a - b > Z?rich",
        '{"city": "Z\\u00fcrich"}',
    ]
