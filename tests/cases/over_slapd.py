#!/usr/bin/env python3
"""The golden cases over a slapd: the same directory, kept by a server.

Each case is laid out as run.py does it, its directory.ldif is converted and loaded, and the plan
that comes out is compared with expected.json. One slapd serves all cases.

  --export   the plan is made by the LDIF back-end of what ldapsearch gives of the server: what is
             shown is that the server holds the case, whatever reads it
  (nothing)  the plan is made over ldapi://, and applied: everything that run.py checks of a case
             but for its text

A case's attributeSchema entries are the server's schema over ldapi://, which then is one of the
case's own.

Over ldapi:// the plan must be the same byte for byte, but for its digest and the entryUUID of an
entry that came without a GUID. Of an export is made alike first what a server says differently on
purpose: the letters of attribute types in a DN and its escapes, and the order of values.

usage: over_slapd.py [--export] [--part N/OF | CASE...]      MBXCTL names the program
"""
import contextlib
import json
import pathlib
import re
import sys
import tempfile

import yaml

import run

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))
import convert  # noqa: E402
import schema  # noqa: E402
import slapd  # noqa: E402
from slapd import Slapd, Trouble  # noqa: E402

SUFFIX = "DC=contoso,DC=com"

SKIPPED = 77
AS_WRITTEN = ("name", "manifest", "source")  # of a manifest: no DN of the server's
# Of what slapd keeps itself, what it must get back where its content is put back.
OPERATIONAL = ("entryUUID", "pwdAccountLockedTime")
# Cases about the LDIF file itself, which no server holds; and why.
UNLOADABLE = {
    name: "an export that was cut short: a server gives all values of an attribute"
    for name in ("read-incomplete", "read-incomplete-and-blocked",
                 "read-incomplete-of-another-object")}

# Cases that a server holds, and over which something else is right.
NOT_OVER_LDAP = {
    "domain-controller-is-any-text":
        "over LDAP domainController is one of the hosts of the config (host-differs)",
    "forest-not-whole":
        "what an export lacks of a forest is told of the file; a server's part is known by itself",
    "forest-not-whole-but-owned": "as forest-not-whole",
    "relinking-in-a-forest-not-whole": "as forest-not-whole",
}


def alike(text):
    """A text with DNs in it, without what is a matter of taste in a DN."""
    text = re.sub(r"\\(\\|[0-9A-Fa-f]{2})", lambda m: "\\" + (
        chr(int(m.group(1), 16)) if len(m.group(1)) == 2 else "\\"), text)
    return re.sub(r"(?i)(?<![/\w])(cn|ou|dc)=", lambda m: m.group(0).lower(), text)


def alike_bytes(value):
    try:
        return alike(value.decode()).encode()
    except UnicodeDecodeError:
        return value


def canonical(value, invented):
    if isinstance(value, dict):
        return {k: v if k in AS_WRITTEN else canonical(v, invented) for k, v in value.items()
                if k != "digest"}
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


def as_it_is(document, invented):
    """All but the digest, which covers an invented entryUUID, and such a one itself."""
    for guid in invented:
        document = document.replace(f'"{guid}"', "null")
    return [line for line in document.splitlines(True) if '"digest": ' not in line]


def compare(case, text, document, code, invented, lines=comparable):
    expected = case / "expected.json"
    if expected.exists() and not document:
        raise run.Failure(f"there is no plan: {text}")
    want = lines(expected.read_text() if expected.exists() else "", set())
    got = lines(document, invented)
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
        compare(case, *run.plan(case, work), server.invented)


class ServerWorld(run.World):
    """What a plan chose is in the server, not in a file."""

    def __init__(self, work, arguments, server):
        super().__init__(work, arguments)
        self.server = server

    def directory(self):
        ldif = self.server.search(attributes=["*", "entryUUID"], dn=self.server.dn)
        return "\n\n".join(f"dn: {alike(dn)}\n" + "".join(
            convert.line(a, alike_bytes(v)) for a, v in values)
            for dn, values in convert.parse(ldif))

    @contextlib.contextmanager
    def copy(self):
        before = self.server.search(attributes=["*", *OPERATIONAL])
        with super().copy() as other:
            yield other
        self.server.restore(before)


def with_server(work, server):
    """The case's config, asking the server."""
    path = work / "mbxctl.yaml"
    config = yaml.safe_load(path.read_text())
    config["directory"].update(server.config())
    path.write_text(yaml.safe_dump(config, sort_keys=False))


@contextlib.contextmanager
def server_of(text, server):
    """The server, or one whose schema is what the text's attributeSchema entries say."""
    known = {v.decode() for _, values in convert.parse(text) for a, v in values
             if a == "lDAPDisplayName"}
    if not known:
        server.load(text)
        yield server
        return
    text = "\n\n".join(r for r in text.split("\n\n") if "\nlDAPDisplayName:" not in r)
    used = {a for _, values in convert.parse(text) for a, _ in values}
    lacking = {name for name, *_ in schema.of_mbxctl()} & schema.attributes().keys() - known - used
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "exchange.schema")
        path.write_text(schema.without(lacking))
        with Slapd(suffix=SUFFIX, ldif=text, tcp=False, least=True, schema=path) as own:
            yield own


def check_over_ldap(name, server):
    case = run.HERE / name
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        run.lay_out(case, work)
        with server_of((work / "directory.ldif").read_text(), server) as own:
            (work / "directory.ldif").unlink()
            with_server(work, own)
            text, document, code = run.planned_well(case, work)
            compare(case, text, document, code, own.invented, as_it_is)
            if document:
                world = ServerWorld(work, run.arguments(case), own)
                run.applied_well(world, canonical(json.loads(document), set()))


def cases_of(arguments):
    names = run.cases()
    if arguments[:1] == ["--part"]:
        part, of = map(int, arguments[1].split("/"))
        return names[part - 1::of]
    return arguments or names


def one(check, name, server):
    """Does the case go well? One that is on the list and can be loaded does not belong there."""
    if check is check_over_ldap and name in NOT_OVER_LDAP:
        print(f"skip {name}: {NOT_OVER_LDAP[name]}")
        return True
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
    if any(n.startswith("-") for n in names):
        print(__doc__[__doc__.index("usage:"):], file=sys.stderr, end="")
        return 64
    if not slapd.SLAPD:
        print("there is no slapd here")
        return SKIPPED
    slapd.clean_up_when_told_to_end()
    with Slapd(suffix=SUFFIX, tcp=False, least=True) as server:
        failed = sum(not one(check_export if export else check_over_ldap, name, server)
                     for name in names)
    print(f"{len(names)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
