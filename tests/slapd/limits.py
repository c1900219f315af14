#!/usr/bin/env python3
"""A server that gives its account 100 entries of 1,000 people: what cannot be read is unknown.

A search that is cut short is never taken for the whole: nobody is `user-not-found`, nobody's
mailbox is free, because there was no room for the answer. Where all could be read in smaller
pieces the plan is the same to the byte.

usage: limits.py [TEST...]
"""
import json
import sys

import organisation
from organisation import Folder, Server, generate, must

PEOPLE, LIMIT = 1000, 100
NAMESAKES = 130  # people of one display name: more than the server gives at once
FEW = 40

HEAD = "apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections:\n"


def namesake(i):
    """One whose displayName is also that of a mailbox."""
    entry = generate.person(PEOPLE + i)
    return entry.replace(f"displayName: Person {PEOPLE + i:06}", "displayName: John Namesake")


def connections(n):
    return "".join(f"  - mailbox: Person {i:06}\n    database: MBXDB0{1 + i % 2}\n"
                   f"    user: person{i:06}@contoso.com\n" for i in range(n))


def by_name(mailbox):
    return f"  - mailbox: {mailbox}\n    database: MBXDB01\n"


OWNER = 777  # holds the mailbox that a connection wants for somebody else


def world():
    """LDIF and inventory of everybody."""
    owned = generate.uuid.uuid5(generate.SPACE, "mailbox 2000")
    ldif = organisation.contoso()
    for i in range(PEOPLE):
        ldif += generate.person(i)
        if i == OWNER:
            binary = generate.base64.b64encode(owned.bytes_le).decode()
            ldif = ldif.rstrip("\n") + f"\nmsExchMailboxGuid:: {binary}\n"
    ldif += "".join(namesake(i) for i in range(NAMESAKES))
    rows = "".join(generate.mailbox(i) for i in [*range(PEOPLE), 2000])
    rows = rows.replace("Person 002000", "Owned Already")
    rows += generate.mailbox(2002).replace("Person 002002", "John Namesake")
    return ldif, [("databases.csv", organisation.databases()),
                  ("mailboxes.csv", generate.HEADER + rows)]


SPECIAL = (by_name("John Namesake")
           + by_name("Owned Already") + "    user: person000005@contoso.com\n    name: owned\n")


class World:
    """The same directory behind each limit, and one store."""

    def __init__(self):
        ldif, inventory = world()
        # Of a server that pages, the limit is one of a page.
        paged = f'limits dn.exact="cn=mbxctl,{organisation.SUFFIX}" size.soft={LIMIT} ' \
                f"size.hard={LIMIT} size.prtotal=unlimited"
        self.server = {"none": Server(ldif).start()}
        self.server["all"] = Server(ldif, size_limit=LIMIT).start()
        self.server["unpaged"] = Server(ldif, access=paged).start()
        self.folder = Folder(self.server["none"].config(), {"few.yaml": HEAD + connections(FEW)},
                             inventory, timeout="30s")

    def manifest(self, text):
        (self.folder.path / "manifests" / "few.yaml").write_text(HEAD + text)

    def plan(self, limit):
        self.folder.ask(self.server[limit].config(), "30s")
        return self.folder.expect((0, 3), "plan", "-o", "json").stdout

    def close(self):
        self.folder.close()
        for server in self.server.values():
            server.close()


def same_or_unknown(free, limited):
    """The names of those that are unknown; all others as without the limit."""
    unknown = set()
    for a, b in zip(free["connections"], limited["connections"], strict=True):
        must(a["name"] == b["name"], "another order")
        if b["action"] == "unknown":
            must(b["reasons"] and all(r["code"] == "read-incomplete" for r in b["reasons"]),
                 f"{b['name']}: {b['reasons']}")
            unknown.add(b["name"])
        else:
            must(a == b, lambda: f"{b['name']} is {b['action']} {b['reasons']}, and without a limit "
                 f"{a['action']} {a['reasons']}")
    must(limited["complete"] == (not unknown), "complete, and some are unknown")
    return unknown


def the_same_bytes(world_, text):
    world_.manifest(text)
    free = world_.plan("none")
    for limit in ("unpaged", "all"):
        must(world_.plan(limit) == free, f"limit {limit}: another plan")
    summary = json.loads(free)["summary"]
    must(summary["unknown"] == 0, str(summary))
    return summary


def few(world_):
    summary = the_same_bytes(world_, connections(FEW))
    must(summary["connect"] == FEW, str(summary))


def many(world_):
    """More than a tenth of everybody, in one sweep where there is no limit."""
    summary = the_same_bytes(world_, connections(PEOPLE))
    must(summary["connect"] == PEOPLE - 1, str(summary))  # but for OWNER


def not_the_whole(world_, n):
    world_.manifest(connections(n) + SPECIAL)
    free = json.loads(world_.plan("none"))
    codes = {c["name"]: [r["code"] for r in c["reasons"]] for c in free["connections"]}
    must(codes["John Namesake"] == ["match-ambiguous"] or "ambiguous" in codes["John Namesake"][0],
         str(codes["John Namesake"]))
    must(codes["owned"] and codes["owned"][0] == "mailbox-owned", str(codes["owned"]))
    must(same_or_unknown(free, json.loads(world_.plan("unpaged"))) == set(),
         "what a page at a time gives is not the whole")
    unknown = same_or_unknown(free, json.loads(world_.plan("all")))
    must(unknown == {"John Namesake"}, f"unknown: {unknown}")


def not_the_whole_of_few(world_):
    not_the_whole(world_, FEW)


def not_the_whole_of_many(world_):
    not_the_whole(world_, PEOPLE)


def applied_in_full(world_):
    """What is planned under a limit is written under it, each to whom it belongs."""
    world_.manifest(connections(300))
    server = world_.server["all"]
    world_.folder.ask(server.config(), "30s")
    before, store = server.content(), world_.folder.store.read_bytes()
    try:
        done = json.loads(world_.folder.expect(0, "apply", "--yes", "-o", "json").stdout)
        must(done["summary"]["applied"] == 300, str(done["summary"]))
        owners = organisation.owners(server.entries())
        for c in done["connections"]:
            dns = owners[c["mailbox"]["guid"]]
            must(dns == [organisation.alike(c["user"]["dn"].encode()).decode()], str(dns))
        left = json.loads(world_.plan("all"))["summary"]
        must(left["none"] == 300, str(left))
    finally:
        world_.folder.store.write_bytes(store)
        server.put_back(before)


def main(arguments):
    kept = []

    def the_world():
        if not kept:
            kept.append(World())
        return kept[0]

    def test_of(test):
        def call():
            return test(the_world())
        call.__name__ = test.__name__
        return call

    try:
        return organisation.main([test_of(t) for t in (
            few, many, not_the_whole_of_few, not_the_whole_of_many, applied_in_full)], arguments)
    finally:
        for each in kept:
            each.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
