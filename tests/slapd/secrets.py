#!/usr/bin/env python3
"""The password of the bind shows nowhere: in no output, no file, no core, nothing of the process.

usage: secrets.py [TEST...]
"""
import base64
import os
import pathlib
import shutil
import signal
import sys
import threading
import time

import organisation
from organisation import Folder, MBXCTL, Server, must
from proxy import Proxy
from slapd import secret

CANARY = "kanarienvogel+7Fq/9zXw"
NOBODY = 65534
FORMATS = ("text", "json", "ndjson", "ldif", "powershell", "markdown")


def forms(text):
    """The canary as it could stand somewhere: as it is, and as binary values are shown."""
    raw = text.encode()
    return [raw, raw[::-1], base64.b64encode(raw).rstrip(b"="), raw.hex().encode(),
            raw.hex().upper().encode(), text.encode("utf-16-le"), text.replace("/", "\\/").encode()]


def shows(data):
    return any(form in data for form in forms(CANARY))


class Cage:
    """A server whose account has the canary for a password, and a folder to look through."""

    def __init__(self, **config):
        ldif, inventory, manifests = organisation.people(3)
        self.server = Server(ldif, tls="good").start()
        self.server.modify(f"dn: {self.server.dn}\nchangetype: modify\nreplace: userPassword\n"
                           f"userPassword: {CANARY}\n")
        self.proxy = Proxy(lambda: int(self.server.ldaps_uri.rpartition(":")[2]))
        self.folder = Folder(self.directory(), manifests, inventory, **config)

    def directory(self, uri=None):
        config = self.server.config(uri or f"ldaps://127.0.0.1:{self.proxy.port}", "ldaps")
        self.server.folder.joinpath("canary").unlink(missing_ok=True)
        config["bind"]["passwordFile"] = str(secret(self.server.folder / "canary", CANARY + "\n"))
        return config

    def said(self, *arguments):
        done = self.folder.run(*arguments, timeout=60)
        must(not shows((done.stdout + done.stderr).encode()),
             f"mbxctl {' '.join(arguments)} shows it:\n{done.stdout}{done.stderr}")
        return done

    def check_files(self):
        for path in self.folder.path.rglob("*"):
            if path.is_file():
                must(not shows(path.read_bytes()), f"{path.name} holds it")
                must("core" not in path.name, f"{path.name} is there")

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.folder.close()
        self.proxy.close()
        self.server.close()


def no_output_and_no_file():
    with Cage() as cage:
        for form in FORMATS:
            must(cage.said("plan", "--verbose", "-o", form).returncode == 0, form)
        cage.said("plan", "--save", "saved.plan", "-o", "json=plan.json")
        for arguments, code in (
                (("apply", "--plan", "saved.plan", "--verbose"), 0), (("apply", "--yes"), 0),
                (("history",), 0), (("history", "1", "-o", "json"), 0), (("history", "--verify"), 0),
                (("explain", "Person 000001"), 0), (("export",), 0), (("suggest",), 0),
                (("undo", "1", "--save", "undo.plan"), 0), (("store", "list"), 0),
                (("validate",), 0), (("schema", "config"), 0)):
            done = cage.said(*arguments)
            must(done.returncode == code, f"{arguments}: {done.returncode} {done.stderr}")
        must((cage.folder.path / "saved.plan").exists(), "no plan was saved")
        cage.check_files()


def no_error():
    with Cage(timeout="1s") as cage:
        folder, server = cage.folder, cage.server
        server.modify(f"dn: {server.dn}\nchangetype: modify\nreplace: userPassword\n"
                      "userPassword: another\n")
        must("Invalid credentials" in cage.said("plan", "--verbose").stderr, "it was let in")
        for fault in ("silent", "cut", "half-answer"):
            cage.proxy.strike(fault)
            must(cage.said("plan", "--verbose").returncode == 69, fault)
            cage.proxy.heal()
        # The canary in place of what it is not: a name that is shown must not lead to it.
        config = cage.directory()
        config["bind"]["passwordFile"] += ".none"
        folder.ask(config)
        must(cage.said("plan").returncode == 78, "a password file that is not there")
        pathlib.Path(server.folder / "canary").chmod(0o644)
        folder.ask({**config, "bind": {**config["bind"],
                                       "passwordFile": str(server.folder / "canary")}})
        must(cage.said("plan").returncode == 78, "a password file that others read")
        cage.check_files()


def while_it_waits(cage, look):
    """mbxctl as a user who is not root, once it has bound and waits for an answer."""
    folder = cage.folder.path
    shutil.copy(MBXCTL, folder / "program")
    who = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
    own = folder / "password"
    secret(own, CANARY + "\n")
    shutil.copy(cage.server.ca_file, folder / "ca.pem")
    config = cage.directory()
    config["bind"]["passwordFile"], config["tls"]["caFile"] = str(own), str(folder / "ca.pem")
    cage.folder.ask(config)
    if who:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
    reached = threading.Event()

    def strike():
        cage.proxy.strike("silent")
        reached.set()

    # The pieces of the handshake and the bind; whatever comes then is asked as somebody.
    cage.proxy.arm(10, strike)
    organisation_mbxctl, organisation.MBXCTL = organisation.MBXCTL, str(folder / "program")
    try:
        process = cage.folder.begin("plan", "--verbose", **who)
    finally:
        organisation.MBXCTL = organisation_mbxctl
    try:
        must(reached.wait(20), "it did not come as far as that")
        time.sleep(0.1)
        must(process.poll() is None, "it ended")
        look(process.pid)
    finally:
        process.send_signal(signal.SIGABRT)
        out, err = process.communicate(timeout=30)
    must(not shows((out + err).encode()), out + err)
    own.unlink()
    cage.check_files()
    return process.returncode


def nothing_of_the_process():
    def look(pid):
        for name in ("environ", "cmdline", "status", "stat"):
            data = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
            must(data and not shows(data), f"/proc/PID/{name} shows it")
        # Of a process that may not be dumped these are root's (proc(5)).
        owner = os.stat(f"/proc/{pid}/environ").st_uid
        must(owner == 0, f"it is dumpable: its files in /proc are of user {owner}")
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        line = next(t for t in limits.splitlines() if t.startswith("Max core file size"))
        must(line.split()[4:6] == ["0", "0"], line)

    with Cage(timeout="20s") as cage:
        code = while_it_waits(cage, look)
        must(code == -signal.SIGABRT, f"SIGABRT ended it with {code}")


if __name__ == "__main__":
    sys.exit(organisation.main([no_output_and_no_file, no_error, nothing_of_the_process],
                               sys.argv[1:]))
