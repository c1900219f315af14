"""A domain with Exchange's organisation, people who lost their mailboxes, and mbxctl beside it."""
import json
import os
import pathlib
import re
import sys
import uuid

SOURCE = pathlib.Path(os.environ["MBXCTL_SOURCE"])
sys.path[:0] = [str(SOURCE / "tests" / room) for room in ("lab", "slapd", "bench")]
import ad_schema  # noqa: E402,F401
import convert  # noqa: E402
import generate  # noqa: E402
import organisation  # noqa: E402
import samba  # noqa: E402
import slapd  # noqa: E402
from organisation import Failure, Folder, guid_text, must  # noqa: E402,F401
from samba import Domain  # noqa: E402,F401

BASE = organisation.SUFFIX
PEOPLE = f"OU=People,{BASE}"
ORG = f"CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,{BASE}"
GROUP = "/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"
DATABASES = (f"CN=Databases,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),"
             f"CN=Administrative Groups,{ORG}")
SERVER = {"MBXDB01": "EX01", "MBXDB02": "EX02", "MBXResourceDB": "EX01"}
NOW = "20261120090000.0Z"  # organisation.EPOCH
HEAD = "apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections:\n"
# What the directory itself keeps of an entry that is written.
KEPT = {"whenChanged", "uSNChanged", "dSCorePropagationData"}
ACCOUNTS = "CN=Users,DC=fabrikam,DC=com"  # of the other forest
PEOPLES_OU = f"dn: {PEOPLE}\nobjectClass: organizationalUnit\n\n"


def database(name):
    return f"CN={name},{DATABASES}"


def policy(container, name):
    return f"CN={name},CN={container},{ORG}"


def guid(*what):
    """One that is always the same for the same text."""
    return uuid.uuid5(generate.SPACE, " ".join(map(str, what)))


SELF = bytes.fromhex("01010000000000050a000000")


def sd_of(rights):
    """The security descriptor of a mailbox that gives [(rights, SID)]."""
    aces = b"".join(b"\0\2" + (8 + len(sid)).to_bytes(2, "little") + mask.to_bytes(4, "little")
                    + sid for mask, sid in rights)
    acl = (b"\4\0" + (8 + len(aces)).to_bytes(2, "little") + len(rights).to_bytes(2, "little")
           + bytes(2) + aces)
    owner, group, dacl = 20, 32, 44
    return (b"\1\0\4\x80" + owner.to_bytes(4, "little") + group.to_bytes(4, "little") + bytes(4)
            + dacl.to_bytes(4, "little") + 2 * SELF + acl)


def sd(rights, sid=SELF):
    return sd_of([(rights, sid)])


def entry_ldif(dn, **attributes):
    """An LDIF record; a value may be a text, bytes, a number or a list of these."""
    text = convert.line("dn", dn.encode())
    for name, values in attributes.items():
        for v in values if isinstance(values, list) else [values]:
            text += convert.line(name, v if isinstance(v, bytes) else str(v).encode())
    return text + "\n"


def user_ldif(name, sam, enabled=True, ou=PEOPLE, **attributes):
    dn = f"CN={name},{ou}"
    attributes.setdefault("displayName", name)
    return entry_ldif(dn, objectClass="user", sAMAccountName=sam,
                      userAccountControl=512 if enabled else 514, **attributes)


def csv_row(display_name, legacy_dn, mailbox, database_name, archive=False, reason="Disabled",
            date="2026-11-13 18:02:11", detail="UserMailbox"):
    return (f'"{date}","{reason}","{display_name}","{legacy_dn}","{mailbox}","{detail}",'
            f'"{archive}","{database_name}","{SERVER[database_name]}"\n')


def inventory(domain, rows):
    """For `store import`: the sample's databases under the GUIDs that they have here, and rows."""
    databases = organisation.databases()
    for entry in domain.entries("(objectClass=msExchPrivateMDB)", base=ORG).values():
        databases = re.sub(f'("{first(entry, "name")}",)"[-0-9a-f]{{36}}"',
                           rf'\1"{guid_text(entry["objectGUID"][0])}"', databases)
    return [("databases.csv", databases), ("mailboxes.csv", generate.HEADER + "".join(rows))]


def credentials(other, method="simple"):
    """Of a config: how the account forest is reached."""
    config = other.config(method)
    return {"fabrikam": {**config.pop("bind"), **config}}


def linked(other, master):
    """Of a connection."""
    return {"masterAccount": master, "domainController": other.address, "credential": "fabrikam"}


def yaml_flow(fields):
    """JSON is YAML."""
    return json.dumps(fields, ensure_ascii=False)


def first(entry, attribute):
    return entry[attribute][0].decode()


def as_values(value):
    """As Domain.entries() gives them."""
    return sorted(v if isinstance(v, bytes) else str(v).encode()
                  for v in (value if isinstance(value, list) else [value]))


def lists_of(domain, without=()):
    """{DN: the address lists that it is in}: what the domain controller answers to each filter."""
    found = {dn: [] for dn in domain.entries("(objectClass=user)", ["1.1"])}
    for dn, entry in domain.entries("(purportedSearch=*)", ["purportedSearch", "objectClass"],
                                    base=f"CN=Address Lists Container,{ORG}").items():
        text = first(entry, "purportedSearch")
        for who in domain.entries(text, ["1.1"]) if text not in without else ():
            if who in found:
                found[who].append(dn.encode())
    return found


def compare(what, before, after, want):
    """The entry is as it was, but for what is wanted."""
    for attribute in sorted((before.keys() | after.keys() | want.keys()) - KEPT):
        wanted = want.get(attribute, before.get(attribute))
        must(after.get(attribute) == wanted,
             f"{what}: {attribute} is {after.get(attribute)}, not {wanted}")


def by_name(document):
    return {c["name"]: c for c in document["connections"]}


def changed(before, after):
    """The attributes of one entry that differ, but for those that the directory keeps."""
    return {a for a in before.keys() | after.keys() if before.get(a) != after.get(a)} - KEPT


def main(tests, arguments):
    cannot = samba.prepare()
    if not cannot:
        return organisation.run_all(tests, arguments)
    print(cannot)
    return samba.SKIPPED
