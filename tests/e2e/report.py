#!/usr/bin/env python3
"""What is shown of a plan, and the commands that only read: each test a promise."""
import base64
import json
import re
import sys

from world import World, main


def unfolded(text):
    return text.replace("\n ", "").split("\n")


def attribute(line):
    name, _, rest = line.partition(":")
    if rest.startswith(":"):
        return name.lower(), base64.b64decode(rest[1:].strip())
    return name.lower(), rest[1:].encode()


def entries(text):
    """An LDIF file as {dn: {attribute: set of values}}."""
    found = {}
    for block in text.replace("\r", "").split("\n\n"):
        pairs = [attribute(l) for l in unfolded(block) if l and l[0] != "#"]
        pairs = [p for p in pairs if p[0] != "version"]
        if not pairs:
            continue
        assert pairs[0][0] == "dn", block
        entry = found.setdefault(pairs[0][1].decode().lower(), {})
        for name, value in pairs[1:]:
            entry.setdefault(name, set()).add(value)
    return found


def carry_out(directory, records):
    """What ldapmodify does with change records (RFC 2849, RFC 4511 4.6), guards included."""
    for block in records.split("\n\n"):
        lines = [l for l in unfolded(block) if l and l[0] != "#" and l != "version: 1"]
        if not lines:
            continue
        assert all(len(l) <= 76 for l in block.split("\n") if l[:1] != "#"), block
        dn = attribute(lines[0])[1].decode().lower()
        assert lines[1] == "changetype: modify" and lines[-1] == "-", block
        how = None
        for line in lines[2:]:
            if line == "-":
                how = None
            elif not how:
                how, of = line.split(": ")
                values = directory[dn].setdefault(of.lower(), set())
            else:
                name, value = attribute(line)
                assert name == of.lower()
                if how == "delete":
                    assert value in values, f"{dn} has no {name} {value}"
                    values.remove(value)
                else:
                    assert how == "add" and value not in values, line
                    values.add(value)
    return {dn: {k: v for k, v in e.items() if v} for dn, e in directory.items()}


def ldif_is_what_apply_writes():
    with World() as w:
        before = entries(w.directory.read_text())
        records = w.expect(3, "plan", "-o", "ldif").stdout
        w.expect(3, "apply", "--yes")
        after = entries(w.directory.read_text())
        assert before != after
        expected = carry_out(before, records)
        for dn in after:
            assert expected[dn] == after[dn], (dn, expected[dn], after[dn])


def held_ldif_does_nothing():
    with World(without_mistakes=True) as w:
        text = w.file("manifests/hq.yaml").read_text()
        assert "allow: [adopt]" in text
        w.file("manifests/hq.yaml").write_text(text.replace("allow: [adopt]", "allow: []"))
        out = w.expect(0, "plan", "-o", "ldif", "--only", "Grace*").stdout
        assert "# held: adopting: " in out and "\ndn" not in out, out
        out = w.expect(0, "plan", "-o", "powershell", "--only", "Grace*").stdout
        assert "\n# Set-Mailbox" in out and "\nSet-Mailbox" not in out, out


def events_are_the_document():
    with World() as w:
        document = w.json(3, "plan")
        lines = [json.loads(l) for l in w.expect(3, "plan", "-o", "ndjson").stdout.split("\n")[:-1]]
        assert lines[0]["type"] == "version" and lines[0]["format"] == document["format"]
        assert lines[-1].pop("type") == "summary"
        for key in ("digest", "complete", "overLimit", "released", "summary"):
            assert lines[-1].pop(key) == document[key], key
        assert lines[-1] == {}
        assert [c["connection"] for c in lines[1:-1]] == document["connections"]
        done = w.expect(3, "apply", "--yes", "-o", "ndjson").stdout.split("\n")[:-1]
        n = document["summary"]["total"]
        types = [json.loads(l)["type"] for l in done]
        assert types == ["version"] + n * ["connection"] + n * ["result"] + ["summary"], types


def powershell_validates_first():
    with World() as w:
        n = sum(c["action"] == "connect" and not c["holds"] for c in w.json(3, "plan")["connections"])
        lines = w.expect(3, "plan", "-o", "powershell").stdout.split("\n")
        connects = [i for i, l in enumerate(lines) if l.startswith("Connect-Mailbox")]
        assert len(connects) == 2 * n > 20
        for check, connect in zip(connects[::2], connects[1::2]):
            assert connect == check + 1
            assert re.fullmatch(r"Connect-Mailbox -Identity '[-0-9a-f]{36}' -Database '\w+' "
                                r"-ValidateOnly", lines[check]), lines[check]
            assert lines[connect].startswith(lines[check].removesuffix("-ValidateOnly"))
            assert any(l.startswith("Update-StoreMailboxState") for l in lines[connect + 1:connect + 3])
        done = w.expect(3, "apply", "--yes", "-o", "powershell").stdout
        assert done.count("\nUpdate-StoreMailboxState") >= n - 2 and "\nConnect-" not in done


def markdown_shows_all():
    with World() as w:
        n = w.json(3, "plan")["summary"]
        text = w.expect(3, "plan", "-o", "markdown").stdout
        for action, count in n.items():
            assert f"| {action} | {count} |\n" in text, action
        assert text.count("<details") == text.count("</details>") == n["total"] - n["none"]
        assert "mailbox-ambiguous: " in text and "- 580e7f82-a421-42c0-a855-468305ae9458: " in text


def formats_belong_to_plans():
    with World() as w:
        assert "markdown" in w.expect(64, "plan", "-o", "xml").stderr
        for command in (["store", "list"], ["history"]):
            assert "text or json" in w.expect(64, *command, "-o", "ldif").stderr


def rules(explanation):
    return {r["code"]: r["outcome"] for r in explanation["rules"]}


def explain_says_what_the_plan_says():
    with World() as w:
        plan = w.json(3, "plan")
        for planned in plan["connections"]:
            shown = w.json(0, "explain", planned["name"])
            assert shown["named"]
            explained = next(c for c in shown["connections"] if c["source"] == planned["source"])
            outcomes = rules(explained)
            questions = {q["question"]: q["answer"] for q in explained["questions"]}
            for key in planned:
                assert explained[key] == planned[key], (planned["name"], key)
            assert {c for c, o in outcomes.items() if o in ("blocked", "unknown")} == {
                r["code"] for r in planned["reasons"]}
            assert {c for c, o in outcomes.items() if o == "held"} == set(planned["holds"])
            if planned["user"]:
                assert planned["user"]["dn"] in questions["user"]
            if planned["action"] == "connect" and planned["type"]:
                assert outcomes["user-has-mailbox"] == outcomes["alias-taken"] == "passed"
                assert outcomes["user-has-archive"] == "not asked"
                assert questions["owner"] == "nobody"


def explain_by_any_name():
    with World() as w:
        one = w.json(0, "explain", "JOHN evans")["connections"]
        mailbox = one[0]["mailbox"]["guid"]
        assert w.json(0, "explain", mailbox.upper())["connections"][0] == one[0]
        text = w.expect(0, "explain", mailbox).stdout
        assert "found by its display name" in text and "found: userPrincipalName" in text
        assert "    passed     user-has-mailbox\n" in text
        assert rules(w.json(0, "explain", "Grace Whitfield")["connections"][0])["adopting"] == "lifted"
        w.expect(0, "apply", "--yes", "--only", "John Evans")
        edit = w.json(0, "explain", mailbox)["connections"][0]
        assert rules(edit)["user-has-mailbox"] == "not asked" and edit["action"] == "none"


def explain_of_an_account_forest():
    """Of one that cannot be read nothing is said to be passed, or not found."""
    with World() as w:
        w.file("mbxctl.yaml").write_text(w.file("mbxctl.yaml").read_text() + """credentials:
  home: {method: anonymous, uri: "ldif:contoso.ldif"}
  gone: {method: anonymous, uri: "ldif:gone.ldif"}
""")
        outcomes = {}
        for credential, account in (("home", "nobody"), ("gone", "nobody")):
            w.file("manifests/linked.yaml").write_text(f"""apiVersion: mbxctl/v1
kind: MailboxConnections
connections:
  - mailbox: Chidi Eze
    database: MBXDB02
    type: linked
    linked: {{masterAccount: {account}, domainController: dc1, credential: {credential}}}
""")
            shown = w.json(0, "explain", "Chidi Eze")["connections"][0]
            settled = {q["question"]: q["answer"] for q in shown["questions"]}
            asked = rules(shown)
            outcomes[credential] = (settled["master account"], asked["forest-unreachable"],
                                    asked["master-account-not-found"], asked["master-account-ambiguous"])
        assert outcomes["home"] == ("not found", "passed", "blocked", "passed"), outcomes
        assert outcomes["gone"] == ("not known", "unknown", "not asked", "not asked"), outcomes


def explain_without_a_connection():
    with World() as w:
        shown = w.json(0, "explain", "Chidi Eze")
        assert shown["named"] is False
        item = shown["connections"][0]
        assert item["user"]["upn"] == "chidi.eze@contoso.com" and item["action"] == "connect"
        assert rules(item)["matched-by-name"] == "held"
        assert w.expect(0, "explain", "Chidi Eze").stdout.startswith("No connection names this mailbox")
        assert "store list" in w.expect(1, "explain", "Nobody At All").stderr
        w.expect(64, "explain")


def suggests_what_nobody_claims():
    with World() as w:
        before = w.state()
        text = w.expect(0, "suggest").stdout
        assert w.state() == before
        w.file("suggested.yaml").write_text(text)
        w.expect(0, "validate", "suggested.yaml")
        claimed = {c["mailbox"]["guid"] for c in w.json(3, "plan")["connections"] if c["mailbox"]}
        store = {m["guid"]: m for m in w.json(0, "store", "list")["mailboxes"]}
        wanted = {g for g, m in store.items() if m["state"] == "disabled"} - claimed
        listed = re.findall(r"- mailbox: (\S+)", text)
        assert set(listed) == wanted and len(listed) == len(wanted) > 3
        purges = [store[g]["purgeDate"] for g in listed]
        assert purges == sorted(purges)
        assert f"# Chidi Eze, purged {store[listed[4]]['purgeDate']}" in text
        assert "\n    user: chidi.eze@contoso.com\n" in text
        # Two mailboxes of one name: nobody is chosen.
        assert "\n    user: anna.schmidt" not in text and "# user: anna.schmidt" in text
        planned = w.json(3, "plan", "suggested.yaml")["connections"]
        assert {c["name"] for c in planned if c["action"] == "connect"} >= {listed[4]}


def says_that_a_mailbox_was_linked():
    """Connected as it is suggested it would be given to an account of our own forest."""
    with World() as w:
        rows = w.file("mailboxes.csv").read_text()
        changed = rows.replace("0ab53607-3bf2-49c6-aeca-a6fc07b36a0f\",\"Private\",\"UserMailbox",
                               "0ab53607-3bf2-49c6-aeca-a6fc07b36a0f\",\"Private\",\"LinkedMailbox")
        assert changed != rows
        assert "it was linked" not in w.expect(0, "suggest").stdout
        w.file("mailboxes.csv").write_text(changed)
        w.expect(0, "store", "import", "mailboxes.csv")
        text = w.expect(0, "suggest").stdout
        assert text.count("# it was linked") == 1
        assert "# it was linked" in text.split("- mailbox: 0ab53607-3bf2-49c6-aeca-a6fc07b36a0f")[1].split("- mailbox")[0]


def suggests_a_first_manifest():
    with World() as w:
        for old in w.file("manifests").iterdir():
            old.unlink()
        text = w.expect(0, "suggest").stdout
        assert text.count("- mailbox: ") > 15
        w.file("manifests/first.yaml").write_text(text)
        w.expect(0, "validate")
        again = w.expect(0, "suggest").stdout
        assert again.endswith("connections: []\n"), again
        w.file("manifests/first.yaml").write_text(again)
        w.expect(0, "validate")
        w.expect(65, "suggest", "nowhere")


def export_round_trips():
    with World() as w:
        for turn in range(2):
            before = w.state()
            w_text = w.expect(0, "export").stdout
            assert w.state() == before
            path = w.folder / "exported.yaml"
            path.write_text(w_text)
            plan = w.json(0, "plan", str(path))
            assert plan["summary"]["none"] == plan["summary"]["total"] > 5, plan["summary"]
            if turn == 0:
                first = plan["summary"]["total"]
                done = w.json(3, "apply", "--yes", "--held")["summary"]
                assert done["applied"] > 10
        connects = sum(c["action"] == "connect" for c in w.json(3, "plan")["connections"])
        assert connects == 0 and plan["summary"]["total"] > first
        for said in ("type: room", "type: equipment", "type: shared", "archive: true",
                     "retention: Corporate 7y", "activeSync: Executives",
                     "addressBook: Headquarters", "alias: k.mueller"):
            assert said in w_text, said


def export_leaves_out_what_it_cannot_say():
    with World() as w:
        path = w.directory
        text = path.read_text()
        block = next(b for b in text.split("\n\n") if "\ncn: Samuel Adeyemi\n" in b)
        flags = next(l for l in block.split("\n") if l.startswith("msExchELCMailboxFlags"))
        path.write_text(text.replace(block, block.replace(flags, "msExchELCMailboxFlags: 0")))
        out = w.expect(0, "export").stdout
        mine = next(b for b in out.split("\n\n") if "samuel" in b)
        assert "retention:" not in mine and "# msExchMailboxTemplateLink leads to" in mine, mine


OLIVER = "b12d0a8d-2d7c-45bc-a756-37b7b0aa2f7d"


def inventory(world, change):
    """Imports the mailboxes again, Oliver Brandt's line changed."""
    path = world.file("mailboxes.csv")
    text = path.read_text(encoding="utf-8-sig")
    line = next(l for l in text.split("\n") if OLIVER in l)
    path.write_text(text.replace(line, change(line)), encoding="utf-8-sig")
    world.expect(0, "store", "import", "mailboxes.csv")


def owned_is_not_suggested():
    with World() as w:
        inventory(w, lambda l: l.replace('"205",,,', '"205","2026-11-13 18:02:11","Disabled",'))
        assert [m["state"] for m in w.json(0, "store", "list")["mailboxes"]
                if m["guid"] == OLIVER] == ["disabled"]
        assert OLIVER not in w.expect(0, "suggest").stdout


def moved_is_exported_once():
    with World() as w:
        inventory(w, lambda l: l + "\n" + l.replace("MBXDB01", "MBXDB02"))
        rows = [m for m in w.json(0, "store", "list")["mailboxes"] if m["guid"] == OLIVER]
        assert len(rows) == 2
        text = w.expect(0, "export").stdout
        assert text.count(OLIVER) == 1 and f"mailbox: {OLIVER}\n    database: MBXDB01\n" in text


TESTS = [owned_is_not_suggested, moved_is_exported_once, explain_says_what_the_plan_says, explain_by_any_name, explain_of_an_account_forest, explain_without_a_connection,
         suggests_what_nobody_claims, says_that_a_mailbox_was_linked, suggests_a_first_manifest, export_round_trips,
         export_leaves_out_what_it_cannot_say, ldif_is_what_apply_writes, held_ldif_does_nothing, events_are_the_document,
         powershell_validates_first, markdown_shows_all, formats_belong_to_plans]

if __name__ == "__main__":
    sys.exit(main(TESTS, sys.argv[1:]))
