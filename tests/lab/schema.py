#!/usr/bin/env python3
"""examples/openldap/exchange.schema, as cn=config wants it and as mbxctl's own table has it.

usage: schema.py --update   makes exchange.ldif from exchange.schema
       schema.py            checks that exchange.ldif is what --update would make, that every
                            attribute of reconcile/attributes.h is defined as it is compared there,
                            and so is every class that is asked for, that slapd loads both files and
                            the example slapd.conf, and that its service account may write all that
                            the golden cases write
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FOLDER = SOURCE / "examples" / "openldap"
SCHEMA = FOLDER / "exchange.schema"
LDIF = FOLDER / "exchange.ldif"
BEFORE = ("core", "cosine", "inetorgperson")
INSTALLED = pathlib.Path("/etc/ldap/schema")
# Defined by OpenLDAP: core and inetorgperson allow several values of most, ppolicy is a module.
ELSEWHERE = {"cn", "name", "displayName", "mail", "givenName", "initials", "sn",
             "pwdAccountLockedTime"}
RULES = {
    "TEXT": ("caseIgnoreMatch", "1.3.6.1.4.1.1466.115.121.1.15"),
    "DN": ("distinguishedNameMatch", "1.3.6.1.4.1.1466.115.121.1.12"),
    "INTEGER": ("integerMatch", "1.3.6.1.4.1.1466.115.121.1.27"),
    "BOOLEAN": ("booleanMatch", "1.3.6.1.4.1.1466.115.121.1.7"),
    "GUID": ("octetStringMatch", "1.3.6.1.4.1.1466.115.121.1.40"),
    "SID": ("octetStringMatch", "1.3.6.1.4.1.1466.115.121.1.40"),
    "OCTETS": ("octetStringMatch", "1.3.6.1.4.1.1466.115.121.1.40"),
}
# A text to mbxctl, a time or an OID to the directory.
SPECIAL = {
    "msExchWhenMailboxCreated": ("generalizedTimeMatch", "1.3.6.1.4.1.1466.115.121.1.24"),
    "attributeSyntax": ("objectIdentifierMatch", "1.3.6.1.4.1.1466.115.121.1.38"),
}
KINDS = (("objectidentifier", "olcObjectIdentifier"), ("attributetype", "olcAttributeTypes"),
         ("objectclass", "olcObjectClasses"))


def definitions():
    """[(keyword, text)] of exchange.schema, a definition one line."""
    found = []
    for line in SCHEMA.read_text().splitlines():
        if line[:1].isspace():
            found[-1][1] += " " + line.strip()
        elif line and line[0] != "#":
            keyword, text = line.split(None, 1)
            found.append([keyword, text])
    return [(k, re.sub(r"\s+", " ", t)) for k, t in found]


def attributes():
    """{name: (equality rule, has a substring rule, syntax, single-valued)}"""
    found = {}
    for keyword, text in definitions():
        if keyword == "attributetype":
            def after(word):
                m = re.search(word + r" (\S+)", text)
                return m and m.group(1).strip("'")
            found[after("NAME")] = (after("EQUALITY"), after("SUBSTR") is not None,
                                    after("SYNTAX"), "SINGLE-VALUE" in text)
    return found


def without(names):
    """exchange.schema but for these attributes."""
    def kept(allowed):
        words = [w for w in re.split(r"[ $()]+", allowed.group(2)) if w and w not in names]
        return f"{allowed.group(1)} ( {' $ '.join(words)} )" if words else ""

    text = ""
    for keyword, definition in definitions():
        if keyword == "objectclass":
            definition = re.sub(r"(MUST|MAY) (\( [^)]* \)|\w+)", kept, definition)
        if keyword != "attributetype" or re.search(r"NAME '(\S+)'", definition)[1] not in names:
            text += f"{keyword} {definition}\n"
    return text


def folded(line):
    """An LDIF line, 78 columns at most."""
    pieces = [line[:78]] + [" " + line[i:i + 77] for i in range(78, len(line), 77)]
    return "\n".join(pieces) + "\n"


def as_ldif():
    head = ("# exchange.schema for cn=config, made from it by tests/lab/schema.py --update:\n"
            "#   ldapadd -Y EXTERNAL -H ldapi:/// -f exchange.ldif\n"
            "dn: cn=exchange,cn=schema,cn=config\nobjectClass: olcSchemaConfig\ncn: exchange\n")
    return head + "".join(folded(f"{attribute}: {text}") for keyword, attribute in KINDS
                          for k, text in definitions() if k == keyword)


def of_mbxctl():
    """The rows of reconcile/attributes.h."""
    text = (SOURCE / "reconcile" / "attributes.h").read_text()
    return re.findall(r'X\(\w+, "([\w-]+)", (\w+), (true|false)\)', text)


def check_attributes():
    ours = attributes()
    rows = of_mbxctl()
    assert len(rows) > 50, "reconcile/attributes.h is not read as it should be"
    for name, syntax, single in rows:
        if name in ELSEWHERE:
            assert name not in ours, f"{name} is OpenLDAP's own and must not be defined again"
            continue
        assert name in ours, f"exchange.schema lacks {name}"
        equality, substrings, oid, only_one = ours[name]
        want = SPECIAL.get(name, RULES[syntax])
        assert (equality, oid) == want, f"{name}: {equality} {oid}, not {want}"
        assert substrings == (want == RULES["TEXT"]), f"{name}: a substring rule is for texts"
        assert only_one == (single == "true"), f"{name}: single-valued is {only_one}"
    for name, (equality, *_) in ours.items():
        assert equality, f"{name} has no equality rule"
    assert "objectGUID" not in ours, "entryUUID stands for objectGUID"


def asked_for():
    """Every class that mbxctl asks for, in lower case."""
    text = (SOURCE / "reconcile" / "writes.c").read_text()
    asked = {c.lower() for c in re.findall(r'\[CLASS_\w+\] = \{ "(\w+)"', text)}
    assert len(asked) > 10, "reconcile/writes.c is not read as it should be"
    return asked


def check_classes():
    asked = asked_for()
    ours = {m.lower() for k, t in definitions() if k == "objectclass"
            for m in re.findall(r"NAME '(\w+)'", t)}
    assert asked <= ours, f"exchange.schema lacks the classes {sorted(asked - ours)}"


def slaptest(*arguments):
    done = subprocess.run(["slaptest", "-u", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"slaptest {arguments}: {done.stderr}"


def check_loading():
    with tempfile.TemporaryDirectory() as folder:
        conf = pathlib.Path(folder, "slapd.conf")
        conf.write_text("".join(f"include {INSTALLED / name}.schema\n" for name in BEFORE)
                        + f"include {SCHEMA}\n")
        slaptest("-f", str(conf))
        config = pathlib.Path(folder, "slapd.d")
        config.mkdir()
        parts = ["dn: cn=config\nobjectClass: olcGlobal\ncn: config\n",
                 "dn: cn=schema,cn=config\nobjectClass: olcSchemaConfig\ncn: schema\n"]
        parts += [(INSTALLED / f"{name}.ldif").read_text() for name in BEFORE]
        everything = pathlib.Path(folder, "config.ldif")
        everything.write_text("\n\n".join(p.strip() for p in [*parts, LDIF.read_text()]) + "\n")
        done = subprocess.run(["slapadd", "-n", "0", "-F", str(config), "-l", str(everything)],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"slapadd of exchange.ldif: {done.stderr}"


def written():
    """What the golden cases write into a directory."""
    changes = [change for path in (SOURCE / "tests" / "cases").glob("*/expected.json")
               for connection in json.loads(path.read_text())["connections"]
               for change in connection["changes"]]
    return {c["attribute"] for c in changes if c["target"] == "directory"}


def check_example():
    text = (FOLDER / "slapd.conf").read_text()
    with tempfile.TemporaryDirectory() as folder:
        conf = pathlib.Path(folder, "slapd.conf")
        conf.write_text(re.sub(r"(?m)^(directory) .*", rf"\1 {folder}",
                               text.replace(str(INSTALLED / "exchange.schema"), str(SCHEMA))))
        slaptest("-f", str(conf))
    rule = re.search(r"^access to filter=\S+ attrs=(\S+)", text, re.M)
    allowed, wanted = set(rule[1].split(",")), written()
    assert len(wanted) > 30, "the golden cases are not read as they should be"
    assert allowed == wanted, f"slapd.conf: the rights differ in {sorted(allowed ^ wanted)}"


def main(arguments):
    if arguments == ["--update"]:
        LDIF.write_text(as_ldif())
        return 0
    if arguments:
        print(__doc__[__doc__.index("usage:"):], file=sys.stderr, end="")
        return 64
    try:
        assert LDIF.read_text() == as_ldif(), "exchange.ldif is old: tests/lab/schema.py --update"
        check_attributes()
        check_classes()
        check_loading()
        check_example()
    except AssertionError as trouble:
        print(f"FAIL {trouble}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
