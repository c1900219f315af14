#!/usr/bin/env python3
"""Each row of doctor.yaml: what `mbxctl doctor` says, and that it changes nothing.

usage: doctor.py [CASE...]
"""
import contextlib
import json
import pathlib
import re
import shutil
import socket
import sqlite3
import sys

import yaml

import organisation
import slapd
from organisation import EMPTY, Folder, Server, must

TABLE = pathlib.Path(__file__).with_name("doctor.yaml")
CERTIFICATES = ("expired", "unknown-ca", "wrong-host")
PEOPLE = 3
WRITTEN = {"fault": "faults", "warning": "warnings", "skipped": "skipped"}


class Places:
    """The servers of all rows, and a folder to ask from."""

    def __init__(self):
        ldif, inventory, self.manifests = organisation.people(PEOPLE)
        inventory[1] = (inventory[1][0], inventory[1][1] + self.one_in_each_database())
        self.servers = {"good": Server(ldif, tls="good").start()}
        for kind in CERTIFICATES:
            self.servers[kind] = Server("", tls=kind).start()
        self.folder = Folder({"uri": "ldapi://"}, self.manifests, inventory, timeout="3s")
        self.good_store = self.folder.store.read_bytes()
        self.before = self.servers["good"].content()
        self.silent = socket.create_server(("127.0.0.1", 0))
        (self.folder.path / "contoso.ldif").write_text(ldif, encoding="utf-8")
        (self.folder.path / "broken.ldif").write_text("dn: DC=x\nnonsense\n")
        for name, text in (("wrong", "let me not in"), ("loose", "let me in")):
            slapd.secret(self.folder.path / name, text)
        (self.folder.path / "loose").chmod(0o644)

    @staticmethod
    def one_in_each_database():
        return "".join(
            f'"2026-11-13 18:02:11","Disabled","Of {name}","/o=x/cn={name}",'
            f'"00000000-0000-4000-8000-00000000000{n}","UserMailbox","False","{name}","EX01"\n'
            for n, name in enumerate(("MBXDB01", "MBXDB02", "MBXResourceDB")))

    def close(self):
        self.silent.close()
        self.folder.close()
        for server in self.servers.values():
            server.close()

    def uri(self, name):
        good = self.servers["good"]
        if name in CERTIFICATES:
            return self.servers[name].ldaps_uri
        return {"ldapi": good.uri, "ldap": good.ldap_uri, "ldaps": good.ldaps_uri,
                "closed": f"ldaps://127.0.0.1:{slapd.free_port()}", "nowhere": "ldaps://nowhere.invalid",
                "silent": f"ldaps://127.0.0.1:{self.silent.getsockname()[1]}"}.get(name, name)

    def config(self, row):
        if row["uri"][0].startswith("ldif:"):
            return {"uri": row["uri"]}
        named = self.servers[row["uri"][0] if row["uri"][0] in CERTIFICATES else "good"]
        config = {**named.config(named.ldaps_uri), "uri": [self.uri(name) for name in row["uri"]]}
        config["base"] = row.get("base", organisation.SUFFIX)
        bind = row.get("bind")
        if bind in ("wrong", "loose"):
            config["bind"]["passwordFile"] = bind
        elif bind != "simple":
            config["bind"] = {"method": bind}
        config["tls"].pop("mode", None)
        if "tls" in row:
            config["tls"]["mode"] = row["tls"]
        return config

    def put_store(self, kind):
        store = self.folder.store
        store.write_bytes(self.good_store)
        if kind == "missing":
            store.unlink()
        elif kind == "no-store":
            store.write_text("this is no store, but long enough to be looked at as if it were one\n" * 99)
        elif kind == "damaged":
            damage(store)

    def put_manifest(self, text):
        folder = self.folder.path / "manifests"
        shutil.rmtree(folder)
        folder.mkdir()
        for name, good in self.manifests.items():
            (folder / name).write_text((EMPTY if text == "" else text) if text is not None else good)

    def files(self):
        return {p.relative_to(self.folder.path): (p.read_bytes(), p.stat().st_mtime_ns)
                for p in self.folder.path.rglob("*") if p.is_file()}

    def try_(self, row):
        self.put_store(row.get("store"))
        self.put_manifest(row.get("manifest"))
        self.folder.ask(self.config(row), "3s")
        before = self.files()
        arguments = ["--user", row["user"]] if "user" in row else []
        done = self.folder.expect(row["exit"], "doctor", "-o", "json", *arguments)
        must(self.files() == before, "it changed a file, or made one")
        if "config" in row:
            must(row["config"] in done.stderr, done.stderr)
            return
        must(not done.stderr, done.stderr)
        checks = json.loads(done.stdout)["checks"]
        for verdict in WRITTEN:
            said = {c["name"] for c in checks if c["verdict"] == verdict}
            must(said == set(row.get(WRITTEN[verdict], [])),
                 lambda: f"{verdict}: {[c for c in checks if c['verdict'] == verdict]}")
        for name, text in row.get("says", {}).items():
            said = [c["message"] for c in checks if c["name"] == name]
            pattern = ".*".join(map(re.escape, text.split("...")))
            must(any(re.search(pattern, s) for s in said), f"{name}: {said}")
        for c in checks:
            must(bool(c["advice"]) == (c["verdict"] in ("fault", "warning")), f"{c}")
        if row.get("bind") == "wrong":
            said = self.folder.expect(row["exit"], "plan").stderr
            must(said.count("refused to bind") == 1, f"a plan tries it again: {said}")
        text = self.folder.expect(row["exit"], "doctor", *arguments).stdout
        for c in checks:
            must(c["name"] in text and c["message"][:20].split()[0] in text, f"{c} is not in\n{text}")


def damage(path):
    """The table of runs, which nothing else is read from, has more cells than there can be."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        page, = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'run'").fetchone()
        size, = db.execute("PRAGMA page_size").fetchone()
    with open(path, "r+b") as f:
        f.seek((page - 1) * size + 3)
        f.write((0x7fff).to_bytes(2, "big"))


def main(arguments):
    if not slapd.SLAPD:
        return organisation.SKIPPED
    slapd.clean_up_when_told_to_end()
    places, failed, n = Places(), 0, 0
    try:
        for row in yaml.safe_load(TABLE.read_text(encoding="utf-8")):
            if arguments and row["case"] not in arguments:
                continue
            n += 1
            try:
                places.try_(row)
                print(f"ok   {row['case']}", flush=True)
            except organisation.Failure as trouble:
                failed += 1
                print(f"FAIL {row['case']}: {trouble}", flush=True)
        must(organisation.entries(places.before) == places.servers["good"].entries(),
             "it changed the directory")
    finally:
        places.close()
    print(f"{n} cases, {failed} fail")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
