"""The driver of the control socket, and clients that mbxctl would never be."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SECONDS = 60  # no test waits so long unless something is wrong


class Folder:
    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="mbxctl-control-"))
        return self.path

    def __exit__(self, *ignored):
        shutil.rmtree(self.path, ignore_errors=True)


class Driver:
    """A driver that listens; its end is checked: no leak, no open handle."""

    def __init__(self, program, path, ready=True, umask=0o022, **numbers):
        self.path = str(path)
        self.process = subprocess.Popen(
            [program, self.path, *(f"{k}={v}" for k, v in numbers.items())],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, umask=umask,
            env=dict(os.environ, ASAN_OPTIONS="quarantine_size_mb=1"))  # what is freed is no memory it has
        if ready:
            line = self.process.stdout.readline()
            assert line == "ready\n", self.process.communicate(timeout=SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, kind, *ignored):
        if self.process.poll() is None and kind:
            self.kill()
        elif self.process.poll() is None:
            self.end()

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def end(self):
        """Ends it in peace; what it counted."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0 and not err, f"the driver ended {self.process.returncode}: {err}"
        return {k: int(v) for k, v in (word.split("=") for word in out.split())}

    def refused(self):
        """It did not come to listen: its exit status and what it said."""
        out, err = self.process.communicate(timeout=SECONDS)
        assert not out, out
        return self.process.returncode, err

    def memory(self):
        """Resident, in MB."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise AssertionError("it has no memory any more")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def connect(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(self.path)  # waits for its turn, which it would not with a timeout
        s.settimeout(SECONDS)
        return s

    def say(self, data):
        """Sends the bytes as one piece; the whole answer, which must be one object on one line."""
        with self.connect() as s:
            try:
                s.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has heard enough, and said why
            return read_answer(s)

    def ask(self, verb, **more):
        return self.say(json.dumps({"verb": verb, **more}).encode() + b"\n")


def read_all(s):
    """All that comes until the end."""
    pieces = []
    while not pieces or pieces[-1]:
        try:
            pieces.append(s.recv(1 << 20))
        except ConnectionResetError:
            pieces.append(b"")  # it left with bytes of ours unread, and that is all
    return b"".join(pieces)


def read_answer(s):
    data = read_all(s)
    assert data.endswith(b"\n") and data.count(b"\n") == 1, f"no answer on one line: {data[:200]}"
    answer = json.loads(data)
    assert list(answer) in (["ok"], ["error"]), answer
    return answer


def wait_for(what, why):
    end = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < end, f"waited in vain: {why}"
        time.sleep(0.01)


def run_named(tests, name):
    for test in tests:
        if test.__name__ == name:
            test()
            print(f"ok   {name}")
            return
    raise SystemExit(f"there is no test {name}")
