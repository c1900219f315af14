#!/usr/bin/env python3
"""The first steps of somebody who does not know the agent yet: each message says what to do."""
import os
import shutil
import signal
import socket
import subprocess
import sys

from beside import MBXCTL, PATIENCE, Agent, World, free_port, main, until
from world import Terminal

NOBODY = 65534


def config(world, **agent):
    lines = "".join(f"  {k}: {v}\n" for k, v in agent.items())
    text = (world.folder / "config").read_text() if (world.folder / "config").exists() else (
        world.file("mbxctl.yaml").read_text())
    (world.folder / "config").write_text(text)
    world.file("mbxctl.yaml").write_text(text + "agent:\n" + lines)


def refused(world, code, *said, arguments=("agent",), **how):
    done = world.run(*arguments, timeout=10, **how)
    assert done.returncode == code, (done.returncode, done.stderr)
    for text in said:
        assert text in done.stderr, f"{text!r} is not said:\n{done.stderr}"


def as_nobody(world):
    """The program as somebody who may not write here."""
    program = shutil.copy(MBXCTL, world.folder / "mbxctl")
    os.chmod(program, 0o755)
    world.folder.chmod(0o755)
    world.path.chmod(0o555)
    return {"program": str(program), "user": NOBODY if os.getuid() == 0 else None}


def it_is_told_what_is_wrong_with_its_config():
    with World() as w:
        config(w, mode="enforced", intervall="5m", windows='[{allow: "Mon 25:00", for: 1h}]')
        refused(w, 78, 'did you mean "enforce"?', 'did you mean "interval"?', "mbxctl.yaml:")
        w.file("mbxctl.yaml").unlink()
        refused(w, 78, "neither ./mbxctl.yaml nor", "--config FILE")
        refused(w, 78, "nofile.yaml", arguments=("agent", "--config", "nofile.yaml"))


def it_is_told_what_is_wrong_with_its_places():
    with World() as w, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config(w, control="control.sock", listen=f"127.0.0.1:{taken.getsockname()[1]}")
        refused(w, 1, "another program listens there", "agent.listen")
        config(w, control="no/such/control.sock")
        refused(w, 1, "cannot be made: No such file or directory", "agent.control of the config")
        how = as_nobody(w)
        config(w, control="new/control.sock", listen=f"127.0.0.1:{free_port()}")
        refused(w, 1, "cannot be made: Permission denied", "agent.control of the config", **how)
        config(w, mode="enforce")
        w.file("mbxctl.db.agent").unlink(missing_ok=True)
        refused(w, 69, "Permission denied", "run it as the user", **how)
        w.path.chmod(0o755)


def it_is_told_how_to_ask():
    with World() as w:
        config(w, control="control.sock")
        refused(w, 64, 'one argument too many: "extra"', "--help", arguments=("agent", "extra"))
        refused(w, 64, "no option --yes", arguments=("agent", "--yes"))
        refused(w, 64, 'not "xml"', arguments=("agent", "--log-format", "xml"))
        for verb in ("status", "sync", "suspend", "resume"):
            refused(w, 69, "no agent is running", "control.sock", "`mbxctl agent`", arguments=(verb,))
        refused(w, 64, "such as 4h", arguments=("suspend", "--until", "tomorrow"))
        for line in w.expect(0, "agent", "--help").stdout.splitlines():
            assert len(line) <= 80, line


def ctrl_c_ends_it():
    with World() as w:
        config(w, control="control.sock", listen=f"127.0.0.1:{free_port()}")
        t = Terminal(w, "agent")
        t.read_until("pass-ended")
        t.type("\x03\x03")
        assert t.end() in (0, 1), t.screen
        assert "event=stopping signal=SIGINT" in t.screen, t.screen
        assert not w.file("control.sock").exists()


def it_ends_as_soon_as_it_can_be_asked():
    with World() as w:
        with Agent(w, "observe") as agent:
            agent.stop()
            for _ in range(10):
                agent.process = agent.spawn()
                until("its socket", w.file("control.sock").exists)
                agent.stop()


def a_second_signal_does_not_wait():
    with World(without_mistakes=True) as w:
        with Agent(w) as agent:
            # Somebody reads the store for long: nobody can write it, and what is asked for waits.
            other = subprocess.Popen(["sqlite3", str(w.file("mbxctl.db"))], text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            other.stdin.write(".timeout 20000\nBEGIN EXCLUSIVE;\nSELECT 'mine';\n")
            other.stdin.flush()
            assert other.stdout.readline() == "mine\n"
            asked = subprocess.Popen([MBXCTL, "suspend"], cwd=w.path, env=w.environment(),
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            agent.until_status("what is asked for", lambda s: s["suspended"])
            agent.process.send_signal(signal.SIGTERM)
            agent.wait("stopping")
            assert agent.process.poll() is None, "it did not wait for what it was told to keep"
            agent.process.send_signal(signal.SIGTERM)
            assert agent.process.wait(PATIENCE) == 1
            other.kill()
            other.wait()
            asked.wait(PATIENCE)
            assert until("the lock is free", lambda: w.run("apply", "--yes").returncode in (0, 3))


TESTS = (it_is_told_what_is_wrong_with_its_config, it_is_told_what_is_wrong_with_its_places,
         it_is_told_how_to_ask, ctrl_c_ends_it, it_ends_as_soon_as_it_can_be_asked,
         a_second_signal_does_not_wait)

if __name__ == "__main__":
    sys.exit(main(TESTS, sys.argv[1:]))
