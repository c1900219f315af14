#!/usr/bin/env python3
"""Cuts one connect, from the bind to the re-read, and stalls it, wherever the server speaks.

usage: campaign.py LDAP-SCRIPT clear|tls cut|stall STEP [SEED LIMIT]     MBXCTL names the program

`clear` and `tls` are scripts of campaign/. The exchange is played once as it is; then the server
ends (cut) or falls silent (stall) behind the last byte of each message, before it, and, where STEP
is not 0, behind each STEPth byte; with SEED and LIMIT only at LIMIT of those places, drawn by the
seed. Then the server is there again, as the Modify left it, and mbxctl is called once more.

Each time mbxctl must end by itself, in no more than the undisturbed time, the timeout and a second;
with an outcome that is promised: nothing was begun (69, or `unknown`), the connect was applied,
failed, or is uncertain; what it says of the write must be true, and the store must agree: nothing
is connected and no intent is open but where that was said. From half an answer nothing is
concluded: there is nobody not found and nothing absent. The second time it must be connected, with
no intent open, and the Modify must have arrived once.
"""
import random
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from play import HERE, World, certificate, serve

TIMEOUT, GRACE, TRIES = 1, 1, 3
PARALLEL = {"cut": 3, "stall": 8}  # who waits does not compute
READS = re.compile(r"read-failed|read-incomplete")


class Exchange:
    """One script, with what is served before the Modify and after it."""

    def __init__(self, program, kind):
        self.program, self.kind = program, kind
        self.text = (HERE / "campaign" / f"{kind}.ldap").read_text()
        self.keys = tempfile.TemporaryDirectory()
        if kind == "tls":
            certificate(Path(self.keys.name))

    def begin(self, folder, first, later, options=()):
        """A server in which the first connections and the later ones find this."""
        script = folder / "case.ldap"
        folder.mkdir()
        for key in Path(self.keys.name).iterdir():
            (folder / key.name).write_bytes(key.read_bytes())
        script.write_text(self.text.replace("FIRST", first).replace("LATER", later))
        return serve(self.program, script, ["--trace", "--marks", *options])

    def world(self, folder):
        folder.mkdir()
        w = World(folder)
        if self.kind == "tls":
            (folder / "ca.pem").write_bytes((Path(self.keys.name) / "cert.pem").read_bytes())
        return w


# Of library/: Ann is not connected; she is as soon as she was read to be written; she is.
BEFORE, WHILE, AFTER = "x", "ann-while-written", "ann-after"


def modifies(errors):
    return len(re.findall(r"^\d+ <- \d+ modify", errors, re.M))


class Result:
    def __init__(self, done, world, sent, arrived):
        self.done, self.sent, self.arrived = done, sent, arrived
        self.intents, self.connected = world.intents(), world.connected() == ["Ann"]
        c = done.connections
        self.action = c[0]["action"] if c else None
        self.result = c[0].get("result") if c else None
        self.reasons = [r["code"] for r in c[0]["reasons"]] if c else []
        self.message = (c[0].get("message") or "") if c else ""

    @property
    def name(self):
        if self.done.status == 69:
            return "out of reach"
        return self.result or self.action or f"exit {self.done.status}"

    def offence(self):
        d = self.done
        if d.status == "never":
            return "it does not end"
        if not isinstance(d.status, int) or d.status < 0 or d.status not in (0, 3, 4, 69):
            return f"exit {d.status}: {d.errors}"
        if d.status == 69:
            allowed = not self.arrived and not self.intents and not self.connected
        elif self.action == "unknown":
            allowed = (d.status == 3 and not self.arrived and not self.intents and
                       not self.connected and all(READS.search(r) for r in self.reasons))
        elif self.action != "connect" or self.reasons:
            return f"{self.action} {self.reasons}: a conclusion from half an answer"
        elif self.result == "applied":
            allowed = d.status == 0 and self.arrived and not self.intents and self.connected
        elif self.result == "uncertain":
            allowed = d.status == 4 and self.intents == 1 and not self.connected
        elif self.result in ("failed", "stale", "not-attempted"):
            allowed = d.status == 4 and not self.arrived and not self.intents and not self.connected
        else:
            return f"the result is {self.result}"
        return None if allowed else (
            f"exit {d.status}, {self.name} {self.message}, though the Modify "
            f"{'arrived' if self.arrived else 'did not arrive'}, {self.intents} open, "
            f"{'' if self.connected else 'not '}connected")


def again(exchange, folder, world, arrived):
    """The server is there again: what is left to be done is done, and once."""
    state = AFTER if arrived else WHILE
    server = exchange.begin(folder / "again", state, state)
    world.at(server.url, "10s")  # nothing is silent here, but a busy machine
    done = world.plan("apply", "--yes")
    connected, intents = world.connected(), world.intents()
    server.process.terminate()
    errors = server.end()[2]
    if done.status != 0 or intents or connected != ["Ann"]:
        return f"the next apply: {list(done.told())}, {intents} open"
    if modifies(errors) != (0 if arrived else 1):
        return f"the next apply sends {modifies(errors)} Modifies"
    return None


class Campaign:
    def __init__(self, program, kind, how):
        self.exchange, self.how = Exchange(program, kind), how
        self.counts, self.lock, self.slowest = Counter(), threading.Lock(), 0.0
        self.whole = None
        with tempfile.TemporaryDirectory() as name:
            begun = [self.play(Path(name) / str(i), None) for i in range(TRIES)]
        self.patience = max(r.done.seconds for r, _ in begun)
        self.marks, trace = begun[0][1]
        if begun[0][0].offence() or begun[0][0].result != "applied":
            sys.exit(f"undisturbed: {list(begun[0][0].done.told())}\n{trace}")
        self.whole = self.marks[-1]
        sent = [line for line in trace.splitlines() if re.match(r"\d+ -> ", line)]
        self.written = self.marks[next(i for i, t in enumerate(sent) if "answer modify" in t) - 1]
        self.bound = self.marks[next(i for i, t in enumerate(sent) if re.match(r"2 -> \d+ answer bind", t))]

    def play(self, folder, place):
        folder.mkdir(parents=True)
        options = [] if place is None else [f"--{self.how}", str(place)]
        # The connection for writing ends once it is bound: no Modify arrives there. Once all is
        # read to write, it does.
        first = BEFORE if self.whole and place == self.bound else WHILE
        later = AFTER if self.whole and place >= self.written else first
        server = self.exchange.begin(folder / "script", first, later, options)
        world = self.exchange.world(folder / "world")
        world.at(server.url)
        done = world.plan("apply", "--yes")
        server.process.terminate()
        status, out, errors = server.end()
        came = modifies(errors)
        result = Result(done, world, came, came > 0)
        if place is None:
            return result, ([int(w) for w in out.split()[1:]], errors)
        offence = result.offence()
        if not offence and came > 1:
            offence = f"{came} Modifies came"
        if not offence:
            offence = again(self.exchange, folder, world, came > 0)
        return result, offence

    def one(self, place):
        """Was something wrong? None: it was too slow."""
        with tempfile.TemporaryDirectory() as name:
            result, offence = self.play(Path(name) / "run", place)
        over = result.done.seconds - self.patience
        if not offence and over > TIMEOUT + GRACE:
            return None
        with self.lock:
            self.counts[result.name] += 1
            self.slowest = max(self.slowest, over)
            if offence:
                print(f"{self.exchange.kind} {self.how} {place}: {offence}", flush=True)
        return offence is not None

    def measure(self):
        """What is usual may have become slower since."""
        whole, self.whole = self.whole, None
        with tempfile.TemporaryDirectory() as name:
            result, _ = self.play(Path(name) / "run", None)
        self.whole, self.patience = whole, max(self.patience, result.done.seconds)

    def all(self, places):
        """How many were wrong. What was too slow is tried again alone: so may the machine be."""
        with ThreadPoolExecutor(PARALLEL[self.how]) as pool:
            found = list(pool.map(self.one, places))
        wrong = sum(map(bool, found))
        for place in (p for p, offence in zip(places, found) if offence is None):
            again = None
            for _ in range(TRIES):
                if again is None:
                    self.measure()
                    again = self.one(place)
            if again is None:
                print(f"{self.exchange.kind} {self.how} {place}: it takes too long", flush=True)
            wrong += again is not False
        return wrong

    def places(self, step):
        found = set(self.marks[:-1]) | {m - 1 for m in self.marks}
        return sorted(found | set(range(0, self.whole, step)) if step else found)


def main():
    program, kind, how, step = Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3], int(sys.argv[4])
    began, campaign = time.monotonic(), Campaign(program, kind, how)
    places = campaign.places(step)
    if len(sys.argv) > 5:
        limit = min(int(sys.argv[6]), len(places))
        places = random.Random(int(sys.argv[5])).sample(places, limit)
    wrong = campaign.all(places)
    told = ", ".join(f"{n} {name}" for name, n in sorted(campaign.counts.items()))
    print(f"{kind} {how}: {len(places)} places of {campaign.whole} bytes in "
          f"{len(campaign.marks)} messages, {wrong} wrong; {told}; at most "
          f"{campaign.slowest:.1f} s over {campaign.patience:.1f} s; "
          f"{time.monotonic() - began:.0f} s")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
