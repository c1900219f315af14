"""A working copy of examples/contoso and ways to use mbxctl on it, as a user would."""
import hashlib
import json
import os
import pathlib
import pty
import select
import shutil
import subprocess
import tempfile
import termios
import time

SOURCE = pathlib.Path(os.environ["MBXCTL_SOURCE"])
MBXCTL = os.environ["MBXCTL"]
NOW = "2026-11-20T09:00:00Z"


class World:
    """A folder with the sample organisation; the inventory is in the store already."""

    def __init__(self, without_mistakes=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbxctl-test-"))
        self.path = self.folder / "contoso"
        shutil.copytree(SOURCE / "examples" / "contoso", self.path)
        self.path.chmod(0o755)
        if without_mistakes:
            (self.path / "manifests" / "mistakes.yaml").unlink()
        self.expect(0, "store", "import", "databases.csv", "mailboxes.csv")

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def environment():
        env = {k: v for k, v in os.environ.items() if not k.startswith("MBXCTL_")}
        return dict(env, NO_COLOR="1", LC_ALL="C.UTF-8", SOURCE_DATE_EPOCH="1795165200")

    def run(self, *arguments, user=None, program=None, stdin=subprocess.DEVNULL, timeout=60,
            text=True):
        return subprocess.run([program or MBXCTL, *arguments], cwd=self.path, env=self.environment(),
                              stdin=stdin, capture_output=True, text=text, timeout=timeout,
                              user=user)

    def expect(self, code, *arguments, **how):
        done = self.run(*arguments, **how)
        assert done.returncode == code, (
            f"mbxctl {' '.join(arguments)} ended with {done.returncode}, not {code}:\n"
            f"{done.stdout}{done.stderr}")
        return done

    def json(self, code, *arguments):
        return json.loads(self.expect(code, *arguments, "-o", "json").stdout)

    def file(self, name):
        return self.path / name

    @property
    def directory(self):
        return self.path / "contoso.ldif"

    def state(self):
        return {str(p.relative_to(self.path)): hashlib.sha256(p.read_bytes()).hexdigest()
                for p in sorted(self.path.rglob("*")) if p.is_file()}

    def rows(self, sql):
        """What the store holds, asked by another program than mbxctl."""
        done = subprocess.run(["sqlite3", "-json", str(self.path / "mbxctl.db"), sql],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout or "[]")

    def sql(self, statement):
        subprocess.run(["sqlite3", str(self.path / "mbxctl.db"), statement], check=True)


class Terminal:
    """mbxctl on a real terminal of its own."""

    def __init__(self, world, *arguments, columns=80):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.chdir(world.path)
            os.execve(MBXCTL, ["mbxctl", *arguments], dict(world.environment(), TERM="xterm"))
        self.pid = pid
        self.screen = ""
        termios.tcsetwinsize(self.fd, (24, columns))

    def read_until(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.screen:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            assert ready, f"waited for {text!r}, the terminal shows:\n{self.screen}"
            try:
                self.screen += os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                break
        assert text in self.screen, f"waited for {text!r}, the terminal shows:\n{self.screen}"

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self, seconds=20):
        """Reads on to the end; the exit code."""
        limit = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self.fd], [], [], max(0, limit - time.monotonic()))
            assert ready, f"it does not end; the terminal shows:\n{self.screen}"
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                piece = b""
            if not piece:
                break
            self.screen += piece.decode(errors="replace")
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def main(tests, arguments):
    """Runs the tests of a file that are named, or all of them."""
    failed = 0
    for test in tests:
        if arguments and test.__name__ not in arguments:
            continue
        try:
            test()
            print(f"ok   {test.__name__}")
        except AssertionError as trouble:
            failed += 1
            print(f"FAIL {test.__name__}: {trouble}")
    return 1 if failed else 0
