#!/usr/bin/env python3
"""What an account has to be allowed, on a domain controller: with exactly that it connects, and
undoes; with any part of it less, `mbxctl doctor` names the part, and so does the write that is
refused; with more, it is told.

usage: doctor.py [TEST...]
"""
import json
import pathlib
import re
import subprocess
import sys

import forest
from forest import GROUP, SOURCE, database, must

DELEGATE = SOURCE / "examples" / "active-directory" / "delegate.py"
ATTRIBUTES = [line for line in (DELEGATE.parent / "attributes.txt").read_text().splitlines()
              if line and not line.startswith("#")]
ACCOUNT = "svc-mbx"
ACCOUNT_DN = f"CN={ACCOUNT},CN=Users,{forest.BASE}"
NAMES = ["Ann", "Ben", "Rose", "Sharon", "Arthur"]
MAILBOX = {name: forest.guid("doctor", name) for name in NAMES}
OLD = forest.guid("doctor", "primary of Arthur")


def legacy_dn(name):
    return f"{GROUP}/cn=Recipients/cn={name.lower()}"


def people():
    """Each kind of connect once: together they write every attribute."""
    upn = {name: f"{name.lower()}@contoso.com" for name in NAMES}
    return forest.PEOPLES_OU + "".join([
        forest.user_ldif("Ann", "ann", userPrincipalName=upn["Ann"]),
        forest.user_ldif("Ben", "ben", userPrincipalName=upn["Ben"]),
        forest.user_ldif("Rose", "rose", False, userPrincipalName=upn["Rose"]),
        forest.user_ldif("Sharon", "sharon", False, userPrincipalName=upn["Sharon"]),
        forest.user_ldif("Arthur", "arthur", userPrincipalName=upn["Arthur"],
                         msExchMailboxGuid=OLD.bytes_le, homeMDB=database("MBXDB01"),
                         mailNickname="arthur", legacyExchangeDN=legacy_dn("Arthur"),
                         msExchRecipientTypeDetails=1,
                         msExchHomeServerName=f"{GROUP}/cn=Configuration/cn=Servers/cn=EX01",
                         msExchDisabledArchiveGUID=MAILBOX["Arthur"].bytes_le,
                         msExchDisabledArchiveDatabaseLink=database("MBXDB02")),
        forest.entry_ldif(ACCOUNT_DN, objectClass="user", sAMAccountName=ACCOUNT,
                          userPrincipalName=f"{ACCOUNT}@contoso.com", userAccountControl=66048)])


def connections():
    """Ben has a primary address of his own: the address policy is switched off for him."""
    more = {"Ann": {"policies": {"retention": "Corporate 7y", "activeSync": "Executives",
                                 "addressBook": "Sales"}},
            "Ben": {"addresses": ["SMTP:benjamin@contoso.com"]}, "Rose": {"type": "room"},
            "Sharon": {"type": "shared"}, "Arthur": {"archive": True}}
    return forest.HEAD + "".join("  - " + forest.yaml_flow(
        {"name": name, "mailbox": str(MAILBOX[name]), "database": "MBXDB02",
         "user": f"{name.lower()}@contoso.com", **more[name]}) + "\n" for name in NAMES)


def rows():
    """And one in each database, so that all were imported."""
    return [forest.csv_row(name, legacy_dn(name), MAILBOX[name], "MBXDB02", name == "Arthur")
            for name in NAMES] + [
        forest.csv_row(f"Of {name}", legacy_dn(name), forest.guid("doctor", name), name)
        for name in ("MBXDB01", "MBXResourceDB")]


class Place:
    """A domain, an account in it that may nothing, and mbxctl as that account."""

    def __init__(self, more=""):
        self.domain = forest.Domain(ldif=people() + more)
        self.folder = None

    def __enter__(self):
        self.domain.__enter__()
        try:
            self.domain.give_password(ACCOUNT_DN)
            self.config = self.domain.config()
            self.config["bind"]["dn"] = ACCOUNT_DN
            self.folder = forest.Folder(self.config, {"people.yaml": connections()},
                                        forest.inventory(self.domain, rows()))
        except BaseException:
            self.domain.close()
            raise
        return self

    def __exit__(self, *ignored):
        self.folder.close()
        self.domain.close()

    def ask(self):
        """From now on as the account, with whatever the folder's config has besides."""
        self.folder.ask(self.config)

    def delegate(self, *arguments):
        done = subprocess.run(
            [str(DELEGATE), "-H", self.domain.ldap_uri, "-U",
             f"CONTOSO/Administrator%{self.domain.password_file.read_text()}", *arguments,
             ACCOUNT, forest.PEOPLE],
            capture_output=True, text=True, timeout=forest.slapd.SECONDS)
        must(done.returncode == 0, lambda: f"delegate.py: {done.stdout}{done.stderr}")
        return done.stdout

    def deny(self, attribute):
        """As an administrator denies reading one, for all below the OU."""
        guids = {}
        for kind, name in (("attributeSchema", attribute), ("classSchema", "user")):
            found = self.domain.entries(f"(&(objectClass={kind})(lDAPDisplayName={name}))",
                                        ["schemaIDGUID"], base=f"CN=Schema,{self.domain.configuration}")
            guids[kind] = forest.guid_text(next(iter(found.values()))["schemaIDGUID"][0])
        sid = self.print_sid()
        forest.samba.template.samba_tool(
            "dsacl", "set", f"--configfile={self.domain.conf}", "-H",
            self.domain.folder / "private" / "sam.ldb", f"--objectdn={forest.PEOPLE}",
            f"--sddl=(OD;CIIO;RP;{guids['attributeSchema']};{guids['classSchema']};{sid})")

    def print_sid(self):
        return re.search(r"S-1-5-21-[-\d]+", self.delegate("--print"))[0]

    def doctor(self, codes, *arguments):
        """{name of a check: it}"""
        done = self.folder.expect(codes, "doctor", "-o", "json", *arguments)
        document = json.loads(done.stdout)
        must(document["format"] == "mbxctl.doctor/1" and document["ok"] == (done.returncode == 0),
             done.stdout)
        for check in document["checks"]:
            must(check["verdict"] in ("ok", "skipped") or check["advice"],
                 f"nothing is advised: {check}")
        return {c["name"]: c for c in document["checks"]}


def of_verdict(checks, verdict):
    return {c["name"] for c in checks.values() if c["verdict"] == verdict}


def shown(checks):
    return "\n".join(f"{c['verdict']} {n}: {c['message']}" for n, c in checks.items()
                     if c["verdict"] != "ok")


def named_in(text):
    return {a for a in ATTRIBUTES if re.search(rf"\b{a}\b", text)}


def writes(document):
    """{attribute: a connection that writes it}"""
    return {change["attribute"]: c["name"] for c in document["connections"] for change in c["changes"]
            if change["target"] == "directory"}


def the_delegation_is_enough():
    """And nothing of what it gives is more than is needed."""
    with Place() as p:
        p.delegate()
        checks = p.doctor(0)
        must(of_verdict(checks, "warning") == set(), lambda: shown(checks))
        must(of_verdict(checks, "skipped") == set(), lambda: shown(checks))
        before = p.domain.entries(base=forest.PEOPLE)
        done = p.folder.expect(0, "apply", "--yes", "-o", "json")
        must(json.loads(done.stdout)["summary"]["applied"] == len(NAMES), done.stdout)
        again = p.folder.plan((0,))["summary"]
        must(again["none"] == len(NAMES), f"a second plan has {again}")
        p.folder.expect(0, "undo", "1", "--save", "undo.plan")
        p.folder.expect(0, "apply", "--plan", "undo.plan")
        after = p.domain.entries(base=forest.PEOPLE)
        for dn in before:
            must(not forest.changed(before[dn], after[dn]),
                 f"undone, {dn} differs in {forest.changed(before[dn], after[dn])}")


def each_right_is_needed():
    """Without it doctor names it, and so does the write; the rest goes on."""
    with Place() as p:
        p.delegate()
        writer = writes(p.folder.plan((0,)))
        must(writer.keys() == set(ATTRIBUTES), lambda: (
            f"no connection here writes {set(ATTRIBUTES) - writer.keys()}, "
            f"attributes.txt lacks {writer.keys() - set(ATTRIBUTES)}"))
        for attribute in ATTRIBUTES:
            p.delegate("--without", attribute)
            checks = p.doctor((0, 1))
            must(of_verdict(checks, "fault") == {"write"},
                 lambda: f"without {attribute}: {shown(checks)}")
            message = checks["write"]["message"]
            must(named_in(message) == {attribute}, f"without {attribute}: {message}")
            must("delegation.md" in checks["write"]["advice"], f"{checks['write']}")
            done = p.folder.expect(4, "apply", "--yes", "-o", "json", "--only", writer[attribute])
            item = json.loads(done.stdout)["connections"][0]
            said = item["message"] if "message" in item else done.stderr
            must(f"may not write {attribute} of this user" in said and "mbxctl doctor" in said,
                 f"without {attribute}, {writer[attribute]}: {item['result']}, {said}")
        p.delegate()
        p.folder.expect(0, "apply", "--yes")
    return f"{len(ATTRIBUTES)} rights"


def nothing_is_allowed():
    with Place() as p:
        checks = p.doctor(1)
        must(of_verdict(checks, "fault") == {"write"}, lambda: shown(checks))
        must(checks["write"]["message"] == f"none of the {len(ATTRIBUTES)} attributes of a mailbox "
             "may be written", checks["write"]["message"])
        p.delegate("--read")
        p.doctor(0)
        p.delegate("--read", "--remove")
        p.doctor(1)


def what_is_hidden_is_told():
    """No answer of the server shows it: it looks as if it were not there."""
    with Place() as p:
        p.delegate()
        p.doctor(0)
        for n, attribute in enumerate(("msExchMailboxGuid", "targetAddress", "userAccountControl")):
            p.deny(attribute)
            checks = p.doctor(1)
            must(of_verdict(checks, "fault") == {"read"}, lambda: shown(checks))
            message = checks["read"]["message"]
            hidden = re.search(r"read: (.*?);", message)[1]
            must(attribute in hidden and len(re.split(", | and ", hidden)) == n + 1, message)


def more_than_is_needed_is_told():
    with Place() as p:
        p.folder.ask(p.domain.config())  # a member of Domain Admins
        checks = p.doctor(0)
        must(of_verdict(checks, "warning") == {"power", "excess"},
             lambda: shown(checks))
        must("Domain Admins" in checks["power"]["message"], checks["power"]["message"])
        excess = checks["excess"]["message"]
        for each in ("unicodePwd", "nTSecurityDescriptor", "userAccountControl", "reset the password",
                     "create objects", "database MBX", "who may do what"):
            must(each in excess, f"{each} is not in: {excess}")
        must(len(excess) < 1500, f"that is too long to be read: {excess}")


def a_protected_account_is_told():
    with Place() as p:
        p.delegate()
        p.domain.modify(f"dn: CN=Ann,{forest.PEOPLE}\nchangetype: modify\nadd: adminCount\n"
                        "adminCount: 1\n")
        checks = p.doctor(0, "--user", "ann@contoso.com")
        must(of_verdict(checks, "warning") == {"protected"}, lambda: shown(checks))
        checks = p.doctor(0, "--user", "Ben")
        must(f"CN=Ann,{forest.PEOPLE}" in checks["protected"]["message"], checks["protected"]["message"])


def a_user_by_any_name():
    """As a manifest may say it."""
    with Place() as p:
        p.delegate()
        dn = f"CN=Ann,{forest.PEOPLE}"
        guid = forest.guid_text(p.domain.entries("(cn=Ann)")[dn]["objectGUID"][0])
        for text in ("ann@contoso.com", r"CONTOSO\ann", dn, "contoso.com/People/Ann", guid, "Ann"):
            checks = p.doctor(0, "--user", text)
            must(f"examined is {dn}," in checks["user"]["message"],
                 f"{text}: {checks['user']['message']}")
        checks = p.doctor(1, "--user", "Nobody")
        must('"Nobody"' in checks["user"]["message"] and "write" not in checks, f"{checks}")


def a_forest_without_exchange():
    """What is missing is told before anything is written."""
    with forest.Domain("fabrikam") as domain:
        config = domain.config()
        config["base"] = domain.base
        with forest.Folder(config, {"none.yaml": forest.organisation.EMPTY},
                           [("databases.csv", forest.organisation.databases())]) as folder:
            done = folder.expect(1, "doctor", "-o", "json", "--user", "Administrator")
            checks = {c["name"]: c for c in json.loads(done.stdout)["checks"]}
            faults = of_verdict(checks, "fault")
            must(faults == {"organisation", "schema", "classes"}, f"{faults}: {done.stdout}")
            for attribute in set(ATTRIBUTES) - {"mail"}:
                known = attribute in ("legacyExchangeDN", "proxyAddresses", "showInAddressBook")
                optional = attribute not in checks["schema"]["message"]
                must(known or not optional or "Quota" in attribute or attribute in (
                    "mDBUseDefaults", "msExchELCMailboxFlags", "msExchRBACPolicyLink",
                    "msExchWhenMailboxCreated"), f"{attribute}: {checks['schema']['message']}")


def account_forests_are_looked_at():
    """Each by its credential; one without a URI where a linked connection names a host."""
    with Place() as p, forest.Domain("fabrikam") as fabrikam:
        p.delegate()
        dn = f"CN=Mary,CN=Users,{fabrikam.base}"
        fabrikam.load(forest.entry_ldif(dn, objectClass="user", sAMAccountName="mary",
                                        userAccountControl=512))
        credential = {"method": "simple", "dn": fabrikam.reader_dn,
                      "passwordFile": str(fabrikam.password_file),
                      "tls": {"caFile": str(fabrikam.ca_file)}}
        wrong = forest.slapd.secret(p.folder.path / "wrong", "not this")
        rows = [("credential f", 0, {**credential, "uri": fabrikam.uri}, ()),
                (f"account forest {fabrikam.address}, credential f", 0, credential, ()),
                ("credential f", 69, {**credential, "uri": fabrikam.uri, "passwordFile": str(wrong)},
                 ("bind",))]
        linked = {"name": "Sharon", "mailbox": str(MAILBOX["Sharon"]), "database": "MBXDB02",
                  "type": "linked", "user": "sharon@contoso.com",
                  "linked": {"masterAccount": "mary", "domainController": fabrikam.address,
                             "credential": "f"}}
        (p.folder.path / "manifests" / "people.yaml").write_text(
            forest.HEAD + "  - " + forest.yaml_flow(linked) + "\n")
        for about, code, written, faults in rows:
            p.folder.more["credentials"] = {"f": written}
            p.ask()
            done = p.folder.expect(code, "doctor", "-o", "json")
            checks = [c for c in json.loads(done.stdout)["checks"] if c["about"] == about]
            must({c["name"] for c in checks if c["verdict"] not in ("ok", "skipped")} == set(faults),
                 lambda: f"{about}: {checks}")
            names = {c["name"]: c["message"] for c in checks}
            must(faults or f"examined is {dn}" in names["user"] and fabrikam.reader_dn in names["bind"]
                 and "write" not in names, lambda: f"{about}: {names}")


if __name__ == "__main__":
    sys.exit(forest.main(
        [the_delegation_is_enough, each_right_is_needed, nothing_is_allowed, what_is_hidden_is_told,
         more_than_is_needed_is_told, a_protected_account_is_told, a_user_by_any_name,
         a_forest_without_exchange, account_forests_are_looked_at], sys.argv[1:]))
