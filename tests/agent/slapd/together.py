#!/usr/bin/env python3
"""A person's apply and the agent at once: the one waits for the other, and neither keeps the other
from ending.

usage: together.py [TEST...]
"""
import subprocess
import sys
import threading
import time

import drift
import keeper
import served
from proxy import Proxy
from served import Agent, Served, must, organisation, until

SOON = 10  # seconds, where a lock is waited for 30


def the_agent_waits_for_an_apply():
    """The apply is kept from looking again, which it does under the lock, for as long as it takes
    the agent to want to write, too."""
    stopped, release = threading.Event(), threading.Event()

    def stop(_):
        if len(w.rows("SELECT * FROM run")) == 2:
            stopped.set()
            release.wait(keeper.PATIENCE)

    with Served(drift.world(), timeout="60s") as w, Proxy(lambda: str(w.server.socket)) as proxy:
        w.place.ask(dict(w.directory(), tls={"mode": "none"}))
        proxy.gate = stop
        with Agent(w) as agent:
            agent.sync(0)
            entry = w.entry(1)
            w.modify(1, drift.MANAGED["no retention"])
            began = time.monotonic()
            apply = subprocess.Popen(
                [organisation.MBXCTL, "apply", "--yes", "--directory",
                 f"ldap://127.0.0.1:{proxy.port}"], cwd=w.path, env=w.environment(), text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            until("the apply to look again", stopped.is_set)
            before = agent.status()["lastPass"]["number"]
            sync = threading.Thread(target=agent.ask, args=("sync",))
            sync.start()
            # It plans and does not come to an end: it waits.
            for _ in range(10):
                agent.until_status("its pass", lambda s: s["state"] == "planning")
                time.sleep(0.1)
            must(agent.status()["lastPass"]["number"] == before, "it did not wait")
            release.set()
            released = time.monotonic()
            said, _ = apply.communicate(timeout=keeper.PATIENCE + 10)
            took = time.monotonic() - released
            sync.join()
            must(apply.returncode == 0, lambda: f"the apply ended with {apply.returncode}: {said}")
            must(took < SOON + (released - began), f"the apply took {took:.1f} s after its write")
            must(w.entry(1) == entry, "the drift stays")
            agent.sync(0)
            modes = [r["mode"] for r in w.rows("SELECT mode FROM run WHERE applied > 0 ORDER BY id")]
            must(modes == ["agent", "apply"], f"it was written twice: {modes}")


TESTS = (the_agent_waits_for_an_apply,)

if __name__ == "__main__":
    sys.exit(served.main(TESTS, sys.argv[1:]))
