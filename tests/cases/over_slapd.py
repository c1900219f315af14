#!/usr/bin/env python3
"""The golden cases over a slapd: the same directory, kept by a server.

Each case is laid out as run.py does it, its directory.ldif is converted and loaded, and the plan
that comes out is compared with expected.json. One slapd serves all cases.

  --export   the plan is made by the LDIF back-end of what ldapsearch gives of the server: what is
             shown is that the server holds the case, whatever reads it
  (nothing)  the plan is made over ldapi://, and what it says is applied

What a server says differently on purpose is made alike first: the letters of attribute types in a
DN and its escapes, the order of values, and the entryUUID of an entry that came without a GUID.

usage: over_slapd.py [--export] [--part N/OF | CASE...]      MBXCTL names the program
"""
import json
import pathlib
import re
import sys
import tempfile

import run

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))
import convert  # noqa: E402
import slapd  # noqa: E402
from slapd import Slapd, Trouble  # noqa: E402

SUFFIX = "DC=contoso,DC=com"

SKIPPED = 77
# Cases about the LDIF file itself, which no server holds; and why.
UNLOADABLE = {
    name: "an export that was cut short: a server gives all values of an attribute"
    for name in ("read-incomplete", "read-incomplete-and-blocked",
                 "read-incomplete-of-another-object")}


def alike(text):
    """A text with DNs in it, without what is a matter of taste in a DN."""
    text = re.sub(r"\\([0-9A-Fa-f]{2})", lambda m: "\\" + chr(int(m.group(1), 16)), text)
    return re.sub(r"(?i)\b(cn|ou|dc)=", lambda m: m.group(0).lower(), text)


def canonical(value, invented):
    if isinstance(value, dict):
        return {k: canonical(v, invented) for k, v in value.items() if k != "digest"}
    if isinstance(value, list):
        found = [canonical(v, invented) for v in value]
        return sorted(found) if all(isinstance(v, str) for v in found) else found
    if isinstance(value, str):
        return None if value in invented else alike(value)
    return value


def comparable(document, invented):
    document = canonical(json.loads(document), invented) if document else {}
    for connection in document.get("connections", []):
        connection["candidates"].sort(key=json.dumps)
    return json.dumps(document, indent=2, sort_keys=True).splitlines(True)


def compare(case, document, code, invented):
    expected = case / "expected.json"
    want = comparable(expected.read_text() if expected.exists() else "", set())
    got = comparable(document, invented)
    if got != want:
        raise run.Failure("".join(run.difflib.unified_diff(want, got, "expected.json", "got")))
    if code != (case / "exit").read_text():
        raise run.Failure(f"exit code {code.strip()}")


def check_export(name, server):
    case = run.HERE / name
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        run.lay_out(case, work)
        directory = work / "directory.ldif"
        server.load(directory.read_text())
        directory.write_text(server.search(dn=server.dn))
        _, document, code = run.plan(case, work)
        compare(case, document, code, server.invented)


def cases_of(arguments):
    names = run.cases()
    if arguments[:1] == ["--part"]:
        part, of = map(int, arguments[1].split("/"))
        return names[part - 1::of]
    return arguments or names


def one(check, name, server):
    """Does the case go well? Those of the list must not: they would be no exceptions."""
    try:
        check(name, server)
    except convert.Unloadable as why:
        if name in UNLOADABLE:
            print(f"skip {name}: {UNLOADABLE[name]}")
            return True
        trouble = f"no server holds it: {why}"
    except (run.Failure, Trouble) as why:
        trouble = why
    else:
        if name not in UNLOADABLE:
            print(f"ok   {name}")
            return True
        trouble = "it can be loaded; take it off the list UNLOADABLE"
    print(f"FAIL {name}\n{trouble}")
    return False


def main(arguments):
    export = arguments[:1] == ["--export"]
    names = cases_of(arguments[export:])
    if not names or any(n.startswith("-") for n in names) or not export:
        print(__doc__[__doc__.index("usage:"):], file=sys.stderr, end="")
        return 64
    if not slapd.SLAPD:
        print("there is no slapd here")
        return SKIPPED
    with Slapd(suffix=SUFFIX, tcp=False) as server:
        failed = sum(not one(check_export, name, server) for name in names)
    print(f"{len(names)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
