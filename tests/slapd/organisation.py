"""An organisation kept by a slapd, a store of its mailboxes, and ways to use mbxctl on them."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import uuid

import yaml

SOURCE = pathlib.Path(os.environ["MBXCTL_SOURCE"])
MBXCTL = os.environ["MBXCTL"]
sys.path[:0] = [str(SOURCE / "tests" / "lab"), str(SOURCE / "tests" / "bench")]
import convert  # noqa: E402
import generate  # noqa: E402
import slapd  # noqa: E402
from slapd import Slapd  # noqa: E402,F401

SUFFIX = "DC=contoso,DC=com"
EPOCH = "1795165200"  # 2026-11-20T09:00:00Z
SKIPPED = 77
# What slapd itself keeps of an entry, and nobody wrote.
OPERATIONAL = ["*", "entryUUID", "pwdAccountLockedTime"]
RESULTS = {"applied", "failed", "stale", "uncertain", "not-attempted", "held"}
EMPTY = "apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections: []\n"


class Failure(Exception):
    """What did not go as it must."""


def must(condition, what):
    if not condition:
        raise Failure(what() if callable(what) else what)


def environment():
    env = {k: v for k, v in os.environ.items() if not k.startswith("MBXCTL_")}
    return dict(env, NO_COLOR="1", LC_ALL="C.UTF-8", SOURCE_DATE_EPOCH=EPOCH)


def alike(value):
    """Without what slapd does with the DNs that a client gives it: the letters of their types."""
    return re.sub(rb"(?i)(?<![/\w])(cn|ou|dc)=", lambda m: m.group(0).lower(), value)


def entries(ldif):
    """{DN: its lines, in an order of their own}."""
    return {alike(dn.encode()).decode(): tuple(sorted((a.lower(), alike(v)) for a, v in values))
            for dn, values in convert.parse(ldif)}


def values(entry, attribute):
    return [v for a, v in entry if a == attribute.lower()]


def guid_text(value):
    return str(uuid.UUID(bytes_le=value))


def owners(all_entries, attribute="msExchMailboxGuid"):
    """{mailbox GUID: DNs that carry it}."""
    found = {}
    for dn, entry in all_entries.items():
        for v in values(entry, attribute):
            found.setdefault(guid_text(v), []).append(dn)
    return found


class Folder:
    """Where mbxctl is run: a config, manifests, a store. Servers are others' business."""

    def __init__(self, directory, manifests, inventory=(), timeout="10s", **config):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="mbxctl-slapd-test-"))
        self.store, self.timeout = self.path / "mbxctl.db", timeout
        (self.path / "manifests").mkdir()
        for name, text in manifests.items():
            (self.path / "manifests" / name).write_text(text, encoding="utf-8")
        self.more = {"primaryDomain": "contoso.com",
                     "limits": {"changes": 1000000, "changesPercent": 100}, **config}
        self.ask(directory, timeout)
        for name, text in inventory:
            (self.path / name).write_text(text, encoding="utf-8")
        if inventory:
            self.expect(0, "store", "import", *(name for name, _ in inventory))

    def ask(self, directory, timeout=None):
        """From now on this directory, as a config says it."""
        config = {"apiVersion": "mbxctl/v1", "kind": "Config", "manifests": ["manifests"],
                  "store": "sqlite:mbxctl.db",
                  "directory": {"base": SUFFIX, "timeout": timeout or self.timeout, **directory},
                  **self.more}
        (self.path / "mbxctl.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def begin(self, *arguments, **how):
        return subprocess.Popen([MBXCTL, *arguments], cwd=self.path, env=environment(),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **how)

    def run(self, *arguments, timeout=60, **how):
        return subprocess.run([MBXCTL, *arguments], cwd=self.path, env=environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, **how)

    def expect(self, codes, *arguments, **how):
        done = self.run(*arguments, **how)
        codes = (codes,) if isinstance(codes, int) else codes
        must(done.returncode in codes, lambda: (
            f"mbxctl {' '.join(arguments)} ended with {done.returncode}, not {codes}:\n"
            f"{done.stdout[-3000:]}{done.stderr[-3000:]}"))
        return done

    def plan(self, codes=(0, 3)):
        return json.loads(self.expect(codes, "plan", "-o", "json").stdout)

    def rows(self, sql):
        done = subprocess.run(["sqlite3", "-json", str(self.store), sql], capture_output=True,
                              text=True, check=True, timeout=30)
        return json.loads(done.stdout or "[]")

    def connected(self):
        """The mailboxes that the store holds for connected."""
        return {r["guid"] for r in self.rows("SELECT guid FROM mailbox WHERE state = 'connected'")}

    def intents(self):
        return self.rows("SELECT count(*) AS n FROM intent")[0]["n"]

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()


def contoso():
    """The LDIF of the sample, without those whose mailboxes the tests' own would meet."""
    return (SOURCE / "examples" / "contoso" / "contoso.ldif").read_text(encoding="utf-8")


def databases():
    return (SOURCE / "examples" / "contoso" / "databases.csv").read_text(encoding="utf-8")


def people(n):
    """LDIF, inventory and manifests of n people who lost their mailboxes."""
    ldif = contoso() + "".join(generate.person(i) for i in range(n))
    csv = generate.HEADER + "".join(generate.mailbox(i) for i in range(n))
    return ldif, [("databases.csv", databases()), ("mailboxes.csv", csv)], {
        "people.yaml": generate.manifest(0, range(n))}


class Server(Slapd):
    """A slapd whose content can be looked at and put back."""

    def __init__(self, ldif, **how):
        super().__init__(suffix=SUFFIX, ldif=ldif, least=how.pop("least", True), **how)

    def content(self):
        return self.search(attributes=OPERATIONAL)

    def entries(self):
        return entries(self.content())

    def put_back(self, before):
        """The entries that differ from `before` (as content() gave it) are made as they were."""
        is_now, was, text = self.entries(), entries(before), ""
        for dn in is_now.keys() | was.keys():
            if is_now.get(dn) == was.get(dn):
                continue
            if dn in is_now:
                text += f"{convert.line('dn', dn.encode())}changetype: delete\n\n"
            if dn in was:
                text += convert.line("dn", dn.encode()) + "".join(
                    convert.line(a, v) for a, v in was[dn]) + "\n"
        if text:
            self.modify(text, "-a")


def results(document):
    return {c["name"]: c["result"] for c in document["connections"]}


def run_all(tests, arguments):
    """Those of a file that are named, or all of them."""
    slapd.clean_up_when_told_to_end()
    failed = 0
    for test in tests:
        if arguments and test.__name__ not in arguments:
            continue
        began = time.monotonic()
        try:
            said = test()
            print(f"ok   {test.__name__} ({time.monotonic() - began:.1f} s)"
                  f"{': ' + said if said else ''}", flush=True)
        except (Failure, slapd.Trouble) as trouble:
            failed += 1
            where = traceback.extract_tb(trouble.__traceback__)
            line = next(f.lineno for f in reversed(where) if f.name != "must")
            print(f"FAIL {test.__name__}, line {line}: "
                  + str(trouble).replace("\n", "\n  "), flush=True)
    return 1 if failed else 0


def main(tests, arguments):
    if slapd.SLAPD:
        return run_all(tests, arguments)
    print("there is no slapd here")
    return SKIPPED
