"""A running `mbxctl agent` beside a world of tests/e2e, and what one asks of it."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

SOURCE = pathlib.Path(os.environ["MBXCTL_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
from world import MBXCTL, World, main  # noqa: E402,F401

import yaml  # noqa: E402

# Nothing here hangs on how long it takes: this is when a test gives up.
PATIENCE = 30


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, condition, seconds=PATIENCE):
    """Waits until the condition gives something true, and gives that."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"waited {seconds} s for: {what() if callable(what) else what}"
        time.sleep(0.02)


class Agent:
    """Started at once; the config of the world gets an `agent` part. Everything else is by default
    so that nothing happens by itself: an hour's interval."""

    def __init__(self, world, mode="enforce", *, arguments=(), env=None, before=(), config=None, **agent):
        self.world, self.arguments, self.before = world, list(arguments), list(before)
        self.log = world.folder / "agent.log"
        self.env = dict(world.environment(), **(env or {}))
        self.port = free_port()
        self.agent = dict({"mode": mode, "interval": "1h", "control": "control.sock",
                           "listen": f"127.0.0.1:{self.port}"}, **agent)
        self.config = config or {}
        self.process = None
        self.write_config()
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.kill()

    def write_config(self):
        path = self.world.path / "mbxctl.yaml"
        config = yaml.safe_load(path.read_text())
        config.update(self.config, agent=self.agent)
        path.write_text(yaml.safe_dump(config))

    def spawn(self):
        return subprocess.Popen([*self.before, MBXCTL, "agent", "--log-format", "json", *self.arguments],
                                cwd=self.world.path, env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=open(self.log, "ab"))

    def start(self):
        begin = self.log.stat().st_size if self.log.exists() else 0
        self.process = self.spawn()
        until(lambda: f"the start; its log:\n{self.log.read_text()}",
              lambda: b'"started"' in self.log.read_bytes()[begin:] or self.process.poll() is not None)
        assert self.process.poll() is None, f"it ended at once:\n{self.log.read_text()}"
        until("the first pass", lambda: self.process.poll() is not None or self.status()["lastPass"])
        assert self.process.poll() is None, f"it ended soon:\n{self.log.read_text()[-3000:]}"
        return self

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()

    def stop(self, seconds=PATIENCE):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        assert code == 0, f"it ended with {code}:\n{self.log.read_text()[-3000:]}"

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    def events(self, event=None):
        lines = self.log.read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        assert len(found) == len(lines), f"a line of the log is no JSON:\n{self.log.read_text()}"
        return [e for e in found if event in (None, e["event"])]

    def wait(self, event, count=1, seconds=PATIENCE):
        """The event's lines, once there are so many."""
        def enough():
            found = self.events(event)
            return found if len(found) >= count else None
        return until(lambda: f"{count} x {event}; the log:\n{self.log.read_text()[-3000:]}", enough, seconds)

    def status(self):
        return self.world.json(0, "status")

    def sync(self, code=None):
        done = self.world.run("sync", "-o", "json")
        assert code is None or done.returncode == code, (
            f"sync ended with {done.returncode}, not {code}:\n{done.stdout[-2000:]}{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def until_status(self, what, condition, seconds=PATIENCE):
        def look():
            status = self.status()
            return status if condition(status) else None
        return until(what, look, seconds)

    def page(self, path):
        """(status, body)"""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def metric(self, line):
        """The value of a series, by its name with labels."""
        for text in self.page("/metrics")[1].splitlines():
            name, _, value = text.rpartition(" ")
            if name == line:
                return float(value)
        raise AssertionError(f"no series {line}")
