#!/usr/bin/env python3
"""The agent in `enforce` on a domain controller, beside another client that changes whatever there is,
while the controller and the account forest come and go.

Round after round the other client changes some entries. From the rules alone it is computed
(kept.py) what the next pass sets right, what it leaves to a person and what is nobody's business;
then the whole domain is as computed, attribute by attribute, every attribute was written as often as
that takes, the agent's audit tells its share of that and no more, and `status` what is left.

usage: agent.py ROUNDS | SECONDS"s" [SEED [simple | gssapi]]
"""
import datetime
import random
import sys
import time
from uuid import UUID

import forest
import ground
import kept
from forest import must
from other_client import MANAGED, OF_ANY_USER, TROUBLES, UNMANAGED, Person, Troubles
from witness import ALL, KEPT, Witness, by_guid, versions

sys.path[:0] = [str(forest.SOURCE / "tests" / "soak")]
import served  # noqa: E402
import soak  # noqa: E402

SETTLED = 90  # seconds, where something was in the way of the next pass
RETENTIONS = ("Corporate 7y", "Legal 10y")


class Course(Witness):
    """What happens, round after round, and what has to become of it."""

    def __init__(self, world, agent, chance):
        self.w, self.agent, self.chance = world, agent, chance
        agent.sync(0)
        entries = world.own.entries(attributes=ALL)
        self.keeper = kept.Keeper(kept.Mirror(entries),
                                  kept.Mirror(world.other.entries(attributes=ALL)))
        self.client = Troubles(world.own, world.other, self.keeper, chance)
        self.client.bystanders = [e["objectGUID"][0] for dn, e in entries.items()
                                  if dn.startswith("CN=Bystander")]
        self.people = [Person(*p) for p in world.connections]
        for p in self.people:
            for c in filter(None, (p.c, p.archive)):
                self.keeper.connections[c["name"]] = c
                self.keeper.pins[c["name"]] = p.guid
                self.keeper.rows[c["mailbox"]] = "connected"
        world.taken.clear()
        self.versions = {g: versions(e) for g, e in by_guid(entries).items()}
        self.told = self.audit(0)[0]
        self.written = {}  # by the agent, this round: {(user, attribute): (before, after)}
        self.decks, self.figures, self.story = {}, {}, []
        self.lenient = False  # something was in the way of the next pass
        must(not self.keeper.attention() and not self.keeper.carry_out(), "all is not well at first")

    def note(self, what, who="", n=1):
        self.figures[what] = self.figures.get(what, 0) + n
        self.story.append(f"{what} {who}")

    def happened_to(self, p, what):
        """The only thing that happens to somebody's mailbox in this round."""
        p.touched = True
        self.story.append(f"{p.c['name']}: {what}")

    # ---- what happens ----

    def kind(self, deck, kinds):
        """Each before any comes again."""
        if not self.decks.get(deck):
            self.decks[deck] = self.chance.sample(kinds, len(kinds))
        return self.decks[deck].pop()

    def whole(self):
        """Those to whom nothing has happened that is not set right."""
        return [p for p in self.people if not p.gone and not p.trouble and not p.touched
                and not p.c.get("suspend") and p.c["name"] in self.keeper.connections]

    def happen(self, deck, kinds, candidates):
        """The next kind, to somebody whom it suits."""
        kind = self.kind(deck, kinds)
        for p in self.chance.sample(candidates, len(candidates)):
            if self.client.do(kind, p):
                self.happened_to(p, kind)
                p.kind = kind if deck == "managed" else p.kind
                self.note(deck)
                return

    def insist(self):
        """The same once more, to whom it was done most often."""
        undone = self.keeper.undone
        some = [p for p in self.whole() if p.kind and p.c["name"] in undone]
        p = max(some, key=lambda p: (undone[p.c["name"]][0], p.number), default=None)
        if p and self.client.do(p.kind, p):
            self.happened_to(p, p.kind)
            self.note("insisted")

    def drift(self):
        """One thing that the other client does."""
        what = self.chance.choices(["managed", "again", "unmanaged", "trouble", "heal", "any"],
                                   [8, 2, 4, 3, 3, 2])[0]
        troubled = [p for p in self.people if p.trouble and not p.touched
                    and not (p.elsewhere and self.keeper.other_gone)]
        if what == "heal" and troubled:
            p = self.chance.choice(troubled)
            self.client.take_back(p)
            self.happened_to(p, "taken back")
            self.w.taken.pop(p.c["mailbox"], None)
            self.note("taken back")
        elif what == "any":
            alive = [p for p in self.people if not p.gone]
            self.client.do(self.chance.choice(OF_ANY_USER), self.chance.choice(alive))
            self.note("unmanaged")
        elif what == "trouble" and len(troubled) < ground.PEOPLE // 3:
            self.happen("trouble", TROUBLES, self.whole())
        elif what == "again":
            self.insist()
        elif what == "unmanaged":
            self.happen("unmanaged", UNMANAGED, self.whole())
        else:
            self.happen("managed", MANAGED, self.whole())

    def write_manifest(self):
        manifest = forest.HEAD + "".join(f"  - {forest.yaml_flow(c)}\n"
                                         for c in self.keeper.connections.values())
        fresh = self.w.path / "manifests" / "a.fresh"
        fresh.write_text(manifest)
        fresh.rename(self.w.path / "manifests" / "a.yaml")

    def edit(self):
        """Somebody wishes for something else, for nothing of somebody, or to wait."""
        p = self.chance.choice([p for p in self.people if not p.gone])
        name, was = p.c["name"], p.c.get("policies", {}).get("retention")
        what = self.chance.choice(["suspend", "release", "retention"])
        if what == "retention" and was in RETENTIONS:
            p.c["policies"] = {**p.c["policies"],
                               "retention": RETENTIONS[1 - RETENTIONS.index(was)]}
            self.keeper.edited.add(name)
        elif what == "release" and not p.archive:
            if self.keeper.connections.pop(name, None):
                self.keeper.undone.pop(name, None)
            else:
                self.keeper.connections[name] = p.c
        else:
            what = "suspend"
            p.c["suspend"] = not p.c.get("suspend")
        self.write_manifest()
        self.lenient = True
        self.note(f"manifest: {what}", name)

    def replace_leaver(self):
        """Of those who are deleted, one gets a successor, whom the manifest names."""
        gone = [p for p in self.people if p.gone]
        if not gone or not self.client.bystanders:
            return
        p = gone[0]
        p.guid = self.client.bystanders.pop()
        p.gone = False
        self.happened_to(p, "replaced")
        p.c["user"] = forest.guid_text(p.guid)
        del self.keeper.pins[p.c["name"]]
        self.keeper.edited.add(p.c["name"])
        self.w.taken[p.c["mailbox"]] = self.now()
        p.trouble = None
        self.write_manifest()
        self.import_inventory()
        self.note("successors")

    @staticmethod
    def now():
        return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")

    def import_inventory(self):
        """The mail server has seen what is connected and what is not."""
        for p in self.people:
            for c in filter(None, (p.c, p.archive)):
                attribute = "msExchArchiveGUID" if c.get("archive") else "msExchMailboxGuid"
                held = self.keeper.own.holders(attribute, UUID(c["mailbox"]).bytes_le)
                if held:
                    self.w.taken.pop(c["mailbox"], None)
                else:
                    self.w.taken.setdefault(c["mailbox"], self.now())
                self.keeper.rows[c["mailbox"]] = "connected" if held else "disabled"
        (self.w.path / "mailboxes.csv").write_text(
            forest.generate.HEADER + "".join(self.w.rows_of_server()))
        self.w.expect(0, "store", "import", "mailboxes.csv")
        self.lenient = True
        self.note("imports")

    def a_person_applies(self):
        """What was undone too often, and some that wait for a person."""
        for name, (_, code) in sorted(self.keeper.attention().items()):
            if code == "oscillating" or (code == "reconnecting" and self.chance.random() < 0.3):
                self.w.expect(0, "apply", "--yes", "--held", "--only", name)
                self.add(self.keeper.applied(name))
                for p in self.people:
                    if p.c["name"] == name and code == "reconnecting":
                        p.trouble = None
                        self.happened_to(p, "connected by a person")
                self.note("applied by a person", name)

    # ---- who is away ----

    def outage(self, server):
        """For a moment."""
        how = self.chance.choice(["freeze", "stop", "kill"])
        getattr(server, how)()
        time.sleep(self.chance.uniform(0.2, 3))
        server.thaw() if how == "freeze" else server.start()
        self.lenient = True
        self.note(f"controller: {how}")

    def other_forest_goes(self):
        getattr(self.w.other, self.chance.choice(["freeze", "kill"]))()
        self.keeper.other_gone = True
        self.agent.sync()  # none is running any more that could still ask it
        self.note("account forest gone")

    def other_forest_comes(self):
        self.w.other.thaw()
        if not self.w.other.process:
            self.w.other.start()
        self.keeper.other_gone = False
        self.lenient = True

    # ---- what has to become of it ----

    def add(self, more):
        """Of what is written twice in a round, the audit has both: the first before, the last after."""
        for key, (before, after) in more.items():
            if key not in self.written:
                self.written[key] = before, after
            elif self.written[key]:
                self.written[key] = self.written[key][0], after

    def settle(self):
        """Until all is as it must be: after the next pass, unless something was in the way."""
        while more := self.keeper.carry_out():
            self.add(more)
        began = time.monotonic()
        while True:
            self.agent.sync()
            entries, wrong = self.wrong_now(self.written)
            if not wrong:
                break
            waits = {"backing-off", "stale", "failed", "uncertain", "not-attempted"}
            late = self.lenient or waits & {code for _, code in self.attention().values()}
            must(late and time.monotonic() < began + SETTLED, lambda: (
                "\n".join(wrong[:20]) + "\nafter: " + ", ".join(self.story[-60:])
                + f"\n{self.agent.log.read_text()[-1000:]}"))
        self.note("corrected", n=len({g for g, _ in self.written}))
        self.versions = {g: versions(e) for g, e in entries.items()}
        self.keeper.own.writes.clear()
        self.told, self.written = self.audit(self.told)[0], {}
        for p in self.people:
            p.touched = False
        self.lenient = False

    def round(self, number):
        chance = self.chance
        if chance.random() < 0.3:
            self.a_person_applies()
        if number % 4 == 1:
            self.edit()
        if number % 5 == 2:
            self.import_inventory()
        if number % 6 == 4:
            self.replace_leaver()
        away = number % 4 == 3
        if away:
            self.other_forest_goes()
        struck = chance.randrange(12) if number % 3 == 2 else None
        for step in range(12):
            if step == struck:
                self.outage(self.w.own)
            self.drift()
            time.sleep(chance.uniform(0, 0.15))
        self.settle()
        if away:
            self.other_forest_comes()
            self.settle()

    # ---- the end ----

    def quiet(self):
        """Nothing happens, and nothing is written: by nobody, nowhere."""
        def all_there_is():
            own = {**self.w.own.entries(attributes=ALL),
                   **self.w.own.entries(attributes=ALL, base=self.w.own.configuration)}
            return {dn: {a: v for a, v in e.items() if a not in KEPT - forest.KEPT}
                    for dn, e in {**own, **self.w.other.entries(attributes=ALL)}.items()}
        before, stamps = all_there_is(), self.w.stamps()
        for _ in range(4):
            self.agent.sync()
        must(self.w.stamps() == stamps, "the store was written")
        after = all_there_is()
        must(before == after, lambda: "written: " + "; ".join(
            f"{dn}: {forest.changed(before.get(dn, {}), after.get(dn, {}))}"
            for dn in before.keys() | after.keys() if before.get(dn) != after.get(dn)))
        must(not self.wrong_now({})[1], lambda: "\n".join(self.wrong_now({})[1]))
        must(not self.w.place.intents(), "an intent is open")
        self.w.expect(0, "history", "--verify")


def run(rounds, seconds, seed, method):
    chance = random.Random(seed)
    with ground.World(method) as w:
        manifest = forest.HEAD + "".join(f"  - {forest.yaml_flow(c)}\n"
                                         for _, _, cs in w.connections for c in cs)
        (w.path / "manifests" / "a.yaml").write_text(manifest)
        with served.Agent(w, interval="1s", jitter="0%") as agent:
            course, measure = Course(w, agent, chance), soak.Measure(agent, None)
            number = 0
            while number < rounds if rounds else time.monotonic() - measure.began < seconds:
                course.round(number)
                measure.take()
                number += 1
            course.quiet()
            wrong = agent.complaints()
            if seconds:
                wrong += soak.judge(measure.rows, seconds, served.sanitized())
            agent.stop()
    must(not wrong, "; ".join(wrong))
    return (f"seed {seed}, {method}: {number} rounds, {measure.rows[-1]['passes']} passes, "
            + ", ".join(f"{n} {what}" for what, n in sorted(course.figures.items()))
            + f"; {len(course.client.did)} kinds of changes")


def main(arguments):
    length = arguments[0] if arguments else "4"
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    method = arguments[2] if len(arguments) > 2 else "simple"

    def what_others_change():
        rounds, seconds = (None, int(length[:-1])) if length.endswith("s") else (int(length), None)
        try:
            return run(rounds, seconds, seed, method)
        except AssertionError as trouble:
            raise forest.Failure(str(trouble)) from trouble
    return forest.main([what_others_change], [])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
