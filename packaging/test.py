"""Run all gates and tests from a checkout: `python3 packaging/test.py [arguments of pytest]`.

Set-up is done as for run.py, with a Redis server as well. Every gate runs whatever the ones before said;
pytest comes last, so that its closing line is the last. Exit code: pytest's; 1 where only a gate failed; 2
where something must be installed by hand first.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # Python leaves it out under PYTHONSAFEPATH

from interpreter import ensure_supported_python


def main() -> int:
    ensure_supported_python()
    from environment import PROJECT, child_environment, ensure_environment
    from qt_libraries import check_qt_libraries
    from system_packages import SetupError

    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    try:
        check_qt_libraries()
        _check_redis_server()
        python = str(ensure_environment("test"))
    except SetupError as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130

    strict = [f"kis_terminal/{name}" for name in ("domain", "ports", "services", "adapters")]
    gates = {
        "format": ["ruff", "format", "--check", "--output-format", "concise"],
        "lint": ["ruff", "check"],
        "types": ["mypy", *strict],
    }
    failed = []
    warmer = _start_compiling(python)
    for name, arguments in gates.items():
        print(f"== {name}: {' '.join(arguments)}", flush=True)
        if _run([python, "-m", *arguments], PROJECT, child_environment()) != 0:
            failed.append(name)
    if failed:
        print(f"== GATES FAILED: {', '.join(failed)} (see above)", flush=True)
    print("== tests", flush=True)
    # Two at a time halve the suite; a file stays on one of them, so that it makes its servers once. A worker
    # that crashed would try the same file again and again.
    shared = ["-n", "2", "--dist", "loadfile", "--max-worker-restart", "0"]
    code = _run_tests([python, "-m", "pytest", *shared, *sys.argv[1:]], PROJECT, child_environment())
    warmer.communicate()  # it ends when its standard input closes, also in the midst of its work
    return code or (1 if failed else 0)


def _start_compiling(python: str) -> subprocess.Popen:
    """Have the backtest engine compiled while the gates run: both pytest workers would do it, and wait."""
    from environment import PROJECT, child_environment

    return subprocess.Popen(
        [python, "-m", "kis_terminal.cli.backtest_warmer"],
        cwd=str(PROJECT),
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _run(command: list, folder: object, environment: dict) -> int:
    try:
        return subprocess.run(
            command, cwd=str(folder), env=environment, stdin=subprocess.DEVNULL, check=False
        ).returncode
    except KeyboardInterrupt:
        return 130


def _run_tests(command: list, folder: object, environment: dict) -> int:
    """Run pytest in a process group of its own, and end what it leaves there.

    The servers of a worker that crashed would hold our output open, and whoever reads that would wait on.
    """
    if sys.platform == "win32":
        return _run(command, folder, environment)
    tests = subprocess.Popen(
        command, cwd=str(folder), env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        return tests.wait()
    except KeyboardInterrupt:
        os.killpg(tests.pid, signal.SIGINT)
        tests.wait()
        return 130
    finally:
        with contextlib.suppress(ProcessLookupError):  # as it should be: nothing is left
            os.killpg(tests.pid, signal.SIGKILL)


def _check_redis_server() -> None:
    """See that a Redis server (or one of its equals) can be started; raise SetupError otherwise."""
    from system_packages import SetupError, install_debian_packages

    if any(shutil.which(name) for name in ("redis-server", "valkey-server", "memurai")):
        return
    by_hand = {"darwin": "brew install redis", "win32": "winget install Memurai.MemuraiDeveloper"}
    if sys.platform in by_hand:
        raise SetupError(f"The tests need a Redis server. Install it with:\n  {by_hand[sys.platform]}")
    install_debian_packages(["redis-server"], "the Redis server that the tests use")


if __name__ == "__main__":
    sys.exit(main())
