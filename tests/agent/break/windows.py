#!/usr/bin/env python3
"""Maintenance windows at both changes of summer time, by the zone of the process; and what closes
in the middle of a run."""
import os
import pathlib
import sys
import threading
import time
from datetime import datetime

sys.path.insert(0, str(pathlib.Path(os.environ["MBXCTL_SOURCE"]) / "tests" / "slapd"))
import organisation  # noqa: E402
import yaml  # noqa: E402
from beside import (Agent, Clock, World, drift, main, needs_a_clock, rows,  # noqa: E402
                    skip_unless, until)
from proxy import Proxy, is_modify  # noqa: E402

LATE = 6  # seconds; it looks each second, on a machine that others use
PEOPLE = 200
WINDOW = 64  # connections that are written at a time


def seconds_of(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def in_berlin(windows, *changes):
    """`changes`: moments at which it opens and closes, in turn; `-` before one that closes first."""
    opens = not changes[0].startswith("-")
    moments = [c.lstrip("-") for c in changes]
    with World(without_mistakes=True) as w:
        clock = Clock(w)
        w.expect(0, "apply", "--yes", "--held")
        clock.set_to(seconds_of(moments[0]) - 3)
        with Agent(w, windows=windows, env=dict(clock.environment(), TZ="Europe/Berlin")) as agent:
            for n, moment in enumerate(moments):
                change(w, agent, clock, moment, opens, n // 2 + 1)
                opens = not opens


def change(w, agent, clock, moment, opens, n):
    if clock.now() < seconds_of(moment) - 3:
        clock.set_to(seconds_of(moment) - 3)
        agent.until_status("the clock", lambda s: seconds_of(s["now"]) > seconds_of(moment) - 4)
    window = agent.status()["window"]
    if clock.now() < seconds_of(moment):
        assert window == {"open": not opens, "changes": moment}, window
    if opens:
        drift(w)
        code = w.run("sync").returncode
        assert code == 5 or clock.now() > seconds_of(moment), f"it ended with {code} before {moment}"
    told = agent.wait("window-open" if opens else "window-closed", n)[n - 1]["ts"]
    assert 0 <= seconds_of(told) - seconds_of(moment) <= LATE, (told, moment)
    if opens:
        agent.wait("connection-applied", n)
        return
    drift(w)
    agent.sync(5)
    assert len(agent.events("connection-applied")) <= n
    w.expect(0, "apply", "--yes")


def in_spring_it_is_as_long_as_it_says():
    in_berlin([{"allow": "Sun 01:30", "for": "2h"}], "2027-03-28T00:30:00Z", "2027-03-28T02:30:00Z")


def in_spring_the_hour_that_is_skipped_begins_as_the_clock_jumps():
    in_berlin([{"allow": "Sun 02:30", "for": "1h"}], "2027-03-28T01:00:00Z", "2027-03-28T02:00:00Z",
              "2027-04-04T00:30:00Z")


def in_spring_a_denial_wins():
    in_berlin([{"allow": "Sat 22:00", "for": "12h"}, {"deny": "2027-03-28 03:30", "for": "90m"}],
              "-2027-03-28T01:30:00Z", "2027-03-28T03:00:00Z")


def in_autumn_it_is_as_long_as_it_says():
    in_berlin([{"allow": "Sun 01:30", "for": "2h"}], "2027-10-30T23:30:00Z", "2027-10-31T01:30:00Z")


def in_autumn_of_the_hour_that_comes_twice_the_first_counts():
    in_berlin([{"allow": "Sun 02:30", "for": "30m"}], "2027-10-31T00:30:00Z", "2027-10-31T01:00:00Z",
              "2027-11-07T01:30:00Z")


# ---- in the middle of a run ----

class Town(World):
    """Many who lost their mailboxes, in a server behind a proxy."""

    def __init__(self):
        super().__init__(without_mistakes=True)
        ldif, inventory, manifests = organisation.people(PEOPLE)
        for p in self.file("manifests").iterdir():
            p.unlink()
        for name, text in [*inventory, *(("manifests/" + n, t) for n, t in manifests.items())]:
            self.file(name).write_text(text)
        self.expect(0, "store", "import", *(name for name, _ in inventory))
        self.server = organisation.Server(ldif).start()
        self.proxy = Proxy(lambda: str(self.server.socket), self.gate)
        self.at_a_write = None
        config = yaml.safe_load(self.file("mbxctl.yaml").read_text())
        config["directory"] = {"base": organisation.SUFFIX, "timeout": "20s",
                               **self.server.config(f"ldap://127.0.0.1:{self.proxy.port}", "none")}
        config["limits"] = {"changes": 10000, "changesPercent": 100}
        self.file("mbxctl.yaml").write_text(yaml.safe_dump(config))

    def gate(self, piece):
        act, self.at_a_write = (None, self.at_a_write) if not is_modify(piece) else (self.at_a_write, None)
        if act:
            act()

    def owned(self):
        return len(organisation.owners(self.server.entries()))

    def __exit__(self, *ignored):
        self.proxy.close()
        self.server.close()
        super().__exit__()


def held_at_the_first_write(act, rest):
    """`act(world, agent, clock)` while the first of all writes is on its way; then it arrives, and
    `rest(world, agent)`."""
    skip_unless(organisation.slapd.SLAPD, "there is no slapd here")
    began, go_on = threading.Event(), threading.Event()

    def hold():
        began.set()
        go_on.wait(60)
    with Town() as w:
        clock = Clock(w)
        clock.set_to(seconds_of("2027-03-01T03:59:00Z"))
        before = w.owned()
        windows = [{"allow": "2027-03-01 00:00", "for": "4h"}]
        w.at_a_write = hold
        with Agent(w, windows=windows, passes=False, env=dict(clock.environment(), TZ="UTC")) as agent:
            until("the first write", began.is_set)
            act(w, agent, clock)
            assert w.owned() == before, "it did not wait for the gate"
            go_on.set()
            rest(w, agent)
            assert w.owned() - before == WINDOW, f"{w.owned() - before} were written"
            assert not rows(w, "SELECT 1 FROM intent"), "something is half done"


def is_finished(code):
    def rest(_, agent):
        status = agent.until_status("the end of the run", lambda s: s["lastPass"] and s["lastPass"]["run"])
        assert status["summary"]["applied"] == WINDOW, status["summary"]
        assert status["summary"]["notAttempted"] == PEOPLE - WINDOW, status["summary"]
        assert {a["code"] for a in status["attention"]} == {code}, status["attention"][0]
    return rest


def what_is_written_as_it_closes_is_finished():
    def close(_, agent, clock):
        clock.set_by(120)
        agent.wait("window-closed")
    held_at_the_first_write(close, is_finished("window-closed"))


def what_is_written_as_it_is_suspended_is_finished():
    def suspend(w, agent, _):
        w.expect(0, "suspend")
    held_at_the_first_write(suspend, is_finished("agent-suspended"))


def what_is_written_as_it_is_told_to_end_is_finished():
    def end(_, agent, __):
        agent.process.terminate()
        agent.wait("stopping")

    def rest(w, agent):
        assert agent.process.wait(30) == 0
        assert agent.events("stopped")
    held_at_the_first_write(end, rest)


TESTS = (in_spring_it_is_as_long_as_it_says, in_spring_the_hour_that_is_skipped_begins_as_the_clock_jumps,
         in_spring_a_denial_wins, in_autumn_it_is_as_long_as_it_says,
         in_autumn_of_the_hour_that_comes_twice_the_first_counts, what_is_written_as_it_closes_is_finished,
         what_is_written_as_it_is_suspended_is_finished, what_is_written_as_it_is_told_to_end_is_finished)

if __name__ == "__main__":
    needs_a_clock()
    organisation.slapd.clean_up_when_told_to_end()
    sys.exit(main(TESTS, sys.argv[1:]))
