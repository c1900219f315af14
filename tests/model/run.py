#!/usr/bin/env python3
"""Holds mbxctl's plans against the model's, over random worlds.

usage: run.py [--keep] [--quiet] [WORLDS [SEED]]      MBXCTL names the program.

For each seed a world is made and planned by both; then applied and planned again. Some are then
changed at random and planned a third time; of others the apply is undone, what it wrote has to be as
it was, and what was undone stays so until its text asks for it anew. A difference is printed with
its seed: `run.py --keep 1 SEED` makes that world again and keeps its folder.
"""
import base64
import collections
import copy
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import model  # noqa: E402
import world  # noqa: E402

MBXCTL = os.environ["MBXCTL"]


class Failure(Exception):
    pass


def mbxctl(folder, *arguments, codes=(0, 3)):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MBXCTL_")}
    env.update(SOURCE_DATE_EPOCH=world.EPOCH, NO_COLOR="1", LC_ALL="C.UTF-8")
    done = subprocess.run([MBXCTL, *arguments], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=120)
    if done.returncode not in codes:
        raise Failure(f"mbxctl {' '.join(arguments)} ended with {done.returncode}:\n"
                      + done.stderr.decode()[-3000:] + done.stdout.decode()[-500:])
    return done.stdout.decode()


class Pair:
    """One world, in mbxctl's hands and in the model's."""

    def __init__(self, seed, folder):
        self.seed, self.folder = seed, folder
        self.w = world.World(seed)
        self.w.write(folder)
        self.r = random.Random(seed + 1_000_000)
        self.applied, self.undone, self.differences, self.seen = {}, {}, [], collections.Counter()
        self.databases = [{"name": d["name"], "guid": d["guid"]} for d in self.w.databases]
        self.rows = []
        mbxctl(folder, "store", "import", "databases.csv", "mailboxes.csv", codes=(0,))
        self.imported()
        self.check_store()

    # --- the model's own store

    def imported(self):
        """S Import: what a file does to the rows."""
        known = {(r["guid"], r["database"]): r for r in self.rows}
        covered = {x["database"]["guid"] for x in self.w.rows}
        named = set()
        for x in self.w.rows:
            key = (x["guid"], x["database"]["guid"])
            named.add(key)
            date = x["date"].replace(" ", "T") + "Z" if x["date"] else None
            row = known.get(key)
            if row is None:
                row = {"guid": key[0], "database": key[1], "kept": None}
                self.rows.append(row)
            row.update(displayName=x["displayName"], legacy=x["legacy"], archive=x["archive"],
                       detail=x["detail"], move=x["move"], vanished=False)
            if row["kept"] and date == row["kept"]:
                continue
            row.update(kept=None, date=date, state=x["state"])
        for key, row in known.items():
            if key not in named and key[1] in covered and not row["kept"]:
                row["vanished"] = True

    def check_store(self):
        listed = json.loads(mbxctl(self.folder, "store", "list", "-o", "json", codes=(0,)))["mailboxes"]
        names = {d["guid"]: d["name"] for d in self.databases}
        want = sorted((r["guid"], names[r["database"]], r["state"], r["date"] or "", r["kept"] or "", r["vanished"])
                      for r in self.rows)
        got = sorted((m["guid"], m["database"], m["state"], m["disconnectDate"] or "", m["keptDisconnectDate"] or "",
                      bool(m["vanished"])) for m in listed)
        for one in sorted(set(want) ^ set(got)):
            self.differ("store", f"{'model' if one in want else 'mbxctl'} has the row {one}")

    # --- both plans

    def connections(self):
        found = []
        for name in sorted(self.w.manifests):
            m = self.w.manifests[name]
            for c in m["connections"]:
                found.append(self.merged(name, m["defaults"], c))
        return found

    @staticmethod
    def merged(manifest, defaults, c):
        policies = {} if c.get("archive") else {k: (v, False) for k, v in defaults.get("policies", {}).items()}
        mine = c.get("policies", {})
        for one, other in (("retention", "managedFolder"), ("managedFolder", "retention")):
            if mine.get(one) is not None:
                policies.pop(other, None)
        policies.update({k: (v, True) for k, v in mine.items()})
        out = {"manifest": manifest, "name": c["name"], "mailbox": c["mailbox"], "user": c.get("user"),
               "database": c.get("database") or defaults["database"], "archive": c.get("archive", False),
               "type": None if c.get("archive") else c.get("type") or defaults.get("type"), "alias": c.get("alias"),
               "addresses": c.get("addresses"), "policies": policies, "allow": c.get("allow", []),
               "suspend": bool(c.get("suspend")), "linked": None}
        if out["type"] == "linked":
            out["linked"] = {**defaults.get("linked", {}), **c["linked"]}
        out["own"] = json.dumps([c.get("type"), c.get("alias"), c.get("addresses"), c.get("policies") or {},
                                 c.get("linked")], sort_keys=True)
        wish = {k: v for k, v in out.items() if k not in ("allow", "suspend", "own")}
        wish["policies"] = {k: v for k, (v, _) in policies.items()}  # whoever of the two gives it
        out["wish"] = json.dumps(wish, sort_keys=True)
        return out

    def entries(self, name="directory.ldif"):
        return model.read_ldif((self.folder / name).read_text())

    def forests(self):
        """The account forests by credential; None where the file is not there, or is no LDIF."""
        found = {}
        for credential, (name, base) in world.CREDENTIALS.items():
            whole = (self.folder / name).exists() and credential not in self.w.broken
            found[credential] = model.Forest(self.entries(name), base) if whole else None
        return found

    def compare(self, phase):
        document = json.loads(mbxctl(self.folder, "plan", "-o", "json"))
        m = model.Model(self.entries(), self.rows, self.databases, self.w.config, self.applied, self.undone,
                        world.BASE, world.ORGANISATION, self.forests())
        decisions = m.plan(self.connections())
        got = {(c["manifest"], c["name"]): c for c in document["connections"]}
        for d in decisions:
            g = got[(d.c["manifest"], d.c["name"])]
            self.count(phase, d, g)
            for text in self.one(d, g):
                self.differ(f"{phase} {d.c['manifest']}/{d.c['name']}", text)
        return decisions, got

    def count(self, phase, d, g):
        self.seen[f"{phase}: {d.action}"] += 1
        for code in d.final:
            self.seen[f"reason {code}"] += 1
        for code in d.lifted:
            self.seen[f"lifted {code}"] += 1
        for code in d.final_holds:
            self.seen[f"hold {code}"] += 1
        for code in d.holds - d.final_holds:
            if d.action in ("connect", "update"):
                self.seen[f"consent to {code}"] += 1
        for w in g["warnings"]:
            self.seen[f"warning {w['code']}"] += 1
        if d.action in ("connect", "update"):
            self.seen[f"{d.action} {d.type or 'archive'}"] += 1

    def one(self, d, g):
        codes = {r["code"] for r in g["reasons"]}
        if d.action != g["action"]:
            yield f"action: model {d.action} {sorted(d.final)}, mbxctl {g['action']} {sorted(codes)}" \
                + "".join(f"\n      {r['code']}: {r['message']}" for r in g["reasons"])
        if (d.final - d.lenient) != (codes - d.lenient):
            extra = [f"\n      {r['code']}: {r['message']}" for r in g["reasons"] if r["code"] not in d.final]
            yield f"reasons: only the model {sorted(d.final - codes)}, only mbxctl {sorted(codes - d.final)}" + "".join(extra)
        listed = [model.ORDER.index(r["code"]) for r in g["reasons"]]
        if listed != sorted(listed):
            yield f"reasons: out of order: {[r['code'] for r in g['reasons']]}"
        if d.action != g["action"]:
            return
        if d.final_holds != set(g["holds"]):
            yield f"holds: model {sorted(d.final_holds)}, mbxctl {sorted(g['holds'])}"
        for key, mine, its in (("mailbox", d.row and d.row["guid"], g["mailbox"] and g["mailbox"]["guid"]),
                               ("user", d.user and d.user.dn, g["user"] and g["user"]["dn"]),
                               ("type", d.type, g["type"]),
                               ("master", d.master and d.master.dn,
                                g.get("masterAccount") and g["masterAccount"]["dn"])):
            if mine != its:
                yield f"{key}: model {mine}, mbxctl {its}"
        if d.action in ("connect", "update"):
            if d.cause != g["cause"]:
                yield f"cause: model {d.cause}, mbxctl {g['cause']}"
            yield from self.changes(d, g)
            missing = d.lifted - {w["code"] for w in g["warnings"]}
            if missing:
                yield f"warnings: lifted {sorted(missing)} do not warn"
        elif g["changes"] or g["holds"]:
            yield "changes or holds though nothing is to be done"

    @staticmethod
    def changes(d, g):
        its = {c["attribute"].lower(): (c["before"], c["after"]) for c in g["changes"] if c["target"] == "directory"}
        sd = "msexchmailboxsecuritydescriptor"
        if sd in its and sd in d.changes and all(same_descriptor(*x) for x in zip(its[sd], d.changes[sd])):
            d.changes[sd] = its[sd]  # in which order the entries stand is nobody's rule
        for name in sorted(set(its) | set(d.changes)):
            if its.get(name) != d.changes.get(name):
                yield f"{name}: model {d.changes.get(name)}, mbxctl {its.get(name)}"
        store = [(c["attribute"], c["before"], c["after"]) for c in g["changes"] if c["target"] == "store"]
        mine = [("state", [a], [b]) for a, b in d.store]
        if store != mine:
            yield f"store: model {mine}, mbxctl {store}"

    def differ(self, where, text):
        self.differences.append(f"seed {self.seed} {where}: {text}")

    # --- apply

    def apply(self, decisions):
        before = {model.norm(e.dn): e for e in self.entries()}
        document = json.loads(mbxctl(self.folder, "apply", "--yes", "--held", "-o", "json", "--max-changes", "1000",
                                     codes=(0, 3)))
        results = {(c["manifest"], c["name"]): c for c in document["connections"]}
        expected = {dn: {k: model.show(k, v) for k, v in e.a.items()} for dn, e in before.items()}
        for d in sorted(decisions, key=lambda d: d.c["archive"]):  # "a user's archive after its primary"
            key = (d.c["manifest"], d.c["name"])
            g = results[key]
            if d.action in ("connect", "update"):
                if g["result"] != "applied":
                    self.differ(f"apply {key}", f"result {g['result']}: {g}")
                    continue
                mine = expected[model.norm(d.user.dn)]
                for name, (_, after) in d.changes.items():
                    mine[name] = after
                    if not after:
                        del mine[name]
                if d.store or d.row["state"] == "connected" and not d.owned:
                    d.row.update(state="connected", kept=d.row["kept"] or d.row["date"], date=None)
            if d.action in ("connect", "update", "none"):
                self.applied[key] = {"mailbox": d.row["guid"], "user": d.user.guid(), "mailbox_text": d.c["mailbox"],
                                     "user_text": d.c["user"], "wish": d.c["wish"]}
        for e in self.entries():
            want = expected.pop(model.norm(e.dn))
            for name in sorted(set(want) | set(e.a)):
                got = model.show(name, e.a.get(name, []))
                if want.get(name, []) == ["(time of apply)"]:
                    if got != ["20261121000000.0Z"]:
                        self.differ("written", f"{e.dn}: {name} is {got}")
                elif want.get(name, []) != got:
                    self.differ("written", f"{e.dn}: {name}: model {want.get(name)}, the file {got}")
        if expected:
            self.differ("written", f"entries are gone: {list(expected)}")
        self.check_store()
        return {(d.c["manifest"], d.c["name"]) for d in decisions if d.action in ("connect", "update")}

    # --- undo

    def undo(self, decisions, before, rows):
        """I Undo: each attribute goes back to what it was, and the row of a connect is disabled again."""
        done = [d for d in decisions if d.action in ("connect", "update")]
        if not done:
            mbxctl(self.folder, "undo", "1", codes=(64,))
            return
        plan = json.loads(mbxctl(self.folder, "undo", "1", "--save", "undo.plan", "-o", "json", codes=(0,)))
        planned = {(c["manifest"], c["name"]): c for c in plan["connections"]}
        for d in done:
            self.undone_item(d, planned.pop((d.c["manifest"], d.c["name"]), None))
        for key in planned:
            self.differ(f"undo {key}", "the run did not write it")
        carried = json.loads(mbxctl(self.folder, "apply", "--plan", "undo.plan", "-o", "json", codes=(0,)))
        for c in carried["connections"]:
            if c["result"] != "applied":
                self.differ(f"undo {c['manifest']}/{c['name']}", f"result {c['result']}: {c}")
        was = {e.dn: {k: model.show(k, v) for k, v in e.a.items()} for e in before}
        now = {e.dn: {k: model.show(k, v) for k, v in e.a.items()} for e in self.entries()}
        for dn in sorted(set(was) | set(now)):
            mine, its = was.get(dn, {}), now.get(dn, {})
            for name in sorted(set(mine) | set(its)):
                if mine.get(name) != its.get(name):
                    self.differ("undone", f"{dn}: {name} was {mine.get(name)}, and is {its.get(name)}")
        for d in done:
            if d.action == "connect":
                d.row.update(state="disabled", date=d.row["kept"] or world.NOW, kept=None)
            elif d.store:
                d.row.update(next(r for r in rows if (r["guid"], r["database"]) == (d.row["guid"], d.row["database"])))
            self.undone[d.row["guid"], d.user.guid()] = {
                "connect": d.action == "connect", "reconnect": "reconnect" in d.c["allow"],
                "texts": (d.c["mailbox"], d.c["user"]), "own": d.c["own"]}
        self.check_store()

    def undone_item(self, d, g):
        where = f"undo {d.c['manifest']}/{d.c['name']}"
        want = {"connect": "disconnect", "update": "update"}[d.action]
        self.seen[f"undo of {d.action}"] += 1
        if g is None or g["action"] != want or g["reasons"] or g["holds"]:
            self.differ(where, f"want {want} without reasons, got {g}")
            return
        its = {c["attribute"].lower(): (c["before"], c["after"]) for c in g["changes"] if c["target"] == "directory"}
        mine = {name: (after, before) for name, (before, after) in d.changes.items()}
        for name in sorted(set(its) | set(mine)):
            b, a = mine.get(name, (None, None))
            if b == ["(time of apply)"]:
                b = ["20261121000000.0Z"]
            if its.get(name, (None, None)) != (b, a):
                self.differ(where, f"{name}: model {mine.get(name)}, mbxctl {its.get(name)}")
        store = [(c["before"], c["after"]) for c in g["changes"] if c["target"] == "store"]
        if store != ([(["connected"], ["disabled"])] if d.store or d.action == "connect" else []):
            self.differ(where, f"store: {store}")

    def ask_anew(self, decisions):
        """Texts are edited: some of the edits lift the suspension of what was undone, some do not."""
        r = self.r
        for d in decisions:
            what = r.choice(["nothing", "reconnect", "user", "mailbox", "alias", "policy", "database", "default"])
            if d.c["linked"] and r.random() < 0.4:
                what = "master"
            c, m = self.source(d), self.w.manifests[d.c["manifest"]]
            self.seen[f"anew {what}"] += 1
            if what == "reconnect":
                c["allow"] = sorted({*c.get("allow", []), "reconnect"})
            elif what == "user" and d.user is not None:
                c["user"] = d.user.guid()
            elif what == "mailbox" and d.row is not None:
                c["mailbox"] = d.row["guid"]
            elif what == "alias" and not d.c["archive"]:
                c["alias"] = f"anew{d.c['name']}"
            elif what == "policy" and not d.c["archive"]:
                c["policies"] = {**c.get("policies", {}), "activeSync": r.choice([None, "Executives"])}
            elif what == "master" and d.master is not None:
                c["linked"]["masterAccount"] = d.master.guid()
            elif what == "database" and d.database is not None:
                c["database"] = d.database.dn
            elif what == "default" and r.random() < 0.3:
                m["defaults"]["policies"] = {**m["defaults"].get("policies", {}), "activeSync": "Executives"}
        self.w.write_manifests(self.folder)

    # --- drift

    def drift(self, decisions, written):
        """The world moves on: users are changed, disabled or deleted, texts edited, the inventory taken again."""
        r = self.r
        entries = self.entries()
        by_dn = {model.norm(e.dn): e for e in entries}
        for d in decisions:
            if (d.c["manifest"], d.c["name"]) not in written and r.random() < 0.7 or d.user is None or d.row is None:
                continue
            e = by_dn.get(model.norm(d.user.dn))
            row = next((x for x in self.w.rows if (x["guid"], x["database"]["guid"]) ==
                        (d.row["guid"], d.row["database"])), None)
            if e is None or row is None:
                continue
            what = r.choice(["alias", "policy", "disable", "disable", "delete", "displayName", "rename", "edit",
                             "text", "confirm", "flags", "vanish", "mailboxName", "moved", "kept"])
            if d.c["linked"] and r.random() < 0.7:
                what = r.choice(["relinked", "shared", "enable", "master", "master", "forest", "account"])
            self.seen[f"drift {what}"] += 1
            if what == "alias":
                e.set("mailNickname", ["drifted"])
            elif what == "policy":
                e.set("msExchMobileMailboxPolicyLink", [r.choice(self.w.policies["activeSync"])["dn"]])
            elif what == "flags":
                e.set("msExchELCMailboxFlags", ["8"])
            elif what == "disable":
                names = ["msExchArchiveGUID", "msExchArchiveDatabaseLink", "msExchArchiveName"]
                if not d.c["archive"]:
                    names = ["msExchMailboxGuid", "homeMDB", "msExchHomeServerName", "mailNickname", "legacyExchangeDN",
                             "proxyAddresses", "mail", "msExchRecipientTypeDetails", "msExchRecipientDisplayType",
                             "msExchMasterAccountSid", "msExchPoliciesIncluded", "msExchPoliciesExcluded",
                             "msExchMobileMailboxPolicyLink", "msExchMailboxTemplateLink", "showInAddressBook",
                             "msExchAddressBookPolicyLink"]
                for name in names:
                    e.set(name, [])
                row.update(state="disabled", date="2026-11-20 10:00:00")
            elif what == "delete":
                entries = [x for x in entries if x is not e]
                row.update(state="disabled", date="2026-11-20 10:00:00")
            elif what == "displayName":
                e.set("displayName", [r.choice(world.NAMES)])
            elif what == "rename":
                new = f"Renamed {d.c['name']}"
                if not [x for x in entries if "Renamed" in x.dn]:
                    e.dn = "CN=" + new + "," + ",".join(model.split_dn(e.dn)[1:])
                    e.set("cn", [new])
                    e.set("name", [new])
            elif what == "edit":
                self.source(d)["alias"] = "edited" if not d.c["archive"] else None
                if d.c["archive"]:
                    del self.source(d)["alias"]
            elif what == "text":
                self.source(d)["mailbox"] = d.row["guid"]
            elif what == "confirm":
                row.update(state="connected", date="")
            elif what == "vanish":
                self.w.rows.remove(row)
            elif what == "mailboxName":
                row["displayName"] = r.choice(world.NAMES)
            elif what == "relinked":
                e.set("msExchMasterAccountSid", [r.choice(self.w.accounts)["sid"]])
            elif what == "shared":
                e.set("msExchRecipientTypeDetails", ["4"])
                e.set("msExchMasterAccountSid", [world.SELF])
            elif what == "enable":
                e.set("userAccountControl", ["512"])
            elif what == "master":
                self.source(d)["linked"]["masterAccount"] = r.choice(self.w.accounts)["guid"]
            elif what == "forest":
                (self.folder / world.CREDENTIALS[d.c["linked"]["credential"]][0]).unlink(missing_ok=True)
            elif what == "account":
                self.drift_account(d)
            elif what == "moved":
                other = r.choice(self.w.databases)
                e.set("homeMDB", [other["dn"]])
        (self.folder / "directory.ldif").write_text(ldif_of(entries))
        self.w.write_manifests(self.folder)
        if self.w.rows:
            self.w.write_mailboxes(self.folder / "mailboxes.csv")
            mbxctl(self.folder, "store", "import", "mailboxes.csv", codes=(0,))
            self.imported()
            self.check_store()

    def drift_account(self, d):
        """The master account is disabled, renamed or deleted."""
        name = world.CREDENTIALS[d.c["linked"]["credential"]][0]
        if d.master is None or name == "directory.ldif" or not (self.folder / name).exists():
            return
        entries = self.entries(name)
        e = next((x for x in entries if x.dn == d.master.dn), None)
        what = self.r.choice(["disable", "delete", "guid"])
        if e is None or what == "delete":
            entries = [x for x in entries if x is not e]
        elif what == "disable":
            e.set("userAccountControl", ["514"])
        else:
            e.set("objectGUID", [self.w.guid().bytes_le])
        (self.folder / name).write_text(ldif_of(entries))

    def source(self, d):
        return next(c for c in self.w.manifests[d.c["manifest"]]["connections"] if c["name"] == d.c["name"])

    def run(self):
        decisions, _ = self.compare("first")
        if self.differences:
            return
        before, rows, first = self.entries(), copy.deepcopy(self.rows), decisions
        written = self.apply(decisions)
        if self.differences:
            return
        decisions, got = self.compare("second")
        for key in written:
            if got[key]["action"] != "none":
                self.differ(f"second {key}", f"written, but still to {got[key]['action']}: "
                            f"{got[key]['changes'] or got[key]['reasons']}")
        if self.differences:
            return
        if self.r.random() < 0.4:
            self.undo(first, before, rows)
            if self.differences:
                return
            self.compare("undone")
            self.ask_anew(decisions)
            self.compare("anew")
            return
        self.drift(decisions, written)
        if not self.differences:
            self.compare("third")


def same_descriptor(one, other):
    """Two values as a plan shows them."""
    if not one or not other:
        return one == other
    one, other = base64.b64decode(one[0]), base64.b64decode(other[0])
    heads = [[d[:4], model.owners(d)] for d in (one, other)]
    return heads[0] == heads[1] and sorted(model.aces(one)) == sorted(model.aces(other))


def printable(value):
    try:
        text = value.decode()
        return text if text.isprintable() else value
    except UnicodeDecodeError:
        return value


def ldif_of(entries):
    return world.write_ldif([(e.dn, {e.names[k]: [printable(v) for v in vs] for k, vs in e.a.items()})
                             for e in entries])


def try_one(argument):
    seed, keep = argument
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"mbxctl-world-{seed}-"))
    found, seen = [], collections.Counter()
    pair = None
    try:
        pair = Pair(seed, folder)
        pair.run()
    except Failure as trouble:
        found.append(f"seed {seed}: {trouble}")
    except Exception:
        found.append(f"seed {seed}: the model broke\n{traceback.format_exc()}")
    if pair:
        found += pair.differences
        seen = pair.seen
    if keep and found:
        found.append(f"seed {seed} is kept in {folder}")
    else:
        shutil.rmtree(folder)
    return found, seen


def main(arguments):
    keep, quiet = "--keep" in arguments, "--quiet" in arguments
    numbers = [int(a) for a in arguments if not a.startswith("--")] + [None, None]
    worlds, seed = numbers[0] or 60, numbers[1] or 1
    failed, seen = 0, collections.Counter()
    with multiprocessing.Pool(2) as pool:
        for found, counted in pool.imap(try_one, [(seed + i, keep) for i in range(worlds)]):
            failed += bool(found)
            seen += counted
            for text in found:
                print(text, flush=True)
    if not quiet:
        print("\n".join(f"{seen[k]:7}  {k}" for k in sorted(seen)))
    print(f"{worlds} worlds from seed {seed}: {worlds - failed} agree, {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
