#!/usr/bin/env python3
"""slapd.py keeps its word: each kind of certificate is what it says, limits limit, and no slapd
outlives whoever started it."""
import os
import pathlib
import signal
import subprocess
import sys
import time

import certificates
import slapd
from slapd import Slapd

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
PEOPLE = "".join(f"dn: CN=P{i},DC=contoso,DC=com\nobjectClass: user\nsAMAccountName: p{i}\n\n"
                 for i in range(20))
TLS = [  # kind of certificate, what ldapsearch says of it: nothing where it is content
    ("good", ""),
    ("unknown-ca", "Can't contact LDAP server"),
    ("wrong-host", "Can't contact LDAP server"),
    ("expired", "Can't contact LDAP server"),
]


def ldapsearch(server, uri, *arguments, dn=None, **environment):
    dn = server.dn if dn is None else dn
    account = ["-D", dn, "-y", str(server.password_file)] if dn else []
    return subprocess.run(
        ["ldapsearch", "-x", "-LLL", "-H", uri, *account, "-b", server.suffix, *arguments],
        capture_output=True, text=True, timeout=30, env=dict(os.environ, **environment))


def certificates_are_what_they_say():
    for kind, said in TLS:
        with Slapd(tls=kind) as server:
            for uri, *starttls in ((server.ldaps_uri,), (server.ldap_uri, "-ZZ")):
                done = ldapsearch(server, uri, *starttls, "-s", "base",
                                  LDAPTLS_CACERT=str(server.ca_file), LDAPTLS_REQCERT="demand")
                wanted = said if said and not starttls else "Connect error" if said else ""
                assert wanted in done.stderr and bool(done.returncode) == bool(said), (
                    f"{kind} over {uri}: {done.returncode} {done.stderr}")


def an_old_server_speaks_tls_1_1():
    with Slapd(tls="tls1.1") as server:
        for version, works in (("1.1", True), ("1.2", False), ("1.3", False)):
            done = subprocess.run(
                ["gnutls-cli", "--x509cafile", str(server.ca_file), "--priority",
                 f"NORMAL:-VERS-ALL:+VERS-TLS{version}", "--port",
                 server.ldaps_uri.rpartition(":")[2], "127.0.0.1"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
            assert (done.returncode == 0) == works, f"TLS {version}: {done.stdout}{done.stderr}"


def a_size_limit_counts_pages_too():
    with Slapd(ldif=PEOPLE, size_limit=10) as server:
        for pages in ((), ("-E", "pr=4/noprompt")):
            done = ldapsearch(server, server.uri, *pages, "(objectClass=user)", "1.1")
            assert done.returncode == 4, f"{pages}: {done.returncode} {done.stderr}"
        root = server.search(filter_text="(objectClass=user)", attributes=["1.1"])
        assert root.count("dn:") == 20, root


def accounts_have_their_rights():
    change = "dn: CN=P1,DC=contoso,DC=com\nchangetype: modify\nadd: mailNickname\nmailNickname: p\n"
    with Slapd(ldif=PEOPLE) as server:
        assert "objectClass" not in ldapsearch(server, server.uri, dn="").stdout, "anonymous reads"
        for dn, code in ((server.reader_dn, 50), (server.dn, 0)):
            done = subprocess.run(
                ["ldapmodify", "-x", "-H", server.uri, "-D", dn, "-y", str(server.password_file)],
                input=change, capture_output=True, text=True, timeout=30)
            assert done.returncode == code, f"{dn}: {done.returncode} {done.stderr}"
            found = ldapsearch(server, server.uri, "(sAMAccountName=p1)", "sn", dn=dn).stdout
            assert "dn: cn=P1," in found and "sn:" not in found, f"{dn} sees {found}"
        who = subprocess.run(["ldapwhoami", "-Q", "-Y", "EXTERNAL", "-H", server.uri],
                             capture_output=True, text=True, timeout=30)
        assert who.stdout.strip() == f"dn:{server.dn}", f"EXTERNAL is {who.stdout}{who.stderr}"


def the_least_is_what_mbxctl_writes():
    """By the access rule of examples/openldap/slapd.conf."""
    with Slapd(ldif=PEOPLE, least=True) as server:
        for change, code in (("P1,DC=contoso,DC=com\nadd: mailNickname\nmailNickname: p", 0),
                             ("P1,DC=contoso,DC=com\nreplace: sAMAccountName\nsAMAccountName: p", 50),
                             ("mbxctl,DC=com\nadd: description\ndescription: p", 50)):
            done = subprocess.run(
                ["ldapmodify", "-x", "-H", server.uri, "-D", server.dn, "-y",
                 str(server.password_file)], capture_output=True, text=True, timeout=30,
                input="dn: CN=" + change.replace("\n", "\nchangetype: modify\n", 1) + "\n")
            assert done.returncode == code, f"{change}: {done.returncode} {done.stderr}"


def an_overlay_is_there():
    unique = 'overlay unique\nunique_uri "serialize ldap:///?mailNickname?sub"'
    change = "dn: CN=P{},DC=contoso,DC=com\nchangetype: modify\nadd: mailNickname\nmailNickname: p\n"
    with Slapd(ldif=PEOPLE, overlays=[unique]) as server:
        for person, code in ((1, 0), (2, 19)):
            done = subprocess.run(
                ["ldapmodify", "-x", "-H", server.uri, "-D", server.dn, "-y",
                 str(server.password_file)], input=change.format(person), capture_output=True,
                text=True, timeout=30)
            assert done.returncode == code, f"P{person}: {done.returncode} {done.stderr}"


def nothing_outlives_its_caller():
    """The command is killed so that it can clean up nothing; its slapd ends all the same."""
    for how in (signal.SIGKILL, signal.SIGTERM):
        lab = subprocess.Popen([sys.executable, str(HERE / "slapd.py"), "--no-tcp"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert lab.stdout.readline() == "ok\n"
        lab.stdin.write("tell LAB_URI\n")
        lab.stdin.flush()
        uri = lab.stdout.readline().split()[1]
        lab.send_signal(how)
        lab.wait(30)
        end = time.monotonic() + 10
        while subprocess.run(["ldapwhoami", "-x", "-H", uri], capture_output=True,
                             timeout=30).returncode == 0:
            assert time.monotonic() < end, f"the slapd of a command that got {how.name} lives on"
        folder = pathlib.Path(uri.removeprefix("ldapi://").replace("%2f", "/")).parent
        if how == signal.SIGKILL:
            subprocess.run(["rm", "-rf", str(folder)], check=True)
        assert not folder.exists(), f"{how.name} leaves {folder}"


def main(arguments):
    if not slapd.SLAPD:
        return SKIPPED
    slapd.clean_up_when_told_to_end()
    tests = [certificates_are_what_they_say, an_old_server_speaks_tls_1_1,
             a_size_limit_counts_pages_too, accounts_have_their_rights,
             the_least_is_what_mbxctl_writes, an_overlay_is_there, nothing_outlives_its_caller]
    failed = 0
    for test in tests:
        if arguments and test.__name__ not in arguments:
            continue
        try:
            test()
            print(f"ok   {test.__name__}")
        except AssertionError as trouble:
            failed += 1
            print(f"FAIL {test.__name__}: {trouble}")
    assert {kind for kind, _ in TLS} == set(certificates.KINDS)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
