#!/usr/bin/env python3
"""kill -9 of an apply at random moments: whatever was half done, the next apply closes it.

usage: kill.py [ROUNDS [SEED]]
"""
import json
import random
import signal
import subprocess
import sys
import time

from world import MBXCTL, World


def audit(w):
    """What the audit says was written, whoever recorded it."""
    return sorted((r["manifest"], r["name"], r["target"], r["attribute"], r["before"], r["after"])
                  for r in w.rows("SELECT manifest, name, target, attribute, before, after "
                                  "FROM change WHERE result = 'applied'"))


def enlarge(w):
    """Enough of a directory that every phase of an apply takes a while."""
    with open(w.directory, "a") as f:
        for i in range(4000):
            f.write(f"\ndn: CN=Filler {i},OU=Sales,DC=contoso,DC=com\nobjectClass: user\n"
                    f"cn: Filler {i}\ndisplayName: Filler {i}\nsAMAccountName: filler{i}\n")


def reference():
    with World() as w:
        enlarge(w)
        began = time.monotonic()
        w.expect(3, "apply", "--yes", "--held")
        return time.monotonic() - began, w.directory.read_bytes(), audit(w)


def one_round(delay, directory, changes, seen):
    with World() as w:
        enlarge(w)
        before = w.directory.read_bytes()
        process = subprocess.Popen([MBXCTL, "apply", "--yes", "--held"], cwd=w.path,
                                   env=w.environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        after = w.directory.read_bytes()
        assert after in (before, directory), "the directory is neither as before nor as after"
        open_intents = w.rows("SELECT count(*) AS n FROM intent")[0]["n"]
        seen["half done" if open_intents else
             "done" if after == directory else "not begun"] += 1
        w.expect(3, "apply", "--yes", "--held")
        assert w.directory.read_bytes() == directory, "the next apply came to another directory"
        assert w.rows("SELECT count(*) AS n FROM intent")[0]["n"] == 0, "an intent is still open"
        assert audit(w) == changes, "the audit is not complete"
        left = json.loads(w.expect(3, "plan", "-o", "json").stdout)["summary"]
        assert left["connect"] == left["update"] == 0, left


def main(rounds=25, seed=1):
    chance = random.Random(seed)
    took, directory, changes = reference()
    seen = {"not begun": 0, "half done": 0, "done": 0}
    for i in range(rounds):
        # The writes stand at the end of an apply: most kills go there.
        delay = chance.uniform(0, took) if i % 3 == 0 else chance.uniform(took * 0.4, took)
        try:
            one_round(delay, directory, changes, seen)
        except AssertionError as trouble:
            print(f"FAIL seed {seed}, round {i}, killed after {delay * 1000:.1f} ms: {trouble}")
            return 1
    print(f"ok   {rounds} kills, seed {seed}: {seen}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
