#!/usr/bin/env python3
"""What the agent keeps to when things come together badly: each test a promise, seen from outside."""
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

from beside import (MANIFEST, MBXCTL, PATIENCE, Agent, World, ask, attention, drift, free_port, main,
                    rows, run_lock, store_lock, until)

NOBODY = 65534


# ---- a directory that is not there ----

def without_the_directory_what_is_open_is_its_failure():
    with World(without_mistakes=True) as w:
        w.sql("CREATE TRIGGER stay BEFORE DELETE ON intent BEGIN SELECT RAISE(ABORT, 'no'); END")
        w.expect(4, "apply", "--yes")
        assert rows(w, "SELECT count(*) AS n FROM intent")[0]["n"] > 0
        w.sql("DROP TRIGGER stay")
        shutil.move(w.directory, w.folder / "elsewhere")
        with Agent(w) as agent:
            agent.wait("directory-unreachable")
            agent.until_status("the failures", lambda s: s["directory"]["failures"] >= 2 and
                               s["directory"]["nextTry"])
            shutil.move(w.folder / "elsewhere", w.directory)
            agent.wait("directory-reachable")
            until("all is settled", lambda: not rows(w, "SELECT count(*) AS n FROM intent")[0]["n"])


def asked_at_its_times(beside):
    """A second, two, four: the fourth failure comes seven seconds after the first. `beside(world)` is
    done again and again meanwhile."""
    with World(without_mistakes=True) as w:
        shutil.move(w.directory, w.folder / "elsewhere")
        with Agent(w, "observe", interval="1s", jitter="0%") as agent:
            seen, over = {}, threading.Event()

            def again():
                while not over.wait(0.05):
                    beside(w)
            other = threading.Thread(target=again)
            other.start()
            try:
                while max(seen, default=0) < 4:
                    seen.setdefault(agent.status()["directory"]["failures"], time.monotonic())
            finally:
                over.set()
                other.join()
            seen.pop(0, None)
            took = max(seen.values()) - min(seen.values())
            assert took > 5, f"failed 4 times within {took:.1f} s"
            # The same failure is told once.
            assert len(agent.events("directory-unreachable")) == len(agent.events("pass-ended")) == 1
            # A person may ask before its time, of eight seconds.
            asked = time.monotonic()
            agent.sync(69)
            assert time.monotonic() - asked < 5, "it waited for its time"
            shutil.move(w.folder / "elsewhere", w.directory)
            agent.sync(0)
            directory = agent.status()["directory"]
            assert directory["failures"] == 0 and directory["state"] == "closed", directory
            agent.sync(0)
            assert len(agent.events("directory-reachable")) == 1


def the_directory_is_asked_at_its_times_alone():
    asked_at_its_times(lambda w: None)


def who_wakes_it_does_not_make_it_ask():
    asked_at_its_times(lambda w: ask(w, verb="wake"))


def what_is_unknown_is_looked_at_again_soon():
    """Nobody tells when it can be read again."""
    with World(without_mistakes=True) as w:
        text = w.directory.read_text()
        good = "purportedSearch: (&(mailNickname=*)(title=Head*))"
        assert good in text
        w.directory.write_text(text.replace(good, "purportedSearch: (&(mailNickname=*)(title"))
        with Agent(w, "observe") as agent:
            status = agent.status()
            assert status["summary"]["unknown"] and not status["complete"], status["summary"]
            assert status["nextWhy"] == "retry", status["nextWhy"]
            w.directory.write_text(text)
            status = agent.until_status("all known", lambda s: s["complete"])
            assert status["lastPass"]["trigger"] == "retry", status["lastPass"]
            assert agent.status()["nextWhy"] == "interval"


def what_it_saw_it_does_not_tell_again():
    with World() as w:
        with Agent(w, "observe") as agent:
            told = len(agent.wait("connection-attention", 3))
            since = {n: a["since"] for n, a in attention(agent.status()).items()}
            began = time.time()
            until("another second", lambda: time.time() > began + 2)
            for _ in range(3):
                agent.sync(3)
            assert len(agent.events("connection-attention")) == told
            assert {n: a["since"] for n, a in attention(agent.status()).items()} == since


# ---- another config ----

def a_new_config_waits_for_its_manifests():
    """What stood in force before is not judged by the new config, nor written by its mode."""
    with World(without_mistakes=True) as w:
        shutil.rmtree(w.file("manifests"))
        for folder in ("old", "new"):
            w.file(folder).mkdir()
        (w.file("old") / "a.yaml").write_text(MANIFEST % ("John Evans", "john.evans@contoso.com"))
        (w.file("new") / "b.yaml").write_text(MANIFEST % ("Nobody Known", "john.evans@contoso.com"))
        before = w.directory.read_bytes()
        with Agent(w, "observe", config={"manifests": ["old"]}) as agent:
            assert agent.sync(0)["summary"]["connect"] == 1
            agent.agent["mode"], agent.config["manifests"] = "enforce", ["new"]
            agent.write_config()
            agent.hang_up()
            agent.wait("reloaded")
            assert agent.sync(3)["summary"]["blocked"] == 1
            assert w.directory.read_bytes() == before, "the old manifest was written by the new mode"


def a_new_config_counts_before_the_first_write():
    with World(without_mistakes=True) as w:
        before = w.directory.read_bytes()
        (w.file("mbxctl.db.run")).touch()
        with run_lock(w), Agent(w, passes=False) as agent:
            agent.until_status("that it waits for the lock", lambda s: s["state"] == "planning")
            agent.agent["mode"] = "observe"
            agent.write_config()
            agent.hang_up()
            agent.until_status("the mode", lambda s: s["mode"] == "observe" and s["lastPass"])
        assert w.directory.read_bytes() == before


def a_file_broken_from_the_start_releases_nobody():
    """No good version of it is known: what it held is not known to be gone."""
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        path = w.file("manifests") / "resources.yaml"
        good = path.read_text()
        path.write_text("connections: [\n")
        with Agent(w) as agent:
            agent.sync(0)
            status = agent.status()
            assert [e["kept"] for e in status["manifests"]["errors"]] == [False], status["manifests"]
            assert status["released"] == []
            path.write_text(good)
            agent.wait("manifests-mended")
            agent.sync(0)
            assert not agent.events("connection-released")


# ---- told to write nothing ----

def suspended_while_it_plans_it_does_not_begin():
    with World(without_mistakes=True) as w:
        with Agent(w, "observe") as agent:
            agent.sync(0)
            agent.agent["mode"] = "enforce"
            agent.write_config()
            before = w.directory.read_bytes()
            with store_lock(w):
                agent.hang_up()
                agent.until_status("a pass at the store", lambda s: s["mode"] == "enforce" and
                                   s["state"] == "planning")
                asked = subprocess.Popen([MBXCTL, "suspend", "--reason", "hands off"], cwd=w.path,
                                         env=w.environment(), stdout=subprocess.DEVNULL)
                agent.until_status("that it is suspended", lambda s: s["suspended"])
            assert asked.wait(PATIENCE) == 0
            status = agent.until_status("the end of the pass", lambda s: s["state"] == "waiting" and
                                        s["mode"] == "enforce")
            assert w.directory.read_bytes() == before
            assert rows(w, "SELECT count(*) AS n FROM run")[0]["n"] == 0, "a run of nothing"
            told = attention(status)["John Evans"]
            assert told["code"] == "agent-suspended" and "resume" in told["message"], told
            w.expect(0, "resume")
            agent.wait("connection-applied", 5)


def settles_nothing(stop, go_on):
    """Told to write nothing, by `stop(world, agent)`, it leaves alone what is open, too."""
    with World(without_mistakes=True) as w:
        w.sql("CREATE TRIGGER stay BEFORE DELETE ON intent BEGIN SELECT RAISE(ABORT, 'no'); END")
        w.expect(4, "apply", "--yes", "--only", "John Evans")
        w.sql("DROP TRIGGER stay")
        with Agent(w, "observe") as agent:
            stop(w, agent)
            agent.agent["mode"] = "enforce"
            agent.write_config()
            agent.hang_up()
            agent.until_status("the mode", lambda s: s["mode"] == "enforce")
            agent.sync(5)
            assert rows(w, "SELECT count(*) AS n FROM intent")[0]["n"] == 1
            go_on(w, agent)
            until("it is settled", lambda: not rows(w, "SELECT count(*) AS n FROM intent")[0]["n"])


def suspended_it_settles_nothing():
    settles_nothing(lambda w, _: w.expect(0, "suspend"), lambda w, _: w.expect(0, "resume"))


def outside_its_windows_it_settles_nothing():
    def close(_, agent):
        agent.agent["windows"] = [{"deny": "2026-01-01 00:00", "for": "3650d"}]

    def open_(_, agent):
        del agent.agent["windows"]
        agent.write_config()
        agent.hang_up()
    settles_nothing(close, open_)


def without_a_store_a_suspension_is_not_kept():
    with World() as w:
        w.file("mbxctl.db").unlink()
        with Agent(w, "observe") as agent:
            assert ask(w, verb="suspend", until="2001-09-09T01:46:40Z")["error"]["exit"] == 64
            done = w.run("suspend", "--reason", "not yet")
            assert done.returncode == 69 and "not kept over a restart" in done.stderr, done
            assert agent.status()["suspended"]["reason"] == "not yet"
            assert not w.file("mbxctl.db").exists()
            for _ in range(2):
                w.expect(69, "resume")
            assert len(agent.events("resumed")) == 1, "nobody had suspended it"


# ---- the store ----

def what_could_not_be_kept_is_kept_later():
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        with Agent(w) as agent:
            agent.sync(0)
            blocked = "SELECT since FROM condition WHERE code = 'user-not-found'"
            with run_lock(w):
                (w.file("manifests") / "z.yaml").write_text(MANIFEST % ("Laura Bennett", "nobody@contoso.com"))
                status = agent.until_status("what is blocked", lambda s: attention(s))
                since = attention(status)["Laura Bennett"]["since"]
                assert not rows(w, blocked)
            agent.sync(3)
            assert rows(w, blocked), "it would be forgotten over a restart"
            agent.stop()
            agent.start()
            assert attention(agent.status())["Laura Bennett"]["since"] == since
            # Of a connection that is gone there is nothing to remember.
            (w.file("manifests") / "z.yaml").unlink()
            until("it is forgotten", lambda: not rows(w, blocked))


def as_nobody(w):
    """Root may write everywhere; the agent as somebody who may not."""
    if os.getuid() != 0:
        return []
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(w.folder)], check=True)
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def a_store_that_cannot_be_written_any_more_is_told():
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        with Agent(w, before=as_nobody(w), program=shutil.copy(MBXCTL, w.folder / "mbxctl")) as agent:
            agent.sync(0)
            w.path.chmod(0o555)
            (w.file("manifests") / "z.yaml").write_text(MANIFEST % ("Laura Bennett", "nobody@contoso.com"))
            status = agent.until_status("the failure", lambda s: s["lastPass"]["result"] == "failed")
            assert "write-protected" in status["lastPass"]["message"], status["lastPass"]
            w.path.chmod(0o755)
            agent.until_status("the pass after it", lambda s: s["lastPass"]["result"] == "done")


def a_store_has_one_agent_by_whatever_name():
    with World(without_mistakes=True) as w:
        w.file("link.db").symlink_to("mbxctl.db")
        with Agent(w) as agent:
            w.file("other.yaml").write_text(w.file("mbxctl.yaml").read_text()
                                            .replace("control.sock", "other.sock")
                                            .replace(f":{agent.port}", f":{free_port()}"))
            done = w.run("agent", "--config", "other.yaml", "--store", "sqlite:link.db", timeout=10)
            assert done.returncode == 5 and str(agent.process.pid) in done.stderr, done
            with run_lock(w):
                done = w.run("store", "import", "--store", "sqlite:link.db", "--lock-timeout", "0s",
                             "mailboxes.csv")
                assert done.returncode == 5, done


def what_a_person_applied_is_among_the_runs():
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        with Agent(w) as agent:
            agent.sync(0)
            run = agent.status()["runs"][0]
            assert run["mode"] == "apply" and run["outcome"] == "done" and run["ended"], run
            assert run["applied"] > 10, run


# ---- what is answered ----

def a_sync_is_no_pass_that_had_begun():
    """What it is asked for may be newer than what that one read."""
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        with Agent(w) as agent:
            agent.sync(0)
            with run_lock(w):
                drift(w)
                ask(w, verb="wake")
                agent.until_status("a pass", lambda s: s["state"] == "planning")
                asked = subprocess.Popen([MBXCTL, "sync", "-o", "json"], cwd=w.path, text=True,
                                         env=w.environment(), stdout=subprocess.PIPE)
                agent.wait("asked", 2)
            told = json.loads(asked.communicate(timeout=PATIENCE)[0])
            # That one wrote it; to the next there was nothing to do.
            assert agent.events("connection-applied")
            assert told and told["summary"]["update"] == 0, told


def a_sync_answers_what_is_asked_for():
    with World() as w:
        with Agent(w, "observe"):
            for text in (False, True):
                for document in (False, True):
                    answer = ask(w, verb="sync", text=text, document=document)["ok"]
                    assert bool(answer["text"]) == text, answer["text"][:200]
                    assert bool(answer["document"]) == document
                    assert answer["exit"] == 3, answer["exit"]


def the_manager_shows_the_state_after_a_reload():
    with World() as w:
        path = w.folder / "notify"
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        told.bind(str(path))
        told.settimeout(PATIENCE)
        with Agent(w, "observe", env={"NOTIFY_SOCKET": str(path)}) as agent:
            def hear(what):
                until(what, lambda: what in told.recv(4096).decode(), 10)
            hear("need attention")
            agent.hang_up()
            hear("READY=1")
            hear("need attention")


TESTS = (without_the_directory_what_is_open_is_its_failure,
         the_directory_is_asked_at_its_times_alone, who_wakes_it_does_not_make_it_ask,
         what_is_unknown_is_looked_at_again_soon, what_it_saw_it_does_not_tell_again,
         a_new_config_waits_for_its_manifests, a_new_config_counts_before_the_first_write,
         a_file_broken_from_the_start_releases_nobody, suspended_while_it_plans_it_does_not_begin,
         suspended_it_settles_nothing, outside_its_windows_it_settles_nothing,
         without_a_store_a_suspension_is_not_kept,
         what_could_not_be_kept_is_kept_later,
         a_store_that_cannot_be_written_any_more_is_told, a_store_has_one_agent_by_whatever_name,
         what_a_person_applied_is_among_the_runs, a_sync_is_no_pass_that_had_begun,
         a_sync_answers_what_is_asked_for,
         the_manager_shows_the_state_after_a_reload)

if __name__ == "__main__":
    sys.exit(main(TESTS, sys.argv[1:]))
