#!/usr/bin/env python3
"""Golden cases: a folder is a case, its files say what goes in and what must come out.

  manifest.yaml    the wish (or manifests/, a folder of several)
  directory.ldif   the users; common/organisation.ldif is put before it
  without          what this case's organisation lacks: one beginning of a DN a line
  mailboxes.csv    the inventory (absent: none is imported); databases.csv: instead of common/'s
  mbxctl.yaml      instead of common/mbxctl.yaml
  fabrikam.ldif    the account forest, instead of common/'s
  more*            other files that the case needs
  before.sh        what happened before the plan: a shell script in the case's working copy, with
                   mbxctl in PATH and its time in SOURCE_DATE_EPOCH
  arguments        more arguments of `mbxctl plan` (and, but for the time, of apply), one a line
  expected.txt     the plan as text (and what was said on standard error, after a line `stderr:`),
  expected.json    and as JSON, both but for the digest,
  exit             and the exit code

Whatever the case is about, it is also checked that planning twice gives the same bytes and changes
no file; that the document agrees with itself; that the digest does not hang on the clock; that
`apply --yes` leaves what is held; that `apply --yes --held` writes into the directory and the store
exactly what the plan said, and over a limit nothing; and that the next plan has nothing left for
what was written. Where an intent was left open, an apply must settle it.

usage: run.py [CASE...]           MBXCTL names the program.
       run.py --update CASE...    takes what comes out as expected: read it, it is a promise then
       run.py --list              the names
"""
import base64
import contextlib
import copy
import difflib
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
COMMON = HERE / "common"
NOW = "1795219200"  # 2026-11-21T00:00:00Z
FOREVER = "2099-01-01T00:00:00Z"
WRITES = ("connect", "update")
OF_WRITES = {"matched-by-name", "adopting", "reconnecting", "type-change", "relinking",
             "address-unchanged", "legacy-dn-replaced", "address-list-skipped"}
GUIDS = ("objectguid", "msexchmailboxguid", "msexcharchiveguid", "msexchdisabledarchiveguid")


class Failure(Exception):
    pass


def cases():
    return sorted(p.name for p in HERE.iterdir()
                  if p.is_dir() and p != COMMON and p.name[0] not in "._")


# ---- a case's working copy ---------------------------------------------------------------------

def run(work, *command):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MBXCTL")}
    env.update(SOURCE_DATE_EPOCH=NOW, NO_COLOR="1", LC_ALL="C.UTF-8", TZ="UTC",
               PATH=f"{pathlib.Path(os.environ['MBXCTL']).resolve().parent}:{os.environ['PATH']}")
    return subprocess.run(command, cwd=work, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=120)


def state(work):
    return {str(p.relative_to(work)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(work.rglob("*")) if p.is_file()}


def organisation(path, without):
    """The LDIF records of the organisation but for those whose DN begins so."""
    records = path.read_text().split("\n\n")
    for beginning in without:
        kept = [r for r in records if not r.startswith(f"dn: {beginning}")]
        if len(kept) == len(records):
            raise Failure(f"without: no entry of the organisation begins with {beginning}")
        records = kept
    return "\n\n".join(records)


def lay_out(case, work):
    def own_or_common(name):
        own = case / name
        return own if own.exists() else COMMON / name

    without = case / "without"
    lacking = without.read_text().splitlines() if without.exists() else []
    for name in ("mbxctl.yaml", "fabrikam.ldif"):
        shutil.copy(own_or_common(name), work / name)
    (work / "directory.ldif").write_text(
        organisation(COMMON / "organisation.ldif", lacking) + (case / "directory.ldif").read_text())
    if (case / "manifests").exists():
        shutil.copytree(case / "manifests", work / "manifests")
    else:
        (work / "manifests").mkdir()
        shutil.copy(case / "manifest.yaml", work / "manifests" / "manifest.yaml")
    for extra in case.glob("more*"):
        shutil.copy(extra, work / extra.name)
    files = [own_or_common("databases.csv")]
    if (case / "mailboxes.csv").exists():
        files.append(case / "mailboxes.csv")
    for f in files:
        shutil.copy(f, work / f.name)
    done = run(work, "mbxctl", "store", "import", *[f.name for f in files])
    if done.returncode:
        raise Failure(f"the import failed:\n{done.stderr.decode()}")
    if (case / "before.sh").exists():
        done = run(work, "sh", "-eu", str(case / "before.sh"))
        if done.returncode:
            raise Failure(f"before.sh failed:\n{done.stdout.decode()}{done.stderr.decode()}")


# ---- what must come out ------------------------------------------------------------------------

def without_digest(output):
    """What goes into a digest is the program's own business; that it is the same for the same plan
    is checked elsewhere."""
    return re.sub("sha256:[0-9a-f]{64}", "sha256:...", output)


def compare(path, got, update):
    want = without_digest(path.read_text()) if path.exists() else ""
    got = without_digest(got)
    if got == want:
        return
    if update:
        path.write_text(got)
        return
    diff = difflib.unified_diff(want.splitlines(True), got.splitlines(True), path.name, "got")
    raise Failure("".join(diff))


def arguments(case):
    path = case / "arguments"
    return path.read_text().splitlines() if path.exists() else []


def plan(case, work, *more):
    with tempfile.TemporaryDirectory() as out:
        done = run(work, "mbxctl", "plan", "-o", "text", "-o", f"json={out}/plan.json",
                   *arguments(case), *more)
        document = pathlib.Path(out, "plan.json")
        text = done.stdout.decode()
        if done.stderr:
            text += "stderr:\n" + done.stderr.decode()
        return text, document.read_text() if document.exists() else "", f"{done.returncode}\n"


def agrees_with_itself(document, code):
    connections, summary = document["connections"], document["summary"]
    for action in ("connect", "update", "none", "blocked", "unknown", "suspended"):
        n = sum(c["action"] == action for c in connections)
        if summary[action] != n:
            raise Failure(f"the summary has {summary[action]} {action}, the connections {n}")
    if summary["total"] != len(connections):
        raise Failure("the summary's total is not the number of connections")
    if document["complete"] != (summary["unknown"] == 0):
        raise Failure("`complete` does not go by what is unknown")
    if (code == "3\n") != (summary["blocked"] + summary["unknown"] > 0):
        raise Failure(f"exit code {code.strip()} with {summary}")
    for c in connections:
        writes = c["action"] in WRITES
        if not writes and (c["changes"] or c["holds"] or c["cause"]):
            raise Failure(f"{c['name']} is {c['action']} and has changes, holds or a cause")
        if not writes and OF_WRITES & {w["code"] for w in c["warnings"]}:
            raise Failure(f"{c['name']} is {c['action']} and warns of a write")
        if writes and (not c["changes"] or not c["cause"] or c["reasons"]):
            raise Failure(f"{c['name']} is to {c['action']}: no changes, no cause, or reasons")
        if c["action"] in ("blocked", "unknown") and not c["reasons"]:
            raise Failure(f"{c['name']} is {c['action']} without a reason")
        for change in c["changes"]:
            for side in ("before", "after"):
                if change[side] != sorted(set(change[side])):
                    raise Failure(f"{c['name']}: {change['attribute']}: {side} is no sorted set")


# ---- what an apply makes of it -----------------------------------------------------------------

def shown(attribute, value):
    if attribute in GUIDS and len(value) == 16:
        return str(uuid.UUID(bytes_le=value))
    if attribute in ("objectsid", "sidhistory", "msexchmasteraccountsid"):
        parts = [int.from_bytes(value[i:i + 4], "little") for i in range(8, len(value), 4)]
        return "-".join(map(str, ["S", value[0], int.from_bytes(value[2:8], "big"), *parts]))
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def entries(text):
    """{folded DN: {folded attribute: sorted values as a plan shows them}} of LDIF."""
    found = {}
    for record in re.sub("\n ", "", text).split("\n\n"):
        entry = {}
        for line in record.splitlines():
            if not line or line[0] == "#" or line.startswith("version:"):
                continue
            attribute, value = line.split(":", 1)
            value = base64.b64decode(value[1:]) if value[:1] == ":" else value.strip(" ").encode()
            entry.setdefault(attribute.lower(), []).append(shown(attribute.lower(), value))
        if entry:
            found[entry.pop("dn")[0].lower()] = {k: sorted(v) for k, v in entry.items()}
    return found


def rows(work):
    done = run(work, "mbxctl", "store", "list", "-o", "json")
    return {(r["guid"], r["database"]): r["state"] for r in json.loads(done.stdout)["mailboxes"]}


class World:
    """A working copy, and what its case's plan chose and lifted: an apply is given the same."""

    def __init__(self, work, arguments):
        self.work = work
        self.arguments = [a for i, a in enumerate(arguments)
                          if a not in ("--detailed-exitcode", "--now")
                          and not (i and arguments[i - 1] == "--now")]

    def directory(self):
        return (self.work / "directory.ldif").read_text()

    def look(self):
        return entries(self.directory()), rows(self.work)

    @contextlib.contextmanager
    def copy(self):
        """Another that can be written to; this one is afterwards as it was."""
        with tempfile.TemporaryDirectory() as folder:
            other = copy.copy(self)
            other.work = pathlib.Path(folder, "work")
            shutil.copytree(self.work, other.work)
            yield other

    def call(self, *command):
        return run(self.work, "mbxctl", *command, "-o", "json", *self.arguments)

    def apply(self, *more):
        done = self.call("apply", "--yes", *more)
        results = json.loads(done.stdout)["connections"] if done.returncode in (0, 3, 4) else None
        # 4 is right where an archive waits for its primary, which is held.
        if results is None or {"failed", "stale", "uncertain"} & {c["result"] for c in results}:
            raise Failure(f"apply ended with {done.returncode}:\n"
                          f"{done.stdout.decode()}{done.stderr.decode()}")
        return results


def key(connection):
    return connection["manifest"], connection["name"]


def row_of(connection, inventory):
    """Its key in the store, which may know the database by an older name."""
    guid, database = connection["mailbox"]["guid"], connection["mailbox"]["database"]
    found = [row for row in inventory if row[0] == guid]
    return found[0] if len(found) == 1 else (guid, database)


def refuses(world):
    """Over a limit nothing is written."""
    before = world.look()
    done = world.call("apply", "--yes", "--held")
    if done.returncode != 5:
        raise Failure(f"the plan is over a limit, and apply ended with {done.returncode}")
    if world.look() != before:
        raise Failure("the plan is over a limit, and apply wrote something")


def leaves_what_is_held(world, changes):
    """Without --held nothing of a held connection is written."""
    held = {key(c): c for c in changes if c["holds"]}
    if not held:
        return
    with world.copy() as other:
        before = other.look()
        for c in other.apply():
            if key(c) in held and c["result"] != "held":
                raise Failure(f"apply --yes: {c['name']} is {c['result']}, not held")
        after = other.look()
    for c in held.values():
        dn, row = c["user"]["dn"].lower(), row_of(c, before[1])
        if before[0][dn] != after[0][dn] or before[1].get(row) != after[1].get(row):
            raise Failure(f"apply --yes wrote to {c['name']}, which is held")


def planned(world, changes):
    """The directory and the store as they will be if the plan says the truth."""
    directory, inventory = world.look()
    for c in changes:
        entry, row = directory[c["user"]["dn"].lower()], row_of(c, inventory)
        for change in c["changes"]:
            attribute = change["attribute"].lower()
            store = change["target"] == "store"
            have = [inventory[row]] if store else entry.pop(attribute, [])
            if have != change["before"]:
                raise Failure(f"{c['name']}: {attribute}: before is {change['before']}, "
                              f"there is {have}")
            if store:
                inventory[row] = change["after"][0]
            elif change["after"] == ["(time of apply)"]:
                entry[attribute] = [time.strftime("%Y%m%d%H%M%S.0Z", time.gmtime(int(NOW)))]
            elif change["after"]:
                entry[attribute] = change["after"]
    return directory, inventory


def writes_what_was_planned(world, changes):
    expected = planned(world, changes)
    for c in world.apply("--held"):
        if c["action"] in WRITES and c["result"] != "applied":
            raise Failure(f"apply: {c['name']} is {c['result']}: {c.get('message')}")
    for got, want in zip(world.look(), expected):
        wrong = [f"{k}: {got.get(k)}\nplanned: {want.get(k)}"
                 for k in sorted(got.keys() | want.keys()) if got.get(k) != want.get(k)]
        if wrong:
            raise Failure("apply wrote something else than was planned:\n" + "\n".join(wrong))


def is_open(document):
    return any(w["code"] == "intent-open" for c in document["connections"] for w in c["warnings"])


def settles(world):
    """An apply closes what an earlier one left open before it plans."""
    world.apply("--held")
    if is_open(json.loads(world.call("plan").stdout)):
        raise Failure("an intent is still open after an apply")


def converges(world, changes):
    """What an apply wrote, the next plan must leave alone."""
    after = {key(c): c for c in json.loads(world.call("plan").stdout)["connections"]}
    for c in changes:
        again = after[key(c)]
        if again["action"] != "none":
            raise Failure(f"after the apply {c['name']} is still to {again['action']}: "
                          f"{json.dumps(again['changes'] or again['reasons'], indent=1)}")
    before = world.directory()
    world.apply("--held")
    if not [c for c in after.values() if c["action"] in WRITES]:
        if world.directory() != before:
            raise Failure("a second apply changed the directory")


# ---- all of it ---------------------------------------------------------------------------------

def planned_well(case, work):
    """The plan as text and as JSON, and the exit code; whatever it says, a plan writes nothing."""
    before = state(work)
    text, document, code = plan(case, work)
    if (text, document, code) != plan(case, work):
        raise Failure("planning twice gave two plans")
    later = plan(case, work, "--now", FOREVER)[1]
    if state(work) != before:
        raise Failure("plan changed a file, or left one behind")
    if document:
        agrees_with_itself(json.loads(document), code)
        if json.loads(later)["digest"] != json.loads(document)["digest"]:
            raise Failure("the digest hangs on the clock")
    return text, document, code


def applied_well(world, document):
    changes = [c for c in document["connections"] if c["action"] in WRITES]
    if document["overLimit"]:
        refuses(world)
    elif is_open(document):
        settles(world)
    else:
        leaves_what_is_held(world, changes)
        writes_what_was_planned(world, changes)
        converges(world, changes)


def check(name, update):
    case = HERE / name
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        lay_out(case, work)
        text, document, code = planned_well(case, work)
        compare(case / "expected.txt", text, update)
        if document or (case / "expected.json").exists():
            compare(case / "expected.json", document, update)
        compare(case / "exit", code, update)
        if document:
            applied_well(World(work, arguments(case)), json.loads(document))


def main(options):
    names = [o for o in options if not o.startswith("--")]
    option = [o for o in options if o.startswith("--")]
    if option == ["--list"]:
        print("\n".join(cases()))
        return 0
    if option not in ([], ["--update"]) or (option and not names):
        print(__doc__[__doc__.index("usage:"):], file=sys.stderr, end="")
        return 64
    failed = 0
    for name in names or cases():
        try:
            check(name, bool(option))
            print(f"ok   {name}")
        except Failure as trouble:
            failed += 1
            print(f"FAIL {name}\n{trouble}")
    if len(names) != 1:
        print(f"{len(names or cases())} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
