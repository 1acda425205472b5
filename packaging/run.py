"""Open KIS Terminal from a checkout: `python3 packaging/run.py [arguments of kis-terminal]`.

The first start does all set-up by itself; the next ones start at once. Exit code: the program's own, or 2
where something must be installed by hand first.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # Python leaves it out under PYTHONSAFEPATH

from interpreter import ensure_supported_python


def main() -> int:
    ensure_supported_python()
    from environment import child_environment, ensure_environment
    from qt_libraries import check_qt_libraries
    from system_packages import SetupError

    try:
        check_qt_libraries()
        python = ensure_environment("run")
    except SetupError as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    command = [str(python), "-m", "kis_terminal", *sys.argv[1:]]
    if os.name != "nt":
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(command[0], command, child_environment())  # noqa: S606 - arguments are passed on whole
    return _wait_for(command, child_environment())


def _wait_for(command: list, environment: dict) -> int:
    """Run the program as a child (Windows has no exec); Ctrl+C is the child's, which gets it as well."""
    child = subprocess.Popen(command, env=environment)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


if __name__ == "__main__":
    sys.exit(main())
