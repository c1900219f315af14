#!/usr/bin/env python3
"""The rules in sequence, on a domain controller: archives, resources, conversions from type to type,
policies set, left out and cleared, addresses, aliases, undo. After each step every attribute of
everybody is what the step says, and all others are what they were.
"""
import json
import sys

import forest
import matrix
from forest import Folder, database, must, policy

GONE = None
SELF_USER, SELF_SHARED = forest.sd(0x20001), forest.sd(0x20005)
RETENTION = policy("Retention Policies Container", "Corporate 7y")
LEGAL = policy("Retention Policies Container", "Legal 10y")
FOLDERS = policy("ELC Mailbox Policies", "Managed Folders 2010")
MOBILE = policy("Mobile Mailbox Policies", "Executives")
BOOK = policy("AddressBook Mailbox Policies", "Sales")
OFF = "{26491cfc-9e50-4857-861b-0cb8df22b5d7}"
RESOURCE = ("msExchResourceMetaData", "msExchResourceSearchProperties", "msExchResourceDisplay")
LISTS = f"CN=Address Lists Container,{forest.ORG}"


def mailbox_of(name):
    return forest.guid("rules", name)


def legacy_dn(name):
    return f"{forest.GROUP}/cn=Recipients/cn={name}"


def lists(*names):
    places = {"All Users": "All Address Lists", "All Rooms": "All Address Lists",
              "Default Global Address List": "All Global Address Lists"}
    return [f"CN={n},CN={places.get(n, 'All System Address Lists')},{LISTS}" for n in
            ("All Mailboxes(VLV)", "All Recipients(VLV)", "Default Global Address List", *names)]


# directory.md: every list whose filter is met.
LISTS_OF = {"user": lists("All Users", "Mailboxes(VLV)"), "room": lists("All Rooms"),
            "equipment": lists("All Users"), "shared": lists("All Users")}


class Stage:
    """A domain with people of given names, a row of the inventory for each mailbox."""

    def __init__(self, people, rows=(), **more):
        self.rows = rows
        self.ldif = forest.PEOPLES_OU + "".join(
            forest.user_ldif(name, name, enabled, **more.get(name, {})) for name, enabled in people)
        self.domain = forest.Domain(ldif=self.ldif)

    def __enter__(self):
        self.domain.start()
        try:
            self.folder = Folder(self.domain.config(), {}, forest.inventory(self.domain, self.rows))
        except BaseException:
            self.domain.close()
            raise
        self.guid_of_default = self.policy_guid("Default Policy")
        return self

    def __exit__(self, *ignored):
        self.folder.close()
        self.domain.close()

    def policy_guid(self, name):
        found = self.domain.entries(f"(name={name})", ["objectGUID"],
                                    base=f"CN=Recipient Policies,{forest.ORG}")
        return forest.guid_text(next(iter(found.values()))["objectGUID"][0])

    def entries(self):
        return self.domain.entries(base=forest.PEOPLE)

    def set(self, name, **attributes):
        """What an administrator does by other means."""
        self.domain.modify("".join(
            forest.convert.line("dn", f"CN={name},{forest.PEOPLE}".encode())
            + f"changetype: modify\nreplace: {a}\n" + "".join(
                forest.convert.line(a, x) for x in ([] if v is None else forest.as_values(v)))
            + "\n" for a, v in attributes.items()))

    def write(self, *connections):
        (self.folder.path / "manifests" / "rules.yaml").write_text(
            forest.HEAD + "".join(f"  - {forest.yaml_flow(c)}\n" for c in connections))

    def expect(self, what, want, before):
        """want: {name: {attribute: value, or GONE}}"""
        after = self.entries()
        must(before.keys() == after.keys(), f"{what}: entries came or went")
        for dn, was in before.items():
            wanted = want.get(dn[len("CN="):].split(",")[0], {})
            forest.compare(f"{what}: {dn}", was, after[dn], {
                a: None if v is GONE else forest.as_values(v) for a, v in wanted.items()})

    def step(self, what, connections, want, code=0, held=True):
        """The wish, carried out; what it planned, by name."""
        before = self.entries()
        self.write(*connections)
        done = self.folder.expect(code, "apply", "--yes", *(["--held"] if held else []), "-o",
                                  "json")
        self.expect(what, want, before)
        if code == 0:
            left = self.folder.plan(0)["summary"]
            must(left["none"] == left["total"], f"{what}: a second plan has {left}")
        return forest.by_name(json.loads(done.stdout))

    def undo(self, what, run, want):
        before = self.entries()
        self.folder.expect(0, "undo", str(run), "--save", "undo.plan")
        self.folder.expect(0, "apply", "--plan", "undo.plan")
        self.expect(what, want, before)

    def connected(self, name, kind="user", db="MBXDB01", **more):
        """The table of what a connect writes."""
        want = {"msExchMailboxGuid": mailbox_of(name).bytes_le, "homeMDB": database(db),
                "msExchHomeServerName":
                    f"{forest.GROUP}/cn=Configuration/cn=Servers/cn={forest.SERVER[db]}",
                "mailNickname": name, "legacyExchangeDN": legacy_dn(name),
                "msExchVersion": 88218628259840, "proxyAddresses": f"SMTP:{name}@contoso.com",
                "mail": f"{name}@contoso.com", "msExchELCMailboxFlags": 130,
                "msExchPoliciesIncluded": [self.guid_of_default, OFF],
                "showInAddressBook": LISTS_OF[kind], **matrix.IF_ABSENT, **matrix.TYPES[kind][1]}
        return {**want, **more}


def row(name, archive=False, of=None, db="MBXDB01"):
    display = f"In-Place Archive - {of}" if archive else name
    return forest.csv_row(display, legacy_dn(of or name), mailbox_of(name), db, archive)


def connection(name, db="MBXDB01", **more):
    return {"name": name, "mailbox": str(mailbox_of(name)), "database": db,
            "user": f"CN={name},{forest.PEOPLE}", **more}


# ---- archives ----------------------------------------------------------------------------------

def archive(name, user, **more):
    return connection(name, "MBXDB02", archive=True, user=f"CN={user},{forest.PEOPLE}", **more)


def archived(name, user, flags):
    return {"msExchArchiveGUID": mailbox_of(name).bytes_le,
            "msExchArchiveDatabaseLink": database("MBXDB02"),
            "msExchArchiveName": f"In-Place Archive - {user}", "msExchELCMailboxFlags": flags}


def archives():
    rows = [row("ann"), row("ann-a", True, "ann", "MBXDB02"), row("ben"),
            row("ben-a", True, "ben", "MBXDB02"), row("cat"), row("cat-a", True, "cat", "MBXDB02"),
            row("dan-a", True, "dan", "MBXDB02")]
    with Stage([(n, True) for n in ("ann", "ben", "cat", "dan")], rows) as s:
        s.step("a primary with its archive", [connection("ann"), archive("ann-a", "ann")],
               {"ann": {**s.connected("ann"), **archived("ann-a", "ann", 162)}})
        folders = {"msExchMailboxTemplateLink": FOLDERS}
        s.step("an archive beside a managed folder policy",
               [connection("ben", policies={"managedFolder": "Managed Folders 2010"}),
                archive("ben-a", "ben")],
               {"ben": {**s.connected("ben"), **folders, **archived("ben-a", "ben", 128 | 32)}})
        s.step("a primary alone", [connection("cat")], {"cat": s.connected("cat")})
        s.set("cat", msExchDisabledArchiveGUID=mailbox_of("cat-a").bytes_le, userAccountControl=514,
              msExchDisabledArchiveDatabaseLink=database("MBXDB02"),
              altRecipient=f"CN=dan,{forest.PEOPLE}")
        s.step("an archive that the user remembers",
               [{k: v for k, v in archive("cat-a", "cat").items() if k != "user"}],
               {"cat": {**archived("cat-a", "cat", 162), "msExchDisabledArchiveGUID": GONE,
                        "msExchDisabledArchiveDatabaseLink": GONE}})
        done = s.step("an archive without a primary", [archive("dan-a", "dan")], {}, 3)
        codes = [r["code"] for r in done["dan-a"]["reasons"]]
        must(codes == ["user-no-primary"], f"dan's archive: {codes}")


# ---- types -------------------------------------------------------------------------------------

# From, to: what is to be there afterwards of what the type decides.
CONVERSIONS = [("user", "shared"), ("shared", "room"), ("room", "equipment"),
               ("equipment", "shared"), ("shared", "user"), ("user", "room"), ("room", "user"),
               ("user", "equipment"), ("equipment", "user"), ("user", "shared"),
               ("shared", "equipment"), ("equipment", "room"), ("room", "shared")]


def conversions():
    with Stage([("zoe", True)], [row("zoe")]) as s:
        s.step("connected as a user", [connection("zoe")], {"zoe": s.connected("zoe")})
        s.set("zoe", userAccountControl=514)
        held = s.step("held", [connection("zoe", type="shared")], {}, 3, False)
        must(held["zoe"]["holds"] == ["type-change"], held["zoe"])
        for old, new in CONVERSIONS:
            s.set("zoe", userAccountControl=512 if new == "user" else 514)
            column = {"msExchMasterAccountSid": GONE, **dict.fromkeys(RESOURCE, GONE),
                      **matrix.TYPES[new][1]}
            held = s.step(f"{old} to {new}, held", [connection("zoe", type=new)], {}, 3, False)
            must(held["zoe"]["holds"] == ["type-change"], f"{old} to {new}: {held['zoe']}")
            s.step(f"{old} to {new}", [connection("zoe", type=new)], {"zoe": column})
        s.set("zoe", userAccountControl=512)
        done = s.step("to a user, the account enabled", [connection("zoe", type="shared")], {})
        must(done["zoe"]["action"] == "none", "an account that was enabled later is a difference")


def what_others_gave_stays():
    """A conversion takes away what only the old type has, not what an administrator added."""
    boss = bytes.fromhex("010500000000000515000000c83a3a429f6b7484560aaec64e040000")
    granted = forest.sd_of([(0x20005, forest.SELF), (1, boss)])
    with Stage([("hall", False)], [row("hall")]) as s:
        s.step("a room", [connection("hall", type="room")], {"hall": s.connected("hall", "room")})
        s.set("hall", msExchResourceSearchProperties=["Room", "Beamer"],
              msExchResourceDisplay="Room,Beamer", msExchMailboxSecurityDescriptor=granted)
        s.step("a room becomes shared", [connection("hall", type="shared")],
               {"hall": {**matrix.TYPES["shared"][1],
                         "msExchMailboxSecurityDescriptor": granted,
                         "msExchResourceMetaData": GONE,
                         "msExchResourceSearchProperties": "Beamer",
                         "msExchResourceDisplay": "Beamer"}})
        s.set("hall", userAccountControl=512)
        s.step("and a user", [connection("hall", type="user")],
               {"hall": {**matrix.TYPES["user"][1], "msExchMasterAccountSid": GONE,
                         "msExchMailboxSecurityDescriptor":
                             forest.sd_of([(0x20001, forest.SELF), (1, boss)])}})


# ---- policies ------------------------------------------------------------------------------------

# The wish, and what it writes: each stands on what the one before it left.
POLICIES = [
    ("none", {}, {}),
    ("mobile", {"activeSync": "Executives"}, {"msExchMobileMailboxPolicyLink": MOBILE}),
    ("retention", {"retention": "Corporate 7y"}, {"msExchMailboxTemplateLink": RETENTION}),
    ("left out", {}, {}),
    ("retention by DN", {"retention": LEGAL}, {"msExchMailboxTemplateLink": LEGAL}),
    ("managed folder null clears no retention policy", {"managedFolder": None}, {}),
    ("managed folder", {"managedFolder": "Managed Folders 2010"},
     {"msExchMailboxTemplateLink": FOLDERS, "msExchELCMailboxFlags": 128}),
    ("retention null clears no managed folder", {"retention": None}, {}),
    ("managed folder null", {"managedFolder": None}, {"msExchMailboxTemplateLink": GONE}),
    ("retention again", {"retention": "legal 10Y"},
     {"msExchMailboxTemplateLink": LEGAL, "msExchELCMailboxFlags": 130}),
    ("retention null", {"retention": None}, {"msExchMailboxTemplateLink": GONE}),
    ("address book", {"addressBook": "Sales"}, {"msExchAddressBookPolicyLink": BOOK}),
    ("all null", {"addressBook": None, "activeSync": None, "retention": None},
     {"msExchAddressBookPolicyLink": GONE, "msExchMobileMailboxPolicyLink": GONE}),
]


def policies():
    with Stage([("pia", True)], [row("pia")]) as s:
        s.step("connected", [connection("pia")], {"pia": s.connected("pia")})
        for what, chosen, want in POLICIES:
            s.step(f"policies: {what}", [connection("pia", policies=chosen)], {"pia": want})


# ---- addresses and alias -------------------------------------------------------------------------

def addresses():
    old = ["smtp:eva.old@contoso.com", "X500:/o=Contoso/cn=old", "SMTP:eva@sub.contoso.com"]
    with Stage([("eva", True), ("fay", True)], [row("eva"), row("fay")]) as s:
        s.step("given at connect", [connection("eva", addresses=old)],
               {"eva": s.connected("eva", proxyAddresses=old, mail="eva@sub.contoso.com",
                                   msExchPoliciesIncluded=GONE, msExchPoliciesExcluded=OFF)})
        s.step("left out, they stay", [connection("eva")], {})
        s.step("made by a policy", [connection("fay")], {"fay": s.connected("fay")})
        s.step("a secondary one more", [connection("fay", addresses=["smtp:fay2@contoso.com"])],
               {"fay": {"proxyAddresses": ["SMTP:fay@contoso.com", "smtp:fay2@contoso.com"]}})
        moved = ["smtp:fay@contoso.com", "SMTP:fay2@contoso.com"]
        s.step("it becomes the primary", [connection("fay", addresses=["SMTP:fay2@contoso.com"])],
               {"fay": {"proxyAddresses": moved, "mail": "fay2@contoso.com",
                        "msExchPoliciesIncluded": GONE, "msExchPoliciesExcluded": OFF}})
        done = s.step("another alias", [connection("fay", alias="fay.new")],
                      {"fay": {"mailNickname": "fay.new"}})
        must("address-unchanged" in [w["code"] for w in done["fay"]["warnings"]], done["fay"])
        others = connection("fay", addresses=["smtp:eva@sub.contoso.com"])
        done = s.step("one that is another's", [others], {}, 3)
        must([r["code"] for r in done["fay"]["reasons"]] == ["address-taken"], done["fay"])
        foreign = connection("fay", addresses=["smtp:f@x.org"])
        done = s.step("of a domain that is not ours", [foreign], {}, 3)
        must([r["code"] for r in done["fay"]["reasons"]] == ["domain-not-accepted"], done["fay"])


# ---- undo ----------------------------------------------------------------------------------------

def undo():
    rows = [row("gil"), row("gil-a", True, "gil", "MBXDB02"), row("hut")]
    had = {"proxyAddresses": "x500:/o=Contoso/cn=former", "msExchVersion": 44220983382016}
    with Stage([("gil", True), ("hut", False)], rows, gil=had) as s:
        empty = s.entries()
        wishes = [connection("gil"), archive("gil-a", "gil"), connection("hut", type="room")]
        proxies = ["SMTP:gil@contoso.com", "x500:/o=Contoso/cn=former"]
        s.step("connected", wishes, {
            "gil": {**s.connected("gil", proxyAddresses=proxies), **archived("gil-a", "gil", 162)},
            "hut": s.connected("hut", "room")})
        full = s.entries()
        s.step("updated", [{**wishes[0], "alias": "gil.g", "policies": {"retention": "Legal 10y"}},
                           *wishes[1:]],
               {"gil": {"mailNickname": "gil.g", "msExchMailboxTemplateLink": LEGAL}})
        s.undo("the update undone", 2, {"gil": {"mailNickname": "gil",
                                                "msExchMailboxTemplateLink": GONE}})
        must(strip(s.entries()) == strip(full), "after the undo of the update it is not as it was")
        s.set("hut", msExchResourceDisplay="Room,Beamer")
        s.undo("the connect undone, but for what another changed", 1, {
            name: {a: GONE for a in full[f"CN={name},{forest.PEOPLE}"].keys()
                   - empty[f"CN={name},{forest.PEOPLE}"].keys() - forest.KEPT
                   - ({"msExchResourceDisplay"} if name == "hut" else set())}
            | (had if name == "gil" else {}) for name in ("gil", "hut")})
        left = s.folder.plan()["summary"]
        must(left["suspended"] == 3, f"what was undone is planned again: {left}")


def strip(entries):
    return {dn: {a: v for a, v in e.items() if a not in forest.KEPT} for dn, e in entries.items()}


TESTS = [archives, conversions, what_others_gave_stays, policies, addresses, undo]

if __name__ == "__main__":
    sys.exit(forest.main(TESTS, sys.argv[1:]))
