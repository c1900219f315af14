#!/usr/bin/env python3
"""Two servers of one directory: a connection is read and written at the one that it names.

They do not replicate here, so that it shows where something was read or written: each has a person
that the other has not heard of.

usage: servers.py [TEST...]
"""
import json
import sys

import organisation
from organisation import Folder, Slapd, generate, must
from proxy import Proxy, is_modify

HERE, THERE = "127.0.0.1", "localhost"  # two names, as two domain controllers have them


def connection(i, more=""):
    return (f"  - mailbox: Person {i:06}\n    database: MBXDB0{1 + i % 2}\n"
            f"    user: person{i:06}@contoso.com\n{more}")


MANIFEST = ("apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections:\n" + connection(1)
            + connection(2, f"    domainController: {THERE.upper()}\n"))


class World:
    """Person 1 is known to the first server, person 2 to the second."""

    def __init__(self):
        def server(i):
            return Slapd(suffix=organisation.SUFFIX, sync=True,
                         ldif=organisation.contoso() + generate.person(i)).start()

        self.here, self.there = server(1), server(2)
        self.proxy = Proxy(lambda: int(self.there.ldap_uri.rsplit(":", 1)[1]))
        self.folder = Folder({}, {"a.yaml": MANIFEST}, timeout="5s")
        self.uris = [self.here.ldap_uri, f"ldap://{THERE}:{self.proxy.port}"]
        self.ask(self.uris)
        for name, text in (("databases.csv", organisation.databases()), (
                "mailboxes.csv", generate.HEADER + generate.mailbox(1) + generate.mailbox(2))):
            (self.folder.path / name).write_text(text)
            self.folder.expect(0, "store", "import", name)

    def ask(self, uris):
        self.folder.ask(dict(self.here.config(self.here.ldap_uri), uri=uris))

    def owned(self):
        """Who has a mailbox, at each of the servers: the numbers of persons."""
        def at(server):
            found = server.search(filter_text="(&(msExchMailboxGuid=*)(cn=Person*))", attributes=["cn"])
            return [int(line.split()[-1]) for line in found.splitlines()
                    if line.startswith("cn: ")]
        return at(self.here), at(self.there)

    def actions(self, **how):
        done = self.folder.run("plan", "-o", "json", **how)
        must(done.returncode in (0, 3), f"plan ended with {done.returncode}: {done.stderr}")
        return [(c["action"], *(r["code"] for r in c["reasons"]))
                for c in json.loads(done.stdout)["connections"]]

    def apply(self, code=0):
        done = self.folder.expect(code, "apply", "--yes", "-o", "json")
        return organisation.results(json.loads(done.stdout))

    def close(self):
        for part in (self.here, self.there, self.proxy, self.folder):
            part.close()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()


def each_is_read_and_written_at_its_own():
    with World() as w:
        must(w.actions() == [("connect",)] * 2, w.actions())
        must(set(w.apply().values()) == {"applied"}, "not all are applied")
        must(w.owned() == ([1], [2]), f"written are {w.owned()}")
        must(w.actions() == [("none",)] * 2, w.actions())


def the_order_of_the_list_changes_nothing_of_that():
    with World() as w:
        w.ask(w.uris[::-1])
        must(w.actions() == [("blocked", "user-not-found"), ("connect",)], w.actions())


def one_that_is_down_is_missed_by_its_own_alone():
    with World() as w:
        w.there.stop()
        must(w.actions() == [("connect",), ("unknown", "read-failed")], w.actions())
        must(w.apply(3) == {"Person 000001": "applied", "Person 000002": None}, "the ledger")
        must(len(w.folder.connected()) == 1, "the store")


def a_variable_pins_the_others():
    with World() as w:
        for dc, want in ((HERE, "connect"), (THERE, "blocked")):
            env = dict(organisation.environment(), MBXCTL_DC=dc)
            done = organisation.subprocess.run(
                [organisation.MBXCTL, "plan", "-o", "json"], cwd=w.folder.path, env=env,
                capture_output=True, text=True, timeout=60)
            got = [c["action"] for c in json.loads(done.stdout)["connections"]]
            must(got == [want, "connect"], f"MBXCTL_DC={dc}: {got}")


def a_variable_that_names_no_host_is_refused():
    with World() as w:
        env = dict(organisation.environment(), MBXCTL_DC="dc9.contoso.com")
        done = organisation.subprocess.run([organisation.MBXCTL, "plan"], cwd=w.folder.path,
                                           env=env, capture_output=True, text=True, timeout=60)
        must(done.returncode == 64 and done.stderr ==
             'mbxctl: MBXCTL_DC is "dc9.contoso.com", which is none of the directory\'s hosts: '
             "write one of those in directory.uri\n", f"{done.returncode}: {done.stderr}")


def what_was_begun_there_is_settled_there():
    """Killed with the write on its way: on the other server nobody has heard of that person."""
    with World() as w:
        def kill(piece):
            if is_modify(piece):
                process.kill()

        w.proxy.gate = kill
        process = w.folder.begin("apply", "--yes", "--only", "Person 000002")
        process.communicate(timeout=60)
        w.proxy.gate = None
        must(w.folder.intents() == 1, f"{w.folder.intents()} intents are open")
        must(w.owned() == ([], [2]), f"written are {w.owned()}")
        w.apply()
        must(w.folder.intents() == 0 and len(w.folder.connected()) == 2, "it was not settled")
        audited = w.folder.rows("SELECT DISTINCT name, result FROM change ORDER BY name")
        must([r["result"] for r in audited] == ["applied"] * 2, audited)


if __name__ == "__main__":
    sys.exit(organisation.main(
        [each_is_read_and_written_at_its_own, the_order_of_the_list_changes_nothing_of_that,
         one_that_is_down_is_missed_by_its_own_alone, a_variable_pins_the_others,
         a_variable_that_names_no_host_is_refused, what_was_begun_there_is_settled_there],
        sys.argv[1:]))
