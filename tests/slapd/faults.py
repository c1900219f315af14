#!/usr/bin/env python3
"""Each fault of faults.yaml: a message that says which server, what failed and what to check.

usage: faults.py [FAULT...]
"""
import pathlib
import re
import socket
import sys
import time

import yaml

import organisation
from organisation import Folder, Server, must

TABLE = pathlib.Path(__file__).with_name("faults.yaml")
TIMEOUT, GRACE = 1, 0.7


class Servers:
    """Those that the rows ask for, each started once."""

    def __init__(self, ldif):
        self.ldif, self.known = ldif, {}

    def of(self, wanted):
        key = tuple(sorted(wanted.items()))
        if key not in self.known:
            self.known[key] = Server(self.ldif, **wanted).start()
        return self.known[key]

    def close(self):
        for server in self.known.values():
            server.close()


class Full:
    """Listens, and its queue is full: whoever comes gets no answer, as behind a firewall."""

    def __init__(self, family, address):
        self.sockets = [socket.socket(family)]
        self.sockets[0].bind(address)
        self.sockets[0].listen(0)
        self.address = self.sockets[0].getsockname()
        for _ in range(4):
            self.sockets.append(socket.socket(family))
            self.sockets[-1].setblocking(False)
            self.sockets[-1].connect_ex(self.address)

    def close(self):
        for s in self.sockets:
            s.close()


def merged(config, more):
    for key, value in (more or {}).items():
        if value is None:
            config.pop(key, None)
        elif isinstance(value, dict):
            config[key] = merged(dict(config.get(key, {})), value)
        else:
            config[key] = value
    return config


def filled(text, placeholders):
    return re.sub(r"<([a-z ]+)>", lambda m: placeholders[m[1]], text)


def pattern(text, placeholders):
    return ".*".join(map(re.escape, filled(text, placeholders).split("...")))


def undisturbed(servers, folder):
    """What a plan takes where all is well."""
    folder.ask(servers.of({}).config())
    times = []
    for _ in range(3):
        began = time.monotonic()
        folder.expect(0, "plan")
        times.append(time.monotonic() - began)
    return max(times)


class Row:
    def __init__(self, row, servers, folder, needs, full):
        self.row, self.folder, self.needs = row, folder, needs
        wanted = dict(row.get("server") or {})
        self.frozen = wanted.pop("frozen", False)
        self.other = servers.of({"tcp": True}) if wanted.pop("frozen_other", False) else None
        self.server = servers.of(wanted)
        self.password = folder.path / "password"
        self.password.write_text(row.get("password", "let me in") + "\n")
        self.password.chmod(int(row.get("mode", "0600"), 8))
        self.placeholders = {
            "port": (self.server.ldap_uri or ":").rpartition(":")[2],
            "tls port": (self.server.ldaps_uri or ":").rpartition(":")[2],
            "full port": str(full[0].address[1]),
            "full socket": organisation.slapd.escaped(full[1].address),
            "ca": str(self.server.ca_file), "password": str(self.password)}

    def uri(self, text):
        server = self.other if text == "ldap other" else self.server
        known = {"ldapi": server.uri, "ldap": server.ldap_uri, "ldaps": server.ldaps_uri,
                 "ldap other": server.ldap_uri}
        return known.get(text) or filled(text, self.placeholders)

    def config(self):
        uri = self.row["uri"]
        uris = [self.uri(u) for u in uri] if isinstance(uri, list) else [self.uri(uri)]
        config = self.server.config(uris[0])
        config["uri"] = uris if isinstance(uri, list) else uris[0]
        config["bind"]["passwordFile"] = str(self.password)
        self.placeholders["uri"] = uris[0]
        self.placeholders["flag"] = self.uri(self.row.get("flag", ""))
        more = yaml.safe_load(filled(yaml.safe_dump(self.row.get("directory")),
                                     self.placeholders))
        return merged(config, more)

    def run(self):
        self.folder.ask(self.config(), f"{TIMEOUT}s")
        silent = self.other or (self.server if self.frozen else None)
        if silent:
            silent.freeze()
        try:
            for command in (["plan"], ["apply", "--yes"]):
                self.command(command)
        finally:
            if silent:
                silent.thaw()

    def command(self, command):
        began = time.monotonic()
        if "flag" in self.row:
            command = [*command, "--directory", self.placeholders["flag"]]
        done = self.folder.run(*command)
        took = time.monotonic() - began
        says = self.row.get("whole") or "mbxctl: " + self.row.get("says", "")
        said = f"{' '.join(command)} ended with {done.returncode} and said\n{done.stderr}{done.stdout}"
        must(done.returncode == self.row["exit"], f"exit {self.row['exit']} was expected; {said}")
        if done.returncode:
            wanted = pattern(says, self.placeholders)
            must(re.fullmatch(wanted, done.stderr.strip(), re.S), f"expected: {wanted}\n{said}")
            must(not done.stdout, said)
        must(took <= self.needs + TIMEOUT + GRACE, f"it took {took:.2f} s; {said}")


def main(arguments):
    if not organisation.slapd.SLAPD:
        return organisation.SKIPPED
    organisation.slapd.clean_up_when_told_to_end()
    ldif, inventory, manifests = organisation.people(2)
    servers, failed, n = Servers(ldif), 0, 0
    folder = Folder({"uri": "ldapi://"}, manifests, inventory)
    store = folder.store.read_bytes()
    full = [Full(socket.AF_INET, ("127.0.0.1", 0)),
            Full(socket.AF_UNIX, str(folder.path / "full"))]
    try:
        needs = undisturbed(servers, folder)
        for row in yaml.safe_load(TABLE.read_text(encoding="utf-8")):
            if arguments and row["fault"] not in arguments:
                continue
            n += 1
            folder.store.write_bytes(store)
            try:
                Row(row, servers, folder, needs, full).run()
                print(f"ok   {row['fault']}", flush=True)
            except organisation.Failure as trouble:
                failed += 1
                print(f"FAIL {row['fault']}: {trouble}", flush=True)
    finally:
        for each in (servers, *full):
            each.close()
        folder.close()
    print(f"{n} faults, {failed} fail")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
