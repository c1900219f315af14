#!/usr/bin/env python3
"""A forest of two domains: a server holds the one, a global catalogue knows the other.

That nobody holds a mailbox, an alias or an address is known of the whole forest alone. Of somebody
in the other domain no more is known than the catalogue has, and from that nothing is planned.

usage: catalog.py [TEST...]
"""
import base64
import sys
import uuid

import organisation
from organisation import Folder, Slapd, generate, must

TAILSPIN = "DC=tailspin,DC=com"
CROSS_REFERENCE = f"""
dn: CN=TAILSPIN,CN=Partitions,CN=Configuration,DC=contoso,DC=com
objectClass: top
objectClass: crossRef
cn: TAILSPIN
nCName: {TAILSPIN}
dnsRoot: tailspin.com
nETBIOSName: TAILSPIN
"""
OWNED = 3  # the mailbox that somebody over there has
ALIAS = "taken.over.there"


def abroad(name, *more):
    guid = base64.b64encode(uuid.uuid5(generate.SPACE, name).bytes_le).decode()
    return "\n".join([f"\ndn: CN={name},OU=Staff,{TAILSPIN}", "objectClass: top",
                      "objectClass: person", "objectClass: organizationalPerson",
                      "objectClass: user", f"cn: {name}", f"objectGUID:: {guid}",
                      f"sAMAccountName: {name.lower()}", "userAccountControl: 512",
                      f"userPrincipalName: {name.lower()}@tailspin.com", *more]) + "\n"


def tailspin():
    mailbox = base64.b64encode(uuid.uuid5(generate.SPACE, f"mailbox {OWNED}").bytes_le).decode()
    return (abroad("Owner", f"msExchMailboxGuid:: {mailbox}") + abroad("Alias", f"mailNickname: {ALIAS}")
            + abroad("Guest"))


def connection(i, user=None, more=""):
    return (f"  - mailbox: Person {i:06}\n    database: MBXDB0{1 + i % 2}\n"
            f"    user: {user or f'person{i:06}@contoso.com'}\n{more}")


MANIFEST = ("apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections:\n" + connection(1)
            + connection(2, more=f"    alias: {ALIAS}\n") + connection(OWNED)
            + connection(4, "guest@tailspin.com"))


class World:
    def __init__(self):
        people = range(6)
        ldif = organisation.contoso() + CROSS_REFERENCE + "".join(map(generate.person, people))
        inventory = [("databases.csv", organisation.databases()),
                     ("mailboxes.csv", generate.HEADER + "".join(map(generate.mailbox, people)))]
        self.own = Slapd(suffix=organisation.SUFFIX, ldif=ldif, tcp=False).start()
        self.catalog = Slapd(suffix=TAILSPIN, ldif=tailspin(), tcp=False).start()
        self.folder = Folder({}, {"a.yaml": MANIFEST}, timeout="2s")
        self.ask(True)
        for name, text in inventory:
            (self.folder.path / name).write_text(text)
        self.folder.expect(0, "store", "import", *(name for name, _ in inventory))

    def ask(self, catalog, **more):
        """As who we are on this machine: the two servers know the account by other names."""
        directory = {"uri": self.own.uri, "bind": {"method": "external"}, **more}
        if catalog:
            directory["globalCatalog"] = self.catalog.uri
        self.folder.ask(directory)

    def close(self):
        for part in (self.own, self.catalog, self.folder):
            part.close()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()


def expect(document, rows):
    """Each connection's action, and what its one reason begins with."""
    for c, (action, code, words) in zip(document["connections"], rows):
        reasons = [(r["code"], r["message"]) for r in c["reasons"]]
        must(c["action"] == action and [r[0] for r in reasons] == [code] * bool(code)
             and all(words in r[1] for r in reasons),
             f"{c['name']}: want {action} {code} ({words}), got {c['action']} {reasons}")


GAP = "the server holds nothing of DC=tailspin,DC=com, a domain of the forest"


def without_a_catalogue_it_is_unknown():
    with World() as w:
        w.ask(False)
        expect(w.folder.plan(), [("unknown", "read-incomplete", GAP)] * 3)


def with_one_the_whole_forest_is_known():
    with World() as w:
        expect(w.folder.plan(), [
            ("connect", None, ""),
            ("blocked", "alias-taken", "CN=Alias,OU=Staff,DC=tailspin,DC=com"),
            ("blocked", "mailbox-owned", "CN=Owner,OU=Staff,DC=tailspin,DC=com"),
            ("blocked", "user-not-found", "")])
        must(organisation.results(organisation.json.loads(
            w.folder.expect(3, "apply", "--yes", "-o", "json").stdout))["Person 000001"]
             == "applied", "it is not applied")


def of_somebody_over_there_too_little_is_known():
    with World() as w:
        config = w.folder.path / "mbxctl.yaml"
        config.write_text(config.read_text().replace(f"  base: {organisation.SUFFIX}\n", ""))
        expect({"connections": w.folder.plan()["connections"][3:]},
               [("unknown", "read-incomplete", "no more is known than the global catalogue has")])


def one_that_is_down_leaves_the_gap():
    with World() as w:
        w.catalog.stop()
        words = GAP + ", and the global catalogue cannot be asked: " + w.catalog.uri
        expect(w.folder.plan(), [("unknown", "read-incomplete", words)] * 3)


def one_that_is_silent_costs_its_time_once():
    with World() as w:
        w.catalog.freeze()
        done = w.folder.run("plan", "-o", "json", timeout=20)
        must(done.returncode == 3, f"it ended with {done.returncode}: {done.stderr}")
        expect(organisation.json.loads(done.stdout),
               [("unknown", "read-incomplete", "and the global catalogue cannot be asked")] * 3)


def where_one_domain_is_all_nobody_asks_it():
    with World() as w:
        w.own.modify("dn: CN=TAILSPIN,CN=Partitions,CN=Configuration,DC=contoso,DC=com\n"
                     "changetype: delete\n")
        w.catalog.stop()
        expect(w.folder.plan(), [("connect", None, "")] * 3 + [("blocked", "user-not-found", "")])


if __name__ == "__main__":
    sys.exit(organisation.main(
        [without_a_catalogue_it_is_unknown, with_one_the_whole_forest_is_known,
         of_somebody_over_there_too_little_is_known, one_that_is_down_leaves_the_gap,
         one_that_is_silent_costs_its_time_once, where_one_domain_is_all_nobody_asks_it],
        sys.argv[1:]))
