#!/usr/bin/env python3
"""LDIF of Active Directory made loadable into slapd with examples/openldap/exchange.schema.

What is changed changes no plan: parents that a file lacks become entries; a class that allows what
an entry has is added; objectGUID becomes entryUUID; a person without the sn that OpenLDAP demands
gets one. What slapd keeps itself or computes (name, distinguishedName) goes.

usage: convert.py [FILE] >LOADABLE      standard input where no file is named

The sn is the last word of the name there; in tests it is a text that slapd.py's access rules show
to nobody but the root.
"""
import base64
import re
import sys
import uuid

NO_SN = "(no sn)"  # never shown: see ACCESS in slapd.py
COMPUTED = {"name", "distinguishedname"}
PEOPLE = {"person", "organizationalperson", "inetorgperson", "user"}
# Of these the classes of the schema are no superiors: what Active Directory keeps on every object
# needs a class of its own.
STANDARD = {"organizationalunit", "domain", "person", "organizationalperson", "inetorgperson"}
OF_EVERY_OBJECT = {
    "objectcategory", "displayname", "description", "instancetype", "whencreated", "whenchanged",
    "usncreated", "usnchanged", "dscorepropagationdata", "systemflags", "msexchversion",
    "objectsid", "msds-behavior-version"}
OF_MAILBOXES = {"msexchmailboxguid", "msexcharchiveguid", "msexchdisabledarchiveguid", "homemdb"}
RESULT_LINES = ("search", "result", "ref", "control")


class Unloadable(Exception):
    """Why no server can hold this."""


class Converted:
    def __init__(self, sn_of):
        self.sn_of = sn_of
        self.ldif = ""
        self.invented = {}  # entryUUID: DN, of entries that came without a GUID


def lines_of(record):
    for line in re.sub("\r?\n ", "", record).splitlines():
        if line and line[0] != "#":
            attribute, colon, value = line.partition(":")
            if not colon:
                raise Unloadable(f"a line without a colon: {line}")
            yield attribute, (base64.b64decode(value[1:]) if value[:1] == ":"
                              else value.lstrip(" ").encode())


def parse(text):
    """[(DN, [(attribute, bytes)])] of content records."""
    entries = []
    for record in re.split("\n(?:\r?\n)+", text.strip("\n") + "\n"):
        lines = [(a, v) for a, v in lines_of(record) if a.lower() != "version"]
        if not lines:
            continue
        if lines[0][0].lower() in RESULT_LINES:
            raise Unloadable("lines of ldapsearch itself")
        if lines[0][0].lower() != "dn":
            raise Unloadable(f"a record that begins with {lines[0][0]}")
        entries.append((lines[0][1].decode(), lines[1:]))
    return entries


def components(dn):
    """The RDNs of a DN as written, the entry's own first."""
    return [re.sub(r"(?<!\\)\s+$", "", c.lstrip()) for c in re.findall(r"(?:\\.|[^,\\])+", dn)]


def unescaped(value):
    out = bytearray()
    for piece in re.findall(r"\\[0-9A-Fa-f]{2}|\\.|[^\\]+", value, re.S):
        if len(piece) == 3 and piece[0] == "\\":
            out.append(int(piece[1:], 16))
        else:
            out += (piece[1:] if piece[0] == "\\" else piece).encode()
    return bytes(out)


def naming(dn):
    """[(attribute, value)] of the RDN."""
    rdn = components(dn)[0]
    pairs = (ava.partition("=") for ava in re.findall(r"(?:\\.|[^+\\])+", rdn))
    # A blank at either end counts where it is escaped, and is cut off where it is not.
    return [(a.strip(), unescaped(re.sub(r"(?<!\\) +$", "", v.lstrip(" ")))) for a, _, v in pairs]


def normal(dn):
    return ",".join(c.lower() for c in components(dn))


def parent(dn):
    return ",".join(components(dn)[1:])


def joined(values):
    """Ranges that a server has given to their end are the attribute's values."""
    ends, found = {}, []
    for attribute, value in values:
        name, _, bounds = attribute.partition(";range=")
        if bounds:
            low, _, high = bounds.partition("-")
            ends.setdefault(name.lower(), set()).add((int(low), high))
        elif not value:
            raise Unloadable(f"{name} without a value")
        if value:
            found.append((name, value))
    for name, ranges in ends.items():
        following = 0
        for low, high in sorted(ranges):
            if low != following:
                raise Unloadable(f"values of {name} are missing")
            following = None if high == "*" else int(high) + 1
        if following is not None:
            raise Unloadable(f"the values of {name} end early")
    return found


def classes_for(dn, classes, has):
    """The classes that an entry needs beside its own."""
    lower = {c.lower() for c in classes}
    more = []
    if not lower - {"top"}:
        kind = naming(dn)[0][0].lower()
        more.append({"dc": "domain", "ou": "organizationalUnit"}.get(kind, "container"))
    if lower & STANDARD and not lower & {"user", "contact", "domaindns"}:
        if lower & PEOPLE:
            more.append("mbxctlMailbox")
        if has & OF_EVERY_OBJECT:
            more.append("adObject")
    elif has & OF_MAILBOXES and "user" not in lower:
        more.append("mbxctlMailbox")
    return more


def last_word(name):
    return name.split()[-1] if name.split() else name


def convert_entry(dn, values, ret):
    values = [(a, v) for a, v in joined(values) if a.lower() not in COMPUTED]
    has = {a.lower() for a, _ in values}
    classes = [v.decode() for a, v in values if a.lower() == "objectclass"]
    more = classes_for(dn, classes, has)
    lower = {c.lower() for c in [*classes, *more]}
    guid = {v for a, v in values if a.lower() == "objectguid"}
    values = [(a, v) for a, v in values if a.lower() != "objectguid"]
    if guid and "entryuuid" not in has:
        identity = str(uuid.UUID(bytes_le=guid.pop()))
    elif "entryuuid" not in has:
        identity = str(uuid.uuid5(uuid.NAMESPACE_X500, normal(dn)))
        ret.invented[identity] = dn
    else:
        identity = None
    if identity:
        values.append(("entryUUID", identity.encode()))
    for attribute, value in naming(dn):
        if not any(a.lower() == attribute.lower() and v.lower() == value.lower() for a, v in values):
            values.append((attribute.lower(), value))
    if lower & (PEOPLE | {"contact", "computer"}):
        if "sn" not in has:
            values.append(("sn", ret.sn_of(naming(dn)[0][1])))
        if "cn" not in {a.lower() for a, _ in values}:
            values.append(("cn", naming(dn)[0][1]))
    values[:0] = [("objectClass", c.encode()) for c in more]
    return values


def line(attribute, value):
    # RFC 2849: what a value may begin with, hold and end with to stand as it is.
    if re.fullmatch(rb"[\x21-\x39\x3b\x3d-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", value):
        return f"{attribute}: {value.decode()}\n"
    return f"{attribute}:: {base64.b64encode(value).decode()}\n"


def convert(text, suffix, sn_of=lambda name: NO_SN.encode()):
    """What is loadable below the suffix, which becomes an entry, too, where it is none."""
    ret = Converted(sn_of)
    entries = {}
    for dn, values in parse(text):
        if not dn:
            raise Unloadable("a root DSE")
        if normal(dn) in entries:
            raise Unloadable(f"{dn} twice")
        if not f",{normal(dn)}".endswith(f",{normal(suffix)}"):
            raise Unloadable(f"{dn} is not below {suffix}")
        entries[normal(dn)] = (dn, convert_entry(dn, values, ret))
    for dn in [suffix, *[d for d, _ in entries.values()]]:
        while len(components(dn)) >= len(components(suffix)):
            if normal(dn) not in entries:
                entries[normal(dn)] = (dn, convert_entry(dn, [], ret))
            dn = parent(dn)
    ret.ldif = "".join(
        line("dn", dn.encode()) + "".join(line(a, v) for a, v in values) + "\n"
        for dn, values in sorted(entries.values(), key=lambda e: len(components(e[0]))))
    return ret


def suffix_of(text):
    """What all entries of a text have in common at their end."""
    common = None
    for dn, _ in parse(text):
        parts = components(dn)[::-1]
        if common is None:
            common = parts
        n = 0
        while n < min(len(common), len(parts)) and common[n].lower() == parts[n].lower():
            n += 1
        common = common[:n]
    return ",".join((common or [])[::-1])


def main(arguments):
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print(__doc__[__doc__.index("usage:"):], file=sys.stderr, end="")
        return 64
    text = open(arguments[0], encoding="utf-8").read() if arguments else sys.stdin.read()
    try:
        sys.stdout.write(convert(text, suffix_of(text), last_word).ldif)
    except Unloadable as reason:
        print(f"convert.py: no server holds this: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
