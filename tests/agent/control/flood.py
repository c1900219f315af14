#!/usr/bin/env python3
"""The control socket against clients of every kind.

usage: flood.py DRIVER TEST [SEED]
"""
import contextlib
import fcntl
import json
import os
import random
import signal
import socket
import stat
import sys
import threading
import time

from driven import SECONDS, Driver, Folder, read_all, read_answer, run_named, wait_for

DRIVER = sys.argv[1]
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
NOBODY = 65534
FIELDS = {"status": "filler", "sync": "exit", "suspend": "since", "resume": "was", "wake": None}


def right(verb, tag, answer):
    ok = answer.get("ok")
    if verb == "wake":
        return ok == {}
    return ok is not None and ok["tag"] == tag and FIELDS[verb] in ok


def one_client(driver, seed, calls, wrong, counts):
    chance = random.Random(seed)
    for i in range(calls):
        verb, tag = chance.choice(list(FIELDS)), chance.randrange(1 << 40)
        try:
            answer = driver.ask(verb, tag=tag)
        except (AssertionError, OSError, ValueError) as trouble:
            answer = {"trouble": repr(trouble)}
        counts[verb] += 1
        if not right(verb, tag, answer):
            wrong.append((seed, i, verb, answer))


def all_are_answered():
    with Folder() as f, Driver(DRIVER, f / "s") as d:
        counts = [dict.fromkeys(FIELDS, 0) for _ in range(20)]
        wrong, before = [], d.descriptors()
        clients = [threading.Thread(target=one_client, args=(d, SEED * 100 + i, 50, wrong, counts[i]))
                   for i in range(20)]
        for c in clients:
            c.start()
        for c in clients:
            c.join()
        assert not wrong, wrong[:3]
        wait_for(lambda: d.descriptors() == before, "a connection is still open")
        told = d.end()
        for verb in ("status", "sync", "wake"):
            asked = sum(c[verb] for c in counts)
            assert told[verb] == asked, f"{verb}: asked {asked}, handled {told[verb]}"
        assert told["requests"] == 1000, told


def is_refused(answer, message, code=64):
    error = answer.get("error")
    assert error, f"no error but {answer}, where {message!r} is due"
    assert error["exit"] == code and message in error["message"], f"{error} is not {code}, {message!r}"


def garbage_is_told_so():
    one = b'{"verb":"status","tag":7}\n'
    rows = [
        (b"\n", "no JSON object"),
        (b"hello\n", "no JSON object"),
        (b"\0\0\0\0\n", "no JSON object"),
        (b'{"verb":"sta\0tus"}\n', "no JSON object"),
        (b"[" * 60000 + b"\n", "maximum parsing depth"),
        (b'{"a":' * 10000 + b"\n", "maximum parsing depth"),
        (b'{"verb":"status","x":"' + b"y" * 65536 + b'"}\n', "longer than 64 KiB"),
        (b"x" * 3_000_000, "longer than 64 KiB"),
        (b'{"verb":"apply"}\n', 'there is no verb "apply"'),
        (b'{"verb":"\xff"}\n', "no JSON object"),
        (b"GET / HTTP/1.1\r\n", "no JSON object"),
        (one + one, "one request is answered"),
        (one + b"\n", "one request is answered"),
    ]
    with Folder() as f, Driver(DRIVER, f / "s") as d:
        for data, message in rows:
            is_refused(d.say(data), message)
        chance = random.Random(SEED)
        for _ in range(200):
            data = chance.randbytes(chance.randrange(1, 400)).replace(b"\n", b".") + b"\n"
            is_refused(d.say(data), "no JSON object")
        # Two at once are refused also where the second comes while the first one waits.
        with d.connect() as s:
            s.sendall(b'{"verb":"sync"}\n')
            wait_for(lambda: d.ask("status")["ok"], "no answer")
            s.sendall(one)
            answer = read_answer(s)
            assert answer.get("ok", {}).get("exit") == 0 or "one request" in answer["error"]["message"], answer
        # Byte by byte it is the same request.
        with d.connect() as s:
            for byte in one:
                s.sendall(bytes([byte]))
            assert read_answer(s)["ok"]["tag"] == 7
        # Whoever leaves in the middle of a line leaves nothing.
        for n in range(1, len(one)):
            with d.connect() as s:
                s.sendall(one[:n - 1])
        assert d.ask("status", tag=9)["ok"]["tag"] == 9
        assert d.ask("status", refuse=True)["error"] == {"message": "the agent is ending", "exit": 5}


def large_answers_are_whole():
    size = 8_000_000
    with Folder() as f, Driver(DRIVER, f / "s", bytes=size) as d:
        whole = d.ask("status", tag=1)["ok"]
        assert whole["tag"] == 1 and whole["filler"] == "x" * size


def unread_answers_are_cut_off():
    size, seconds = 50_000_000, 2
    with Folder() as f, Driver(DRIVER, f / "s", read=seconds * 1000, bytes=size) as d:
        before, fds = d.memory(), d.descriptors()
        began = time.monotonic()
        lazy = [d.connect() for _ in range(2)]
        for s in lazy:
            s.sendall(b'{"verb":"status"}\n')
            s.recv(1)  # its answer has begun
        slowest = 0
        for i in range(50):
            asked = time.monotonic()
            assert d.ask("resume", tag=i)["ok"]["tag"] == i
            slowest = max(slowest, time.monotonic() - asked)
        assert slowest < seconds / 2, f"another client waited {slowest:.1f} s"
        wait_for(lambda: d.descriptors() == fds, "unread answers are kept for ever")
        took = time.monotonic() - began
        assert took >= seconds - 0.1, f"they were cut off after {took:.1f} s already"
        for s in lazy:
            rest = read_all(s)
            assert len(rest) < size / 2 and not rest.endswith(b"\n"), "it was not cut off"
            s.close()
        for _ in range(3):
            with d.connect() as s:
                s.sendall(b'{"verb":"status"}\n')
                s.recv(1)  # and it leaves
        wait_for(lambda: d.descriptors() == fds, "connections that ended are kept")
        assert d.memory() < before + 2 * size / 1e6, f"{before:.0f} MB became {d.memory():.0f}"


def silence_is_cut_off():
    with Folder() as f, Driver(DRIVER, f / "s", send=500) as d:
        began = time.monotonic()
        with d.connect() as mute, d.connect() as slow:
            slow.sendall(b'{"verb":')
            for s in (mute, slow):
                is_refused(read_answer(s), "did not come in time")
        took = time.monotonic() - began
        assert took > 0.4, f"after {took:.1f} s already"
        # The time is for the whole of the request, not between two bytes of it.
        with d.connect() as s:
            began = time.monotonic()
            try:
                while time.monotonic() < began + SECONDS:
                    s.sendall(b" ")
                    time.sleep(0.02)
            except (BrokenPipeError, ConnectionResetError):
                pass
            assert time.monotonic() < began + SECONDS, "a byte now and then keeps it for ever"
        assert d.ask("status")["ok"]


def only_so_many_at_once():
    with Folder() as f, Driver(DRIVER, f / "s", send=SECONDS * 1000) as d:
        idle = [d.connect() for _ in range(64)]
        for _ in range(10):
            with d.connect() as s:
                is_refused(read_answer(s), "too many", 69)
        is_refused(d.ask("status"), "too many", 69)
        idle.pop().close()
        wait_for(lambda: "ok" in d.ask("status"), "a place that became free is not given away")
        idle[0].sendall(b'{"verb":"status","tag":5}\n')
        assert read_answer(idle[0])["ok"]["tag"] == 5, "the others are served"
        for s in idle:
            s.close()


def a_waiting_client_may_go():
    with Folder() as f, Driver(DRIVER, f / "s", sync=1500) as d:
        fds = d.descriptors()
        with d.connect() as stays:
            stays.sendall(b'{"verb":"sync","tag":3}\n')
            for i in range(30):
                with d.connect() as s:
                    s.sendall(b'{"verb":"sync"}\n')
                    if i % 2:
                        # Seen by the agent before it leaves, and not.
                        d.ask("status")
            wait_for(lambda: d.descriptors() == fds + 1, "those who left are still connected")
            assert d.ask("status")["ok"]
            assert read_answer(stays)["ok"]["tag"] == 3
        told = d.end()
        assert told["sync"] == 31, told


def half_closed_is_not_gone():
    """As `printf ... | nc -NU` does it."""
    with Folder() as f, Driver(DRIVER, f / "s", sync=300) as d:
        for data in (b'{"verb":"sync","tag":4}\n', b'{"verb":"sync","tag":4}'):
            with d.connect() as s:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                assert read_answer(s)["ok"]["tag"] == 4
        with d.connect() as s:
            s.shutdown(socket.SHUT_WR)
            is_refused(read_answer(s), "no JSON object")


def as_user(uid, work):
    """What work() finds as another user."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            found = work()
        except BaseException as trouble:
            found = {"trouble": repr(trouble)}
        os.write(writer, json.dumps(found).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as f:
        found = f.read()
    os.waitpid(pid, 0)
    return json.loads(found)


def peers():
    with Folder() as f, Driver(DRIVER, f / "s") as d:
        assert d.ask("status")["ok"]["peer"] == f"uid {os.getuid()}"
        if os.getuid() != 0:
            print("not root: another user is not tried")
            return
        os.chmod(f, 0o755)
        assert "PermissionError" in as_user(NOBODY, lambda: d.ask("status"))["trouble"]
        os.chmod(d.path, 0o666)
        for verb in ("sync", "suspend", "resume"):
            is_refused(as_user(NOBODY, lambda: d.ask(verb)), f"{verb} is for root alone, and you are uid 65534", 5)
        assert as_user(NOBODY, lambda: d.ask("status"))["ok"]["peer"] == "uid 65534"
        assert as_user(NOBODY, lambda: d.ask("wake"))["ok"] == {}
        told = d.end()
        assert told == {"requests": 6, "status": 2, "sync": 0, "wake": 1}, told


def a_socket_left_behind_is_taken():
    with Folder() as f:
        with Driver(DRIVER, f / "s") as first:
            first.kill()
        assert stat.S_ISSOCK(os.stat(f / "s").st_mode), "kill -9 left no socket: nothing is tried"
        with Driver(DRIVER, f / "s") as second:
            assert second.ask("status")["ok"]
        assert not (f / "s").exists(), "the end left the socket"


@contextlib.contextmanager
def stopped(driver):
    """It does nothing, and as many wait for it as the kernel lets."""
    driver.process.send_signal(signal.SIGSTOP)
    waiting = []
    try:
        while True:
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            waiting.append(s)
            s.connect(driver.path)
    except BlockingIOError:
        yield
    finally:
        for s in waiting:
            s.close()
        driver.process.send_signal(signal.SIGCONT)


def wake(path, n):
    code, said = Driver(DRIVER, path, ready=False, wake=n).refused()
    assert (code, said) == (0, ""), said


def waking_waits_for_nothing():
    with Folder() as f:
        wake(f / "s", 1)  # nobody is there
        wake(f / ("x" * 200), 1)
        with Driver(DRIVER, f / "s") as d:
            for _ in range(10):
                wake(f / "s", 10)
                assert d.ask("status")["ok"]  # so that they do not become too many at once
            began = time.monotonic()
            with stopped(d):
                wake(f / "s", 1)
            assert time.monotonic() < began + 5, "it waits for an agent that is stuck"
            wait_for(lambda: "ok" in d.ask("status"), "it does not listen any more")
            told = d.end()
            assert told["wake"] == 100, told


def one_listener():
    with Folder() as f, Driver(DRIVER, f / "s") as d:
        inode = os.stat(f / "s").st_ino
        code, said = Driver(DRIVER, f / "s", ready=False).refused()
        assert (code, said) == (5, f"an agent listens at {f}/s already\n"), (code, said)
        assert os.stat(f / "s").st_ino == inode, "the second took the socket"
        # Also one that is stopped, with many who wait for it.
        with stopped(d):
            code, said = Driver(DRIVER, f / "s", ready=False).refused()
        assert code == 5 and "already" in said, (code, said)
        wait_for(lambda: "ok" in d.ask("status"), "it does not listen any more")


def of_many_one_listens():
    """All find the stale socket of a dead one at the same moment."""
    for _ in range(10):
        with Folder() as f:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
                dead.bind(str(f / "s"))
            all_of_them = [Driver(DRIVER, f / "s", ready=False) for _ in range(8)]
            lines = [d.process.stdout.readline() for d in all_of_them]
            winners = [d for d, line in zip(all_of_them, lines) if line == "ready\n"]
            assert len(winners) == 1, f"{len(winners)} listen at once"
            assert winners[0].ask("status")["ok"]
            for d in all_of_them:
                if d is not winners[0]:
                    assert d.refused()[0] == 5
            winners[0].end()


def starts_are_one_after_another():
    """Whoever may take a stale socket away holds the lock of its folder meanwhile."""
    with Folder() as f:
        folder = os.open(f, os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        code, said = Driver(DRIVER, f / "s", ready=False).refused()
        assert code == 5 and "somebody holds a lock of the folder" in said, (code, said)
        d = Driver(DRIVER, f / "s", ready=False)
        time.sleep(0.2)  # it is waiting by now, or will find the lock free: both must do
        os.close(folder)
        assert d.process.stdout.readline() == "ready\n", d.refused()
        d.end()


def foreign_paths():
    with Folder() as f:
        (f / "file").write_text("mine")
        (f / "folder").mkdir()
        os.symlink("nowhere", f / "link")
        for name in ("file", "folder", "link"):
            code, said = Driver(DRIVER, f / name, ready=False).refused()
            assert (code, said.startswith(f"{f}/{name} is no socket, and left alone")) == (1, True), said
        assert (f / "file").read_text() == "mine" and os.readlink(f / "link") == "nowhere"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.bind(str(f / "datagram"))
            code, said = Driver(DRIVER, f / "datagram", ready=False).refused()
            assert code == 2 and "cannot be taken over" in said and (f / "datagram").exists(), (code, said)
        for length, listens in ((107, True), (108, False), (5000, False)):
            path = f / ("x" * (length - len(str(f)) - 1))
            d = Driver(DRIVER, path, ready=listens)
            if listens:
                assert d.ask("status")["ok"]
                d.end()
                continue
            code, said = d.refused()
            assert code == 1 and f"has {length} bytes, and at most 107" in said and "agent.control" in said, said
        code, said = Driver(DRIVER, "", ready=False).refused()
        assert code == 1 and "agent.control of the config is empty" in said, said
        code, said = Driver(DRIVER, f / "no" / "such" / "s", ready=False).refused()
        assert code == 2 and "No such file or directory" in said, said


def modes():
    """Whatever the umask: the group may speak to the agent, and others not even reach it."""
    for umask in (0o000, 0o022, 0o077):
        with Folder() as f, Driver(DRIVER, f / "run" / "s", umask=umask):
            assert stat.S_IMODE(os.stat(f / "run" / "s").st_mode) == 0o660, f"umask {umask:o}"
            assert stat.S_IMODE(os.stat(f / "run").st_mode) == 0o750, f"umask {umask:o}"
    with Folder() as f:
        f.chmod(0o711)
        with Driver(DRIVER, f / "s"):
            assert stat.S_IMODE(os.stat(f).st_mode) == 0o711, "the mode of a folder that was there changed"


def only_its_own_is_removed():
    with Folder() as f, Driver(DRIVER, f / "s") as d:
        os.rename(f / "s", f / "aside")
        with Driver(DRIVER, f / "s") as other:
            d.end()
            assert other.ask("status")["ok"], "the end of the first took the socket of the second"


def stops_in_the_middle():
    """Nobody waits for a client at the end, and no client for ever."""
    with Folder() as f, Driver(DRIVER, f / "s", sync=SECONDS * 1000, bytes=5_000_000) as d:
        with d.connect() as idle, d.connect() as waits, d.connect() as reads:
            waits.sendall(b'{"verb":"sync"}\n')
            reads.sendall(b'{"verb":"status"}\n')
            reads.recv(1)
            idle.sendall(b'{"verb"')
            d.ask("status")
            began = time.monotonic()
            d.end()
            assert time.monotonic() < began + 5, "a client held up the end"
            assert read_all(idle) == b"" and read_all(waits) == b""
            assert len(read_all(reads)) < 5_000_000


if __name__ == "__main__":
    run_named([v for v in list(globals().values()) if callable(v)], sys.argv[2])
