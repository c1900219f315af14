#!/usr/bin/env python3
"""The directory goes away and comes back, in each way there is: the agent answers all the while,
says what is wrong, and carries on by itself.

Beside each, two things are asked again and again: /healthz, which answers 200 within a second, and
`mbxctl status`, within two. At the end the agent tells how long its loop was kept busy at most:
50 ms of the processor, and no more than 50 ms beyond what a loop with nothing to do saw here in the
same time.

usage: down.py BARE WAY...
"""
import http.client
import socket
import sys
import threading
import time

import drift
import served
from organisation import generate
from served import Agent, Bare, Beside, Failure, Served, must, organisation, timed, until
from proxy import is_modify

HEALTH, STATUS, LOOP = 1.0, 2.0, 0.050  # seconds
AGAIN = 2  # so often a measurement is repeated on a machine that is busy with something else
TIMEOUT = "2s"


class Watch:
    """Asks, and remembers the worst; `spare` is what this machine takes for nothing."""

    def __init__(self, world, agent):
        self.world, self.agent = world, agent
        self.health = self.status = self.spare = self.start = 0.0
        self.asked = 0

    def ask_health(self):
        def ask():
            connection = http.client.HTTPConnection("127.0.0.1", self.agent.port, timeout=10)
            connection.request("GET", "/healthz")
            answer = connection.getresponse().status
            connection.close()
            return answer
        took, code = timed(ask)
        must(code == 200, f"/healthz answers {code}")
        self.health = max(self.health, took)
        self.spare = max(self.spare, timed(lambda: time.sleep(0.01))[0] - 0.01)
        self.asked += 1

    def ask_status(self):
        took, done = timed(lambda: self.world.run("status"))
        must(done.returncode == 0, lambda: f"status ends with {done.returncode}: {done.stderr}")
        self.status = max(self.status, took)
        self.start = max(self.start, timed(lambda: self.world.run("version"))[0])

    def judge(self, bare, busy_too=True):
        late = bare.longest()
        must(self.asked > 10, f"it was asked {self.asked} times")
        must(self.health <= HEALTH + max(self.spare, late), (
            f"/healthz took {self.health:.2f} s, where {max(self.spare, late):.2f} s passed for nothing"))
        must(self.status <= STATUS + self.start, (
            f"status took {self.status:.2f} s, where `version` takes {self.start:.2f} s"))
        busy = self.agent.metric("mbxctl_loop_cpu_max_seconds")
        turn = self.agent.metric("mbxctl_loop_turn_max_seconds")
        figures = (f"healthz {self.health * 1000:.0f} ms, status {self.status * 1000:.0f} ms, loop "
                   f"{busy * 1000:.0f} ms of the processor, turn {turn * 1000:.0f} ms, a bare loop "
                   f"{late * 1000:.0f} ms late")
        must(busy <= LOOP, f"the loop was kept busy: {figures}")
        if busy_too and turn > late + LOOP:
            raise Late(f"a turn of the loop took too long: {figures}")
        return figures


class Late(Failure):
    """It may have been the machine."""


# ---- how it goes away, and comes back ----

class Killed:
    def __init__(self, world):
        self.world, self.server = world, world.server

    def strike(self):
        self.server.kill()

    def heal(self):
        self.server.start()


class Frozen(Killed):
    """It accepts, and says nothing."""

    def strike(self):
        self.server.freeze()

    def heal(self):
        self.server.thaw()


class Swallowed(Killed):
    """Somebody on the way takes everything and passes nothing on."""

    def strike(self):
        self.world.proxy.strike("silent")

    def heal(self):
        self.world.proxy.heal()


class Unheard(Swallowed):
    """Not even a connection comes about: the queue of who listens there is full."""

    def strike(self):
        port = self.world.proxy.port
        self.world.proxy.strike("refused")
        self.listener, self.others = socket.socket(), []
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(0)
        for _ in range(4):
            other = socket.socket()
            other.setblocking(False)
            other.connect_ex(("127.0.0.1", port))
            self.others.append(other)

    def heal(self):
        for s in [*self.others, self.listener]:
            s.close()
        self.world.proxy.heal()


class TooSlow(Killed):
    """Each answer comes, after everybody has stopped waiting for it."""
    seconds = 2.5

    def strike(self):
        self.world.proxy.gate = lambda piece: time.sleep(self.seconds)
        self.world.proxy.shut()

    def heal(self):
        self.world.proxy.gate = None


WAYS = {"killed": Killed, "frozen": Frozen, "swallowed": Swallowed, "unheard": Unheard,
        "too-slow": TooSlow}


def plain(text):
    """Without the breaks of lines."""
    return " ".join(text.split())


def settled(agent):
    """In sync, and the breaker closed."""
    def look(status):
        return status["summary"] and status["summary"]["none"] == status["summary"]["total"] and (
            not status["directory"]["failures"])
    return agent.until_status("everything in sync", look, 60)


def goes_and_returns(bare, way, world, agent):
    """Away for two or three failures; and one who uses the time to change something."""
    settled(agent)
    pid, before = agent.process.pid, world.entry(3)
    watch = Watch(world, agent)
    with Beside(watch.ask_health, watch.ask_status):
        way.strike()
        down = agent.until_status("the second failure", lambda s: s["directory"]["failures"] >= 2)
        must(down["directory"]["message"] and down["lastPass"]["result"] == "failed" and
             down["lastPass"]["message"] == down["directory"]["message"], str(down["directory"]))
        must(down["directory"]["state"] == "closed", "the breaker is open after two failures")
        must(plain(down["directory"]["message"]) in plain(world.expect(0, "status").stdout),
             "the text of status does not say what is wrong")
        must(agent.page("/readyz")[0] == 200, "it is not ready, though it has made a plan")
        way.heal()
        world.modify(3, drift.MANAGED["no retention"])
        until("the drift set right", lambda: world.entry(3) == before, 60)
        settled(agent)
    must(agent.process.pid == pid and agent.process.poll() is None, "it was started again")
    away, back = agent.events("directory-unreachable"), agent.events("directory-reachable")
    must(len(away) == len(back) and back[-1]["failures"] >= 2, f"it was told of {away} and {back}")
    return f"{down['directory']['message']!r}; {watch.judge(bare)}"


def way(program, name):
    kind = WAYS[name]
    proxied = kind in (Swallowed, Unheard, TooSlow)
    with Served(drift.world(), timeout=TIMEOUT, proxied=proxied) as w, Bare(program) as bare:
        with Agent(w, interval="1s", jitter="0%") as agent:
            return goes_and_returns(bare, kind(w), w, agent)


def slow(program):
    """Everything takes its time, and nothing fails: a pass is long, and nobody notices."""
    with Served(drift.world(), timeout="10s", proxied=True) as w, Bare(program) as bare:
        with Agent(w, interval="1s", jitter="0%") as agent:
            settled(agent)
            before, watch = w.entry(3), Watch(w, agent)
            with Beside(watch.ask_health, watch.ask_status):
                w.proxy.gate = lambda piece: time.sleep(0.3)
                w.modify(3, drift.MANAGED["no retention"])
                until("the drift set right", lambda: w.entry(3) == before)
                w.proxy.gate = None
                status = settled(agent)
            must(not agent.events("directory-unreachable"), "it took slow for unreachable")
            return f"{status['lastPass']['number']} passes; {watch.judge(bare)}"


def breaker(program):
    """After five failures it is open: nobody but a person makes it ask before its time."""
    with Served(drift.world(), timeout=TIMEOUT) as w, Bare(program) as bare:
        with Agent(w, interval="1s", jitter="0%") as agent:
            settled(agent)
            before, watch = w.entry(3), Watch(w, agent)
            w.server.kill()
            with Beside(watch.ask_health, watch.ask_status):
                while agent.status()["directory"]["failures"] < 5:
                    agent.sync(69)
                opened = agent.until_status("the open breaker", lambda s: (
                    s["directory"]["state"] == "open" and s["directory"]["nextTry"]))
                event = agent.wait("directory-breaker-open")[0]
                must(event["failures"] == 5, str(event))
                must("open" in agent.page("/metrics")[1], "the metrics do not say it")
                w.server.start()
                w.modify(3, drift.MANAGED["no retention"])
                # A manifest that changes does not make it ask, nor does the interval.
                manifest = w.path / "manifests" / "people.yaml"
                manifest.write_text(manifest.read_text() + "\n")
                agent.until_status("the manifest", lambda s: (
                    s["manifests"]["read"] > opened["manifests"]["read"]))
                time.sleep(3)  # three intervals
                status = agent.status()
                must(status["lastPass"]["number"] == opened["lastPass"]["number"], (
                    f"a pass for {status['lastPass']['trigger']}, with the breaker open"))
                until("the drift set right", lambda: w.entry(3) == before, 60)
                must(settled(agent)["directory"]["state"] == "closed", "the breaker stays open")
            return watch.judge(bare)


def at_the_start(program):
    """It is killed while it writes, and then there is no directory either."""
    with Served(drift.world(), timeout=TIMEOUT, proxied=True) as w, Bare(program) as bare:
        struck = threading.Event()
        w.proxy.gate = lambda piece: struck.set() if is_modify(piece) else None
        agent = Agent(w, "observe", interval="1s", jitter="0%")  # it starts, and writes nothing
        agent.kill()
        agent.agent["mode"] = "enforce"
        agent.write_config()
        process = agent.spawn()
        until("a write", struck.is_set)
        process.kill()
        process.wait()
        w.proxy.gate = None
        must(w.place.intents() == drift.PEOPLE, "no intent is open")
        w.proxy.strike("refused")
        with agent.start():
            watch = Watch(w, agent)
            with Beside(watch.ask_health, watch.ask_status):
                status = agent.until_status("the second failure", lambda s: (
                    s["directory"]["failures"] >= 2))
                must(status["directory"]["message"], "it does not say why")
                must(agent.page("/readyz")[0] == 503, "it is ready without ever having made a plan")
                w.proxy.heal()
                settled(agent)
            must(not w.place.intents(), "an intent is open")
            return watch.judge(bare)


# ---- with something to do ----

RETENTION = "msexchmailboxtemplatelink"
MANY, NEW = (600 if served.sanitized() else 2000), 300


def crowd():
    """Very many who are connected; of each manifest's people some lost their mailboxes."""
    ldif, inventory, _ = organisation.people(MANY)
    files = {f"part-{k}.yaml": generate.manifest(k, range(k * MANY // 10, (k + 1) * MANY // 10))
             for k in range(10)}
    return ldif, inventory, files


def many(program):
    """A plan of thousands: made, rendered, written, and freed, and none of it on the loop."""
    with Served(crowd(), timeout="20s") as w, Bare(program) as bare:
        with Agent(w, interval="1s", jitter="0%", config={"limits": {"changes": 100000,
                                                                     "changesPercent": 100}}) as agent:
            watch = Watch(w, agent)
            with Beside(watch.ask_health, watch.ask_status):
                settled(agent)
                document = agent.sync(0)
                must(len(document["connections"]) == MANY, "the document is not whole")
                w.expect(0, "sync")
                entries = [w.entry(i) for i in (0, NEW - 1)]
                w.server.modify("".join(
                    f"dn: {served.user_dn(i)}\nchangetype: modify\n"
                    f"{drift.MANAGED['no retention']}\n\n" for i in range(NEW)))
                until("all set right", lambda: [w.entry(i) for i in (0, NEW - 1)] == entries, 60)
                w.server.kill()
                agent.until_status("a failure", lambda s: s["directory"]["failures"] >= 2)
                w.server.start()
                for k in (3, 7):
                    manifest = w.path / "manifests" / f"part-{k}.yaml"
                    manifest.write_text(manifest.read_text().replace("Corporate 7y", "Legal 10y"))
                agent.hang_up()
                until("all of them written", lambda: all(
                    b"Legal 10y" in w.entry(k * MANY // 10 + MANY // 10 - 1)[RETENTION][0]
                    for k in (3, 7)), 120)
                settled(agent)
            return watch.judge(bare)


def main(arguments):
    program, names = arguments[0], arguments[1:]
    served.must(names, "usage: down.py BARE WAY...")

    def test(name):
        def run():
            for again in range(AGAIN, -1, -1):
                try:
                    return {"slow": slow, "breaker": breaker, "many": many,
                            "at-the-start": at_the_start}[name](program) if (
                        name not in WAYS) else way(program, name)
                except Late as trouble:
                    print(f"     {trouble}", flush=True)
                    if not again:
                        raise
        run.__name__ = name
        return run
    return served.main([test(name) for name in names], [])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
