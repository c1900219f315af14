#!/usr/bin/env python3
"""samba.py keeps its word: passwords and Kerberos, the schema that mbxctl knows, two domains side by
side, nothing left behind, and one template however many want it."""
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

import namespace
import samba
import schema
import slapd
import template
from samba import Domain

HERE = pathlib.Path(__file__).resolve().parent
WRONG = 49  # invalidCredentials
NOBODY = 65534
PR_SET_DUMPABLE = 4
PEOPLE = """\
dn: OU=Sales,DC={0},DC=com
objectClass: organizationalUnit

dn: CN=Ada,OU=Sales,DC={0},DC=com
objectClass: user
objectGUID:: 01234567890123456789Ag==
sAMAccountName: ada
userPrincipalName: ada@{0}.com
userAccountControl: 512
manager: CN=Bob,OU=Sales,DC={0},DC=com

dn: CN=Bob,OU=Sales,DC={0},DC=com
objectClass: user
sAMAccountName: bob
userAccountControl: 514
"""
CHANGE = "dn: CN=Ada,OU=Sales,DC=contoso,DC=com\nchangetype: modify\nreplace: title\ntitle: {}\n"
# attributes.h's kinds, and those of attributeSyntax that hold them.
KINDS = {"TEXT": {"2.5.5.2", "2.5.5.4", "2.5.5.11", "2.5.5.12"}, "DN": {"2.5.5.1"},
         "INTEGER": {"2.5.5.9", "2.5.5.16"}, "BOOLEAN": {"2.5.5.8"}, "GUID": {"2.5.5.10"},
         "SID": {"2.5.5.17"}, "OCTETS": {"2.5.5.15"}}
NOT_IN_AD = {"pwdAccountLockedTime"}


def value(entry, attribute):
    return entry[attribute][0].decode()


def accounts_have_their_rights(domain):
    for dn, password, code in ((domain.dn, None, 0), (domain.reader_dn, None, 50),
                               (domain.dn, "wrong", WRONG)):
        done = domain.modify(CHANGE.format("Head"), dn=dn, password=password, check=False)
        assert done.returncode == code, f"{dn}: {done.returncode} {done.stderr}"
    found = domain.entries("(sAMAccountName=ada)", ["title", "manager"])
    assert found == {f"CN=Ada,OU=Sales,{domain.base}": {
        "title": [b"Head"], "manager": [f"CN=Bob,OU=Sales,{domain.base}".encode()]}}, found


def kerberos_works(domain):
    """By the address, with a keytab of mbxctl's account and with one that is made on request."""
    env = dict(os.environ, KRB5_CONFIG=str(domain.krb5_conf),
               KRB5CCNAME=f"FILE:{domain.folder / 'tickets'}")
    domain.give_password(f"CN=Ada,OU=Sales,{domain.base}")
    for principal in (domain.principal, f"ada@{domain.realm}"):
        subprocess.run(["kinit", "-k", "-t", str(domain.keytab(principal)), principal], env=env,
                       check=True, timeout=30)
        found = subprocess.run(
            ["ldapsearch", "-N", "-Y", "GSSAPI", "-LLL", "-H", domain.ldap_uri, "-b", domain.base,
             "(sAMAccountName=bob)", "1.1"], env=env, capture_output=True, text=True, timeout=30)
        assert "SSF: 256" in found.stderr and "dn: CN=Bob," in found.stdout, found


def its_schema_is_what_mbxctl_knows(domain):
    rows = domain.entries("(objectClass=attributeSchema)", base=f"CN=Schema,{domain.configuration}",
                          attributes=["lDAPDisplayName", "attributeSyntax", "isSingleValued"])
    there = {value(e, "lDAPDisplayName"): e for e in rows.values()}
    for name, kind, single in schema.of_mbxctl():
        if name in NOT_IN_AD:
            continue
        assert name in there, f"{name} is not in the schema"
        syntax = value(there[name], "attributeSyntax")
        assert syntax in KINDS[kind], f"{name} has the syntax {syntax}"
        assert value(there[name], "isSingleValued") == single.upper(), (
            f"{name}: isSingleValued is not {single}")
    allowed = domain.entries("(sAMAccountName=ada)", ["allowedAttributes"])
    allowed = {v.decode() for e in allowed.values() for v in e["allowedAttributes"]}
    forbidden = schema.written() - allowed
    assert not forbidden, f"not allowed to a user: {sorted(forbidden)}"
    found = domain.entries("(objectClass=classSchema)", ["lDAPDisplayName"],
                           base=f"CN=Schema,{domain.configuration}")
    classes = {value(e, "lDAPDisplayName").lower() for e in found.values()}
    assert schema.asked_for() <= classes, f"not there: {schema.asked_for() - classes}"


def the_organisation_is_there(domain):
    for name in schema.asked_for() - {"attributeschema"}:
        assert domain.entries(f"(objectClass={name})", base=domain.configuration), f"no {name}"


def it_stops_and_starts(domain):
    domain.stop()
    domain.start()
    domain.modify(CHANGE.format("Chief"))
    domain.kill()
    domain.start()
    domain.freeze()
    with socket.create_connection((domain.address, samba.LDAP), 30) as s:
        s.sendall(slapd.BIND_ANONYMOUSLY)
        s.settimeout(0.5)
        try:
            said = s.recv(64)
        except TimeoutError:
            said = b""
        assert not said, f"frozen, it answers: {said}"
        domain.thaw()
        s.settimeout(30)
        assert s.recv(64), "thawed, it does not answer"
    assert "title: Chief" in domain.search("(sAMAccountName=ada)"), "what was written is lost"


def two_live_side_by_side(contoso):
    with Domain("fabrikam", ldif=PEOPLE.format("fabrikam")) as fabrikam:
        assert fabrikam.address != contoso.address
        for domain in (contoso, fabrikam):
            found = domain.entries("(sAMAccountName=ada)", ["objectSid"])
            assert list(found) == [f"CN=Ada,OU=Sales,{domain.base}"], found
        assert not fabrikam.entries("(lDAPDisplayName=homeMDB)",
                                    base=f"CN=Schema,{fabrikam.configuration}")


def certificates_are_what_they_say(contoso):
    """Of the kinds, the one that Samba must present though it is bad."""
    with Domain("fabrikam", certificate="wrong-host") as domain:
        for uri, cannot in ((contoso.uri, False), (domain.uri, True)):
            folder = (contoso if uri == contoso.uri else domain).folder
            done = subprocess.run(
                ["ldapsearch", "-x", "-H", uri, "-s", "base", "-b", "", "1.1"],
                capture_output=True, timeout=30,
                env=dict(os.environ, LDAPTLS_CACERT=str(folder / "ca.pem"),
                         LDAPTLS_REQCERT="demand"))
            assert bool(done.returncode) == cannot, f"{uri}: {done}"


def nothing_outlives_its_caller():
    for how in (signal.SIGKILL, signal.SIGTERM):
        lab = subprocess.Popen([sys.executable, str(HERE / "samba.py"), "--forest", "fabrikam"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert lab.stdout.readline() == "ok\n"
        lab.stdin.write("tell LAB_LDAP_URI\ntell KRB5_CONFIG\n")
        lab.stdin.flush()
        uri, place = (lab.stdout.readline().split()[1] for _ in range(2))
        lab.send_signal(how)
        lab.wait(30)
        end = time.monotonic() + 10
        while subprocess.run(["ldapsearch", "-x", "-H", uri, "-s", "base", "-b", ""],
                             capture_output=True, timeout=30).returncode == 0:
            assert time.monotonic() < end, f"the Samba of a command that got {how.name} lives on"
        folder = pathlib.Path(place).parent
        if how == signal.SIGKILL:
            subprocess.run(["rm", "-rf", str(folder)], check=True)
        assert not folder.exists(), f"{how.name} leaves {folder}"


def a_template_is_made_once():
    """However many want it at the same time, and again when what it is made from changes."""
    made = []

    def archive(forest, path):
        made.append(path.name)
        time.sleep(0.05)  # in which the others come
        with tarfile.open(path, "w"):
            pass

    real = template.archive, template.kept_in, template.key
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        template.archive, template.kept_in = archive, lambda: place
        try:
            for key in ("a", "b"):
                template.key = lambda forest: key
                each = [threading.Thread(target=template.unpack,
                                         args=(template.FORESTS["contoso"], place / f"{key}{n}"))
                        for n in range(4)]
                for n, thread in enumerate(each):
                    (place / f"{key}{n}").mkdir()
                    thread.start()
                for thread in each:
                    thread.join()
            assert made == ["contoso-a.tar", "contoso-b.tar"], made
            assert [p.name for p in place.glob("*.tar")] == ["contoso-b.tar"]
        finally:
            template.archive, template.kept_in, template.key = real


def as_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # as if this user had begun it
    return (namespace.enter_if_needed(samba.LDAP)
            or namespace.can_bind(namespace.free_address(samba.LDAP), samba.LDAP))


def who_may_not_bind_gets_a_network():
    """As nobody, if we may become him: the port, or a sentence."""
    if os.geteuid() or pathlib.Path("/proc/self/setgroups").read_text() == "deny\n":
        return
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writer, str(as_nobody()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    said = os.read(reader, 1000).decode()
    os.close(reader)
    assert said == "0" or said.startswith("port 389 cannot be bound"), said


def main(arguments):
    cannot = samba.prepare()
    if cannot:
        print(cannot)
        return samba.SKIPPED
    samba.clean_up_when_told_to_end()
    of_a_domain = [accounts_have_their_rights, kerberos_works, its_schema_is_what_mbxctl_knows,
                   the_organisation_is_there, it_stops_and_starts, two_live_side_by_side,
                   certificates_are_what_they_say]
    of_none = [nothing_outlives_its_caller, a_template_is_made_once,
               who_may_not_bind_gets_a_network]
    failed = 0
    with Domain("contoso", ldif=PEOPLE.format("contoso")) as domain:
        for test in [*of_a_domain, *of_none]:
            if arguments and test.__name__ not in arguments:
                continue
            try:
                test(*([domain] if test in of_a_domain else []))
                print(f"ok   {test.__name__}", flush=True)
            except AssertionError as trouble:
                failed += 1
                print(f"FAIL {test.__name__}: {trouble}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
