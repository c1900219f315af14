"""mbxctl against a server that plays a text: the world of the tests, and what came of it."""
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "ldap-script"))
from server import Server, certificate  # noqa: E402

NOW = "2026-11-20T12:00:00Z"
LONGEST = 60  # seconds; what takes longer hangs


def environment():
    env = {k: v for k, v in os.environ.items() if not k.startswith("MBXCTL_")}
    # libldap takes the memory that a message says it needs; meson would have it filled.
    env.pop("MALLOC_PERTURB_", None)
    return dict(env, NO_COLOR="1", LC_ALL="C.UTF-8")


class Done:
    """What a command of mbxctl did, in so many words."""

    def __init__(self, status, out, err, seconds):
        self.status, self.seconds = status, seconds
        self.errors = err.splitlines()
        self.text = out
        try:
            self.plan = json.loads(out) if out.startswith("{") else None
        except ValueError:
            self.plan, self.status = None, f"{status}, no JSON"

    @property
    def connections(self):
        return self.plan.get("connections", []) if self.plan else []

    def told(self):
        yield f"exit {self.status}"
        for c in self.connections:
            result = c.get("result")
            yield (f"{c['name']}: {c['action']}" + (f" -> {result}" if result else "") +
                   (f": {c['message']}" if c.get("message") else ""))
            for kind in ("reasons", "warnings"):
                for r in c[kind]:
                    if r["code"] != "not-confirmed":
                        yield f"{c['name']}: {kind[:-1]} {r['code']}: {r['message']}"
        yield from self.errors


class World:
    """A folder with a config, a manifest and a store; the server's URL stands in the config."""

    stores, lock = {}, threading.Lock()  # by inventory

    def __init__(self, folder, files=None):
        self.folder = Path(folder)
        shutil.copytree(HERE / "common", self.folder, dirs_exist_ok=True)
        for name, text in (files or {}).items():
            (self.folder / name).write_text(text)
        self.config = (self.folder / "mbxctl.yaml").read_text()
        (self.folder / "mbxctl.db").write_bytes(self.store())

    def store(self):
        inventory = (self.folder / "mailboxes.csv").read_text()
        with World.lock:
            if inventory not in World.stores:
                self.at("ldap://127.0.0.1:1")
                done = self.run("store", "import", "databases.csv", "mailboxes.csv")
                assert done.status == 0, done.errors
                World.stores[inventory] = (self.folder / "mbxctl.db").read_bytes()
            return World.stores[inventory]

    def at(self, url, timeout="1s"):
        (self.folder / "mbxctl.yaml").write_text(self.config.replace("${url}", url)
                                                 .replace("timeout: 1s", f"timeout: {timeout}"))

    def run(self, *arguments, program=None):
        began = time.monotonic()
        process = subprocess.Popen([program or os.environ["MBXCTL"], *arguments], cwd=self.folder,
                                   env=environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   errors="replace")
        try:
            out, err = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return Done("never", "", "", LONGEST)
        return Done(process.returncode, out, err, time.monotonic() - began)

    def plan(self, *arguments):
        return self.run(*arguments, "-o", "json", "--now", NOW)

    def asked(self, sql):
        """Of the store, by another program than mbxctl."""
        with contextlib.closing(sqlite3.connect(self.folder / "mbxctl.db")) as db:
            return [row[0] for row in db.execute(sql)]

    def intents(self):
        return self.asked("SELECT count(*) FROM intent")[0]

    def connected(self):
        return self.asked("SELECT display_name FROM mailbox WHERE state = 'connected' ORDER BY 1")


def serve(program, script, options=()):
    """The script's folder serves for what it includes; mbxctl trusts its certificate."""
    folder = script.parent
    for text in (HERE / "library").glob("*.ldap"):
        if not (folder / text.stem).exists():
            (folder / text.stem).symlink_to(text)
    return Server(program, script, folder, ["--limit", str(LONGEST), *options])


__all__ = ["Server", "World", "certificate", "serve", "tempfile"]
