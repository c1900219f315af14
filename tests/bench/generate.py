#!/usr/bin/env python3
"""An organisation of any size in a folder: examples/contoso, and N people who lost their mailbox.

usage: generate.py FOLDER CONNECTIONS FILES

Writes mbxctl.yaml, manifests/*.yaml, contoso.ldif, databases.csv and mailboxes.csv. The same
arguments give the same bytes.
"""
import base64
import os
import pathlib
import shutil
import sys
import uuid

EXAMPLE = pathlib.Path(os.environ["MBXCTL_SOURCE"]) / "examples" / "contoso"
SPACE = uuid.UUID("7b3a9f0e-52a4-4c0e-9a53-0d7f2f6f5d11")
HEADER = '"DisconnectDate","DisconnectReason","DisplayName","LegacyDN","MailboxGuid",' \
         '"MailboxTypeDetail","IsArchiveMailbox","DatabaseName","ServerName"\n'
LEGACY = "/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn="


def person(i):
    """One entry as an export of Active Directory has it."""
    name, guid = f"Person {i:06}", uuid.uuid5(SPACE, f"user {i}")
    dn = f"CN={name},OU=Sales,DC=contoso,DC=com"
    sid = (b"\1\5" + (5).to_bytes(6, "big") + b"".join(
        n.to_bytes(4, "little") for n in (21, 2844876644, 1378054179, 3075968081, 100000 + i)))
    return f"""
dn: {dn}
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
cn: {name}
sn: {i:06}
givenName: Person
distinguishedName: {dn}
instanceType: 4
whenCreated: 20180828174531.0Z
displayName: {name}
uSNCreated: {100000 + i}
name: {name}
objectGUID:: {base64.b64encode(guid.bytes_le).decode()}
userAccountControl: 512
countryCode: 0
lastLogon: 134387699232228996
pwdLastSet: 131799519316236227
primaryGroupID: 513
objectSid:: {base64.b64encode(sid).decode()}
accountExpires: 9223372036854775807
sAMAccountName: person{i:06}
sAMAccountType: 805306368
userPrincipalName: person{i:06}@contoso.com
objectCategory: CN=Person,CN=Schema,CN=Configuration,DC=contoso,DC=com
"""


def mailbox(i):
    guid = uuid.uuid5(SPACE, f"mailbox {i}")
    return (f'"2026-11-13 18:02:11","Disabled","Person {i:06}","{LEGACY}{guid.hex}-p{i}","{guid}",'
            f'"UserMailbox","False","MBXDB0{1 + i % 2}","EX01"\n')


def manifest(number, people):
    lines = ["apiVersion: mbxctl/v1\nkind: MailboxConnections\n"
             f"metadata: {{name: part-{number:04}}}\n"
             "defaults:\n  policies: {retention: Corporate 7y}\nconnections:\n"]
    for i in people:
        lines.append(f"  - mailbox: Person {i:06}\n    database: MBXDB0{1 + i % 2}\n"
                     f"    user: person{i:06}@contoso.com\n")
        if i % 10 == 0:
            lines.append(f"    alias: p.{i:06}\n")
    return "".join(lines)


def main(folder, connections, files):
    folder = pathlib.Path(folder)
    (folder / "manifests").mkdir(parents=True)
    config = (EXAMPLE / "mbxctl.yaml").read_text()
    (folder / "mbxctl.yaml").write_text(config + "limits: {changes: 1000000, changesPercent: 100}\n")
    shutil.copy(EXAMPLE / "databases.csv", folder)
    with open(folder / "contoso.ldif", "w", encoding="utf-8") as f:
        f.write((EXAMPLE / "contoso.ldif").read_text(encoding="utf-8"))
        f.writelines(person(i) for i in range(connections))
    with open(folder / "mailboxes.csv", "w", encoding="utf-8") as f:
        f.write(HEADER)
        f.writelines(mailbox(i) for i in range(connections))
    for number in range(files):
        people = range(number * connections // files, (number + 1) * connections // files)
        (folder / "manifests" / f"part-{number:04}.yaml").write_text(manifest(number, people))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
