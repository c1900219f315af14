#!/usr/bin/env python3
"""Linked mailboxes over two forests of domain controllers, of which the second is sometimes down,
slow, or does not know who asks.

usage: linked.py [TEST...]
"""
import json
import os
import sys
import time

import forest
from forest import Domain, Folder, must

PEOPLE = ("Ann Ames", "Bob Brown", "Cem Cole", "Dot Dean")  # who are disabled, and lost a mailbox
OTHERS = ("Eva East",)  # who is enabled, and lost one, too
MASTERS = ("Max Power", "Kit King", "Lou Lane", "Pat Pope")
TIMEOUT = 3
GRANTED = b"\0\2\x14\0\x04\0\0\0" + forest.SELF[:8] + b"\x0b\0\0\0"  # somebody else's entry


class Lab:
    """Both forests, with the same people once for each test."""

    def __init__(self, tests):
        people, accounts = forest.PEOPLES_OU, ""
        for tag in range(tests):
            people += "".join(forest.user_ldif(
                f"{name} {tag}", f"{first(name)}{tag}", name in OTHERS,
                userPrincipalName=f"{first(name)}{tag}@contoso.com") for name in PEOPLE + OTHERS)
            accounts += "".join(forest.user_ldif(f"{name} {tag}", f"{first(name)}{tag}",
                                                 ou=forest.ACCOUNTS) for name in MASTERS)
        self.own, self.other, self.tag = Domain(ldif=people), None, -1
        try:
            self.own.start()
            self.other = Domain("fabrikam", ldif=accounts).start()
        except BaseException:
            self.close()
            raise
        self.krb5()

    def krb5(self):
        """Both realms in one file: each has its own KDC."""
        own, other = (d.krb5_conf.read_text() for d in (self.own, self.other))
        realm, domains = other.split("[realms]\n")[1].split("[domain_realm]\n")
        path = self.own.folder / "both-krb5.conf"
        path.write_text(own.replace("[domain_realm]\n", realm + "[domain_realm]\n") + domains)
        os.environ["KRB5_CONFIG"] = str(path)

    def close(self):
        for domain in (self.own, self.other):
            if domain:
                domain.close()


LAB = None


def first(name):
    return name.split()[0].lower()


class World:
    """The people of one test, and a store of their mailboxes."""

    def __init__(self, method="simple", binds=None):
        self.own, self.other = LAB.own, LAB.other
        LAB.tag += 1
        self.tag = LAB.tag
        rows = [forest.csv_row(name, f"{forest.GROUP}/cn=Recipients/cn={self.sam(name)}",
                               self.mailbox(name), "MBXDB01") for name in PEOPLE + OTHERS]
        self.folder = Folder(self.own.config(method), {"a.yaml": ""},
                             forest.inventory(self.own, rows), timeout=f"{TIMEOUT}s",
                             credentials=forest.credentials(self.other, binds or method))
        self.sids = {n: e["objectSid"][0] for n in MASTERS
                     for e in self.other.entries(f"(cn={n} {self.tag})").values()}

    def sam(self, name):
        return f"{first(name)}{self.tag}"

    def dn(self, name):
        return f"CN={name} {self.tag},{forest.PEOPLE}"

    def master_dn(self, name):
        return f"CN={name} {self.tag},{forest.ACCOUNTS}"

    def mailbox(self, name):
        return forest.guid("linked", name, self.tag)

    def wish(self, *connections):
        text = "".join(f"  - {forest.yaml_flow(c)}\n" for c in connections)
        (self.folder.path / "manifests" / "a.yaml").write_text(forest.HEAD + text)

    def link(self, name, master, **more):
        return {"mailbox": str(self.mailbox(name)), "name": name, "database": "MBXDB01",
                "type": "linked", "user": f"{self.sam(name)}@contoso.com",
                "linked": forest.linked(self.other, f"{master} {self.tag}"), **more}

    def plain(self, name, kind="user", **more):
        return {"mailbox": str(self.mailbox(name)), "name": name, "database": "MBXDB01",
                "type": kind, "user": f"{self.sam(name)}@contoso.com", **more}

    def plan(self):
        document = self.folder.plan()
        return {c["name"]: (c["action"], *(r["code"] for r in c["reasons"]), *c["holds"])
                for c in document["connections"]}, document

    def expect(self, **want):
        """By the first names."""
        got = {first(name): found for name, found in self.plan()[0].items()}
        must(got == want, f"want {want}, got {got}")

    def apply(self, code, *arguments):
        done = self.folder.expect(code, "apply", "--yes", "-o", "json", *arguments)
        return {first(c["name"]): c["result"] for c in json.loads(done.stdout)["connections"]}

    def entry(self, name):
        return next(iter(self.own.entries(base=self.dn(name), scope="base").values()))

    def set(self, domain, whose, attribute, *values):
        lines = "".join(f"{attribute}: {v}\n" if isinstance(v, str) else
                        forest.convert.line(attribute, v) for v in values)
        domain.modify(f"dn: {whose}\nchangetype: modify\nreplace: {attribute}\n{lines}")

    def expect_linked(self, name, master):
        entry = self.entry(name)
        got = [entry.get(a) for a in ("msExchMasterAccountSid", "msExchMailboxSecurityDescriptor",
                                      "msExchRecipientTypeDetails", "msExchUserAccountControl",
                                      "msExchMailboxGuid")]
        sid = self.sids[master]
        must(got == [[sid], [forest.sd(0x20005, sid)], [b"2"], [b"2"],
                     [self.mailbox(name).bytes_le]], f"{name} has {got}")

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.other.thaw()
        if not self.other.process:
            self.other.start()
        self.folder.close()


ALL = [("Ann Ames", "Max Power"), ("Bob Brown", "Kit King")]


def both_by(method, binds=None):
    with World(method, binds) as w:
        w.wish(*(w.link(*pair) for pair in ALL), w.plain("Eva East"))
        w.expect(ann=("connect",), bob=("connect",), eva=("connect",))
        must(set(w.apply(0).values()) == {"applied"}, "not all are applied")
        w.expect_linked("Ann Ames", "Max Power")
        w.expect_linked("Bob Brown", "Kit King")
        w.expect(ann=("none",), bob=("none",), eva=("none",))


def by_passwords():
    both_by("simple")


def by_keytabs_of_both_forests():
    """One process, two realms, two keytabs: signed and sealed."""
    both_by("gssapi")


def by_a_keytab_and_a_password():
    both_by("gssapi", "simple")


def one_that_is_down_leaves_the_others():
    with World() as w:
        w.wish(*(w.link(*pair) for pair in ALL), w.plain("Eva East"))
        w.other.stop()
        unknown = ("unknown", "forest-unreachable")
        w.expect(ann=unknown, bob=unknown, eva=("connect",))
        reason = w.plan()[1]["connections"][0]["reasons"][0]["message"]
        must(w.other.uri in reason and "refused the connection" in reason, reason)
        must(w.apply(3) == {"ann": None, "bob": None, "eva": "applied"}, "the ledger")
        w.other.start()
        w.expect(ann=("connect",), bob=("connect",), eva=("none",))


def one_that_is_slow_costs_its_time_once():
    with World() as w:
        w.wish(*(w.link(*pair) for pair in ALL), w.plain("Eva East"))
        began = time.monotonic()
        w.plan()
        undisturbed = time.monotonic() - began
        w.other.freeze()
        began = time.monotonic()
        unknown = ("unknown", "forest-unreachable")
        w.expect(ann=unknown, bob=unknown, eva=("connect",))
        took = time.monotonic() - began - undisturbed
        must(took < 2 * TIMEOUT, f"it took {took:.1f} s more")
        must(w.apply(3)["eva"] == "applied", "the others wait for it")
        w.other.thaw()
        w.expect(ann=("connect",), bob=("connect",), eva=("none",))


def one_that_is_gone_between_plan_and_write_is_stale():
    with World() as w:
        w.wish(w.link(*ALL[0]), w.plain("Eva East"))
        w.folder.expect(0, "plan", "--save", "saved.plan")
        w.other.stop()
        done = w.folder.expect(4, "apply", "--plan", "saved.plan", "-o", "json")
        got = {first(c["name"]): c["result"] for c in json.loads(done.stdout)["connections"]}
        must(got == {"ann": "stale", "eva": "applied"}, got)
        must("msExchMailboxGuid" not in w.entry("Ann Ames"), "it was written")


def one_that_refuses_the_credential_says_so():
    with World() as w:
        w.wish(w.link(*ALL[0]), w.plain("Eva East"))
        wrong = forest.slapd.secret(w.folder.path / "wrong-password", "not this one")
        w.folder.more["credentials"]["fabrikam"]["passwordFile"] = str(wrong)
        w.folder.ask(w.own.config())
        w.expect(ann=("unknown", "forest-unreachable"), eva=("connect",))
        reason = w.plan()[1]["connections"][0]["reasons"][0]["message"]
        must("refused to bind" in reason and "Invalid credentials" in reason, reason)


def what_changes_over_there_makes_it_stale():
    """The master account is disabled, or given another mailbox, after the plan was saved."""
    with World() as w:
        w.wish(w.link(*ALL[0]), w.link(*ALL[1]), w.link("Cem Cole", "Lou Lane"))
        w.folder.expect(0, "plan", "--save", "saved.plan")
        w.set(w.other, w.master_dn("Max Power"), "userAccountControl", "514")
        w.set(w.own, w.dn("Dot Dean"), "msExchMasterAccountSid", w.sids["Kit King"])
        w.set(w.own, w.dn("Dot Dean"), "msExchMailboxGuid", forest.guid("another").bytes_le)
        done = w.folder.expect(4, "apply", "--plan", "saved.plan", "-o", "json")
        got = {first(c["name"]): c["result"] for c in json.loads(done.stdout)["connections"]}
        must(got == {"ann": "stale", "bob": "stale", "cem": "applied"}, got)
        w.expect(ann=("blocked", "master-account-disabled"),
                 bob=("blocked", "master-account-linked"), cem=("none",))


def another_account_takes_a_persons_word():
    with World() as w:
        w.wish(w.link("Ann Ames", "Max Power"))
        w.apply(0)
        # What an administrator granted to somebody, and an entry of the old account beside it.
        sid = w.sids["Max Power"]
        old = forest.sd(0x20005, sid)
        more = GRANTED + b"\0\2" + (8 + len(sid)).to_bytes(2, "little") + b"\1\0\0\0" + sid
        acl = old[44:]
        size = int.from_bytes(acl[2:4], "little") + len(more)
        grown = old[:44] + acl[:2] + size.to_bytes(2, "little") + b"\3\0\0\0" + acl[8:] + more
        w.set(w.own, w.dn("Ann Ames"), "msExchMailboxSecurityDescriptor", grown)
        w.wish(w.link("Ann Ames", "Kit King"))
        w.expect(ann=("update", "relinking"))
        must(w.apply(3) == {"ann": "held"}, "apply --yes relinks")
        must(w.apply(0, "--held") == {"ann": "applied"}, "apply --yes --held does not")
        entry = w.entry("Ann Ames")
        new = w.sids["Kit King"]
        must(entry["msExchMasterAccountSid"] == [new], "the SID is another")
        descriptor = entry["msExchMailboxSecurityDescriptor"][0]
        must(sid not in descriptor, "the old account is still let in")
        must(descriptor.count(new) == 1 and GRANTED in descriptor, "the new one, or what was granted")
        w.expect(ann=("none",))
        run = w.folder.rows("SELECT max(id) AS id FROM run")[0]["id"]
        w.folder.expect(0, "undo", str(run), "--save", "undo.plan")
        w.folder.expect(0, "apply", "--plan", "undo.plan")
        back = w.entry("Ann Ames")
        must(back["msExchMasterAccountSid"] == [sid]
             and back["msExchMailboxSecurityDescriptor"] == [grown], "undo gives other values back")


def it_is_converted_to_and_fro():
    with World() as w:
        w.wish(w.link("Ann Ames", "Max Power"))
        w.apply(0)
        w.wish(w.plain("Ann Ames", "shared", allow=["typeChange"]))
        must(w.apply(0) == {"ann": "applied"}, "linked to shared")
        entry = w.entry("Ann Ames")
        must((entry["msExchMasterAccountSid"], entry["msExchRecipientTypeDetails"],
              entry["msExchMailboxSecurityDescriptor"])
             == ([forest.SELF], [b"4"], [forest.sd(0x20005)]), f"a shared one has {entry}")
        w.wish(w.link("Ann Ames", "Kit King", allow=["typeChange"]))
        must(w.apply(0) == {"ann": "applied"}, "shared to linked")
        w.expect_linked("Ann Ames", "Kit King")
        w.wish(w.plain("Ann Ames", "user", allow=["typeChange"]))
        w.expect(ann=("blocked", "account-disabled"))
        w.own.give_password(w.dn("Ann Ames"))
        w.set(w.own, w.dn("Ann Ames"), "userAccountControl", "512")
        must(w.apply(0) == {"ann": "applied"}, "linked to user")
        entry = w.entry("Ann Ames")
        must((entry.get("msExchMasterAccountSid"), entry["msExchMailboxSecurityDescriptor"],
              entry["msExchUserAccountControl"]) == (None, [forest.sd(0x20001)], [b"0"]),
             f"a user's has {entry}")


def an_account_of_our_own_is_none():
    """The account forest is our own, by another credential."""
    with World() as w:
        config = w.own.config()
        w.folder.more["credentials"]["fabrikam"] = {**config.pop("bind"), **config}
        w.folder.ask(w.own.config())
        w.wish(w.link("Ann Ames", "") | {"linked": {
            "masterAccount": f"{w.sam('Eva East')}@contoso.com",
            "domainController": w.own.address, "credential": "fabrikam"}})
        w.expect(ann=("blocked", "master-account-local"))


def doctor_looks_at_every_forest():
    """By a credential with an address, and by one for which a manifest names the server."""
    with World() as w:
        credentials = w.folder.more["credentials"]
        credentials["free"] = {k: dict(v) if isinstance(v, dict) else v
                               for k, v in credentials["fabrikam"].items() if k != "uri"}
        w.folder.ask(w.own.config())
        wish = w.link("Ann Ames", "Max Power")
        wish["linked"]["credential"] = "free"
        w.wish(wish)
        done = w.folder.expect((0, 1), "doctor", "-o", "json")
        found = {(c["about"], c["name"]): c["verdict"] for c in json.loads(done.stdout)["checks"]}
        for about in ("directory", "credential fabrikam", f"account forest {w.other.address}, credential free"):
            must(found.get((about, "bind")) == "ok", f"{about}: {found.get((about, 'bind'))}")


TESTS = [by_passwords, by_keytabs_of_both_forests, by_a_keytab_and_a_password,
         one_that_is_down_leaves_the_others, one_that_is_slow_costs_its_time_once,
         one_that_is_gone_between_plan_and_write_is_stale, one_that_refuses_the_credential_says_so,
         what_changes_over_there_makes_it_stale, another_account_takes_a_persons_word,
         it_is_converted_to_and_fro, an_account_of_our_own_is_none, doctor_looks_at_every_forest]


def main():
    global LAB
    cannot = forest.samba.prepare()
    if cannot:
        print(cannot)
        return forest.samba.SKIPPED
    LAB = Lab(len(TESTS))
    try:
        return forest.main(TESTS, sys.argv[1:])
    finally:
        LAB.close()


if __name__ == "__main__":
    sys.exit(main())
