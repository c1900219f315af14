"""Two forests of domain controllers, people of every type who lost their mailboxes, and mbxctl beside
them."""
import os
import sys

import forest

sys.path[:0] = [str(forest.SOURCE / "tests" / "agent" / "slapd")]
import served  # noqa: E402

FULL, LOOSE, CLEARED, FOLDER, RESOURCES, LINKED = 10, 3, 1, 2, 4, 4
PEOPLE = FULL + LOOSE + CLEARED + FOLDER + RESOURCES + LINKED
ARCHIVES, BYSTANDERS = 2, 10
TIMEOUT = "2s"
LIFE = 125  # of a ticket. In its last two minutes Samba's KDC gives none for it any more.


def user_text(i, entry):
    return [f"p{i}@contoso.com", f"CONTOSO\\s{i}", f"Person {i}",
            forest.guid_text(entry["objectGUID"][0])][i % 4]


def connection(i, entry, other):
    c = {"name": f"p{i}", "mailbox": str(forest.guid("agent", i)), "database": f"MBXDB0{1 + i % 2}",
         "user": user_text(i, entry)}
    full = {"type": "user", "alias": f"p.{i}",
            "addresses": [f"SMTP:p.{i}@contoso.com", f"smtp:q.{i}@contoso.com"],
            "policies": {"retention": "Corporate 7y", "activeSync": "Executives",
                         "addressBook": "Headquarters"}}
    if i < FULL:
        return {**c, **full}
    if (i := i - FULL) < LOOSE:
        return {**c, "addresses": [f"smtp:loose.{i}@contoso.com"],
                "policies": {"retention": "Corporate 7y"}}
    if (i := i - LOOSE) < CLEARED:
        return {**c, **full, "policies": {"retention": None, "activeSync": None}}
    if (i := i - CLEARED) < FOLDER:
        return {**c, **full, "policies": {"managedFolder": "Managed Folders 2010"}}
    full["policies"] = {"retention": "Corporate 7y", "activeSync": "Executives"}
    if (i := i - FOLDER) < RESOURCES:
        return {**c, **full, "type": ("room", "equipment", "shared")[i % 3]}
    return {**c, **full, "type": "linked",
            "linked": forest.linked(other, f"FABRIKAM\\m{i - RESOURCES}")}


class World:
    """Both forests, the people, a store of their mailboxes; as keeper.Agent uses a world."""

    def __init__(self, method):
        users = "".join(forest.user_ldif(f"Person {i}", f"s{i}", i < PEOPLE - RESOURCES - LINKED,
                                         userPrincipalName=f"p{i}@contoso.com")
                        for i in range(PEOPLE))
        users += "".join(forest.user_ldif(f"Bystander {i}", f"t{i}",
                                          userPrincipalName=f"b{i}@contoso.com")
                         for i in range(BYSTANDERS))
        masters = "".join(forest.user_ldif(name, sam, ou=forest.ACCOUNTS) for name, sam in [
            *((f"Master {i}", f"m{i}") for i in range(LINKED)), ("Spare", "spare")])
        self.own = forest.Domain(ldif=forest.PEOPLES_OU + users + forest.entry_ldif(
            f"OU=Leavers,{forest.BASE}", objectClass="organizationalUnit"))
        self.other = self.place = None
        try:
            self.own.start()
            self.other = forest.Domain("fabrikam", ldif=masters).start()
            self.krb5()
            self.connect(method)
        except BaseException:
            self.close()
            raise

    def krb5(self):
        """Both realms in one file: each has its own KDC. A ticket does not live long."""
        own, other = (d.krb5_conf.read_text() for d in (self.own, self.other))
        realm, domains = other.split("[realms]\n")[1].split("[domain_realm]\n")
        path = self.own.folder / "both-krb5.conf"
        path.write_text(own.replace("[libdefaults]\n", f"[libdefaults]\n\tticket_lifetime = {LIFE}s\n")
                        .replace("[domain_realm]\n", realm + "[domain_realm]\n") + domains)
        os.environ["KRB5_CONFIG"] = str(path)

    def connect(self, method):
        entries = self.own.entries(base=forest.PEOPLE)
        self.connections = []
        for i in range(PEOPLE):
            entry = entries[f"CN=Person {i},{forest.PEOPLE}"]
            c = connection(i, entry, self.other)
            more = [{"name": f"p{i} (archive)", "mailbox": str(forest.guid("archive", i)),
                     "database": c["database"], "user": c["user"], "archive": True}]
            self.connections.append((i, entry["objectGUID"][0], [c] + (more if i < ARCHIVES else [])))
        self.taken = {}  # mailbox GUID: since when it is disconnected, as the mail server has it
        at = "2026-11-13 18:02:11"
        self.taken.update((c["mailbox"], at) for _, _, cs in self.connections for c in cs)
        self.place = forest.Folder(self.own.config(method), {"a.yaml": ""},
                                   forest.inventory(self.own, self.rows_of_server()),
                                   timeout=TIMEOUT,
                                   credentials=forest.credentials(self.other, method))
        self.path, self.folder = self.place.path, self.own.folder  # the agent's log is apart

    def rows_of_server(self):
        """What Get-MailboxStatistics shows."""
        for i, _, cs in self.connections:
            for c in cs:
                date = self.taken.get(c["mailbox"])
                yield forest.csv_row(f"Mailbox {i}", f"{forest.GROUP}/cn=Recipients/cn=p{i}",
                                     c["mailbox"], c["database"], bool(c.get("archive")),
                                     "Disabled" if date else "", date or "")

    def close(self):
        for thing in (self.place, self.other, self.own):
            if thing:
                thing.close()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()

    environment = staticmethod(served.Served.environment)
    run, expect, json = served.Served.run, served.Served.expect, served.Served.json
    rows, stamps = served.Served.rows, served.Served.stamps
