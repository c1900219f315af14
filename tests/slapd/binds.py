#!/usr/bin/env python3
"""Each way to bind of binds.yaml: read, and written as the account that it stands for.

usage: binds.py [WAY...]
"""
import pathlib
import re
import sys

import yaml

import organisation
from organisation import Folder, Server, must
from slapd import certificates

TABLE = pathlib.Path(__file__).with_name("binds.yaml")
PEOPLE = 3


class Ways:
    def __init__(self):
        ldif, inventory, manifests = organisation.people(PEOPLE)
        self.servers = {demand: Server(ldif, tls="good", clients=demand).start()
                        for demand in ("try", "demand")}
        self.clients = {(demand, name): certificates.client(server.folder, name)
                        for demand, server in self.servers.items()
                        for name in ("mbxctl-client", "stranger")}
        self.folder = Folder({"uri": "ldapi://"}, manifests, inventory)
        self.store = self.folder.store.read_bytes()
        self.before = {demand: server.content() for demand, server in self.servers.items()}

    def close(self):
        self.folder.close()
        for server in self.servers.values():
            server.close()

    def try_(self, row):
        demand = "demand" if row.get("demand") else "try"
        server = self.servers[demand]
        config = server.config({"ldapi": server.uri, "ldap": server.ldap_uri,
                                "ldaps": server.ldaps_uri}[row["uri"]])
        if row.get("bind") != "simple":
            config["bind"] = {"method": row["bind"]} if "bind" in row else None
            config = {k: v for k, v in config.items() if v}
        if "client" in row:
            certificate, key = self.clients[demand, row["client"]]
            config["tls"].update(certFile=str(certificate), keyFile=str(key))
        self.folder.store.write_bytes(self.store)
        self.folder.ask(config)
        if "exit" in row:
            done = self.folder.expect(row["exit"], "plan")
            text = row.get("whole") or f"mbxctl: {row['says']}"
            said = ".*".join(map(re.escape, text.replace("<uri>", config["uri"]).split("...")))
            must(re.fullmatch(said, done.stderr.strip(), re.S),
                 f"expected: {said}\n{done.stderr}")
            return
        must(self.folder.plan((0,))["summary"]["connect"] == PEOPLE, "not everybody is connected")
        self.folder.expect(0, "apply", "--yes")
        found = organisation.entries(server.search(filter_text="(msExchMailboxGuid=*)",
                                                   attributes=["modifiersName", "cn"]))
        who = {organisation.values(e, "modifiersName")[0].decode() for dn, e in found.items()
               if dn.startswith("cn=Person")}
        must(who == {organisation.alike(server.dn.encode()).decode()}, f"it was written by {who}")
        server.put_back(self.before[demand])


def main(arguments):
    if not organisation.slapd.SLAPD:
        return organisation.SKIPPED
    organisation.slapd.clean_up_when_told_to_end()
    ways, failed, n = Ways(), 0, 0
    try:
        for row in yaml.safe_load(TABLE.read_text(encoding="utf-8")):
            if arguments and row["way"] not in arguments:
                continue
            n += 1
            try:
                ways.try_(row)
                print(f"ok   {row['way']}", flush=True)
            except organisation.Failure as trouble:
                failed += 1
                print(f"FAIL {row['way']}: {trouble}", flush=True)
    finally:
        ways.close()
    print(f"{n} ways, {failed} fail")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
