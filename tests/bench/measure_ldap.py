"""Times mbxctl over a slapd against what ldapsearch and ldapmodify take of the same server."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(os.environ["MBXCTL_SOURCE"]) / "tests" / "lab"))
import schema  # noqa: E402
import slapd  # noqa: E402

NOW = "2026-11-20T09:00:00Z"
SUFFIX = "dc=contoso,dc=com"
PART = 5  # of the connections, one in so many is applied


def installed():
    return bool(slapd.SLAPD and shutil.which("ldapsearch"))


def timed(folder, *command, code=0):
    with open(folder / "said", "w+b") as said:
        began = time.monotonic()
        done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=said,
                              stdin=subprocess.DEVNULL)
        took = time.monotonic() - began
        if done.returncode != code:
            said.seek(0)
            sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n"
                     f"{said.read(2000).decode(errors='replace')}")
    return took


class Bench:
    def __init__(self, folder, server, mbxctl, rounds):
        self.folder, self.server, self.mbxctl, self.rounds = folder, server, mbxctl, rounds
        config = (folder / "mbxctl.yaml").read_text()
        (folder / "ldap.yaml").write_text(config.replace(
            "  uri: ldif:contoso.ldif\n", "".join(
                f"  {key}: {json.dumps(value)}\n" for key, value in server.config().items())))
        (folder / "password").write_text(server.password_file.read_text())

    def run(self, command, *arguments):
        return timed(self.folder, self.mbxctl, command, "--config", "ldap.yaml", "--now", NOW,
                     *arguments)

    def client(self, program, *arguments):
        return timed(self.folder, program, "-x", "-H", self.server.uri, "-D", self.server.dn,
                     "-y", str(self.server.password_file), *arguments)

    def search(self, filter_text):
        names = [name for name, *_ in schema.of_mbxctl() if name != "name"]
        return self.client("ldapsearch", "-b", SUFFIX, "-E", "pr=1000/noprompt", "-LLL", "-o",
                           "ldif-wrap=no", filter_text, "objectClass", "objectCategory",
                           "entryUUID", *names)

    def fastest(self, measure):
        return min(measure() for _ in range(self.rounds))

    def plan(self, yaml_seconds):
        took = self.fastest(lambda: self.run("plan", "-o", "json=plan-ldap.json"))
        if (self.folder / "plan-ldap.json").read_bytes() != (self.folder / "plan.json").read_bytes():
            sys.exit("the plan over LDAP is not the plan over LDIF")
        search = self.fastest(lambda: self.search("(objectClass=person)"))
        digest = self.fastest(lambda: timed(self.folder, "sha256sum", "plan-ldap.json"))
        return ("plan over LDAP", took, yaml_seconds + search + digest, 1.2)

    def ten(self):
        (self.folder / "ten.yaml").write_text(
            "apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections:\n" + "".join(
                f"  - mailbox: Person {i:06}\n    database: MBXDB0{1 + i % 2}\n"
                f"    user: person{i:06}@contoso.com\n" for i in range(10)))
        took = self.fastest(lambda: self.run("plan", "ten.yaml", "-o", "json=ten.json"))
        users = "".join(f"(userPrincipalName=person{i:06}@contoso.com)" for i in range(10))
        return ("ten connections", took, self.fastest(lambda: self.search(f"(|{users})")), 3.0)

    def apply(self):
        """On a fresh copy of the server's database and of the store, both times."""
        parts = sorted((self.folder / "manifests").iterdir())
        (self.folder / "part").mkdir()
        for manifest in parts[:max(1, len(parts) // PART)]:
            shutil.copy(manifest, self.folder / "part")
        self.run("plan", "part", "-o", "ldif=changes.ldif")
        store = (self.folder / "mbxctl.db").read_bytes()
        kept = self.folder / "kept"
        self.server.stop()
        shutil.copytree(self.server.folder / "db", kept)
        self.server.start()
        modify = self.client("ldapmodify", "-f", "changes.ldif")
        self.server.stop()
        shutil.rmtree(self.server.folder / "db")
        shutil.move(kept, self.server.folder / "db")
        self.server.start()
        took = self.run("apply", "part", "--yes", "--quiet")
        (self.folder / "mbxctl.db").write_bytes(store)
        return ("apply over LDAP", took, modify, 1.25)


def measure(folder, mbxctl, rounds, yaml_seconds):
    """[name, seconds, those of the yardstick, goal] a row. plan.json is there, of the LDIF file."""
    slapd.SECONDS = 1800
    text = (folder / "contoso.ldif").read_text(encoding="utf-8")
    with slapd.Slapd(suffix=SUFFIX, ldif=text, sync=True, tcp=False) as server:
        bench = Bench(folder, server, mbxctl, rounds)
        return [bench.plan(yaml_seconds), bench.ten(), bench.apply()]
