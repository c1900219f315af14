#!/usr/bin/env python3
"""kill -9 of the agent in the middle of a pass that writes, and a start: what was open is closed,
all is as it would be undisturbed, and nobody is asked about what the agent wrote itself.

By turns the directory is a slapd and an LDIF file. Over the slapd the moment is a message on the
way; in half of these rounds somebody changes one of those who were half done before the start.

usage: kill.py [ROUNDS [SEED]]
"""
import collections
import random
import shutil
import sys
import threading
import time

import drift
import keeper
import served
from served import Agent, Failure, Served, must, organisation, until

PEOPLE, FILLERS, LIMIT = 80, 500 if served.sanitized() else 3000, 60


def audit(world, but=None):
    """What the history says was written to whom, whoever recorded it."""
    return sorted((r["manifest"], r["name"], r["target"], r["attribute"], r["before"], r["after"])
                  for r in world.rows("SELECT manifest, name, target, attribute, before, after "
                                      "FROM change WHERE result = 'applied'")
                  if r["name"] != but and r["attribute"] != "msExchWhenMailboxCreated")


class Town(Served):
    """People of a slapd, who are all connected by a pass."""

    def __init__(self):
        super().__init__(PEOPLE, timeout="10s", proxied=True)
        self.empty, self.before = self.place.store.read_bytes(), self.server.content()
        with Agent(self) as agent:
            self.pieces = self.proxy.pieces  # of its first pass
            self.settled = agent.sync()["summary"]
        self.history, self.after = audit(self), self.state()
        must(self.settled["none"] == PEOPLE, f"undisturbed it comes to {self.settled}")

    def state(self):
        """The directory, but for the moment of the connect."""
        return {dn: tuple(v for v in entry if v[0] != "msexchwhenmailboxcreated")
                for dn, entry in self.server.entries().items()}

    def reset(self):
        for name in ("mbxctl.db-wal", "mbxctl.db-shm"):
            (self.path / name).unlink(missing_ok=True)
        self.place.store.write_bytes(self.empty)
        self.server.put_back(self.before)

    def strike(self, chance):
        """An agent that is killed; when it was."""
        struck = threading.Event()
        piece = chance.randint(1 if chance.random() < 0.25 else self.pieces // 3, self.pieces)
        self.reset()
        self.proxy.arm(piece, struck.set, after=chance.random() < 0.5)
        agent = Unstarted(self)
        agent.log.unlink(missing_ok=True)
        process = agent.spawn()
        # TCP may have joined messages: then there are fewer of them.
        until("the message, or the end of the pass", lambda: (
            struck.is_set() or b'"pass-ended"' in agent.log.read_bytes()), LIMIT)
        process.kill()
        process.wait()
        self.proxy.arm(None, None)
        return f"message {piece} of {self.pieces}"

    def disturb(self, chance):
        """Somebody changes one whose connect is half done; the name, or None."""
        open_ = [r["name"] for r in self.rows("SELECT name FROM intent ORDER BY name")]
        owned = {dn for dn, entry in self.server.entries().items()
                 if organisation.values(entry, "msExchMailboxGuid")}
        written = [n for n in open_ if organisation.alike(
            served.user_dn(int(n.split()[1])).encode()).decode() in owned]
        if not written or chance.random() < 0.5:
            return None
        name = chance.choice(written)
        self.modify(int(name.split()[1]), drift.MANAGED["no retention"])
        return name


class Village(keeper.World):
    """The sample organisation in an LDIF file, of a size that its pass takes a while."""

    def __init__(self):
        super().__init__(without_mistakes=True)
        with open(self.directory, "a", encoding="utf-8") as f:
            for i in range(FILLERS):
                f.write(f"\ndn: CN=Filler {i},OU=Sales,DC=contoso,DC=com\nobjectClass: user\n"
                        f"cn: Filler {i}\ndisplayName: Filler {i}\nsAMAccountName: filler{i}\n")
        self.kept = self.folder / "kept"
        shutil.copytree(self.path, self.kept)
        self.took = min(self.undisturbed() for _ in range(2))
        self.history, self.after = audit(self), self.state()
        with Agent(self) as agent:
            self.settled = agent.sync()["summary"]

    def environment(self):
        return {k: v for k, v in super().environment().items() if k != "SOURCE_DATE_EPOCH"}

    def undisturbed(self):
        self.reset()
        began = time.monotonic()
        with Agent(self):
            return time.monotonic() - began

    def state(self):
        return [line for line in self.directory.read_text().splitlines()
                if not line.startswith("msExchWhenMailboxCreated:")]

    def reset(self):
        shutil.rmtree(self.path)
        shutil.copytree(self.kept, self.path)

    def strike(self, chance):
        self.reset()
        agent = Unstarted(self)
        moment = chance.uniform(0.1, 1.0) * self.took
        process = agent.spawn()
        time.sleep(moment)
        process.kill()
        process.wait()
        return f"after {moment * 1000:.0f} of {self.took * 1000:.0f} ms"

    def disturb(self, chance):
        return None


class Unstarted(Agent):
    """One whose start is nobody's business."""

    def start(self):
        return self


def one_round(world, chance, tally):
    moment = world.strike(chance)
    try:
        intents = world.rows("SELECT count(*) AS n FROM intent")[0]["n"]
        begun = [r["id"] for r in world.rows("SELECT id FROM run WHERE ended IS NULL")]
        tally["half done" if intents else "in a run" if begun else
              "done" if world.rows("SELECT * FROM run") else "not begun"] += 1
        changed = world.disturb(chance)
        tally["changed meanwhile"] += bool(changed)
        with Agent(world) as agent:
            document = agent.sync()
            held = [c["name"] for c in document["connections"] if "adopting" in c["holds"]]
            must(not held, f"a person is asked about {held}")
            summary = document["summary"]
            must({k: summary[k] for k in ("none", "connect", "update", "blocked")} ==
                 {k: world.settled[k] for k in ("none", "connect", "update", "blocked")},
                 f"after a start and a sync: {summary}, undisturbed: {world.settled}")
            must(not world.rows("SELECT * FROM intent"), "an intent is open")
            must(world.state() == world.after, "the directory is not as it would be undisturbed")
            now, wanted = audit(world, changed), [r for r in world.history if r[1] != changed]
            must(now == wanted, lambda: f"history: too much {set(now) - set(wanted)}, "
                                        f"missing {set(wanted) - set(now)}")
            # Of a run that left nothing open nobody can say that it ended.
            unended = [r["id"] for r in world.rows("SELECT id FROM run WHERE ended IS NULL")]
            must(unended == ([] if intents else begun), f"runs {unended} have no end, {begun} had "
                 f"none at the kill, with {intents} open intents")
            before = stamps(world)
            agent.sync()
            after = stamps(world)
            must(after == before, f"a second sync wrote: {set(after) ^ set(before)}")
            must(not agent.complaints(), lambda: "\n".join(agent.complaints()))
    except (Failure, AssertionError) as trouble:
        raise Failure(f"killed at {moment}: {trouble}") from trouble


def stamps(world):
    """All that a write would change: of the files, and of a server."""
    found = {(str(p.relative_to(world.path)), s.st_ino, s.st_size, s.st_mtime_ns)
             for p in world.path.rglob("*") if p.is_file() for s in [p.stat()]}
    return found | set(world.written().items() if isinstance(world, Served) else ())


def main(rounds=4, seed=1):
    if not organisation.slapd.SLAPD:
        return organisation.SKIPPED
    organisation.slapd.clean_up_when_told_to_end()
    chance, tally, failed = random.Random(seed), collections.Counter(), 0
    with Town() as town, Village() as village:
        for i in range(rounds):
            try:
                one_round((town, village)[i % 2], chance, tally)
            except (Failure, AssertionError) as trouble:
                failed += 1
                print(f"FAIL seed {seed}, round {i}, {trouble}", flush=True)
    print(f"{rounds} kills of the agent, seed {seed}, {failed} fail: "
          + ", ".join(f"{k} {v}" for k, v in sorted(tally.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
