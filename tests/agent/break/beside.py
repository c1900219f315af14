"""Beside a running agent: its socket as bytes, the locks of others, and a clock to set."""
import contextlib
import fcntl
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time

SERVICE = pathlib.Path(os.environ["MBXCTL_SOURCE"]) / "tests" / "agent" / "service"
sys.path.insert(0, str(SERVICE))
import keeper  # noqa: E402
from keeper import MBXCTL, PATIENCE, World, free_port, main, until  # noqa: E402,F401
from agent import drift  # noqa: E402,F401

MANIFEST = """\
apiVersion: mbxctl/v1
kind: MailboxConnections
connections:
  - {mailbox: %s, database: MBXDB01, user: %s}
"""


class Agent(keeper.Agent):
    """`passes=False`: its first pass is not waited for, as something keeps it from ending."""

    def __init__(self, world, mode="enforce", *, passes=True, program=None, **how):
        self.passes, self.program = passes, program or MBXCTL
        super().__init__(world, mode, **how)

    def spawn(self):
        return subprocess.Popen([*self.before, self.program, "agent", "--log-format", "json", *self.arguments],
                                cwd=self.world.path, env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=open(self.log, "ab"))

    def start(self):
        if self.passes:
            return super().start()
        self.process = self.spawn()
        until("its socket", self.world.file("control.sock").exists)
        return self


def ask(world, **request):
    """One request, as the bytes of the protocol."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(PATIENCE)
        s.connect(str(world.file("control.sock")))
        s.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(b"".join(iter(lambda: s.recv(65536), b"")))


@contextlib.contextmanager
def run_lock(world):
    """Somebody else's run, as its lock shows it."""
    with open(world.file("mbxctl.db.run"), "a+b") as f:
        whole = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        until("the run lock", lambda: taken(f, whole))
        yield


def taken(f, whole):
    try:
        fcntl.fcntl(f, fcntl.F_OFD_SETLK, whole)
        return True
    except BlockingIOError:
        return False


@contextlib.contextmanager
def store_lock(world):
    """Nobody gets at the store meanwhile."""
    other = subprocess.Popen(["sqlite3", "-bail", str(world.file("mbxctl.db"))], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    other.stdin.write(".timeout 20000\nBEGIN EXCLUSIVE;\nSELECT 'mine';\n")
    other.stdin.flush()
    assert other.stdout.readline() == "mine\n"
    try:
        yield
    finally:
        other.stdin.write("ROLLBACK;\n")
        other.stdin.close()
        other.wait()


def rows(world, sql):
    """As World.rows, beside one that writes."""
    done = subprocess.run(["sqlite3", "-cmd", ".timeout 20000", "-json", str(world.file("mbxctl.db")), sql],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout or "[]")


def attention(status):
    return {a["name"]: a for a in status["attention"]}


def hence(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class Clock:
    """The agent's clock on the wall, to be set while it runs; what it waits by goes on as it does."""

    def __init__(self, world):
        self.file = world.folder / "clock"
        self.offset = 0
        self.set_by(0)

    def environment(self):
        return {"LD_PRELOAD": library(), "FAKETIME_TIMESTAMP_FILE": str(self.file),
                "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}

    def set_by(self, seconds):
        """Forward, or back."""
        self.offset += seconds
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{self.offset:+.3f}\n")
        os.replace(fresh, self.file)

    def set_to(self, moment):
        self.set_by(moment - self.now())

    def now(self):
        return time.time() + self.offset

    def text(self, seconds=0):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now() + seconds))


def library():
    found = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    skip_unless(found, "there is no libfaketime (Debian: faketime)")
    return str(found[0])


def skip_unless(condition, why):
    if not condition:
        print(f"skipped: {why}")
        sys.exit(77)


def says(world, clock):
    """What mbxctl thinks of a moment, by that clock."""
    try:
        return subprocess.run([MBXCTL, "suspend", "--until", "2001-09-09T01:46:00Z"], cwd=world.path,
                              env={"LC_ALL": "C", **clock.environment()}, capture_output=True,
                              text=True, timeout=20).stderr
    except subprocess.TimeoutExpired:
        return "it hangs"


def needs_a_clock():
    """Can this build be given another clock? With a sanitizer in it, it cannot."""
    with World() as w:
        clock = Clock(w)
        for moment, answer in ((1_000_000_000, "is in the past"), (999_999_000, "no agent is running")):
            clock.set_to(moment)
            said = says(w, clock)
            skip_unless(answer in said, f"this build and libfaketime do not go together: {said[:200]}")
