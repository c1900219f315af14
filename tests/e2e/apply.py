#!/usr/bin/env python3
"""What an administrator counts on when applying: each test a promise, seen from outside."""
import fcntl
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from world import MBXCTL, Terminal, World, main

NOBODY = 65534


def edit(world, old, new, name="contoso.ldif"):
    path = world.file(name)
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    path.write_text(text.replace(old, new))


def by_name(document):
    return {c["name"]: c for c in document["connections"]}


def converges():
    with World() as w:
        first = w.json(3, "plan")
        assert first["summary"]["connect"] > 10, first["summary"]
        done = w.json(3, "apply", "--yes", "--held")
        assert done["summary"]["applied"] == first["summary"]["connect"] + first["summary"]["update"]
        second = w.json(3, "plan")
        assert second["summary"]["connect"] == second["summary"]["update"] == 0, second["summary"]
        before, runs = w.directory.read_bytes(), w.rows("SELECT count(*) AS n FROM run")[0]["n"]
        tables = [r["name"] for r in w.rows("SELECT name FROM sqlite_schema WHERE type='table'")]
        count = " UNION ALL ".join(
            f"SELECT '{t}' AS t, count(*) AS n FROM \"{t}\"" for t in tables if t != "run")
        rows = w.rows(count)
        w.expect(3, "apply", "--yes", "--held")
        assert w.directory.read_bytes() == before, "a second apply changed the directory"
        assert w.rows(count) == rows, "a second apply added rows"
        assert w.rows("SELECT count(*) AS n FROM run")[0]["n"] == runs + 1


def a_run_knows_its_revision():
    with World() as w:
        folder = w.file("manifests")
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(folder)]
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
            subprocess.run([*git, *command], check=True)
        head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True,
                              text=True).stdout.strip()
        w.expect(3, "apply", "--yes")
        assert w.json(0, "history")["runs"][0]["revision"] == head
        assert f"    revision {head}\n" in w.expect(0, "history", "1").stdout


def plans_the_same_bytes():
    with World() as w:
        before = w.state()
        for output in ("text", "json"):
            one, two = (w.expect(3, "plan", "-o", output).stdout for _ in range(2))
            assert one == two, f"{output}: planning twice gave two plans"
        w.expect(3, "plan", "-o", "json=/dev/null")
        assert w.state() == before, "plan changed a file, or left one behind"


def plans_read_only():
    with World() as w:
        # Another user's eyes: a superuser may write everywhere.
        program = shutil.copy(MBXCTL, w.folder / "mbxctl")
        os.chmod(w.folder, 0o755)
        os.chmod(program, 0o755)
        for p in w.path.rglob("*"):
            p.chmod(0o555 if p.is_dir() else 0o444)
        w.path.chmod(0o555)
        before = w.state()
        done = w.expect(3, "plan", program=str(program), user=NOBODY)
        assert "16 to connect" in done.stdout, done.stdout
        assert w.state() == before


def blocked_stops_nobody():
    with World() as w:
        done = by_name(w.json(3, "apply", "--yes"))
        assert done["Anna Schmidt"]["action"] == "blocked"
        assert done["Anna Schmidt"]["result"] is None
        assert done["John Evans"]["result"] == "applied"


def invalid_manifest_writes_nothing():
    with World() as w:
        w.file("manifests/broken.yaml").write_text(
            "apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections:\n"
            "  - mailbox: A\n    database: B\n    alias: help..desk\n    usr: x\n"
            "  - database: B\n")
        w.file("manifests/other.yaml").write_text(
            "apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections: 7\n")
        before = w.state()
        said = [w.expect(65, *command).stderr
                for command in (["validate"], ["plan"], ["apply", "--yes"])]
        assert said[0] == said[1] == said[2], "the three commands say different things"
        for code in ("[alias-invalid]", "usr", "mailbox", "other.yaml:3:14"):
            assert code in said[0], f"{code} is not among:\n{said[0]}"
        assert w.state() == before


def stale_is_left_alone():
    with World(without_mistakes=True) as w:
        terminal = Terminal(w, "apply")
        terminal.read_until("taken for a yes: ")
        edit(w, "userPrincipalName: laura.bennett@contoso.com\n",
             "userPrincipalName: laura.bennett@contoso.com\nmailNickname: other\n"
             "targetAddress: SMTP:laura@fabrikam.com\n")
        terminal.type("yes\n")
        assert terminal.end() == 4, terminal.screen
        assert terminal.screen.count("stale         connect") == 1, terminal.screen
        assert "stale         connect  Laura Bennett" in terminal.screen, terminal.screen
        assert "stale 1," in terminal.screen
        text = w.directory.read_text()
        assert "mailNickname: other" in text and "mailNickname: john.evans" in text


def no_is_a_no():
    with World() as w:
        before = w.directory.read_bytes()
        for answer in ("no\n", "y\n", "\n", "YES\n", "\x04"):
            terminal = Terminal(w, "apply")
            terminal.read_until("taken for a yes: ")
            terminal.type(answer)
            assert terminal.end() == 5, f"{answer!r} was not taken for a no"
        terminal = Terminal(w, "apply", "-o", f"json={w.folder}/ledger.json")
        terminal.read_until("taken for a yes: ")
        assert "+ connect    Laura Bennett" in terminal.screen, "asked about what was not shown"
        os.kill(terminal.pid, signal.SIGINT)
        assert terminal.end() == 5
        assert w.directory.read_bytes() == before
        assert w.rows("SELECT count(*) AS n FROM run")[0]["n"] == 0


def refuses_without_a_terminal():
    with World() as w:
        before = w.directory.read_bytes()
        done = w.expect(5, "apply")
        assert "--yes" in done.stderr
        assert w.directory.read_bytes() == before


def held_is_for_people():
    manifest = ("apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections:\n"
                "  - mailbox: Grace Whitfield\n    database: MBXDB01\n"
                "    user: grace.whitfield@contoso.com\n    policies: {retention: Legal 10y}\n")
    for how, result, code in ((["--yes"], "held", 3), (["--yes", "--held"], "applied", 0)):
        with World(without_mistakes=True) as w:
            for old in w.file("manifests").iterdir():
                old.unlink()
            w.file("manifests/adopt.yaml").write_text(manifest)
            before = w.directory.read_bytes()
            item = w.json(code, "apply", *how)["connections"][0]
            assert item["holds"] == ["adopting"], item
            assert item["result"] == result, item["result"]
            assert (w.directory.read_bytes() == before) == (result == "held")


def limits_stop_before_the_first_write():
    with World() as w:
        edit(w, "kind: Config\n", "kind: Config\nlimits: {changes: 3}\n", "mbxctl.yaml")
        before = w.directory.read_bytes()
        assert w.json(3, "plan")["overLimit"] is True
        done = w.expect(5, "apply", "--yes")
        assert "limits.changes" in done.stderr and "--max-changes 1" in done.stderr, done.stderr
        assert w.directory.read_bytes() == before
        assert w.json(3, "apply", "--yes", "--max-changes", "20")["summary"]["applied"] > 3


def the_first_to_be_purged_goes_first():
    """An archive in its turn, but never before its primary."""
    for days, behind in ((-9, "John Evans"), (1, "José Núñez")):
        with World(without_mistakes=True) as w:
            w.sql("UPDATE mailbox SET disconnected = (SELECT disconnected FROM mailbox WHERE display_name ="
                  f" 'José Núñez' AND NOT archive) + {days} WHERE archive AND display_name LIKE '%John Evans'")
            plan = {c["name"]: c for c in w.json(0, "plan")["connections"]}
            w.expect(0, "apply", "--yes", "--held")
            order = list(dict.fromkeys(c["name"] for c in w.json(0, "history", "1")["runs"][0]["changes"]))
            archive = next(n for n in order if n.endswith("(archive)"))
            assert order[order.index(archive) - 1] == behind, order
            dates = [plan[n]["mailbox"]["purgeDate"] or "z" for n in order if n != archive]
            assert dates == sorted(dates), dates


def locked_out():
    with World() as w:
        before = w.directory.read_bytes()
        with open(w.file("mbxctl.db.run"), "w+") as held:
            held.write("process 4711 (mbxctl agent) since 2026-11-20T08:00:00Z\n")
            held.flush()
            fcntl.fcntl(held, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
            for command in (["apply", "--yes"], ["store", "import", "databases.csv"]):
                began = time.monotonic()
                done = w.expect(5, *command, "--lock-timeout", "1s")
                assert "process 4711 (mbxctl agent)" in done.stderr, done.stderr
                assert 0.9 < time.monotonic() - began < 8
            terminal = Terminal(w, "apply", "--yes", "--lock-timeout", "2s", columns=60)
            terminal.read_until("process 4711")
            assert terminal.end() == 5
            waiting = [x for x in terminal.screen.split("\r\033[K") if x.endswith(" ...")]
            assert waiting and all(len(x) < 60 for x in waiting), waiting
        assert w.directory.read_bytes() == before
        w.expect(3, "apply", "--yes")


def filters_choose_what_is_written():
    with World() as w:
        done = w.json(0, "apply", "--yes", "--only", "CONTOSO\\car*")
        assert [c["name"] for c in done["connections"]] == ["CAR001"], done["summary"]
        for pattern in ("JOSÉ N?ÑEZ", "jos[éè] n*"):
            assert [c["name"] for c in w.json(0, "plan", "--only", pattern)["connections"]] == ["José Núñez"]
        assert w.json(3, "plan", "--except", "anna*")["summary"]["blocked"] == 1
        assert "CAR001" not in str(w.json(3, "plan", "--except", "CAR001")["connections"])


def one_output_each():
    with World() as w:
        done = w.expect(3, "plan", "-o", "text", "-o", f"json={w.folder}/plan.json")
        assert "to connect" in done.stdout
        assert (w.folder / "plan.json").read_text() == w.expect(3, "plan", "-o", "json").stdout
        assert w.expect(64, "plan", "-o", "json", "-o", "text").stdout == ""
        with tempfile.TemporaryDirectory() as d:
            assert "cannot write" in w.expect(1, "plan", "-o", f"json={d}/no/such").stderr


def out_of_reach():
    with World() as w:
        w.expect(69, "plan", "--directory", "ldif:nowhere.ldif")
        w.expect(69, "plan", "--store", "sqlite:nowhere.db")
        w.expect(78, "plan", "--config", "nowhere.yaml")
        w.expect(64, "plan", "--yes")
        assert not w.file("nowhere.db").exists()


def full_disk_writes_nothing():
    with World() as w:
        before = w.directory.read_bytes()
        limit = len(before) // 1024 // 2
        done = subprocess.run(["sh", "-c", f"ulimit -f {limit * 2}; trap '' XFSZ; exec \"$@\"", "sh",
                               MBXCTL, "apply", "--yes"], cwd=w.path, env=w.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.returncode in (4, 69), f"{done.returncode}\n{done.stdout}{done.stderr}"
        assert w.directory.read_bytes() == before, "a write that failed left its mark"
        leftovers = [n for n in os.listdir(w.path) if "mbxctl" in n and n.startswith(".")]
        assert not leftovers, leftovers
        w.expect(3, "apply", "--yes", "--held")
        assert w.json(3, "plan")["summary"]["connect"] == 0


TESTS = [converges, a_run_knows_its_revision, plans_the_same_bytes, plans_read_only, blocked_stops_nobody,
         invalid_manifest_writes_nothing, stale_is_left_alone, no_is_a_no,
         refuses_without_a_terminal, held_is_for_people, limits_stop_before_the_first_write,
         the_first_to_be_purged_goes_first, locked_out, filters_choose_what_is_written, one_output_each, out_of_reach,
         full_disk_writes_nothing]

if __name__ == "__main__":
    sys.exit(main(TESTS, sys.argv[1:]))
