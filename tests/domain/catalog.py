#!/usr/bin/env python3
"""A domain below the one that a domain controller holds, and the global catalogue asked for it.

Samba has no child domains. Here it is an object of the same domain, and a crossRef that says it is a
domain of its own: to mbxctl the server holds nothing of it, and the catalogue does.

usage: catalog.py [TEST...]
"""
import json
import subprocess
import sys

import forest
from forest import Domain, Folder, must

CHILD = "DC=child," + forest.BASE
CROSS_REFERENCE = f"CN=CHILD,CN=Partitions,CN=Configuration,{forest.BASE}"
DOMAIN = 3  # systemFlags of a crossRef to one (MS-ADTS 2.2.10)
ARCHIVE = "CN=ms-Exch-Archive-GUID,CN=Schema,CN=Configuration," + forest.BASE


def add_child(domain):
    domain.modify(f"dn: {CHILD}\nchangetype: add\nobjectClass: domainDNS\n\n"
                  f"dn: {CROSS_REFERENCE}\nchangetype: add\nobjectClass: crossRef\n"
                  f"nCName: {CHILD}\ndnsRoot: child.contoso.com\nnETBIOSName: CHILD\n")
    # What only the server itself may write is written past it.
    domain.stop()
    file = next((domain.folder / "private" / "sam.ldb.d").glob("CN=CONFIGURATION*"))
    subprocess.run(["ldbmodify", "-H", str(file)], check=True, capture_output=True, text=True,
                   input=f"dn: {CROSS_REFERENCE}\nchangetype: modify\nreplace: systemFlags\n"
                         f"systemFlags: {DOMAIN}\n")
    domain.start()


def wish(name, guid, **more):
    return "  - " + forest.yaml_flow({"name": name, "mailbox": str(guid), "database": "MBXDB01",
                                      "user": "ann@contoso.com", **more}) + "\n"


def plan(folder):
    document = json.loads(folder.expect((0, 3), "plan", "-o", "json").stdout)
    return {c["name"]: (c["action"], [(r["code"], r["message"]) for r in c["reasons"]])
            for c in document["connections"]}


def expect(folder, name, action, code=None, words=""):
    """A reason with this code and these words; None: there is none at all."""
    got = plan(folder)[name]
    must(got[0] == action and (any(r[0] == code and words in r[1] for r in got[1]) if code
                               else not got[1]), f"{name}: want {action} {code} {words}, got {got}")


def a_domain_below():
    user = forest.user_ldif("Ann Ames", "ann", userPrincipalName="ann@contoso.com")
    primary, archive = forest.guid("catalog"), forest.guid("catalog archive")
    with Domain(ldif=forest.PEOPLES_OU + user,
                options=["dsdb:schema update allowed = yes"]) as domain:
        add_child(domain)
        rows = [forest.csv_row("Ann Ames", f"{forest.GROUP}/cn=Recipients/cn=ann", guid, "MBXDB01",
                               archive=guid is archive) for guid in (primary, archive)]
        manifest = forest.HEAD + wish("primary", primary) + wish("archive", archive, archive=True)
        with Folder(domain.config(), {"a.yaml": manifest}, forest.inventory(domain, rows),
                    timeout="5s") as folder:
            gap = f"holds nothing of {CHILD}, a domain of the forest"
            expect(folder, "primary", "unknown", "read-incomplete", gap)
            with_catalog = dict(domain.config(), globalCatalog=domain.gc_uri)
            folder.ask(with_catalog)
            expect(folder, "primary", "connect")
            expect(folder, "archive", "connect")
            # Somebody over there has the alias.
            domain.modify(f"dn: CN=Other,{CHILD}\nchangetype: add\nobjectClass: user\n"
                          "sAMAccountName: other\nmailNickname: ann\n")
            expect(folder, "primary", "blocked", "alias-taken", f"CN=Other,{CHILD}")
            domain.modify(f"dn: CN=Other,{CHILD}\nchangetype: delete\n")
            # Who has an archive is known of it only where the catalogue has that attribute.
            domain.modify(f"dn: {ARCHIVE}\nchangetype: modify\n"
                          "replace: isMemberOfPartialAttributeSet\n"
                          "isMemberOfPartialAttributeSet: FALSE\n")
            expect(folder, "primary", "connect")
            expect(folder, "archive", "unknown", "read-incomplete", "does not have msExchArchiveGUID")
            folder.ask(dict(with_catalog, globalCatalog=f"ldaps://{domain.address}:3270"))
            expect(folder, "primary", "unknown", "read-incomplete",
                   "the global catalogue cannot be asked: ")


if __name__ == "__main__":
    sys.exit(forest.main([a_domain_below], sys.argv[1:]))
