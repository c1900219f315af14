#!/usr/bin/env python3
"""All events are lost: what changes is in force with the look of the next minute, as always.

usage: blind.py DRIVER [ROUNDS]
"""
import random
import sys
import time

from watching import main, manifest

WITHIN = 65


def lost(name, seed):
    def case(w):
        w.write("m/a.yaml", manifest("a0"))
        w.start("--without-events", "m")
        time.sleep(random.Random(seed).uniform(0, 50))
        w.save("m/a.yaml", manifest("a1"))
        w.expect_names("a1", seconds=WITHIN)
    case.__name__ = name
    return case


if __name__ == "__main__":
    rounds = int(sys.argv.pop(2)) if len(sys.argv) > 2 else 10
    sys.exit(main([lost(f"lost{i}", i) for i in range(rounds)], __doc__))
