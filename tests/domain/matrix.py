#!/usr/bin/env python3
"""Every type, way to name a user, alias, choice of policies and state of an account, on a domain
controller: what is planned, why not, and every attribute afterwards.

What is expected is computed here, from the rules alone; which address lists an entry is in, the
domain controller says. Afterwards no attribute may differ that is not expected to, and a second
plan has nothing left to do.

usage: matrix.py [all | SEED]      all, or so few that any three values of three columns meet
"""
import itertools
import json
import random
import sys
import unicodedata

import forest
from forest import GROUP, database, must, policy

USER_KEYS = ("upn", "implicit upn", "sam", "dn", "canonical", "guid", "name", "legacyExchangeDN",
             "displayName")
POLICIES = ("none", "some", "all")
ACCOUNTS = ("enabled", "disabled")
# directory.md, "What a connect writes": of the types whose account is disabled
SELF_OWNED = {"msExchUserAccountControl": 2, "msExchMasterAccountSid": forest.SELF,
              "msExchMailboxSecurityDescriptor": forest.sd(0x20005)}
OWN = {"msExchUserAccountControl": 0, "msExchMailboxSecurityDescriptor": forest.sd(0x20001)}


def resource(kind, details, display):
    return {"msExchRecipientTypeDetails": details, "msExchRecipientDisplayType": display,
            "msExchResourceMetaData": f"ResourceType:{kind}",
            "msExchResourceSearchProperties": kind, "msExchResourceDisplay": kind, **SELF_OWNED}


# The column of each type, and which account it needs.
TYPES = {
    "user": ("enabled", {"msExchRecipientTypeDetails": 1, "msExchRecipientDisplayType": 1073741824,
                         **OWN}),
    "room": ("disabled", resource("Room", 16, 7)),
    "equipment": ("disabled", resource("Equipment", 32, 8)),
    "shared": ("disabled", {"msExchRecipientTypeDetails": 4, "msExchRecipientDisplayType": 0,
                            **SELF_OWNED}),
    # And the SID of its master account, in two places.
    "linked": ("disabled", {"msExchRecipientTypeDetails": 2, "msExchRecipientDisplayType": 1073741824,
                            "msExchUserAccountControl": 2}),
}
CONSENT = {"user": "disabledAccount", "room": "enabledAccount", "equipment": "enabledAccount",
           "shared": "enabledAccount", "linked": "enabledAccount"}
NO_CONSENT = "linked"  # its user's account has to be disabled, whoever agrees
REASON = {"disabledAccount": "account-disabled", "enabledAccount": "account-enabled"}
IF_ABSENT = {
    "mDBUseDefaults": "TRUE", "msExchArchiveQuota": 104857600, "msExchArchiveWarnQuota": 94371840,
    "msExchDumpsterQuota": 31457280, "msExchDumpsterWarningQuota": 20971520,
    "msExchCalendarLoggingQuota": 6291456, "msExchWhenMailboxCreated": forest.NOW,
    "msExchRBACPolicyLink": "CN=Default Role Assignment Policy,CN=Policies,CN=RBAC," + forest.ORG}
LINKS = {"activeSync": ("msExchMobileMailboxPolicyLink", "Mobile Mailbox Policies", "Executives"),
         "retention": ("msExchMailboxTemplateLink", "Retention Policies Container", "Corporate 7y"),
         "managedFolder": ("msExchMailboxTemplateLink", "ELC Mailbox Policies",
                           "Managed Folders 2010"),
         "addressBook": ("msExchAddressBookPolicyLink", "AddressBook Mailbox Policies", "Sales")}
ELC_DEFAULT, ELC_RETENTION = 130, 2
POLICIES_ON = "{26491cfc-9e50-4857-861b-0cb8df22b5d7}"
NAMES = [("Käthe", "Müller"), ("Jørgen", "Ångström"), ("Ana María", "López"), ("Bob", "O'Neil"),
         ("Þóra", "Guðmunds"), ("Weiß", "Łuk")]
SMALL = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "þ": "th", "ð": "d"}
LETTERS = {**SMALL, **{c.upper(): v.capitalize() for c, v in SMALL.items() if c != "ß"}, "Ł": "L"}


def best_fit(text):
    text = "".join(LETTERS.get(c, c) for c in text)
    return "".join(c for c in unicodedata.normalize("NFKD", text) if ord(c) < 128)


class Case:
    """One mailbox, one user, one connection between them."""

    def __init__(self, number, kind, key, alias, policies, account, consent):
        self.number, self.kind, self.key = number, kind, key
        self.account, self.consent = account, consent
        self.id = f"{number:04}"
        self.given, self.sn = NAMES[number % len(NAMES)]
        self.name = f"{self.given} {self.sn} {self.id}"
        self.dn = f"CN={self.name},{forest.PEOPLE}"
        self.upn = None if key == "implicit upn" else f"u.{best_fit(self.given)[:2]}{self.id}"
        self.title = ("Head of Things", None)[number % 2]
        self.database = ("MBXDB01", "MBXDB02")[number % 3 == 0]
        self.alias = f"gïvén.{self.id}" if alias == "given" else None
        self.mailbox = forest.guid("matrix", self.id)
        self.legacy_dn = f"{GROUP}/cn=Recipients/cn={self.mailbox.hex}-x"
        self.policies = {}
        if policies != "none":
            self.policies["retention"] = "Corporate 7y"
        if policies == "all":
            self.policies = {"activeSync": "Executives", "managedFolder": "Managed Folders 2010"}
            if kind == "user":
                self.policies["addressBook"] = "Sales"

    @property
    def says(self):
        return (f"case {self.id} ({self.kind} by {self.key}, account {self.account}"
                f"{', allowed' if self.consent else ''}, {self.policies or 'no policies'})")

    # ---- the world ------------------------------------------------------------------------------

    def ldif(self):
        more = {"userPrincipalName": f"{self.upn}@contoso.com"} if self.upn else {}
        if self.title:
            more["title"] = self.title
        if self.key == "legacyExchangeDN":
            more["legacyExchangeDN"] = self.legacy_dn.upper()
        return forest.user_ldif(self.name, f"s{self.id}", self.account == "enabled",
                                givenName=self.given, sn=self.sn + self.id, **more)

    def row(self):
        display = self.name if self.key == "displayName" else f"Mailbox {self.id}"
        return forest.csv_row(display, self.legacy_dn, self.mailbox, self.database)

    def master_ldif(self):
        """The account of the other forest, of every second without a userPrincipalName."""
        upn = {"userPrincipalName": f"m{self.id}@fabrikam.com"} if self.number % 2 else {}
        return forest.user_ldif(f"Master {self.id}", f"m{self.id}", ou=forest.ACCOUNTS, **upn)

    def master_text(self, master):
        """A form after the other."""
        forms = [f"M{self.id}@fabrikam.com", f"fabrikam\\m{self.id}",
                 f"CN=Master {self.id},{forest.ACCOUNTS}", f"fabrikam.com/Users/Master {self.id}",
                 forest.guid_text(master["objectGUID"][0]), f"Master {self.id}"]
        return forms[self.number % len(forms)]

    def user_text(self, entry):
        return {"upn": f"{(self.upn or '').upper()}@contoso.com",
                "implicit upn": f"s{self.id}@contoso.com", "sam": f"contoso\\s{self.id}",
                "dn": self.dn.replace(",", ", "), "canonical": f"contoso.com/People/{self.name}",
                "guid": forest.guid_text(entry["objectGUID"][0]),
                "name": self.name}.get(self.key)

    def link(self, other, masters):
        master = masters[f"CN=Master {self.id},{forest.ACCOUNTS}"]
        self.master_sid = master["objectSid"][0]
        return forest.linked(other, self.master_text(master))

    def connection(self, entry, other, masters):
        """A YAML flow mapping."""
        fields = {"name": self.id, "mailbox": str(self.mailbox), "database": self.database,
                  "type": self.kind, "user": self.user_text(entry), "alias": self.alias,
                  "policies": self.policies,
                  "linked": self.link(other, masters) if self.kind == "linked" else None,
                  "allow": [CONSENT[self.kind]] if self.consent else None}
        return "  - " + forest.yaml_flow({k: v for k, v in fields.items() if v}) + "\n"

    # ---- what has to become of it -----------------------------------------------------------------

    def reasons(self):
        wrong = self.account != TYPES[self.kind][0]
        return [REASON[CONSENT[self.kind]]] if wrong else []

    def blocked(self):
        return bool(self.reasons()) and not (self.consent and self.kind != NO_CONSENT)

    def address_policy(self):
        """Its name, and the addresses that it makes."""
        alias = best_fit(self.wanted_alias())
        if not self.title:
            return "Default Policy", [f"SMTP:{alias}@contoso.com"]
        both = f"{best_fit(self.given)}.{best_fit(self.sn)}{self.id}".replace(" ", "")
        return "Department heads", [f"SMTP:{both}@contoso.com", f"smtp:{alias}@contoso.com"]

    def wanted_alias(self):
        from_name = "".join(c if ord(c) < 256 else "?" for c in self.name if c != " ")
        return self.alias or self.upn or from_name

    def written(self, policy_guids):
        """Every attribute of the table, but for showInAddressBook."""
        name, addresses = self.address_policy()
        want = {
            "msExchMailboxGuid": self.mailbox.bytes_le, "homeMDB": database(self.database),
            "msExchHomeServerName":
                f"{GROUP}/cn=Configuration/cn=Servers/cn={forest.SERVER[self.database]}",
            "mailNickname": self.wanted_alias(), "msExchVersion": 88218628259840,
            "proxyAddresses": addresses, "mail": addresses[0][len("SMTP:"):],
            "msExchPoliciesIncluded": [policy_guids[name], POLICIES_ON],
            **IF_ABSENT, **TYPES[self.kind][1]}
        if self.key != "legacyExchangeDN":
            want["legacyExchangeDN"] = self.legacy_dn
        if self.kind == "linked":
            want.update(msExchMasterAccountSid=self.master_sid,
                        msExchMailboxSecurityDescriptor=forest.sd(0x20005, self.master_sid))
        if self.kind == "user" and self.account == "disabled":
            want.update(msExchUserAccountControl=2, msExchMasterAccountSid=forest.SELF)
        want["msExchELCMailboxFlags"] = ELC_DEFAULT
        for each, chosen in self.policies.items():
            attribute, container, _ = LINKS[each]
            want[attribute] = policy(container, chosen)
            if each == "managedFolder":
                want["msExchELCMailboxFlags"] = ELC_DEFAULT & ~ELC_RETENTION
        return {a: forest.as_values(v) for a, v in want.items()}


def whole():
    return list(itertools.product(TYPES, USER_KEYS, ("given", "derived"), POLICIES, ACCOUNTS,
                                  (False, True)))


def cut(rows, seed):
    """Each row, in an order of its own, that has three values that met in none before."""
    met, chosen = set(), []
    for row in random.Random(seed).sample(rows, len(rows)):
        threes = set(itertools.combinations(enumerate(row), 3))
        if threes - met:
            met |= threes
            chosen.append(row)
    return chosen


def check_plan(cases, document, entries):
    planned = forest.by_name(document)
    for case in cases:
        is_now = planned[case.id]
        want = "blocked" if case.blocked() else "connect"
        must(is_now["action"] == want, lambda: f"{case.says}: {is_now}")
        codes = [r["code"] for r in is_now["reasons"]]
        must(codes == (case.reasons() if case.blocked() else []), f"{case.says}: {codes}")
        lifted = [w["code"] for w in is_now["warnings"] if w["code"].startswith("account-")]
        must(lifted == ([] if case.blocked() else case.reasons()), f"{case.says}: {lifted}")
        holds = ["matched-by-name"] if case.key == "displayName" and not case.blocked() else []
        must(is_now["holds"] == holds, f"{case.says}: {is_now['holds']}")
        must(is_now["user"]["guid"] ==
             forest.guid_text(entries[case.dn]["objectGUID"][0]),
             f"{case.says}: the user is {is_now['user']}")


def check_entries(domain, cases, before, document):
    after = domain.entries(base=forest.PEOPLE)
    must(before.keys() == after.keys(), "entries came or went")
    lists = forest.lists_of(domain)
    planned = forest.by_name(document)
    policies = {forest.first(e, "name"): forest.guid_text(e["objectGUID"][0])
                for e in domain.entries("(objectClass=msExchRecipientPolicy)", base=forest.ORG)
                .values()}
    for case in cases:
        was, is_now = before[case.dn], after[case.dn]
        want = {} if case.blocked() else case.written(policies)
        if want and lists[case.dn]:
            want["showInAddressBook"] = sorted(lists[case.dn])
        forest.compare(case.says, was, is_now, want)
        named = {c["attribute"] for c in planned[case.id]["changes"] if c["target"] == "directory"}
        must(named == forest.changed(was, is_now),
             f"{case.says}: planned {sorted(named)}, changed {sorted(forest.changed(was, is_now))}")


def check_store(folder, cases):
    must(folder.connected() == {str(c.mailbox) for c in cases if not c.blocked()},
         "the store holds others for connected than the directory")


class World:
    """Both forests with what the rows need, and the manifest."""

    def __init__(self, rows):
        self.cases = [Case(n, *row) for n, row in enumerate(rows)]
        self.domain = self.other = None

    def __enter__(self):
        ldif = forest.PEOPLES_OU + "".join(c.ldif() for c in self.cases)
        accounts = "".join(c.master_ldif() for c in self.cases if c.kind == "linked")
        try:
            self.domain = forest.Domain(ldif=ldif).start()
            self.other = forest.Domain("fabrikam", ldif=accounts).start()
            self.before = self.domain.entries(base=forest.PEOPLE)
            masters = self.other.entries("(objectClass=user)", ["*"])
            self.manifest = forest.HEAD + "".join(
                c.connection(self.before[c.dn], self.other, masters) for c in self.cases)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *ignored):
        for domain in (self.domain, self.other):
            if domain:
                domain.close()


def run(rows, method="simple"):
    with World(rows) as world:
        domain, cases, before = world.domain, world.cases, world.before
        with forest.Folder(domain.config(method), {"matrix.yaml": world.manifest},
                           forest.inventory(domain, (c.row() for c in cases)),
                           credentials=forest.credentials(world.other, method)) as folder:
            check_plan(cases, folder.plan(), before)
            done = folder.expect((0, 3), "apply", "--yes", "--held", "-o", "json", timeout=400)
            check_entries(domain, cases, before, json.loads(done.stdout))
            check_store(folder, cases)
            again = folder.plan()["summary"]
            left = sum(c.blocked() for c in cases)
            must((again["none"], again["blocked"]) == (len(cases) - left, left),
                 f"a second plan has {again}")
    return f"{len(cases)} connections, {left} of them blocked; of {len(whole())} in all"


def matrix():
    seed = (sys.argv[1:] or ["1"])[0]
    return run(whole() if seed == "all" else cut(whole(), int(seed)))


if __name__ == "__main__":
    sys.exit(forest.main([matrix], []))
