#!/usr/bin/env python3
"""A write that the server refuses: it has failed, is tried again later and later, holds up nobody
else, and succeeds when the server no longer refuses it. Nobody starts the agent again for that.

usage: refused.py [TEST...]
"""
import re
import sys
import time

import drift
import served
from keeper import PATIENCE
from organisation import SUFFIX
from served import Agent, Served, must, until

WHO = 2  # this one's entry may not be written while it has this description
REFUSED = f'access to filter=(description=refused) by dn.exact="cn=mbxctl,{SUFFIX}" read by * none'
FAILED = re.compile(rb"RESULT tag=103 err=50 ")
NAME = f"Person {WHO:06}"
GAPS = (1, 2, 4)  # seconds
# The times are whole seconds, rounded up, and a tenth more or less.
LEAST, MOST = (lambda gap: 0.9 * gap - 1), (lambda gap: 1.1 * gap + 2)


class Refusing(Served):
    def __init__(self):
        super().__init__(drift.world(), log="stats", access=REFUSED)
        self.modify(WHO, "add: description\ndescription: refused")

    def refusals(self):
        return len(FAILED.findall((self.server.folder / "log").read_bytes()))

    def until_refused(self, count):
        until(f"refusal {count}", lambda: self.refusals() >= count)
        return time.monotonic()

    def permit(self):
        self.modify(WHO, "delete: description")


def attention(status):
    return {a["name"]: a for a in status["attention"]}


def seconds(text):
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def spare(began):
    """What this machine adds to a time: as much as it did to a moment's sleep."""
    return 0.5 + 5 * (served.timed(lambda: time.sleep(0.1))[0] - 0.1) + (time.monotonic() - began) / 20


def it_is_tried_again_and_again():
    """After a second, two, four; and then it is applied."""
    with Refusing() as w, Agent(w) as agent:
        began = last = w.until_refused(1)
        for count, gap in enumerate(GAPS, 1):
            status = agent.until_status("the failure", lambda s: (
                s["attention"] and s["attention"][0]["nextTry"] and s["nextPass"]))
            found = attention(status)[NAME]
            must(status["runs"][-1]["applied"] == drift.PEOPLE - 1, "the others were not written")
            must(set(attention(status)) == {NAME} and found["code"] in ("failed", "backing-off"),
                 str(status["attention"]))
            left = seconds(found["nextTry"]) - seconds(status["now"])
            must(-1 <= left <= MOST(gap), f"failed {count} times, it is tried again in {left} s")
            must(seconds(status["nextPass"]) <= seconds(found["nextTry"]) + 1,
                 "the next pass comes after the next try")
            if count == len(GAPS):
                w.permit()
                until("the connect", lambda: "msexchmailboxguid" in w.entry(WHO))
                now = time.monotonic()
            else:
                now = w.until_refused(count + 1)
            must(LEAST(gap) <= now - last <= MOST(gap) + spare(began), (
                f"failed {count} times, it was tried again after {now - last:.2f} s, not {gap}"))
            last = now
        must(w.refusals() == len(GAPS), f"it was refused {w.refusals()} times")
        agent.sync(0)
        must(not agent.status()["attention"], "it still says that something is wrong")
        events = agent.events("connection-attention")
        must(events and {e["name"] for e in events} == {NAME}, str(events))
        applied = [e["name"] for e in agent.events("connection-applied")]
        must(applied[-1] == NAME and len(applied) == drift.PEOPLE, str(applied))


def nobody_else_is_held_up():
    """Whatever else there is to do is done; a sync does not make it try before its time."""
    with Refusing() as w, Agent(w) as agent:
        w.until_refused(3)  # the next is four seconds away
        agent.until_status("the third failure", lambda s: s["runs"] and s["state"] == "waiting" and
                           len([r for r in s["runs"] if r["failed"]]) == 3)
        entry = w.entry(5)
        w.modify(5, drift.MANAGED["no retention"])
        done = {c["name"]: c for c in agent.sync(4)["connections"]}
        must(done["Person 000005"]["result"] == "applied" and w.entry(5) == entry, "a drift stays")
        must(done[NAME]["result"] == "not-attempted" and "3 times" in done[NAME]["message"],
             str(done[NAME]))
        found = attention(agent.status())[NAME]
        must(found["code"] == "backing-off" and found["nextTry"], str(found))
        text = " ".join(w.expect(0, "status").stdout.split())
        must("backing-off" in text and NAME in text, text)
        must(w.refusals() == 3, "a sync made it try before its time")
        w.permit()
        until("the connect", lambda: "msexchmailboxguid" in w.entry(WHO))


def a_restart_does_not_forget_it():
    with Refusing() as w, Agent(w) as agent:
        w.until_refused(4)  # the next is eight seconds away
        before = agent.until_status("the fourth failure", lambda s: (
            s["state"] == "waiting" and len([r for r in s["runs"] if r["failed"]]) == 4))
        agent.kill()
        agent.start()
        status = agent.status()
        tried, found = attention(before)[NAME], attention(status)[NAME]
        must(found["nextTry"] == tried["nextTry"] and found["code"] == "backing-off",
             f"before: {tried}, after: {found}")
        must(w.refusals() == 4, "it tried before its time")
        w.permit()
        until("the connect", lambda: "msexchmailboxguid" in w.entry(WHO), PATIENCE)
        must(time.time() + 1 >= seconds(tried["nextTry"]) - time.timezone, "it tried too early")


TESTS = (it_is_tried_again_and_again, nobody_else_is_held_up, a_restart_does_not_forget_it)

if __name__ == "__main__":
    sys.exit(served.main(TESTS, sys.argv[1:]))
