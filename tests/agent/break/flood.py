#!/usr/bin/env python3
"""A thousand calls of twenty clients at once, garbage, and clients that never read: of the agent
itself, with passes going on. Seeded: usage: flood.py PROMISE"""
import os
import pathlib
import random
import re
import socket
import sys
import threading
import time

from beside import MBXCTL, PATIENCE, Agent, World, ask, drift, main, rows, until

CLIENTS, CALLS = 20, 1000
VERBS = ("status", "sync", "suspend", "resume")


def calls_of(world, number, answers):
    chance = random.Random(number)
    for i in range(CALLS // CLIENTS):
        verb = chance.choice(VERBS)
        request = {"verb": verb}
        if verb == "suspend":
            request["reason"] = f"client {number}, call {i}"
        if verb == "sync":
            request["document" if i % 2 else "text"] = True
        answers.append((verb, ask(world, **request)))


def flood(world):
    """Every answer."""
    answers = []
    clients = [threading.Thread(target=calls_of, args=(world, n, answers)) for n in range(CLIENTS)]
    for c in clients:
        c.start()
    for c in clients:
        c.join()
    return answers


def last_said(agent):
    """The state that the last of all calls asked for: a reason, or None."""
    said = [e for e in agent.events() if e["event"] in ("suspended", "resumed") and "by" in e]
    return said[-1].get("reason") if said else None


def kept(world):
    found = rows(world, "SELECT suspended FROM condition WHERE manifest = '' AND name = ''")
    return found[0]["suspended"] if found else None


def all_are_answered_and_the_last_counts():
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        with Agent(w) as agent:
            drift(w)
            answers = flood(w)
            assert len(answers) == CALLS, len(answers)
            refused = [a for a in answers if "ok" not in a[1]]
            assert not refused, refused[:3]
            assert all(a["exit"] in (0, 4, 5) for v, a in [(v, a["ok"]) for v, a in answers] if v == "sync")
            status = agent.status()
            wanted = last_said(agent)
            now = status["suspended"] and status["suspended"]["reason"]
            assert now == wanted == kept(w), (now, wanted, kept(w))
            agent.stop()
            agent.start()
            status = agent.status()
            assert (status["suspended"] and status["suspended"]["reason"]) == wanted, "a restart changed it"
            # And it still does its work.
            ask(w, verb="resume")
            agent.until_status("all in order", lambda s: not s["suspended"] and s["summary"]["update"] == 0 and
                               not s["attention"])


def proc(agent, name):
    return pathlib.Path(f"/proc/{agent.process.pid}/{name}")


def descriptors(agent):
    return len(os.listdir(proc(agent, "fd")))


def resident(agent):
    """KiB"""
    return int(re.search(r"VmRSS:\s+(\d+)", proc(agent, "status").read_text())[1])


def sanitized():
    return b"__asan_init" in pathlib.Path(MBXCTL).read_bytes()


def it_is_afterwards_as_before():
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        with Agent(w) as agent:
            flood(w)
            agent.until_status("quiet", lambda s: s["state"] == "waiting")
            files, memory = descriptors(agent), resident(agent)
            passes = agent.status()["lastPass"]["number"]
            flood(w)
            until("its descriptors", lambda: descriptors(agent) <= files)
            assert agent.status()["lastPass"]["number"] > passes + 20
            # A sanitizer keeps what is freed for a while.
            grown = resident(agent) - memory
            assert sanitized() or grown < 4 * 1024, f"{grown} KiB more for a thousand calls"


def garbage_harms_nobody():
    chance = random.Random(7)
    pieces = [b"", b"\n", b"\0\0\0\0\n", b"{" * 5000 + b"\n", b'{"verb":"status"', b'{"verb":"status"}\n{"verb"',
              b'{"verb":"suspend","until":"yesterday"}\n', b'{"verb":"suspend","until":7,"reason":[]}\n',
              b'{"verb":"suspend","reason":"' + b"x" * 70000 + b'"}\n', b'{"verb":"fly"}\n', b"\xff\xfe\n",
              b'{"verb":"sync","text":"yes","document":{"a":[]}}\n', b"GET / HTTP/1.1\r\n\r\n",
              b'{"verb":"suspend","until":"9999-12-31T23:59:59Z","reason":"\\u0000"}\n',
              b'{"verb":"suspend","until":"1601-01-01T00:00:00Z"}\n']
    with World() as w:
        with Agent(w, "observe") as agent:
            files = descriptors(agent)
            for i in range(200):
                data = pieces[i] if i < len(pieces) else chance.randbytes(chance.randint(1, 3000)) + b"\n"
                with socket.socket(socket.AF_UNIX) as s:
                    s.settimeout(PATIENCE)
                    s.connect(str(w.file("control.sock")))
                    try:
                        s.sendall(data)
                        if i % 3:
                            s.shutdown(socket.SHUT_WR)
                            s.recv(100000)
                    except (BrokenPipeError, ConnectionResetError):
                        pass
            ask(w, verb="resume")
            assert not agent.status()["suspended"]
            until("its descriptors", lambda: descriptors(agent) <= files)
            assert all("\n" not in e.get("message", "") for e in agent.events())


def many_blocked(world):
    """So many that their status is larger than what a socket takes unread."""
    with open(world.file("manifests") / "many.yaml", "w") as f:
        f.write("apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections:\n")
        for i in range(600):
            f.write(f"  - {{name: {'n' * 200} {i}, mailbox: {'m' * 200} {i}, database: MBXDB01, "
                    f"user: nobody{i}@contoso.com}}\n")


def who_never_reads_holds_nobody_up():
    with World() as w:
        many_blocked(w)
        with Agent(w, "observe") as agent:
            size = len(w.run("status", "-o", "json").stdout)
            assert size > 300_000, size
            files = descriptors(agent)
            silent = []
            for _ in range(30):
                s = socket.socket(socket.AF_UNIX)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                s.connect(str(w.file("control.sock")))
                s.sendall(b'{"verb":"status"}\n')
                silent.append(s)
            n = agent.status()["lastPass"]["number"]
            began = time.monotonic()
            for _ in range(10):
                agent.sync(3)
                agent.status()
            took = time.monotonic() - began
            assert agent.status()["lastPass"]["number"] >= n + 10
            assert took < 10 * max(1.0, os.getloadavg()[0]), f"{took:.1f} s for ten passes and status"
            # They are cut off, though they never hang up.
            until("its descriptors", lambda: descriptors(agent) <= files)
            for s in silent:
                s.close()


def it_ends_while_many_wait():
    with World() as w:
        many_blocked(w)
        with Agent(w, "observe") as agent:
            refused = []

            def wait():
                try:
                    refused.append(ask(w, verb="sync", document=True))
                except (ConnectionError, ValueError):
                    refused.append(None)
            waiters = [threading.Thread(target=wait) for _ in range(CLIENTS)]
            for t in waiters:
                t.start()
            agent.stop(10)
            for t in waiters:
                t.join(PATIENCE)
            assert len(refused) == CLIENTS


TESTS = (all_are_answered_and_the_last_counts, it_is_afterwards_as_before, garbage_harms_nobody,
         who_never_reads_holds_nobody_up, it_ends_while_many_wait)

if __name__ == "__main__":
    sys.exit(main(TESTS, sys.argv[1:]))
