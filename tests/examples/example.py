"""What the tests of examples/ share."""
import os
import pathlib
import subprocess
import sys
import traceback

SOURCE = pathlib.Path(os.environ["MBXCTL_SOURCE"])
EXAMPLES = SOURCE / "examples"
MBXCTL = os.environ["MBXCTL"]


def run(*command, **how):
    """Output and errors as text; never fails by itself."""
    how.setdefault("stdin", subprocess.DEVNULL)
    if "input" in how:
        del how["stdin"]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=60, **how)


def expect(status, *command, **how):
    done = run(*command, **how)
    assert done.returncode == status, (
        f"{' '.join(map(str, command))} ended with {done.returncode}, not {status}:\n"
        f"{done.stdout}{done.stderr}")
    return done


def same(found, wanted, what):
    assert found == wanted, f"{what}: {found!r}, not {wanted!r}"


def main(tests):
    """Runs those named on the command line, else all; says of each that failed why it did."""
    chosen = sys.argv[1:] or list(tests)
    failed = []
    for name in chosen:
        try:
            tests[name]()
        except Exception:  # one that fails must not hide the next
            failed.append(name)
            print(f"FAILED {name}")
            traceback.print_exc(file=sys.stdout)
    print(f"{len(chosen) - len(failed)} of {len(chosen)} passed")
    sys.exit(1 if failed else 0)
