#!/usr/bin/env python3
"""Two applies of contradicting manifests, each with a store of its own, at once on one server.

However they meet: no mailbox has two users, no alias or address two holders; each ledger is true;
whoever withdrew left the entry as it was; and a last apply of one side has its way where nobody
else had his.

usage: races.py [ROUNDS [SEED]]
"""
import collections
import json
import random
import sys
import threading
import time

import organisation
from organisation import Failure, Folder, Server, guid_text, must, values
from proxy import Proxy, is_modify

PEOPLE = 24
KINDS = ["mailbox", "user", "alias", "address"]
HEAD = "apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections:\n"


class Gate:
    """Opens when both have come with their first write, or one has waited long enough."""

    def __init__(self):
        self.met, self.waiting = threading.Condition(), set()
        self.open, self.lags = True, [0, 0]

    def close(self, lags):
        self.waiting, self.open, self.lags = set(), False, lags

    def enter(self, side, piece):
        if self.open or not is_modify(piece):
            return
        with self.met:
            self.waiting.add(side)
            self.met.notify_all()
            self.met.wait_for(lambda: len(self.waiting) == 2, 0.5)
            self.open |= len(self.waiting) == 2
        time.sleep(self.lags[side])


def connection(mailbox, user, *more):
    return "\n    ".join([f"  - mailbox: Person {mailbox:06}",
                          f"database: MBXDB0{1 + mailbox % 2}",
                          f"user: person{user:06}@contoso.com", *more]) + "\n"


def contest(kind, a, b, name):
    """What each side wants, of two people; only one can have it."""
    if kind == "mailbox":
        return connection(a, a), connection(a, b)
    if kind == "user":
        return connection(a, a), connection(b, a)
    more = f"alias: {name}" if kind == "alias" else f"addresses: ['smtp:{name}@contoso.com']"
    return connection(a, a, more), connection(b, b, more)


class Arena:
    def __init__(self):
        ldif, self.inventory, _ = organisation.people(PEOPLE)
        self.server = Server(ldif).start()
        self.gate = Gate()
        self.proxies = [Proxy(lambda: str(self.server.socket),
                              lambda piece, side=side: self.gate.enter(side, piece))
                        for side in (0, 1)]
        self.folders = [Folder(self.server.config(f"ldap://127.0.0.1:{p.port}", "none"),
                               {"people.yaml": HEAD}, self.inventory) for p in self.proxies]
        self.empty_store = self.folders[0].store.read_bytes()
        self.before_ldif = self.server.content()
        self.before = organisation.entries(self.before_ldif)

    def reset(self, manifests):
        self.server.put_back(self.before_ldif)
        for folder, text in zip(self.folders, manifests):
            folder.store.write_bytes(self.empty_store)
            (folder.path / "manifests" / "people.yaml").write_text(HEAD + text)

    def close(self):
        for each in (*self.folders, *self.proxies, self.server):
            each.close()


def check_unique(now):
    for attribute in ("msExchMailboxGuid", "mailNickname", "proxyAddresses", "mail",
                      "legacyExchangeDN"):
        held = collections.defaultdict(set)
        for dn, entry in now.items():
            # Databases of one server have one legacyExchangeDN.
            for v in values(entry, attribute) if values(entry, "userPrincipalName") else ():
                held[v if attribute == "msExchMailboxGuid" else v.lower()].add(dn)
        for v, dns in held.items():
            must(len(dns) == 1, f"{attribute} {v} is on {sorted(dns)}")


def check_ledger(arena, side, document, code, now):
    """What it says of each is so; how often it withdrew."""
    count, withdrew = collections.Counter(), 0
    for c in document["connections"]:
        if c["action"] != "connect":
            continue
        dn = organisation.alike(c["user"]["dn"].encode()).decode()
        has = c["mailbox"]["guid"] in map(guid_text, values(now[dn], "msExchMailboxGuid"))
        count[c["result"]] += 1
        must(c["result"] in organisation.RESULTS, f"{c['name']} is {c['result']}")
        must(has == (c["result"] == "applied") or c["result"] == "uncertain",
             f"side {side}: {c['name']} is {c['result']}, {dn} {'has' if has else 'lacks'} it")
    folder = arena.folders[side]
    withdrew = folder.rows("SELECT count(DISTINCT name) AS n FROM change WHERE result = 'failed' "
                           "AND message LIKE '%was taken back%'")[0]["n"]
    blocked = document["summary"]["blocked"]
    wanted = 4 if count.keys() - {"applied"} else 3 if blocked else 0
    must(code == wanted, f"side {side}: exit {code} with {dict(count)}, {blocked} blocked")
    owned = organisation.owners(now)
    must(folder.connected() <= owned.keys(), f"side {side}: connected, and nobody's: "
         f"{folder.connected() - owned.keys()}")
    must(folder.intents() == count["uncertain"], f"side {side}: {folder.intents()} open intents")
    return withdrew


def race(arena, chance):
    """Both, at once; their documents and exit codes."""
    gated = chance.random() < 0.6
    if gated:
        arena.gate.close([chance.choice([0, 0, chance.uniform(0, 0.02)]) for _ in (0, 1)])
    else:
        arena.gate.open = True
    skew = chance.choice([0, chance.uniform(0, 0.05)])
    first = chance.randrange(2)
    processes = [None, None]
    for side in (first, 1 - first):
        processes[side] = arena.folders[side].begin("apply", "--yes", "-o", "json")
        time.sleep(skew)
    try:
        said = [p.communicate(timeout=60) for p in processes]
    finally:
        for p in processes:
            p.kill()
    for p, (out, err) in zip(processes, said):
        must(p.returncode in (0, 3, 4), f"exit {p.returncode}: {out[-2000:]}{err}")
    return [(p.returncode, json.loads(out)) for p, (out, _) in zip(processes, said)]


def final(arena, side):
    """A last apply of one side: whatever nobody else has is had now."""
    folder = arena.folders[side]
    for other in (1 - side, side):  # whoever left something open has to close it himself
        if other == side or arena.folders[other].intents():
            arena.folders[other].expect((0, 3), "apply", "--yes")
    left = folder.plan()["summary"]
    must(left["connect"] == left["update"] == left["unknown"] == 0, f"after the last: {left}")
    must(not any(f.intents() for f in arena.folders), "an intent is open")
    now = arena.server.entries()
    check_unique(now)
    connected, owned = folder.connected(), organisation.owners(now)
    must(connected <= owned.keys(), "the last one's store and the directory do not agree")
    return now


def one_round(arena, chance, tally):
    people = list(range(PEOPLE))
    chance.shuffle(people)
    texts, contests = ["", ""], []
    for n in range(chance.randint(1, 5)):
        a, b = people.pop(), people.pop()
        kind = chance.choice(KINDS)
        contests.append((kind, a, b))
        for side, text in enumerate(contest(kind, a, b, f"wanted{n}")):
            texts[side] += text
    for side in (0, 1):  # and some that nobody else wants
        for _ in range(chance.randint(0, 3)):
            i = people.pop()
            texts[side] += connection(i, i)
    arena.reset(texts)
    ended = race(arena, chance)
    now = arena.server.entries()
    check_unique(now)
    for dn in now.keys() ^ arena.before.keys():
        raise Failure(f"{dn} came or went")
    withdrew = [check_ledger(arena, side, document, code, now)
                for side, (code, document) in enumerate(ended)]
    # Whoever has no mailbox has nothing that was written for one.
    for dn, entry in now.items():
        must(values(entry, "msExchMailboxGuid") or entry == arena.before[dn],
             lambda: f"{dn} is not as it was: {set(entry) ^ set(arena.before[dn])}")
    won = set()
    for kind, a, b in contests:
        tally[kind] += 1
        dns = {i: f"cn=Person {i:06},ou=Sales,dc=contoso,dc=com" for i in (a, b)}
        holders = [i for i in (a, b) if values(now[dns[i]], "msExchMailboxGuid")]
        must(len(holders) <= 1, f"{kind}: both of {dns} have a mailbox")
        won.add(bool(holders))
        tally["nobody's" if not holders else "one's"] += 1
    tally["rounds in which both withdrew"] += bool(withdrew[0] and withdrew[1])
    tally["rounds in which one withdrew"] += bool(withdrew[0]) != bool(withdrew[1])
    tally["rounds in which one side won each"] += won == {True}
    side = chance.randrange(2)
    now = final(arena, side)
    for kind, a, b in contests:
        has = [i for i in (a, b) if values(
            now[f"cn=Person {i:06},ou=Sales,dc=contoso,dc=com"], "msExchMailboxGuid")]
        must(len(has) == 1, f"{kind} of {a} and {b} is nobody's after the last apply")


def main(rounds=12, seed=1):
    if not organisation.slapd.SLAPD:
        return organisation.SKIPPED
    organisation.slapd.clean_up_when_told_to_end()
    arena, failed, tally = Arena(), 0, collections.Counter()
    try:
        for i in range(rounds):
            chance = random.Random(seed * 100000 + i)
            try:
                one_round(arena, chance, tally)
            except Failure as trouble:
                failed += 1
                print(f"FAIL seed {seed}, round {i}: {trouble}", flush=True)
    finally:
        arena.close()
    print(f"{rounds} races, seed {seed}, {failed} fail: "
          + ", ".join(f"{k} {v}" for k, v in sorted(tally.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
