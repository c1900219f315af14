#!/usr/bin/env python3
"""Another client writes to what the agent keeps: what is managed is set right again, what only a
person may decide waits, what is not managed stays, and where nothing differs nothing is written.

usage: drift.py [TEST...]
"""
import random
import sys
import time

import served
from organisation import generate
from served import Agent, Served, must, organisation, until, user_dn

PEOPLE, SEED = 8, 1
SERVICES = "CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com"


def policy(name, container):
    return f"CN={name},CN={container},{SERVICES}"


def world():
    ldif, inventory, _ = organisation.people(PEOPLE)
    text = "apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections:\n"
    for i in range(PEOPLE):
        text += (f"  - mailbox: Person {i:06}\n    database: MBXDB0{1 + i % 2}\n"
                 f"    user: person{i:06}@contoso.com\n    type: user\n    alias: p.{i:06}\n"
                 f"    addresses: ['SMTP:p.{i}@contoso.com', 'smtp:q.{i}@contoso.com']\n"
                 "    policies: {retention: Corporate 7y, activeSync: Executives, "
                 "addressBook: Headquarters}\n")
    return ldif, inventory, {"people.yaml": text}


# What another does to the i-th person, as LDIF of a modify: the manifest says otherwise.
MANAGED = {
    "no retention": "delete: msExchMailboxTemplateLink",
    "other retention": "replace: msExchMailboxTemplateLink\nmsExchMailboxTemplateLink: "
                       + policy("Legal 10y", "Retention Policies Container"),
    "no mobile policy": "delete: msExchMobileMailboxPolicyLink",
    "no address book": "delete: msExchAddressBookPolicyLink",
    "other alias": "replace: mailNickname\nmailNickname: changed.{i}",
    "no second address": "delete: proxyAddresses\nproxyAddresses: smtp:q.{i}@contoso.com",
    "other primary": "delete: proxyAddresses\nproxyAddresses: SMTP:p.{i}@contoso.com\n-\n"
                     "add: proxyAddresses\nproxyAddresses: SMTP:new.{i}@contoso.com",
}
# ... and what no manifest says anything about.
UNMANAGED = {
    "description": "replace: description\ndescription: moved to another desk",
    "displayName": "replace: displayName\ndisplayName: Somebody Else {i}",
    "department": "replace: title\ntitle: Head of {i}",
    "more addresses": "add: proxyAddresses\nproxyAddresses: smtp:more.{i}@contoso.com",
    "hidden": "replace: msExchHideFromAddressLists\nmsExchHideFromAddressLists: TRUE",
}
# What is no longer only a difference: what the plan calls it.
DISABLED = ("msExchMailboxGuid", "homeMDB", "msExchHomeServerName", "mailNickname", "mail",
            "msExchRecipientTypeDetails", "msExchRecipientDisplayType", "proxyAddresses",
            "legacyExchangeDN", "showInAddressBook", "msExchMailboxTemplateLink",
            "msExchMobileMailboxPolicyLink", "msExchAddressBookPolicyLink", "msExchPoliciesExcluded")
WAITS = {
    "disconnected": ("\n-\n".join(f"delete: {a}" for a in DISABLED), "blocked", "store-lags"),
    "another type": ("replace: msExchRecipientTypeDetails\nmsExchRecipientTypeDetails: 4", "update",
                     "type-change"),
    "no database": ("delete: homeMDB", "blocked", "user-has-mailbox"),
    "a mail user": ("add: targetAddress\ntargetAddress: SMTP:a@fabrikam.com", "blocked",
                    "user-mail-enabled"),
}
# Bookkeeping of slapd; and what a new primary leaves of the one before: nothing is taken away.
SLAPDS = ("entrycsn", "modifytimestamp", "modifiersname")


def everybody(world_):
    """What they have, by number."""
    return {i: {a: v for a, v in entry.items() if a not in SLAPDS}
            for i, entry in world_.people().items()}


def without_remains(entry):
    kept = [v for v in entry["proxyaddresses"] if b":new." not in v.lower()]
    return dict(entry, proxyaddresses=kept)


def what_is_managed_is_set_right():
    """Rounds of random drift; each person's attribute once, as an agent gives up after three."""
    chance = random.Random(SEED)
    with Served(world(), log="stats") as w, Agent(w) as agent:
        agent.sync(0)
        left = [(i, what) for i in range(PEOPLE) for what in MANAGED]
        chance.shuffle(left)
        corrected = 0
        while left:
            some, left = left[:7], left[7:]
            before = everybody(w)
            w.server.modify("".join(f"dn: {user_dn(i)}\nchangetype: modify\n"
                                    f"{MANAGED[what].format(i=i)}\n\n" for i, what in some))
            stamped, writes = w.written(), w.writes()
            done = {c["name"]: c for c in agent.sync(0)["connections"]}
            touched = {i for i, _ in some}
            for i in touched:
                must(done[f"Person {i:06}"]["result"] == "applied" and
                     done[f"Person {i:06}"]["cause"] == "drift", lambda: str((some, done)))
            for i, entry in everybody(w).items():
                now, then = without_remains(entry), without_remains(before[i])
                must(now == then, lambda: f"after {some} person {i} differs in "
                     f"{[a for a in now.keys() | then.keys() if now.get(a) != then.get(a)]}")
            mine = {dn for dn, entry in w.written().items() if entry != stamped[dn]}
            wanted = {organisation.alike(user_dn(i).encode()).decode() for i in touched}
            must(mine == wanted, lambda: f"written were {mine}, not {wanted}")
            must(w.writes() == writes + len(touched), "it wrote more than once to one of them")
            corrected += len(some)
        must(w.place.plan()["summary"]["none"] == PEOPLE, "something is left")
        return f"{corrected} drifts, seed {SEED}"


def an_interval_finds_it():
    with Served(world()) as w, Agent(w, interval="1s", jitter="0%") as agent:
        agent.sync(0)
        before = w.entry(3)
        for what in ("no retention", "other alias", "no second address"):
            w.modify(3, MANAGED[what].format(i=3))
            until(f"{what} set right", lambda: w.entry(3) == before)
        events = [e for e in agent.events("connection-applied") if e["cause"] == "drift"]
        must({e["name"] for e in events} == {"Person 000003"}, str(events))


def what_is_not_managed_stays():
    with Served(world(), log="stats") as w, Agent(w) as agent:
        agent.sync(0)
        for i, lines in enumerate(UNMANAGED.values()):
            w.modify(i, lines.format(i=i))
        before, writes = w.written(), w.writes()
        agent.sync(0)
        must(w.written() == before and w.writes() == writes, "it wrote")
        # ... also where something else of the same entry is set right.
        entries = everybody(w)
        for i in range(len(UNMANAGED)):
            w.modify(i, MANAGED["no retention"])
        agent.sync(0)
        now = everybody(w)
        wrong = [what for i, what in enumerate(UNMANAGED) if now[i] != entries[i]]
        must(not wrong, f"not as before: {wrong}")


def what_a_person_decides_waits():
    with Served(world(), log="stats") as w, Agent(w) as agent:
        agent.sync(0)
        for i, (lines, _, _) in enumerate(WAITS.values()):
            w.modify(i, lines)
        last = PEOPLE - 1  # his mailbox is given to another as well
        guid = w.server.search(user_dn(last), scope="base", attributes=["msExchMailboxGuid"])
        w.server.modify(f"dn: CN=Tom Baker,OU=Warehouse,DC=contoso,DC=com\nchangetype: modify\n"
                        f"add: msExchMailboxGuid\n{guid.strip().splitlines()[-1]}\n")
        expected = {f"Person {i:06}": (action, code)
                    for i, (_, action, code) in enumerate(WAITS.values())}
        expected[f"Person {last:06}"] = ("blocked", "mailbox-owned")
        before, writes = w.written(), w.writes()
        for _ in range(3):
            agent.sync(3)
        must(w.written() == before and w.writes() == writes, "it wrote")
        status = agent.status()
        found = {a["name"]: (a["action"], a["code"]) for a in status["attention"]}
        must(found == expected, f"it says {found}, not {expected}")
        # The next inventory shows that he was disconnected, and when.
        now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        row = generate.mailbox(0).replace("2026-11-13 18:02:11", now)
        (w.path / "mailboxes.csv").write_text(generate.HEADER + row)
        w.expect(0, "store", "import", "mailboxes.csv")
        expected["Person 000000"] = ("connect", "reconnecting")
        agent.sync(3)
        found = {a["name"]: (a["action"], a["code"]) for a in agent.status()["attention"]}
        must(found == expected, f"after an import it says {found}, not {expected}")
        must(w.written() == before and w.writes() == writes, "it wrote")
        # Nobody else is held up by them.
        w.modify(5, MANAGED["no retention"])
        entry = w.entry(5)
        agent.sync(3)
        must(w.entry(5) != entry, "what could be set right was not")
        # A person carries out what is held.
        w.expect(3, "apply", "--yes", "--held")
        agent.sync(3)
        left = {a["name"] for a in agent.status()["attention"]}
        must(left == {n for n, (action, _) in expected.items() if action == "blocked"}, str(left))


def in_sync_nothing_is_written():
    with Served(world(), log="stats") as w, Agent(w, interval="1s", jitter="0%") as agent:
        agent.sync(0)
        must(w.writes() == PEOPLE, "the log of slapd does not show what was written")
        before, files, writes = w.written(), w.stamps(), w.writes()
        first = agent.status()["lastPass"]["number"]
        for _ in range(100):
            must(agent.ask("sync")["exit"] == 0, "a pass did not end well")
        must(agent.status()["lastPass"]["number"] >= first + 100, "it made no 100 passes")
        must(w.writes() == writes, "a write reached slapd")
        must(w.written() == before, "an entry was written")
        after = w.stamps()
        must(after == files, lambda: f"written: {set(files.items()) ^ set(after.items())}")
        runs = w.rows("SELECT count(*) AS n FROM run")[0]["n"]
        must(runs == 1, f"{runs} runs are recorded")
        # That a write would show: one entry is written, in the same second or the next.
        w.modify(1, MANAGED["no retention"])
        stamped = w.written()
        until("the drift set right", lambda: w.writes() == writes + 2)
        must(w.written() != stamped, "a write shows in no stamp")


TESTS = (what_is_managed_is_set_right, an_interval_finds_it, what_is_not_managed_stays,
         what_a_person_decides_waits, in_sync_nothing_is_written)

if __name__ == "__main__":
    sys.exit(served.main(TESTS, sys.argv[1:]))
