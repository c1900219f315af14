#!/usr/bin/env python3
"""Every awkward character comes through: the texts of characters.yaml as names of everything.

Found, planned, applied over slapd, and planned again; and at each step the plan over the server is
the plan over an LDIF of the same.

usage: characters.py [TEST...]
"""
import csv
import difflib
import io
import json
import pathlib
import sys
import uuid

import yaml

import organisation
from organisation import Folder, Server, convert, must, values

sys.path.insert(0, str(organisation.SOURCE / "tests" / "cases"))
import over_slapd  # noqa: E402

TABLE = pathlib.Path(__file__).with_name("characters.yaml")
ORG = "CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com"
GROUP = f"CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,{ORG}"
LEGACY = "/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn="
SPACE = uuid.UUID("0b8d2a60-1f5c-4f5e-a0f3-3d8f9a52c401")
# Every byte that a filter or a DN escapes, and the zero.
BINARY = uuid.UUID(bytes_le=b"\0*()\\,+\"<>;#=\0\x80\xff")


def rows():
    return yaml.safe_load(TABLE.read_text(encoding="utf-8"))


def rdn_value(text):
    """RFC 4514, 2.4."""
    out = "".join("\\" + c if c in ',+"\\<>;=' else c for c in text)
    if text[0] in " #":
        out = "\\" + out
    return out[:-1] + "\\ " if len(text) > 1 and text[-1] == " " else out


def record(dn, *attributes):
    return convert.line("dn", dn.encode()) + "".join(
        convert.line(a, v if isinstance(v, bytes) else v.encode()) for a, v in attributes) + "\n"


def guid(kind, n):
    return uuid.uuid5(SPACE, f"{kind} {n}")


class Row:
    def __init__(self, n, row):
        self.n, self.text, self.alias = n, row["text"], row.get("alias")
        self.is_dn = row.get("dn", False)
        rdn = rdn_value(self.text)
        self.unit = f"OU={rdn},DC=contoso,DC=com"
        self.dn = f"CN={rdn},{self.unit}"
        self.database = f"CN=DB {rdn_value(self.text + '.')},CN=Databases,{GROUP}"
        self.policy = f"CN=P {rdn_value(self.text + '.')},CN=Retention Policies Container,{ORG}"
        self.legacy = LEGACY + self.text + "."
        self.mailbox = BINARY if n == 0 else guid("mailbox", n)
        self.x500 = f"X500:{LEGACY}old {self.text}"

    def records(self):
        n = self.n
        return "".join([
            record(self.unit, ("objectClass", "organizationalUnit"), ("ou", self.text)),
            record(self.dn, ("objectClass", "user"), ("cn", self.text), ("displayName", self.text),
                   ("sAMAccountName", f"awkward{n}"), ("userAccountControl", "512"),
                   ("userPrincipalName", f"awkward{n}@contoso.com"),
                   ("legacyExchangeDN", self.legacy),
                   ("objectGUID", guid("user", n).bytes_le)),
            record(self.database, ("objectClass", "msExchPrivateMDB"), ("cn", f"DB {self.text}."),
                   ("objectGUID", guid("database", n).bytes_le),
                   ("msExchOwningServer", f"CN=EX01,CN=Servers,{GROUP}")),
            record(self.policy, ("objectClass", "msExchMailboxRecipientTemplate"),
                   ("cn", f"P {self.text}."), ("objectGUID", guid("policy", n).bytes_le))])

    def ways(self):
        """How a manifest may name the user; each row has one."""
        return [self.dn if self.is_dn else self.text, self.dn, None,
                f"awkward{self.n}@contoso.com", str(guid("user", self.n)),
                f"CONTOSO\\awkward{self.n}"]

    def connection(self, way):
        found = {"mailbox": self.text, "name": f"row {self.n}", "database": f"DB {self.text}.",
                 "policies": {"retention": f"P {self.text}."},
                 "addresses": [self.x500, f"smtp:extra{self.n}@contoso.com"]}
        if self.ways()[way] is not None:
            found["user"] = self.ways()[way]
        if self.alias:
            found["alias"] = self.alias
        return found


def inventory(all_rows):
    databases, mailboxes = io.StringIO(), io.StringIO()
    out = csv.writer(databases, quoting=csv.QUOTE_ALL)
    out.writerow(["Name", "Guid", "DistinguishedName", "Server", "MailboxRetention"])
    out.writerows([f"DB {r.text}.", guid("database", r.n), r.database, "EX01", "30.00:00:00"]
                  for r in all_rows)
    out = csv.writer(mailboxes, quoting=csv.QUOTE_ALL)
    out.writerow(["DisplayName", "MailboxGuid", "LegacyDN", "Database", "DisconnectDate",
                  "DisconnectReason", "IsArchiveMailbox"])
    out.writerows([r.text, r.mailbox, r.legacy, f"DB {r.text}.", "2026-11-13T18:02:11Z", "Disabled",
                   "False"] for r in all_rows)
    return [("databases.csv", databases.getvalue()), ("mailboxes.csv", mailboxes.getvalue())]


def manifest(connections):
    return yaml.safe_dump({"apiVersion": "mbxctl/v1", "kind": "MailboxConnections",
                           "connections": connections}, allow_unicode=True, sort_keys=False)


class World:
    def __init__(self, way, more="", connections=None):
        self.rows = [Row(n, row) for n, row in enumerate(rows())]
        ldif = organisation.contoso().rstrip("\n") + "\n\n" + "".join(
            r.records() for r in self.rows) + more
        self.server = Server(ldif, tcp=False).start()
        if connections is None:
            connections = [r.connection((way + r.n) % len(r.ways())) for r in self.rows]
        self.folder = Folder(self.server.config(), {"awkward.yaml": manifest(connections)},
                             inventory(self.rows))

    def plan(self):
        """Over the server; it must be what it is over an LDIF of it."""
        self.folder.ask(self.server.config())
        over_ldap = self.folder.expect((0, 3), "plan", "-o", "json").stdout
        (self.folder.path / "export.ldif").write_text(self.server.search(dn=self.server.dn),
                                                      encoding="utf-8")
        self.folder.ask({"uri": "ldif:export.ldif"})
        over_ldif = self.folder.expect((0, 3), "plan", "-o", "json").stdout
        self.folder.ask(self.server.config())
        # An export writes a DN in other letters and escapes than mbxctl does of a server's.
        ldap, ldif = (over_slapd.comparable(d, set()) for d in (over_ldap, over_ldif))
        must(ldap == ldif, lambda: "\n".join(self.difference(ldif, ldap)))
        return json.loads(over_ldap)

    def difference(self, ldif, ldap):
        """Where it is in a decision, who decides how; else the lines."""
        both = [json.loads("".join(d))["connections"] for d in (ldif, ldap)]
        told = [f"{self.rows[i].text!r}: over LDIF {one['action']} {one['reasons']}, over LDAP "
                f"{other['action']} {other['reasons']}"
                for i, (one, other) in enumerate(zip(*both)) if one["action"] != other["action"]]
        return told or list(difflib.unified_diff(ldif, ldap, "LDIF", "LDAP"))[:40]

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.folder.close()
        self.server.close()


def round_trip(way):
    with World(way) as world:
        plan = world.plan()
        wrong = [f"{world.rows[i].text!r}: {c['action']} {[r['message'] for r in c['reasons']]}"
                 for i, c in enumerate(plan["connections"]) if c["action"] != "connect"]
        must(not wrong, "\n".join(wrong))
        before = world.server.entries()
        world.folder.expect(0, "apply", "--yes", "--held")
        now = world.server.entries()
        changed = {dn for dn in now if now[dn] != before[dn]}
        owners = organisation.owners(now)
        must(len(changed) == len(world.rows), f"{len(changed)} entries were changed")
        for r in world.rows:
            (dn,) = owners[str(r.mailbox)]
            entry = now[dn]
            must(values(entry, "cn") == [organisation.alike(r.text.encode())],
                 f"{r.text!r} went to {dn}")
            must(organisation.alike(r.x500.encode()) in values(entry, "proxyAddresses"),
                 f"{dn}: {values(entry, 'proxyAddresses')}")
            must(values(entry, "legacyExchangeDN") == [organisation.alike(r.legacy.encode())], dn)
            must(not r.alias or values(entry, "mailNickname") == [r.alias.encode()], dn)
        left = world.plan()["summary"]
        must(left["none"] == len(world.rows), str(left))


def by_each_way():
    for way in range(0, 6, 2):  # rows have different ones at a time
        round_trip(way)


def by_the_other_ways():
    for way in range(1, 6, 2):
        round_trip(way)


def a_binary_owner_is_found():
    """Somebody else carries the GUID with a zero and all that is escaped."""
    owner = record("CN=Owner,DC=contoso,DC=com", ("objectClass", "user"), ("cn", "Owner"),
                   ("sAMAccountName", "owner"), ("msExchMailboxGuid", BINARY.bytes_le),
                   ("objectGUID", guid("user", "owner").bytes_le))
    with World(0, owner) as world:
        first = world.plan()["connections"][0]
        must([r["code"] for r in first["reasons"]] == ["mailbox-owned"], str(first))
        must("Owner" in first["reasons"][0]["message"], str(first))


def holders_are_found():
    """Each X500 address and alias is another's already."""
    taken = "".join(
        record(f"CN=Holder {r.n},DC=contoso,DC=com", ("objectClass", "user"),
               ("cn", f"Holder {r.n}"), ("sAMAccountName", f"holder{r.n}"),
               ("proxyAddresses", r.x500), ("objectGUID", guid("user", f"holder {r.n}").bytes_le),
               *([("mailNickname", r.alias)] if r.alias else []))
        for r in (Row(n, row) for n, row in enumerate(rows())))
    with World(0, taken) as world:
        for r, c in zip(world.rows, world.plan()["connections"], strict=True):
            codes = {reason["code"] for reason in c["reasons"]}
            wanted = {"address-taken"} | ({"alias-taken"} if r.alias else set())
            must(codes == wanted, f"{r.text!r}: {c['action']} {codes}")


def a_filter_is_a_name():
    """A text that would be a filter finds whom it names, and of others nobody."""
    texts = ["*)(objectClass=*", "*))(|(cn=*", "*", "\\2a", "(cn=*)", "(objectClass=*)", "a*",
             "*)(mailNickname=*", "!(cn=x)", "&(cn=x)", "*)(|(objectGUID=*)"]
    known = {row["text"] for row in rows()}
    everybody = [Row(n, row) for n, row in enumerate(rows())]
    mailbox = everybody[0]
    connections = [dict(mailbox.connection(0), user=text, name=f"user {n}")
                   for n, text in enumerate(texts)]
    for n, one in enumerate(connections):  # one at a time: they all want one mailbox
        with_one(texts[n] in known, one, texts[n])


SHARED = []


def with_one(is_known, connection, text):
    if not SHARED:
        SHARED.append(World(0))
    world = SHARED[0]
    (world.folder.path / "manifests" / "awkward.yaml").write_text(manifest([connection]),
                                                                  encoding="utf-8")
    (found,) = world.plan()["connections"]
    codes = [r["code"] for r in found["reasons"]]
    if is_known:
        must(found["user"] and found["user"]["upn"] == next(
            f"awkward{r.n}@contoso.com" for r in world.rows if r.text == text),
            f"{text!r} is {found['user']}")
    else:
        must(codes == ["user-not-found"], f"{text!r}: {found['user']} {codes}")


def main(arguments):
    try:
        return organisation.main([by_each_way, by_the_other_ways, a_binary_owner_is_found,
                                  holders_are_found, a_filter_is_a_name], arguments)
    finally:
        for world in SHARED:
            world.__exit__()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
