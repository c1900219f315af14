#!/usr/bin/env python3
"""The agent for as long as you like, a pass a second, and everything that can happen meanwhile.

usage: soak.py [--seconds N] [--seed S] [--heap LIBRARY]

Every few seconds all is made well again; then everything must be in sync within a minute, and it
is measured, between two passes: resident memory, allocated memory (with the LIBRARY), descriptors,
threads. Judged is what comes after the first quarter of the time, the warm-up:

  descriptors, threads   none more in the last third than in the first
  allocated memory       the slope (the median of the slopes between all pairs of measurements, which
                         no single odd one moves) over the whole of the time judged: no more than
                         LEAK bytes a pass, or ALLOWED bytes in all
  resident memory        likewise, RESIDENT bytes in all: what is freed does not always go back to
                         the kernel, and where it lies changes

AddressSanitizer keeps what is freed: of a build with it, descriptors and threads are judged alone.
"""
import argparse
import itertools
import os
import pathlib
import random
import statistics
import sys
import time
import urllib.error

SOURCE = pathlib.Path(os.environ["MBXCTL_SOURCE"])
sys.path[:0] = [str(SOURCE / "tests" / "agent" / "slapd")]
import drift  # noqa: E402
import served  # noqa: E402
from served import Agent, Failure, Served, must, organisation, timed, until  # noqa: E402

LEAK, ALLOWED, RESIDENT = 16, 16 << 10, 4 << 20
CALM = 60  # seconds that it may take until everything is in sync again
FILE = "people.yaml"


class Ground:
    """What things happen to, and how it is all put right."""

    def __init__(self, world, agent, chance):
        self.world, self.agent, self.chance = world, agent, chance
        self.manifest = world.path / "manifests" / FILE
        self.good = self.manifest.read_text()
        self.config = (world.path / "mbxctl.yaml").read_text()
        self.down_until, self.happened = None, {}

    def server_is(self, how, most):
        """Down, in a way, for a while; the others happen to an agent without a directory then."""
        self.clear_server()
        getattr(self.world.server, how)()
        self.down_until = time.monotonic() + self.chance.uniform(0.1, most)

    def clear_server(self):
        self.down_until = None
        if self.world.server.frozen:
            self.world.server.thaw()
        if not self.world.server.process:
            self.world.server.start()

    def happen(self):
        if self.down_until and time.monotonic() > self.down_until:
            self.clear_server()
        name = self.chance.choice([n for n in sorted(vars(Weather)) if not n.startswith("_")])
        self.happened[name] = self.happened.get(name, 0) + 1
        try:
            getattr(self, name)()
        except (Failure, urllib.error.URLError) as refused:
            # A sync is told that the directory is out of reach; nobody else is refused anything.
            must(name == "somebody_asks_for_a_pass" and "error" in str(refused), f"{name}: {refused}")

    def clear(self):
        self.clear_server()
        (self.manifest.parent / "more.yaml").unlink(missing_ok=True)
        self.manifest.write_text(self.good)
        (self.world.path / "mbxctl.yaml").write_text(self.config)
        self.agent.hang_up()
        self.agent.ask("resume")
        self.world.run("apply", "--yes")  # of what oscillates, a person's is a new beginning

        def well():
            status = self.agent.ask("status")
            s = status["summary"]
            return s["none"] == s["total"] == drift.PEOPLE and not status["suspended"] and (
                not status["manifests"]["errors"] and not status["directory"]["failures"])

        # Only people make it ask before the breaker's time.
        until(lambda: f"everything in sync: {self.agent.ask('status')}",
              lambda: self.quiet_sync() and well(), CALM)

    def quiet_sync(self):
        try:
            return self.agent.ask("sync")["exit"] == 0
        except Failure:
            return False


class Weather(Ground):
    """What may happen, by name."""

    def slapd_is_killed(self):
        self.server_is("kill", 3)

    def slapd_is_stopped(self):
        self.server_is("stop", 2)

    def slapd_hangs(self):
        self.server_is("freeze", 3)

    def slapd_starts_again(self):
        self.clear_server()
        self.world.server.stop()
        self.world.server.start()

    def connections_break(self):
        self.world.proxy.shut()

    def somebody_changes_an_entry(self):
        if not self.down_until:
            what = self.chance.choice(sorted(drift.MANAGED))
            who = self.chance.randrange(drift.PEOPLE)
            try:
                self.world.modify(who, drift.MANAGED[what].format(i=who))
            except organisation.slapd.Trouble:
                pass  # what was taken away and is not back yet cannot be taken away again

    def a_manifest_is_edited(self):
        old, new = self.chance.sample(["Corporate 7y", "Legal 10y"], 2)
        self.good = self.good.replace(old, new, 1)
        fresh = self.manifest.with_suffix(".fresh")
        fresh.write_text(self.good)
        fresh.rename(self.manifest)

    def a_manifest_is_broken(self):
        at = self.chance.randrange(len(self.good))
        self.manifest.write_text(self.good[:at] + "\n  - usr: nobody\n: [" + self.good[at:])

    def a_manifest_is_mended(self):
        self.manifest.write_text(self.good)

    def a_manifest_comes(self):
        (self.manifest.parent / "more.yaml").write_text(
            organisation.EMPTY.replace("[]", f"\n  - {{mailbox: Nobody, database: MBXDB01, user: "
                                             f"n{self.chance.randrange(9)}@contoso.com}}"))

    def a_manifest_goes(self):
        (self.manifest.parent / "more.yaml").unlink(missing_ok=True)

    def the_config_is_broken(self):
        (self.world.path / "mbxctl.yaml").write_text(self.config.replace("agent:", "agnt:"))
        self.agent.hang_up()

    def the_config_is_read_again(self):
        (self.world.path / "mbxctl.yaml").write_text(self.config)
        self.agent.hang_up()

    def somebody_asks_for_a_pass(self):
        self.agent.ask("sync", text=self.chance.random() < 0.5, document=self.chance.random() < 0.5)

    def somebody_suspends_it(self):
        self.agent.ask("suspend", reason="soaking")

    def somebody_resumes_it(self):
        self.agent.ask("resume")

    def somebody_looks(self):
        self.agent.ask("status")

    def somebody_looks_at_pages(self):
        for path in ("/", "/metrics", "/healthz", "/readyz", "/nothing"):
            took, (code, _) = timed(lambda p=path: self.agent.page(p))
            must(path != "/healthz" or code == 200, f"/healthz answers {code}")
            must(took < 5, f"{path} took {took:.1f} s")

    def somebody_applies(self):
        self.world.run("apply", "--yes")

    def somebody_imports(self):
        self.world.run("store", "import", "databases.csv")


class Measure:
    def __init__(self, agent, heap):
        self.agent, self.heap, self.proc = agent, heap, pathlib.Path(f"/proc/{agent.process.pid}")
        self.began, self.rows = time.monotonic(), []

    def status(self, field):
        text = (self.proc / "status").read_text()
        return int(text.split(f"\n{field}:")[1].split()[0])

    def once(self):
        return {"rss": self.status("VmRSS") << 10, "threads": self.status("Threads"),
                "descriptors": len(list((self.proc / "fd").iterdir())),
                "allocated": int(self.heap.read_text() or 0) if self.heap else 0}

    def take(self):
        """Of a few looks the least: a pass may have been running at some."""
        looks = []
        for _ in range(12):
            looks.append(self.once())
            time.sleep(0.07)
        row = {name: min(look[name] for look in looks) for name in looks[0]}
        row["seconds"] = time.monotonic() - self.began
        row["passes"] = self.agent.ask("status")["lastPass"]["number"]
        row["store"] = (self.agent.world.path / "mbxctl.db").stat().st_size
        self.rows.append(row)


def slope(rows, name, per):
    """By Theil and Sen."""
    pairs = [(b[name] - a[name]) / (b[per] - a[per]) for a, b in itertools.combinations(rows, 2)
             if b[per] > a[per]]
    return statistics.median(pairs) if pairs else 0.0


def judge(rows, seconds, sanitized):
    """What is wrong, as texts."""
    wrong, judged = [], [r for r in rows if r["seconds"] > seconds / 4]
    must(len(judged) >= 3, f"only {len(judged)} measurements after the warm-up: it takes longer")
    third = max(1, len(judged) // 3)
    for name in ("descriptors", "threads"):
        first, last = (max(r[name] for r in part) for part in (judged[:third], judged[-third:]))
        if last > first:
            wrong.append(f"{name}: {first} at first, {last} at last")
    if sanitized:
        return wrong
    passes = judged[-1]["passes"] - judged[0]["passes"]
    for name, most in (("allocated", max(ALLOWED, LEAK * passes)), ("rss", RESIDENT)):
        growth = slope(judged, name, "passes") * passes
        if growth > most:
            wrong.append(f"{name}: {growth / 1024:.0f} KiB more in {passes} passes, allowed "
                         f"{most / 1024:.0f}")
    return wrong


def show(rows, seconds):
    names = ("seconds", "passes", "rss", "allocated", "descriptors", "threads", "store")
    print(" ".join(f"{n:>11}" for n in names))
    for row in rows[::max(1, len(rows) // 20)] + rows[-1:]:
        print(" ".join(f"{row[n]:>11.0f}" for n in names))
    judged = [r for r in rows if r["seconds"] > seconds / 4]
    print("slopes: " + ", ".join(f"{n} {slope(judged, n, 'passes'):+.1f} a pass"
                                 for n in ("rss", "allocated", "descriptors", "store")))


def soak(seconds, seed, library):
    chance = random.Random(seed)
    sanitized = served.sanitized()
    library = None if sanitized else library
    with Served(drift.world(), timeout="1s", proxied=True) as world:
        heap = world.folder / "heap" if library else None
        # What a thread keeps for its next allocation would count as allocated.
        env = {"LD_PRELOAD": os.path.abspath(library), "HEAP_FILE": str(heap),
               "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"} if library else {}
        with Agent(world, interval="1s", jitter="0%", env=env) as agent:
            weather, measure = Weather(world, agent, chance), Measure(agent, heap)
            used = os.times()
            while time.monotonic() - measure.began < seconds:
                calm = time.monotonic() + chance.uniform(0.5, 1) * min(8, seconds / 10)
                while time.monotonic() < calm:
                    weather.happen()
                    time.sleep(chance.uniform(0.05, 0.6))
                    must(agent.process.poll() is None, lambda: (
                        f"it ended: {agent.process.returncode}\n{agent.log.read_text()[-3000:]}"))
                weather.clear()
                measure.take()
            used = [b - a for a, b in zip(used, os.times())]
            show(measure.rows, seconds)
            wrong = judge(measure.rows, seconds, sanitized) + agent.complaints()
            passes = measure.rows[-1]["passes"]
            agent.stop()
    print(f"{len(weather.happened)} kinds, {sum(weather.happened.values())} things that happened")
    print(f"{seconds} s, seed {seed}, {passes} passes, {sum(used[:4]):.0f} s of the processor for the "
          f"tests themselves: {'; '.join(wrong) or 'ok'}")
    return 1 if wrong else 0


def main():
    p = argparse.ArgumentParser(usage=__doc__[__doc__.index("usage:") + 7:])
    p.add_argument("--seconds", type=int, default=120)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--heap", type=os.path.abspath)
    options = p.parse_args()
    if not organisation.slapd.SLAPD:
        return organisation.SKIPPED
    organisation.slapd.clean_up_when_told_to_end()
    try:
        return soak(options.seconds, options.seed, options.heap)
    except (Failure, AssertionError) as trouble:
        print(f"FAIL seed {options.seed}: {trouble}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
