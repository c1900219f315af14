#!/usr/bin/env python3
"""kill -9 of an apply while it speaks to a server: whatever was half done, the next apply closes it.

An entry is as it was or has exactly what was planned; what the server has and the store has not is
in an open intent; and the next apply settles that before a plan has nothing left to do.

usage: kills.py [KILLS [SEED]]
"""
import collections
import random
import subprocess
import sys
import threading

import organisation
from nemesis import Town, check_convergence, check_entries
from organisation import Failure, must

LIMIT = 60


def kill_at(town, piece):
    """An apply that is killed at a message on its way to the server or from it."""
    struck = threading.Event()
    town.reset()
    town.folder.ask(town.directory(), "5s")
    town.proxy.arm(piece, struck.set)
    process = town.folder.begin(*town.arguments("apply"))
    # What it says has to be taken, or it would wait for that and never be done.
    listener = threading.Thread(target=process.communicate)
    listener.start()
    try:
        while not struck.wait(0.002) and listener.is_alive():
            pass
    finally:
        process.kill()
        listener.join(LIMIT)
        town.proxy.arm(None, None)


def one_round(town, piece, tally):
    kill_at(town, piece)
    written = check_entries(town, town.server.entries())
    owned = organisation.owners(town.server.entries())
    half = len(owned.keys() & town.owner.keys() - town.folder.connected())
    intents = town.folder.intents()
    must(half <= intents, f"{half} are written and not in the store, {intents} intents are open")
    tally["half done" if intents else "done" if len(written) == town.n else
          "between windows" if written else "not begun"] += 1
    check_convergence(town)
    audited = town.folder.rows("SELECT count(DISTINCT name) AS n FROM change "
                               "WHERE result = 'applied'")[0]["n"]
    must(audited == town.n, f"the audit has {audited} of {town.n}")


def main(kills=8, seed=1):
    chance, tally, failed = random.Random(seed), collections.Counter(), 0
    if not organisation.slapd.SLAPD:
        return organisation.SKIPPED
    organisation.slapd.clean_up_when_told_to_end()
    town = Town(150, False)
    try:
        for i in range(kills):
            # The writes stand at the end of an apply: most kills go there.
            least = 1 if i % 4 == 0 else town.pieces["apply"] // 3
            piece = chance.randint(least, town.pieces["apply"])
            try:
                one_round(town, piece, tally)
            except (Failure, subprocess.SubprocessError) as trouble:
                failed += 1
                print(f"FAIL seed {seed}, kill {i}, at message {piece}: {trouble}", flush=True)
    finally:
        town.close()
    print(f"{kills} kills over LDAP, seed {seed}, {failed} fail: "
          + ", ".join(f"{k} {v}" for k, v in sorted(tally.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
