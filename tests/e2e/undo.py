#!/usr/bin/env python3
"""Saved plans and undo, from outside."""
import re
import sys

from world import World, main


def content(w):
    """The directory without how it is folded."""
    return re.sub("\n ", "", w.directory.read_text())


def undo_gives_the_content_back():
    with World() as w:
        before, rows = content(w), w.json(0, "store", "list")["mailboxes"]
        w.expect(3, "apply", "--yes", "--held")
        plan = w.json(0, "undo", "1", "--save", "undo.plan")
        assert plan["summary"]["disconnect"] == 16 and plan["summary"]["update"] == 1, plan["summary"]
        assert all(c["warnings"] or c["action"] == "update" for c in plan["connections"])
        w.expect(0, "apply", "--plan", "undo.plan")
        assert content(w) == before, "the directory is not as it was"
        assert w.json(0, "store", "list")["mailboxes"] == rows, "the store is not as it was"
        left = w.json(3, "plan")["summary"]
        assert left["connect"] == left["update"] == 0 and left["suspended"] == 17, left


def undo_of_an_update_disconnects_nobody():
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        w.file("mbxctl.db").unlink()
        w.expect(0, "store", "import", "databases.csv", "mailboxes.csv")
        directory, rows = w.directory.read_bytes(), w.json(0, "store", "list")["mailboxes"]
        done = w.json(0, "apply", "--yes")
        assert done["summary"]["update"] >= 10
        for c in done["connections"]:
            told = c.get("followUp", "").startswith("Update-StoreMailboxState -Database ")
            assert told == (c["result"] == "applied"), c
        plan = w.json(0, "undo", "1", "--save", "undo.plan", "-o", "powershell=undo.ps1")
        assert plan["summary"]["disconnect"] == 0 and plan["summary"]["update"] >= 10, plan["summary"]
        for c in plan["connections"]:
            assert c["changes"] == [{"target": "store", "attribute": "state", "before": ["connected"],
                                     "after": ["disabled"]}] and not c["warnings"], c
            assert c["mailbox"]["purgeDate"] is None, c["mailbox"]
        assert "Update-StoreMailboxState" not in w.file("undo.ps1").read_text()
        w.expect(0, "apply", "--plan", "undo.plan")
        assert w.directory.read_bytes() == directory, "the directory was touched"
        assert w.json(0, "store", "list")["mailboxes"] == rows, "the store is not as it was"


def a_row_confirmed_since_stays_connected():
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        w.file("mbxctl.db").unlink()
        w.expect(0, "store", "import", "databases.csv", "mailboxes.csv")
        w.expect(0, "apply", "--yes")
        w.rows("UPDATE mailbox SET kept = NULL WHERE state = 'connected'")
        plan = w.json(0, "undo", "1")
        assert plan["summary"]["update"] == 0 and plan["summary"]["none"] >= 10, plan["summary"]
        assert all("confirmed" in c["warnings"][0]["message"] for c in plan["connections"])


def undo_leaves_what_others_changed():
    with World() as w:
        w.expect(3, "apply", "--yes", "--held")
        text = w.directory.read_text()
        w.directory.write_text(text.replace("mailNickname: laura.bennett", "mailNickname: laura.b"))
        plan = w.json(0, "undo", "1", "--save", "undo.plan")
        laura = next(c for c in plan["connections"] if c["name"] == "Laura Bennett")
        assert any("mailNickname" in x["message"] for x in laura["warnings"]), laura["warnings"]
        assert "mailNickname" not in [x["attribute"] for x in laura["changes"]]
        w.expect(0, "apply", "--plan", "undo.plan")
        assert "mailNickname: laura.b\n" in w.directory.read_text()
        assert "left-alone: CN=Laura Bennett" in w.expect(0, "undo", "1").stdout, "what is left alone is not listed"


def undone_is_done_again_only_on_request():
    with World() as w:
        w.expect(3, "apply", "--yes", "--held")
        w.expect(0, "undo", "1", "--save", "undo.plan")
        w.expect(0, "apply", "--plan", "undo.plan")
        hq = w.file("manifests/hq.yaml")
        hq.write_text(hq.read_text().replace("    user: CONTOSO\\lbennett\n",
                                             "    user: CONTOSO\\lbennett\n    allow: [reconnect]\n")
                      .replace("user: john.evans@contoso.com", "user: CN=John Evans,OU=Headquarters,"
                               "DC=contoso,DC=com"))
        plan = {c["name"]: c for c in w.json(3, "plan")["connections"]}
        assert plan["Laura Bennett"]["action"] == "connect" and not plan["Laura Bennett"]["holds"]
        assert plan["John Evans"]["action"] == "connect" and not plan["John Evans"]["holds"]
        assert plan["Daniel Okafor"]["action"] == "suspended"


def what_is_left_open_is_told():
    """Of a connection that the plan does not show, on standard error."""
    with World(without_mistakes=True) as w:
        w.sql("CREATE TRIGGER keep BEFORE DELETE ON intent BEGIN SELECT RAISE(ABORT, 'full'); END")
        w.expect(4, "apply", "--yes", "--only", "Laura*")
        w.sql("DROP TRIGGER keep")
        assert "intent-open" not in w.expect(0, "plan").stderr
        done = w.expect(0, "plan", "--except", "Laura*", "-o", "json")
        assert 'intent-open: run 1 began a write for "Laura Bennett"' in done.stderr, done.stderr
        w.expect(0, "apply", "--yes", "--held", "--except", "Laura*")
        assert w.expect(0, "plan", "--except", "Laura*").stderr == ""


def limits_hold_for_an_undo():
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        config = w.file("mbxctl.yaml").read_text()
        for limits in ("{changes: 16}", "{changes: 17}"):
            w.file("mbxctl.yaml").write_text(config + f"limits: {limits}\n")
            over = w.json(0, "undo", "1", "--save", "undo.plan")["overLimit"]
            assert over == (limits == "{changes: 16}"), limits
        assert not w.json(0, "undo", "1", "--max-changes", "17")["overLimit"]
        w.file("mbxctl.yaml").write_text(config + "limits: {changes: 16}\n")
        before = w.directory.read_bytes()
        assert "--max-changes 17" in w.expect(5, "apply", "--plan", "undo.plan").stderr
        assert w.directory.read_bytes() == before
        assert w.json(0, "undo", "1", "--only", "*Okafor", "--save", "one.plan")["summary"]["total"] == 1
        assert w.json(0, "apply", "--plan", "one.plan")["summary"]["applied"] == 1
        assert w.json(4, "apply", "--plan", "undo.plan", "--max-changes", "17")["summary"]["applied"] == 16


def a_share_limits_an_undo():
    """The rows of the connections applied before are invented: only how many they are counts."""
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        w.sql("INSERT INTO applied (manifest, name, wish, user, mailbox_text)"
              " SELECT manifest, name || ' twice', '', '', '' FROM applied")
        assert w.json(0, "undo", "1")["overLimit"]
        assert not w.json(0, "undo", "1", "--only", "*Okafor")["overLimit"]


def undo_of_nothing():
    with World() as w:
        assert "history" in w.expect(64, "undo", "1").stderr
        w.expect(64, "undo", "one")
        w.expect(3, "apply", "--yes", "--held")
        w.expect(3, "apply", "--yes", "--held")
        w.expect(64, "undo", "2")


def saved_plan_is_carried_out_as_it_was_seen():
    with World(without_mistakes=True) as w:
        w.expect(0, "plan", "--save", "p.plan")
        text = w.directory.read_text()
        w.directory.write_text(text.replace("userPrincipalName: laura.bennett@contoso.com\n",
                                            "userPrincipalName: laura.bennett@contoso.com\n"
                                            "targetAddress: SMTP:laura@fabrikam.com\n"))
        done = {c["name"]: c for c in w.json(4, "apply", "--plan", "p.plan")["connections"]}
        assert done["Laura Bennett"]["result"] == "stale", done["Laura Bennett"]["result"]
        assert "user-mail-enabled" in done["Laura Bennett"]["message"]
        others = {c["result"] for n, c in done.items() if n != "Laura Bennett"}
        assert others == {"applied", None}, others
        again = w.json(4, "apply", "--plan", "p.plan")["summary"]
        assert again["applied"] == 0 and again["stale"] == 17, again


def saved_plan_leaves_out_what_was_not_chosen():
    with World() as w:
        w.file("mbxctl.yaml").write_text(w.file("mbxctl.yaml").read_text() + "limits: {changes: 1}\n")
        w.expect(0, "plan", "--only", "Laura*", "--save", "p.plan")
        done = w.json(0, "apply", "--plan", "p.plan")
        assert [(c["name"], c["result"]) for c in done["connections"]] == [("Laura Bennett", "applied")]
        assert len(w.rows("SELECT name FROM applied")) == 1, "another connection was pinned"


def altered_plan_is_refused():
    with World() as w:
        w.expect(3, "plan", "--save", "p.plan")
        saved, before = w.file("p.plan").read_bytes(), w.state()
        for i in range(0, len(saved), max(1, len(saved) // 60)):
            changed = bytearray(saved)
            changed[i] ^= 1
            w.file("bad.plan").write_bytes(changed)
            done = w.run("apply", "--plan", "bad.plan")
            assert done.returncode == 5, f"byte {i}: exit {done.returncode}"
        for cut in (b"", saved[:10], saved[:100], saved[:-1], saved[1:], saved + b"\n"):
            w.file("bad.plan").write_bytes(cut)
            assert "altered" in w.expect(5, "apply", "--plan", "bad.plan").stderr
        assert "plan --save" in w.expect(64, "apply", "--plan", "manifests/hq.yaml").stderr
        after = w.state()
        after.pop("bad.plan")
        assert after == before, "a refused plan wrote something"


def released_is_told_once():
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        w.file("manifests/resources.yaml").unlink()
        names = [r["name"] for r in w.json(0, "plan")["released"]]
        assert "CAR001" in names and len(names) == 6, names
        assert w.json(0, "plan", "--only", "John*")["released"] == []
        before = w.directory.read_bytes()
        w.expect(0, "apply", "--yes")
        assert w.json(0, "plan")["released"] == []
        assert w.directory.read_bytes() == before, "a released connection was touched"


TESTS = [undo_gives_the_content_back, undo_of_an_update_disconnects_nobody,
         a_row_confirmed_since_stays_connected, undo_leaves_what_others_changed,
         undone_is_done_again_only_on_request, undo_of_nothing,
         saved_plan_is_carried_out_as_it_was_seen, altered_plan_is_refused, released_is_told_once,
         what_is_left_open_is_told, limits_hold_for_an_undo, a_share_limits_an_undo,
         saved_plan_leaves_out_what_was_not_chosen]

if __name__ == "__main__":
    sys.exit(main(TESTS, sys.argv[1:]))
