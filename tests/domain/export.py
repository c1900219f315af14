#!/usr/bin/env python3
"""What ldapsearch exports of a domain controller, given as `ldif:`, gives the plan that the domain
controller itself gives: for the sample organisation and for the matrix, before and after an apply. So
does an export of the account forest, given as the `ldif:` of a credential."""
import shutil
import sys

import forest
import matrix
from forest import Folder, must, organisation

SAMPLE = forest.SOURCE / "examples" / "contoso"


def says(document):
    """What is held against each other: all but the digest, which covers where it was read from."""
    return {c["name"]: c for c in document["connections"]}


def compare(domain, other, live, when):
    """Both plans of one world; the actions in it."""
    accounts = {"fabrikam": {"method": "anonymous", "uri": "ldif:accounts.ldif"}} if other else {}
    with Folder({"uri": "ldif:export.ldif"}, {}, credentials=accounts) as offline:
        shutil.copytree(live.path / "manifests", offline.path / "manifests", dirs_exist_ok=True)
        shutil.copy(live.store, offline.store)
        (offline.path / "export.ldif").write_text(domain.export(), encoding="utf-8")
        if other:
            (offline.path / "accounts.ldif").write_text(other.export(), encoding="utf-8")
        ours, theirs = says(live.plan()), says(offline.plan())
    must(ours.keys() == theirs.keys(), "not the same connections")
    for name, is_now in ours.items():
        for field, value in is_now.items():
            must(theirs[name][field] == value,
                 lambda: f"{when}, {name}: {field} is\n{value} on the domain controller and\n"
                         f"{theirs[name][field]} of its export")
    return [c["action"] for c in ours.values()]


def both(domain, manifests, inventory, other=None):
    credentials = forest.credentials(other) if other else {}
    with Folder(domain.config(), manifests, inventory, credentials=credentials) as live:
        before = compare(domain, other, live, "before")
        live.expect((0, 3), "apply", "--yes", "--held", timeout=300)
        after = compare(domain, other, live, "after")
    must("connect" in before and "none" in after, f"{before}, then {after}")
    return f"{len(before)} connections, before and after an apply"


def the_sample():
    inventory = (SAMPLE / "mailboxes.csv").read_text(encoding="utf-8")
    manifests = {p.name: p.read_text(encoding="utf-8") for p in
                 (SAMPLE / "manifests").glob("*.yaml")}
    with forest.Domain(ldif=organisation.contoso()) as domain:
        databases = forest.inventory(domain, [])[0]
        return both(domain, manifests, [databases, ("mailboxes.csv", inventory)])


def the_matrix():
    with matrix.World(matrix.cut(matrix.whole(), 2)) as world:
        return both(world.domain, {"matrix.yaml": world.manifest},
                    forest.inventory(world.domain, (c.row() for c in world.cases)), world.other)


if __name__ == "__main__":
    sys.exit(forest.main([the_sample, the_matrix], sys.argv[1:]))
