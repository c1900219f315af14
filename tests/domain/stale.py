#!/usr/bin/env python3
"""Another client writes to the domain controller between a plan and its apply, and in the moment
after the question was answered: whatever a connection was decided from makes exactly that one stale
and leaves it to the other client; the others are applied."""
import json
import os
import pty
import subprocess
import sys

import forest
from forest import Folder, database, must, policy

SID = bytes.fromhex("010500000000000515000000c83a3a429f6b7484560aaec64e040000")
MODIFY, OTHER = "modify", "other"
STALE, APPLIED = "stale", "applied"
DATABASE = "MBXDB01"


def set_to(attribute, value, verdict=STALE, **connection):
    """The other client gives the user this value."""
    return MODIFY, attribute, value, verdict, connection


def held_by_other(attribute, value, verdict=STALE, **connection):
    """The other client gives it to somebody else."""
    return OTHER, attribute, value, verdict, connection


# A row for each kind of attribute; {}: the row's name, {legacy}: the mailbox's legacyExchangeDN,
# {guid}: the mailbox's GUID. An attribute that decides nothing changes nothing.
CONNECTS = {
    "text": set_to("mailNickname", "{}x"),
    "text-of-the-alias": set_to("userPrincipalName", "{}x@contoso.com", user="dn"),
    "text-not-of-the-alias": set_to("userPrincipalName", "{}x@contoso.com", APPLIED, user="dn",
                                    alias="{}y"),
    "text-that-found": set_to("userPrincipalName", "{}x@contoso.com"),
    "name-that-found": set_to("displayName", "{}x", user=None),
    "name-that-did-not": set_to("displayName", "{}x", APPLIED),
    "text-a-filter-asks-for": set_to("title", "Head of {}"),
    "text-nobody-asks-for": set_to("telephoneNumber", "+1 234", APPLIED),
    "text-of-others": set_to("targetAddress", "SMTP:{}@fabrikam.com"),
    "texts": set_to("proxyAddresses", "smtp:{}-old@contoso.com"),
    "texts-of-policies": set_to("msExchPoliciesExcluded", "{26491cfc-9e50-4857-861b-0cb8df22b5d7}"),
    "texts-of-resources": set_to("msExchResourceMetaData", "ResourceType:Equipment", type="room"),
    "teletex": set_to("legacyExchangeDN", "{legacy}x"),
    "mail": set_to("mail", "{}@elsewhere.com"),
    "link": set_to("homeMDB", database("MBXDB02")),
    "link-of-policy": set_to("msExchMailboxTemplateLink",
                             policy("Retention Policies Container", "Legal 10y")),
    "link-that-is-absent": set_to("msExchRBACPolicyLink",
                                  policy("Policies", "Default Role Assignment Policy")
                                  .replace(",CN=Contoso", ",CN=RBAC,CN=Contoso")),
    "link-of-a-person": set_to("altRecipient", "CN=Other,{people}"),
    "links": set_to("publicDelegates", "CN=Other,{people}"),
    "dns": set_to("showInAddressBook", "CN=All Rooms,CN=All Address Lists,CN=Address Lists "
                  "Container," + forest.ORG),
    "dn-nobody-asks-for": set_to("manager", "CN=Other,{people}", APPLIED),
    "flags": set_to("userAccountControl", 514),
    "flags-not-of-the-state": set_to("userAccountControl", 66048, APPLIED),
    "integer": set_to("msExchELCMailboxFlags", 16),
    "negative": set_to("msExchRecipientDisplayType", -1073741818),
    "integer-of-the-type": set_to("msExchUserAccountControl", 2),
    "large-integer": set_to("msExchVersion", 1126140425011200),
    "large-integer-of-the-type": set_to("msExchRecipientTypeDetails", 128),
    "large-integer-that-is-absent": set_to("msExchDumpsterQuota", 31457280),
    "large-integer-of-others": set_to("msExchRemoteRecipientType", 1),
    "boolean": set_to("msExchHideFromAddressLists", "TRUE"),
    "boolean-that-is-absent": set_to("mDBUseDefaults", "FALSE"),
    "time": set_to("msExchWhenMailboxCreated", "20200101000000.0Z"),
    "sid": set_to("msExchMasterAccountSid", SID),
    "descriptor": set_to("msExchMailboxSecurityDescriptor", forest.sd(0x20001, SID)),
    "guid": set_to("msExchMailboxGuid", "{guid}"),
    "guid-of-another-mailbox": set_to("msExchMailboxGuid", "{another}"),
    "others-guid": held_by_other("msExchMailboxGuid", "{guid}"),
    "others-alias": held_by_other("mailNickname", "{}"),
    "others-address": held_by_other("proxyAddresses", "smtp:{}@contoso.com"),
    "others-given-address": held_by_other("proxyAddresses", "smtp:{}-w@contoso.com",
                                          addresses=["smtp:{}-w@contoso.com"]),
    "others-mail": held_by_other("mail", "{}@contoso.com"),
    "others-legacy-dn": held_by_other("legacyExchangeDN", "{legacy}"),
    "others-x500": held_by_other("proxyAddresses", "X500:{legacy}"),
    "others-unlike-alias": held_by_other("mailNickname", "{}-z", APPLIED),
    "moved": ("move", None, None, APPLIED, {"user": "guid"}),
    "moved-from-its-dn": ("move", None, None, STALE, {"user": "dn"}),
    "deleted": ("delete", None, None, STALE, {}),
    "left-alone": ("nothing", None, None, APPLIED, {}),
}
# The same for those that are connected, whose retention policy and alias are to change.
UPDATE = {"alias": "{}-new", "policies": {"retention": "Legal 10y"}}
UPDATES = {
    "update-text": set_to("mailNickname", "{}-third", **UPDATE),
    "update-done": set_to("mailNickname", "{}-new", **UPDATE),
    "update-link": set_to("msExchMailboxTemplateLink",
                          policy("ELC Mailbox Policies", "Managed Folders 2010"), **UPDATE),
    "update-integer": set_to("msExchELCMailboxFlags", 128, **UPDATE),
    "update-guid-gone": set_to("msExchMailboxGuid", None, **UPDATE),
    "update-owner-beside": held_by_other("msExchMailboxGuid", "{guid}", **UPDATE),
    "update-alias-taken": held_by_other("mailNickname", "{}-new", **UPDATE),
    "update-nothing-of-it": set_to("msExchArchiveQuota", 5, APPLIED, **UPDATE),
    "update-account-state": set_to("userAccountControl", 514, APPLIED, **UPDATE),
    "update-left-alone": ("nothing", None, None, APPLIED, UPDATE),
}
ROWS = {**CONNECTS, **UPDATES}


class Row:
    def __init__(self, name, how, attribute, value, verdict, connection):
        self.name, self.how, self.attribute, self.verdict = name, how, attribute, verdict
        self.mailbox = forest.guid("stale", name)
        self.legacy_dn = f"{forest.GROUP}/cn=Recipients/cn={name}"
        self.dn = f"CN={name},{forest.PEOPLE}"
        self.other = f"CN=other-{name},{forest.PEOPLE}"
        self.connection = connection
        self.kind = connection.get("type", "user")
        self.value = self.fill(value)

    def fill(self, value):
        if value == "{guid}":
            return self.mailbox.bytes_le
        if value == "{another}":
            return forest.guid("another", self.name).bytes_le
        if isinstance(value, list):
            return [self.fill(v) for v in value]
        if not isinstance(value, str) or value.startswith("{26"):
            return value
        return value.replace("{}", self.name).replace("{legacy}", self.legacy_dn).replace(
            "{people}", forest.PEOPLE)

    def ldif(self):
        text = forest.user_ldif(self.name, self.name[:18] + str(len(self.name)),
                                self.kind == "user", givenName="G", sn=self.name,
                                userPrincipalName=f"{self.name}@contoso.com")
        if self.how == OTHER:
            text += forest.user_ldif(f"other-{self.name}", f"o-{self.name[-17:]}")
        return text

    def row(self):
        return forest.csv_row(self.name, self.legacy_dn, self.mailbox, DATABASE)

    def wish(self, entry, update):
        """The connection's line of the manifest; update: with what is to change later."""
        fields = {k: self.fill(v) for k, v in self.connection.items()
                  if update or self.name not in UPDATES}
        user = fields.pop("user", "upn")
        fields["user"] = {"upn": f"{self.name}@contoso.com", "dn": self.dn, None: None,
                          "guid": forest.guid_text(entry["objectGUID"][0])}[user]
        return "  - " + forest.yaml_flow({
            "name": self.name, "mailbox": str(self.mailbox), "database": DATABASE,
            "type": self.kind, **{k: v for k, v in fields.items() if v}}) + "\n"

    def intrusion(self):
        """What the other client does."""
        dn = self.other if self.how == OTHER else self.dn
        head = forest.convert.line("dn", dn.encode())
        if self.how == "delete":
            return head + "changetype: delete\n\n"
        if self.how == "move":
            return (head + f"changetype: modrdn\nnewrdn: CN={self.name} moved\ndeleteoldrdn: 1\n"
                    f"newsuperior: OU=Elsewhere,{forest.BASE}\n\n")
        if self.how == "nothing":
            return ""
        values = [] if self.value is None else forest.as_values(self.value)
        return (head + f"changetype: modify\nreplace: {self.attribute}\n" + "".join(
            forest.convert.line(self.attribute, v) for v in values) + "\n")


def entries(domain):
    """By GUID: a move is none of ours."""
    return {e["objectGUID"][0]: e for e in domain.entries("(objectClass=user)").values()}


def apply_saved(folder, intrude):
    folder.expect((0, 3), "plan", "--save", "saved.plan")
    intrude()
    done = folder.expect(4, "apply", "--plan", "saved.plan", "-o", "json", timeout=200)
    return json.loads(done.stdout)


def apply_asked(folder, intrude):
    """A person at a terminal, who takes his time before he says yes."""
    person, terminal = pty.openpty()
    with open(folder.path / "out.json", "w+") as out:
        process = subprocess.Popen(
            [forest.organisation.MBXCTL, "apply", "-o", "json"], cwd=folder.path, stdin=terminal,
            stdout=out, stderr=subprocess.PIPE, text=True, env=forest.organisation.environment())
        said = ""
        while not said.endswith("taken for a yes: "):
            piece = process.stderr.read(1)
            must(piece, lambda: f"no question: {said}")
            said += piece
        intrude()
        os.write(person, b"yes\n")
        said += process.communicate(timeout=200)[1]
        must(process.returncode == 4, lambda: f"exit {process.returncode}: {said[-2000:]}")
        out.seek(0)
        document = json.load(out)
    os.close(person)
    os.close(terminal)
    return document


def check(rows, document, before, after, guids):
    planned = forest.by_name(document)
    wrong = []
    for row in rows:
        c = planned[row.name]
        if c["result"] != row.verdict:
            wrong.append(f"{row.name} is {c['result']}, not {row.verdict}: {c['reasons']}")
        identity = guids[row.name]
        touched = (forest.changed(before[identity], after[identity])
                   if identity in after else set())
        if row.verdict == STALE and touched:
            wrong.append(f"{row.name}: {sorted(touched)} are written though it is stale")
        if row.verdict == APPLIED and not touched:
            wrong.append(f"{row.name}: nothing was written though it is applied")
    must(not wrong, "\n".join(wrong))


def run(apply):
    rows = [Row(name, *row) for name, row in ROWS.items()]
    elsewhere = forest.entry_ldif(f"OU=Elsewhere,{forest.BASE}", objectClass="organizationalUnit")
    ldif = (forest.PEOPLES_OU + elsewhere
            + forest.user_ldif("Other", "other") + "".join(r.ldif() for r in rows))
    with forest.Domain(ldif=ldif) as domain:
        people = domain.entries(base=forest.PEOPLE)
        guids = {r.name: people[r.dn]["objectGUID"][0] for r in rows}

        def manifest(chosen, update):
            return forest.HEAD + "".join(r.wish(people[r.dn], update) for r in chosen)

        first = [r for r in rows if r.name in UPDATES]
        with Folder(domain.config(), {"people.yaml": manifest(first, False)},
                    forest.inventory(domain, (r.row() for r in rows))) as folder:
            folder.expect(0, "apply", "--yes")
            (folder.path / "manifests" / "people.yaml").write_text(manifest(rows, True))
            at_the_question = {}

            def intrude():
                domain.modify("".join(r.intrusion() for r in rows))
                at_the_question.update(entries(domain))

            document = apply(folder, intrude)
            check(rows, document, at_the_question, entries(domain), guids)
    stale = sum(r.verdict == STALE for r in rows)
    return f"{stale} are stale, the other {len(rows) - stale} applied"


def a_saved_plan():
    return run(apply_saved)


def after_the_question():
    return run(apply_asked)


if __name__ == "__main__":
    sys.exit(forest.main([a_saved_plan, after_the_question], sys.argv[1:]))
