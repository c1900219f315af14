#!/usr/bin/env python3
"""An account forest that is silent for long: what is linked waits, the others are seen to as ever, and
the forest is asked now and then instead of with every pass.

usage: forest_away.py [TEST...]
"""
import sys
import threading

import drift
import served
from served import Agent, Beside, Proxy, Served, must, organisation, timed, until

TIMEOUT = 3
LINKED = (6, 7)
ACCOUNTS = "DC=fabrikam,DC=com"
SID = bytes.fromhex("010500000000000515000000") + b"".join(
    n.to_bytes(4, "little") for n in (1111111112, 2222222223, 3333333334))


def account(i):
    text = f"dn: CN=Master {i},{ACCOUNTS}\nobjectClass: user\nsAMAccountName: master{i}\nsn: {i}\n"
    return text + "userAccountControl: 512\n" + organisation.convert.line(
        "objectSid", SID + (2000 + i).to_bytes(4, "little")) + "\n"


class Counting(Proxy):
    """How many connected, by `asked`."""

    def __init__(self, *arguments):
        self.asked, self.counting = 0, threading.Lock()
        super().__init__(*arguments)

    def serve(self, client):
        with self.counting:
            self.asked += 1
        super().serve(client)


class World(Served):
    """Of everybody some are linked to accounts of another slapd, which is behind a proxy."""

    def __init__(self, timeout=TIMEOUT):
        self.forest = organisation.Slapd(
            suffix=ACCOUNTS, ldif=f"dn: {ACCOUNTS}\nobjectClass: domain\ndc: fabrikam\n\n"
            + "".join(map(account, LINKED))).start()
        self.way = Counting(lambda: str(self.forest.socket))
        ldif, inventory, manifests = drift.world()
        for i in LINKED:
            manifests["people.yaml"] = manifests["people.yaml"].replace(
                f"    user: person{i:06}@contoso.com\n    type: user\n",
                f"    user: person{i:06}@contoso.com\n    type: linked\n"
                f"    linked: {{masterAccount: Master {i}, domainController: 127.0.0.1, "
                "credential: fabrikam}\n").replace(
                f"alias: p.{i:06}\n    addresses: ['SMTP:p.{i}@contoso.com', 'smtp:q.{i}@contoso.com']\n"
                "    policies: {retention: Corporate 7y, activeSync: Executives, "
                "addressBook: Headquarters}",
                f"alias: p.{i:06}\n    policies: {{retention: Corporate 7y}}")
            head, tail = ldif.split(f"sn: {i:06}\n")
            ldif = f"{head}sn: {i:06}\n" + tail.replace("userAccountControl: 512",
                                                        "userAccountControl: 514", 1)
        super().__init__((ldif, inventory, manifests), timeout=f"{timeout}s")
        path = self.path / "mbxctl.yaml"
        config = organisation.yaml.safe_load(path.read_text())
        config["credentials"] = {"fabrikam": {
            **self.forest.config(f"ldap://127.0.0.1:{self.way.port}", "none").pop("bind"),
            "uri": f"ldap://127.0.0.1:{self.way.port}", "base": ACCOUNTS, "tls": {"mode": "none"}}}
        path.write_text(organisation.yaml.safe_dump(config))

    def close(self):
        super().close()
        self.way.close()
        self.forest.close()


def passes(agent):
    return agent.ask("status")["lastPass"]["number"]


def waits(status):
    return {(a["name"], a["code"]) for a in status["attention"]}


UNREACHABLE = {(f"Person {i:06}", "forest-unreachable") for i in LINKED}


def it_is_asked_now_and_then():
    """While others are set right, /healthz and status answer as ever."""
    with World() as w, Agent(w, interval="1s", jitter="0%") as agent:
        agent.sync(0)
        before = {i: w.entry(i) for i in (3, LINKED[0])}
        w.way.strike("silent")
        away = agent.until_status("that it is away", lambda s: waits(s) == UNREACHABLE)
        told = away["elsewhere"]
        must([(e["host"], e["credential"], e["accountForest"]) for e in told]
             == [("127.0.0.1", "fabrikam", True)] and told[0]["failures"] == 1
             and told[0]["message"] and told[0]["nextTry"], str(told))
        first, asked = passes(agent), w.way.asked
        slowest = [0.0, 0.0]

        def look():
            slowest[0] = max(slowest[0], timed(lambda: agent.page("/healthz"))[0])
            slowest[1] = max(slowest[1], timed(lambda: agent.ask("status"))[0])
        with Beside(look):
            for what in ("no retention", "other alias", "no second address"):
                w.modify(3, drift.MANAGED[what].format(i=3))
                w.modify(LINKED[0], "replace: title\ntitle: unmanaged")
                until(f"{what} set right", lambda: w.entry(3) == before[3])
            w.modify(LINKED[0], drift.MANAGED["no retention"])
            until("twelve passes", lambda: passes(agent) >= first + 12, 120)
        must(w.way.asked - asked <= 8, f"12 passes asked it {w.way.asked - asked} times")
        must(max(slowest) < 1.5, f"/healthz took {slowest[0]:.2f} s, status {slowest[1]:.2f} s")
        # A person need not wait: it is asked at once.
        asked = w.way.asked
        agent.sync(3)
        must(w.way.asked == asked + 1, f"a sync asked it {w.way.asked - asked} times")
        failures = agent.ask("status")["elsewhere"][0]["failures"]
        must(agent.metric("mbxctl_elsewhere_unreachable") == 1, "the metrics do not tell it")
        must("127.0.0.1 (account forest)" in w.expect(0, "status").stdout, "status does not tell it")
        w.way.heal()
        until("the linked one set right", lambda: drift_of(w.entry(LINKED[0]), before[LINKED[0]]), 90)
        agent.until_status("nobody waits", lambda s: not s["attention"] and not s["elsewhere"])
        gone, back = agent.events("forest-unreachable"), agent.events("forest-reachable")
        must(len(gone) == len(back) == 1 and back[0]["failures"] >= failures, str((gone, back)))
        must(agent.metric("mbxctl_elsewhere_unreachable") == 0, "the metrics do not tell that it is back")
        return f"{failures} tries; healthz {slowest[0]:.2f} s, status {slowest[1]:.2f} s"


def drift_of(entry, before):
    """Only what nobody manages differs."""
    return {a for a in entry.keys() | before.keys() if entry.get(a) != before.get(a)} <= {"title"}


def it_ends_at_once():
    """Told to end while it waits for an answer that never comes."""
    with World(timeout=60) as w, Agent(w, interval="1s", jitter="0%") as agent:
        agent.sync(0)
        asked = w.way.asked
        w.way.strike("silent")
        until("it is asked", lambda: w.way.asked > asked)
        took = timed(agent.stop)[0]
        must(took < 10, f"it took {took:.1f} s to end")


TESTS = (it_is_asked_now_and_then, it_ends_at_once)

if __name__ == "__main__":
    sys.exit(served.main(TESTS, sys.argv[1:]))
