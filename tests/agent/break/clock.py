#!/usr/bin/env python3
"""The clock on the wall is set back and forward by a day while the agent runs: it misses nothing,
waits for nothing without end, and no date that it tells is absurd."""
import shutil
import subprocess
import sys
from datetime import datetime

from beside import MANIFEST, Agent, Clock, World, attention, drift, main, needs_a_clock, until

DAY = 24 * 3600


def seconds_of(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def passes_go_on(agent, clock, how_many=2):
    """... and what the status says of time is of the new clock."""
    n = agent.status()["lastPass"]["number"]
    status = agent.until_status("further passes", lambda s: s["lastPass"]["number"] >= n + how_many)
    assert abs(seconds_of(status["lastPass"]["ended"]) - clock.now()) < 60, (status["lastPass"], clock.text())
    for a in status["attention"]:
        assert seconds_of(a["since"]) <= clock.now() + 1, (a, clock.text())
    return status


def while_it_waits_for_the_interval():
    with World() as w:
        clock = Clock(w)
        with Agent(w, "observe", interval="1s", env=clock.environment()) as agent:
            purges = [d["purgeDate"] for d in agent.status()["deadlines"]]
            assert purges
            for jump in (DAY, -DAY, -DAY, DAY):
                clock.set_by(jump)
                status = passes_go_on(agent, clock)
                ahead = seconds_of(status["nextPass"]) - clock.now() if status["nextPass"] else 0
                assert -10 < ahead < 10, (status["nextPass"], clock.text())
                assert [d["purgeDate"] for d in status["deadlines"]] == purges, "a purge date moved"
            assert not agent.events("connection-clear"), "something was told to be over"


def while_the_interval_is_long():
    """When the next pass is due is told by the new clock: the timer does not know of it."""
    with World() as w:
        clock = Clock(w)
        with Agent(w, "observe", interval="1h", jitter="0%", env=clock.environment()) as agent:
            for jump in (DAY, -2 * DAY):
                clock.set_by(jump)
                ahead = seconds_of(agent.status()["nextPass"]) - clock.now()
                assert 3000 < ahead < 3700, f"the next pass in {ahead} s, of an hour"


def enlarge(world):
    """The directory is the largest file by far."""
    with open(world.directory, "a") as f:
        for i in range(3000):
            f.write(f"\ndn: CN=Filler {i},OU=Sales,DC=contoso,DC=com\nobjectClass: user\n"
                    f"cn: Filler {i}\ndisplayName: Filler {i}\nsAMAccountName: filler{i}\n")


def limited(agent, size):
    subprocess.run(["prlimit", f"--pid={agent.process.pid}", f"--fsize={size}:"], check=True)


def during_a_back_off(jump):
    with World(without_mistakes=True) as w:
        clock = Clock(w)
        enlarge(w)
        w.expect(0, "apply", "--yes", "--held")
        with Agent(w, env=clock.environment()) as agent:
            agent.sync(0)
            # A file that may not grow so large is an error of its write.
            limited(agent, w.directory.stat().st_size - 10000)
            drift(w)
            w.run("sync")
            until("that it fails again", lambda: [
                e for e in agent.events("pass-ended") if e["result"] == "partial" and e["trigger"] == "retry"])
            clock.set_by(jump)
            limited(agent, "unlimited")
            agent.wait("connection-applied")
            agent.until_status("that all is well", lambda s: not s["attention"])


def during_a_back_off_a_day_forward():
    during_a_back_off(DAY)


def during_a_back_off_a_day_back():
    during_a_back_off(-DAY)


def while_it_is_suspended():
    with World(without_mistakes=True) as w:
        clock = Clock(w)
        w.expect(0, "apply", "--yes", "--held")
        with Agent(w, env=clock.environment()) as agent:
            agent.sync(0)
            w.expect(0, "suspend", "--until", clock.text(3600))
            clock.set_by(-DAY)
            # By this clock it is a day and an hour now.
            drift(w)
            agent.sync(5)
            assert agent.status()["suspended"]
            clock.set_by(DAY + 3500)
            agent.sync(5)
            clock.set_by(200)
            agent.wait("resumed")
            agent.wait("connection-applied")
            assert not agent.status()["suspended"]
            # What ended by itself is not there again after a restart, wherever the clock is.
            clock.set_by(-DAY)
            agent.stop()
            agent.start()
            assert not agent.status()["suspended"]


def as_a_window_opens_and_closes():
    with World(without_mistakes=True) as w:
        clock = Clock(w)
        w.expect(0, "apply", "--yes", "--held")
        clock.set_to(seconds_of("2027-03-01T12:00:00Z"))
        windows = [{"allow": "2027-03-02 03:00", "for": "1h"}]
        with Agent(w, windows=windows, env=dict(clock.environment(), TZ="UTC")) as agent:
            drift(w)
            agent.sync(5)
            window = agent.status()["window"]
            assert window == {"open": False, "changes": "2027-03-02T03:00:00Z"}, window
            clock.set_by(15.5 * 3600)
            agent.wait("window-open")
            agent.wait("connection-applied")
            # Back before it, and behind it: it is closed; and in it once more.
            for n, moment in enumerate(("2027-03-01T03:30:00Z", "2027-03-03T03:30:00Z")):
                clock.set_to(seconds_of(moment))
                agent.wait("window-closed", n + 1)
                drift(w)
                agent.sync(5)
                clock.set_to(seconds_of("2027-03-02T03:30:00Z"))
                agent.wait("window-open", n + 2)
                agent.until_status("that it was written", lambda s: s["summary"]["applied"] == 1)
                # What a person does is nobody's undoing.
                drift(w)
                w.expect(0, "apply", "--yes")


def while_the_directory_is_down():
    with World(without_mistakes=True) as w:
        clock = Clock(w)
        elsewhere = w.folder / "elsewhere"
        with Agent(w, "observe", env=clock.environment()) as agent:
            for jump in (DAY, -2 * DAY):
                n = len(agent.events("directory-reachable"))
                shutil.move(w.directory, elsewhere)
                w.run("sync")
                agent.until_status("failures", lambda s: s["directory"]["failures"] >= 2)
                clock.set_by(jump)
                status = agent.until_status("another try", lambda s: s["directory"]["failures"] >= 3 and
                                            s["directory"]["nextTry"])
                ahead = seconds_of(status["directory"]["nextTry"]) - clock.now()
                assert -10 < ahead < 10, status["directory"]
                shutil.move(elsewhere, w.directory)
                agent.wait("directory-reachable", n + 1)


def what_is_blocked_is_blocked_since_no_later_than_now():
    with World(without_mistakes=True) as w:
        clock = Clock(w)
        w.expect(0, "apply", "--yes", "--held")
        with Agent(w, env=clock.environment()) as agent:
            agent.sync(0)
            clock.set_by(DAY)
            path = w.file("manifests") / "z.yaml"
            path.write_text(MANIFEST % ("Laura Bennett", "nobody@contoso.com"))
            first = agent.until_status("what is blocked", lambda s: s["attention"])
            clock.set_by(-DAY)
            agent.sync(3)
            since = attention(agent.status())["Laura Bennett"]["since"]
            assert abs(seconds_of(since) - clock.now()) < 60 < DAY - 60 < seconds_of(
                attention(first)["Laura Bennett"]["since"]) - clock.now(), since
            # And so it stays, also over a restart.
            agent.stop()
            clock.set_by(DAY)
            agent.start()
            agent.sync(3)
            assert attention(agent.status())["Laura Bennett"]["since"] == since


TESTS = (while_it_waits_for_the_interval, while_the_interval_is_long, during_a_back_off_a_day_forward,
         during_a_back_off_a_day_back, while_it_is_suspended, as_a_window_opens_and_closes,
         while_the_directory_is_down, what_is_blocked_is_blocked_since_no_later_than_now)

if __name__ == "__main__":
    needs_a_clock()
    sys.exit(main(TESTS, sys.argv[1:]))
