#!/usr/bin/env python3
"""The server, or the way to it, fails at a random moment of a plan or an apply.

However it fails: mbxctl ends in time; an entry is as it was or has exactly what was planned; the
ledger says of each what became of it, truly; and once the server is well again the next apply and
a plan after it have nothing left to do.

usage: nemesis.py [FAULTS [SEED]]
       nemesis.py journaling | silence
"""
import collections
import json
import random
import sqlite3
import subprocess
import sys
import threading
import time

import organisation
from organisation import Failure, Folder, Server, must, values
from proxy import Proxy, is_modify

GRACE = 1.0   # beyond what it needs undisturbed, and the configured timeout
AGAIN = 1     # so often a round that took too long is tried again: the machine may be busy
LATE = 50     # of so many rounds one may be late, and one of all
WINDOW = 64   # connections that are written at a time
LIMIT = 60    # seconds after which it is not waited for any more

# What is done, and what is done about it how many seconds later; None: only after mbxctl has ended.
# `server`: to slapd itself; `way`: on the way to it.
FAULTS = [
    ("server", "kill", None), ("server", "kill", (0.0, 1.5)),
    ("server", "freeze", None), ("server", "freeze", (0.2, 3.0)),
    ("server", "stop", (0.0, 1.0)),
    ("way", "silent", None), ("way", "silent", (0.3, 3.0)),
    ("way", "cut", (0.0, 0.0)), ("way", "cut", None), ("way", "refused", None),
    ("way", "pause", (1.0, 3.0)),
    ("way", "half-answer", None), ("way", "half-answer", (0.5, 2.0)),
    ("way", "half-request", None), ("way", "half-cut", None), ("way", "half-cut", (0.0, 1.0)),
]


class Town:
    """A server, a proxy before it, and a store; with what it is before and after an apply."""

    def __init__(self, n, tls):
        ldif, inventory, manifests = organisation.people(n)
        self.n, self.tls = n, tls
        self.server = Server(ldif, tls="good" if tls else None).start()
        self.proxy = Proxy(self.upstream)
        self.folder = Folder(self.directory(), manifests, inventory, timeout="1s")
        self.empty_store = self.folder.store.read_bytes()
        self.before_ldif = self.server.content()
        self.before = organisation.entries(self.before_ldif)
        self.took, self.pieces = {}, {}
        for command in ("plan", "apply"):
            self.took[command] = min(self.timed(command) for _ in range(2))
            self.pieces[command] = self.proxy.pieces
        self.after = self.server.entries()
        self.reset()
        self.wanted = self.folder.plan()["connections"]
        self.owner = {c["mailbox"]["guid"]: c["user"]["dn"] for c in self.wanted}
        must(len(self.owner) == n, "not everybody is connected undisturbed")

    def upstream(self):
        return (int(self.server.ldaps_uri.rpartition(":")[2]) if self.tls
                else str(self.server.socket))

    def directory(self, direct=False):
        scheme, mode = ("ldaps", "ldaps") if self.tls else ("ldap", "none")
        uri = f"{scheme}://127.0.0.1:{self.proxy.port}"
        if direct:
            return self.server.config(self.server.ldaps_uri if self.tls else self.server.uri)
        return self.server.config(uri, mode)

    def timed(self, command):
        self.reset()
        self.proxy.arm(None, None)
        began = time.monotonic()
        self.folder.expect(0, *self.arguments(command))
        return time.monotonic() - began

    @staticmethod
    def arguments(command):
        return ["plan", "-o", "json"] if command == "plan" else ["apply", "--yes", "-o", "json"]

    def reset(self):
        self.folder.store.write_bytes(self.empty_store)
        self.server.put_back(self.before_ldif)

    def close(self):
        self.folder.close()
        self.proxy.close()
        self.server.close()


class Round:
    def __init__(self, town, chance):
        self.town = town
        self.where, self.what, about = chance.choice(FAULTS)
        self.about = None if about is None else chance.uniform(*about)
        self.command = chance.choice(["plan", "apply", "apply", "apply"])
        self.timeout = chance.choice([1, 2])
        # Struck by the clock, or at a message on the way: most of these are writes.
        self.direct = self.where == "server" and chance.random() < 0.5
        self.moment = chance.uniform(0, 1.05) * town.took[self.command]
        self.piece = chance.randint(1, town.pieces[self.command])
        self.after = chance.random() < 0.5
        self.by_clock = self.direct or chance.random() < 0.3
        self.struck = threading.Event()

    def __str__(self):
        when = (f"after {self.moment * 1000:.0f} ms" if self.by_clock else
                f"{'after' if self.after else 'before'} piece {self.piece}")
        about = "for good" if self.about is None else f"for {self.about:.2f} s"
        return (f"{self.command} of {self.town.n}{' over TLS' if self.town.tls else ''}"
                f"{', directly' if self.direct else ''}, timeout {self.timeout} s, {when}: "
                f"{self.what} {about}")

    def strike(self):
        self.struck.set()
        if self.where == "way":
            self.town.proxy.strike(self.what)
        else:
            getattr(self.town.server, self.what)()

    def heal(self):
        server = self.town.server
        if self.where == "way":
            self.town.proxy.heal()
        elif self.what == "freeze":
            server.thaw()
        elif not server.process:
            server.start()

    def run(self):
        """mbxctl, with the fault in it; what it said, and how long it took."""
        town = self.town
        town.reset()
        town.folder.ask(town.directory(self.direct), f"{self.timeout}s")
        self.struck.clear()
        town.proxy.arm(None if self.by_clock else self.piece, self.strike, self.after)
        began = time.monotonic()
        process = town.folder.begin(*town.arguments(self.command))
        said = {}

        def listen():
            said["out"], said["err"] = process.communicate()
            said["took"] = time.monotonic() - began

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            if self.by_clock:
                listener.join(self.moment)
                self.strike()
            while not self.struck.wait(0.01) and listener.is_alive():
                pass
            if self.about is not None:
                listener.join(self.about)
                self.heal()
            listener.join(LIMIT)
            must("took" in said, f"it did not end within {LIMIT} s")
        finally:
            process.kill()
            listener.join()
            town.proxy.arm(None, None)
            self.heal()
        return process.returncode, said["out"], said["err"], said["took"]


def document_of(round_, code, out, err):
    must(code in (0, 3, 4, 69), lambda: f"exit code {code}\n{out[-2000:]}{err[-2000:]}")
    must("Sanitizer" not in err, err)
    if code == 69:
        must(not out.strip() and err.strip(), f"exit 69, and: {out}{err}")
        return None
    return json.loads(out)


def check_plan(round_, document):
    """What stands in a plan is as it would be undisturbed, or unknown."""
    town, unknown = round_.town, 0
    for got, wanted in zip(document["connections"], town.wanted, strict=True):
        unknown += got["action"] == "unknown"
        must(got["action"] == "unknown" or (got["action"], got["changes"], got["reasons"]) ==
             (wanted["action"], wanted["changes"], wanted["reasons"]),
             lambda: f"{got['name']} is planned as {got['action']}: {got['reasons']}")
    must(document["complete"] == (unknown == 0), f"complete, with {unknown} unknown")
    return unknown


def check_entries(town, now):
    """Nobody has anything but what he had or what was planned; the DNs that were written."""
    must(now.keys() == town.before.keys(), "an entry came or went")
    written = {dn for dn in now if now[dn] != town.before[dn]}
    for dn in written:
        must(now[dn] == town.after[dn], lambda: (
            f"{dn} is neither as before nor as planned: {set(now[dn]) ^ set(town.after[dn])}"))
    return written


def check_ledger(round_, document, code, written):
    town, count = round_.town, collections.Counter()
    unknown = check_plan(round_, document)
    for c in document["connections"]:
        result = c["result"]
        if c["action"] == "unknown":
            must(result is None, f"{c['name']} is unknown and {result}")
            continue
        must(result in organisation.RESULTS - {"held"}, f"{c['name']} is {result}")
        count[result] += 1
        dn = organisation.alike(c["user"]["dn"].encode()).decode()
        must(result != "applied" or dn in written, f"{dn} is said to be applied and is not")
        must(result in ("applied", "uncertain") or dn not in written,
             f"{dn} is said to be {result} and was written")
    expected = 4 if count.keys() - {"applied"} else 3 if unknown else 0
    must(code == expected, f"exit code {code} with {dict(count)}, {unknown} unknown")
    connected = town.folder.connected()
    owned = organisation.owners(town.server.entries())
    must(connected <= owned.keys(), "the store holds for connected what the directory does not")
    open_ = town.folder.intents()
    must(open_ == count["uncertain"], f"{open_} intents are open, {count['uncertain']} uncertain")
    return count


def check_convergence(town):
    """The server is well: what is left to do is done, and then nothing is."""
    town.folder.ask(town.directory(), "20s")
    began = time.monotonic()
    done = json.loads(town.folder.expect(0, *town.arguments("apply")).stdout)
    took = time.monotonic() - began
    must(not any(c["result"] not in ("applied", None) for c in done["connections"]), str(done))
    left = town.folder.plan((0,))["summary"]
    must(left["none"] == town.n, f"after the next apply: {left}")
    must(town.server.entries() == town.after, "the next apply came to another directory")
    owned = organisation.owners(town.server.entries())
    must(all(len(dns) == 1 for dns in owned.values()), str(owned))
    must(town.folder.connected() & town.owner.keys() == town.owner.keys() & owned.keys() ==
         town.owner.keys(), "store and directory do not agree")
    must(town.folder.intents() == 0, "an intent is open")
    return took


def one_round(round_, tally):
    town, worst = round_.town, -9.0
    for attempt in range(AGAIN + 1):
        code, out, err, took = round_.run()
        now = town.server.entries()
        written = check_entries(town, now)
        document = document_of(round_, code, out, err)
        if round_.command == "plan":
            must(not written, f"a plan wrote {written}")
            unknown = check_plan(round_, document) if document else town.n
            tally["unknown in plans"] += unknown
            must(code == (69 if not document else 3 if unknown else 0), f"exit code {code}")
        elif document:
            tally.update(check_ledger(round_, document, code, written))
        else:
            must(not written, f"exit 69, and {written} were written")
        tally[f"exit {code}"] += 1
        # An apply right after it tells how busy the machine is.
        needs = max(town.took[round_.command], check_convergence(town))
        late = took - needs - round_.timeout
        worst = max(worst, late)
        if late <= GRACE:
            break
        tally["late"] += 1
        must(attempt < AGAIN, f"it took {took:.2f} s, and undisturbed {needs:.2f} s")
    return worst


def journaling():
    """The server goes for good after the look-again, while what will be written is journaled."""
    town = Town(WINDOW + 2, False)
    town.reset()
    round_ = Round(town, random.Random(1))
    round_.command, round_.timeout = "apply", 1
    town.folder.ask(town.directory(), "1s")
    store = sqlite3.connect(town.folder.store, timeout=20, isolation_level=None)
    process = town.folder.begin(*town.arguments("apply"))
    try:
        end = time.monotonic() + LIMIT
        while not store.execute("SELECT count(*) FROM run").fetchone()[0]:
            must(time.monotonic() < end and process.poll() is None, "it opens no run")
        store.execute("BEGIN IMMEDIATE")  # nobody else can write now
        must(not store.execute("SELECT count(*) FROM intent").fetchone()[0], "it was too fast")
        time.sleep(1)
        town.proxy.strike("refused")
        time.sleep(0.2)
        store.execute("ROLLBACK")
        out, err = process.communicate(timeout=LIMIT)
        written = check_entries(town, town.server.entries())
        must(not written, f"{written} were written")
        document = document_of(round_, process.returncode, out, err)
        count = check_ledger(round_, document, process.returncode, written)
        town.proxy.heal()
        check_convergence(town)
        print(f"ok   journaling: {dict(count)}")
        return 0
    except Failure as trouble:
        print(f"FAIL journaling: {trouble}")
        return 1
    finally:
        process.kill()
        store.close()
        town.close()


def silence():
    """From the first write on no answer comes, on any connection: it is waited for once."""
    town = Town(WINDOW + 2, False)
    round_ = Round(town, random.Random(1))
    round_.where, round_.what, round_.about = "way", "silent", None
    round_.command, round_.timeout, round_.direct = "apply", 3, False
    round_.by_clock, round_.piece = False, None
    try:
        def strike(piece):
            if is_modify(piece) and not round_.struck.is_set():
                round_.strike()

        for attempt in range(AGAIN + 1):
            town.proxy.gate = strike
            code, out, err, took = round_.run()
            town.proxy.gate = None
            written = check_entries(town, town.server.entries())
            count = check_ledger(round_, document_of(round_, code, out, err), code, written)
            must(count["uncertain"] == WINDOW, f"{dict(count)} at a silence in the writes")
            late = took - max(town.took["apply"], check_convergence(town)) - round_.timeout
            if late <= GRACE:
                break
            must(attempt < AGAIN, f"it took {took:.2f} s, {late:.2f} s too long")
        print(f"ok   silence: {late:+.2f} s of {GRACE:+.2f} s, {dict(count)}")
        return 0
    except Failure as trouble:
        print(f"FAIL silence: {trouble}")
        return 1
    finally:
        town.close()


def main(faults=24, seed=1):
    chance, tally, worst, failed = random.Random(seed), collections.Counter(), (-9.0, ""), 0
    towns = 1 if faults < 20 else 2 if faults < 60 else 6
    for t in range(towns):
        town = Town(chance.choice([30, 64, 70, 100, 150]) if towns > 2 else (40, 70)[t], t % 2 == 1)
        try:
            for i in range(faults * t // towns, faults * (t + 1) // towns):
                round_ = Round(town, chance)
                try:
                    late = one_round(round_, tally)
                    worst = max(worst, (late, str(round_)))
                except (Failure, json.JSONDecodeError, subprocess.SubprocessError) as trouble:
                    failed += 1
                    print(f"FAIL seed {seed}, fault {i}: {round_}\n     {trouble}", flush=True)
        finally:
            town.close()
    failed += tally["late"] > 1 + faults // LATE
    print(f"worst: {worst[0]:+.2f} s against its time undisturbed and the timeout: {worst[1]}")
    print(f"{faults} faults, seed {seed}, {failed} fail, at worst {worst[0]:+.2f} s of {GRACE:+.2f} s: "
          + ", ".join(f"{k} {v}" for k, v in sorted(tally.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    if not organisation.slapd.SLAPD:
        sys.exit(organisation.SKIPPED)
    organisation.slapd.clean_up_when_told_to_end()
    named = {"journaling": journaling, "silence": silence}.get("".join(sys.argv[1:]))
    sys.exit(named() if named else main(*map(int, sys.argv[1:])))
