#!/usr/bin/env python3
"""mbxctl binds by Kerberos: to a domain controller, to two of two forests at a time, for longer than a
ticket lives; what it says where it cannot; and what is seen of it on the way.

usage: kerberos.py DIRECTORIES [TEST...]      DIRECTORIES: the program of directories.c; without a
                                              TEST: all but the one that waits for a ticket to expire
"""
import base64
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import yaml

import forest
import organisation
import slapd
from forest import must
from kerberos_lab import PEOPLE, Lab, with_variables
from proxy import Proxy

TABLE = pathlib.Path(__file__).with_name("kerberos.yaml")
NOBODY = 65534
# Of a ticket that is to expire. In its last two minutes Samba's KDC gives none for it any more.
LIFE = 125
IN_THE_CLEAR = b"supportedSASLMechanisms"  # is asked for before the bind, by anybody

lab = None
directories = None  # the program


# ---- ways to bind --------------------------------------------------------------------------------

def where_tickets_come_from():
    """Whichever way, it is the same directory that is seen; and no file is written to."""
    cache, several = lab.secrets / "mbxctl.cache", lab.secrets / "several"
    several.mkdir(mode=0o700)
    lab.kinit(cache)
    with_variables(lambda: subprocess.run(
        ["kinit", "-k", "-t", str(lab.contoso.keytab("reader@CONTOSO.COM")), "reader@CONTOSO.COM"],
        check=True, timeout=60), KRB5CCNAME=f"DIR:{several}")
    with_variables(lambda: lab.kinit(f"DIR:{several}"), KRB5CCNAME=f"DIR:{several}")
    held = {p: p.read_bytes() for p in (cache, *several.glob("tkt*"), lab.contoso.keytab_file)}
    digests = set()
    for bind, variables in (
            ({**lab.keytab(), "principal": lab.contoso.principal}, {}), (lab.keytab(), {}),
            ({"ccache": str(cache)}, {}),
            ({"ccache": str(cache), "principal": lab.contoso.principal}, {}),
            ({}, {"KRB5CCNAME": f"FILE:{cache}"}),
            ({"principal": lab.contoso.principal}, {"KRB5CCNAME": f"DIR:{several}"}),
            (lab.keytab(), {"KRB5CCNAME": "FILE:/nowhere", "KRB5_KTNAME": "/nowhere"})):
        lab.ask(bind)
        digests.add(with_variables(lab.plan, **variables))
    must(len(digests) == 1, f"not all see the same: {digests}")
    for path, data in held.items():
        must(path.read_bytes() == data, f"{path} was written to")


def passwords_by_other_names_than_a_dn():
    """A simple bind to Active Directory may give a UPN, or an account of a domain."""
    domain = lab.contoso
    for name in (domain.dn, "mbxctl@contoso.com", "CONTOSO\\mbxctl"):
        for uri, mode in ((domain.uri, "ldaps"), (domain.ldap_uri, "starttls")):
            lab.folder.ask({"uri": uri, "tls": {"mode": mode, "caFile": str(domain.ca_file)},
                            "bind": {**domain.bind(), "dn": name}})
            lab.plan()
    lab.folder.ask({"uri": domain.ldap_uri})
    said = lab.folder.expect(69, "plan").stderr
    must("tells little to who is not bound: write directory.bind" in said, said)


def inside_tls():
    """Where the controller takes Kerberos there, it neither signs nor seals besides."""
    domain = lab.contoso
    domain.options.append("ldap server require strong auth = allow_sasl_over_tls")
    domain.stop()
    domain.describe()
    domain.start()
    try:
        for uri, mode in ((domain.uri, "ldaps"), (domain.ldap_uri, "starttls")):
            lab.ask(lab.keytab(), uri, tls={"mode": mode, "caFile": str(domain.ca_file)})
            lab.plan()
    finally:
        domain.options.pop()
        domain.stop()
        domain.describe()
        domain.start()


# ---- on the network ------------------------------------------------------------------------------

def nothing_is_seen_on_the_way():
    """Signed and sealed: names and attributes pass by in no readable form, in either direction."""
    for strip, mechanism in ((False, b"GSS-SPNEGO"), (True, b"GSSAPI")):
        lab.through_proxy(strip)
        lab.plan()
        must(IN_THE_CLEAR.lower() in lab.seen.lower(), "the proxy has seen nothing of what is in the clear")
        must(mechanism in lab.sent, f"there was no bind by {mechanism}")
        for name in (b"Person 000001", b"person000001", b"sAMAccountName", b"msExchMailboxGuid",
                     b"homeMDB"):
            must(not re.search(re.escape(name), lab.seen, re.I),
                 f"{name} was seen, bound by {mechanism}")


def written_by_either_mechanism():
    """Plan, apply, and nothing left to do; then taken back for the other one."""
    for strip in (False, True):
        lab.through_proxy(strip)
        store = lab.folder.store.read_bytes()
        before = lab.contoso.entries("(displayName=Person *)")
        lab.plan()
        document = yaml.safe_load(lab.folder.expect(0, "apply", "--yes", "-o", "json").stdout)
        must(document["summary"]["applied"] == PEOPLE, f"{document['summary']}")
        again = lab.folder.plan((0,))["summary"]
        must(again["none"] == PEOPLE, f"a second plan: {again}")
        for dn, entry in lab.contoso.entries("(displayName=Person *)").items():
            must("msExchMailboxGuid" in entry, f"{dn} has no mailbox")
            lab.contoso.modify(f"dn: {dn}\nchangetype: modify\n" + "-\n".join(
                f"replace: {a}\n" + "".join(forest.convert.line(a, v) for v in before[dn].get(a, []))
                for a in sorted(forest.changed(before[dn], entry))))
        lab.folder.store.write_bytes(store)


def weakness_is_refused():
    """A server that signs at most, or not even that. One that seals is bound to: it is slapd, which
    knows whom the KDC vouches for."""
    dn = lab.account("ldapd")
    lab.service_names(dn, "ldap/localhost")
    keytab = lab.secrets / "ldapd-service.keytab"
    forest.samba.template.export_keytab(lab.contoso.conf, "ldap/localhost", keytab)
    must_be = "authz-regexp \"^uid=mbxctl,.*cn=gss[^,]*,cn=auth$\" \"cn=mbxctl," + forest.BASE + "\"\n"
    for strength, sealed in ((256, True), (1, False), (0, False)):
        before = f"sasl-host localhost\nsasl-secprops none,maxssf={strength}\n{must_be}"
        with_variables(lambda: weak(strength, sealed, before), KRB5_KTNAME=keytab)


def weak(strength, sealed, before):
    with organisation.Server(lab.people, before=before) as server:
        controller, lab.upstream = lab.upstream, int(server.ldap_uri.rpartition(":")[2])
        lab.through_proxy(strip=True, host="localhost")  # with GSS-SPNEGO it would have no say
        try:
            done = lab.folder.run("plan")
        finally:
            lab.upstream = controller
        if sealed:
            must(done.returncode == 3 and "3 blocked" in done.stdout, f"{done}")
            return
        said = done.stderr
        must("does not encrypt by Kerberos with the strength of 56 or more" in said,
             f"maxssf={strength}: {said}")


# ---- what goes wrong -----------------------------------------------------------------------------

def filled(text, names):
    return re.sub(r"<(\w+)>", lambda m: str(names[m[1]]), text)


def refused(row, names):
    bind = {k: str(lab.secrets / v) if k in ("keytab", "ccache") else v
            for k, v in row.get("bind", {}).items()}
    uri = filled(row.get("uri", lab.contoso.ldap_uri), names)
    more = {"tls": {"mode": "starttls", "caFile": str(lab.contoso.ca_file)}} if "tls" in row else {}
    lab.ask(bind, uri, **more)
    variables = {k: filled(v, names) for k, v in row.get("env", {}).items()}
    if "krb5" in row:
        variables["KRB5_CONFIG"] = names[row["krb5"]]
    done = with_variables(lambda: lab.folder.expect(row.get("exit", 69), "plan"), **variables)
    at = uri if re.search(r":\d+$", uri) else f"{uri}:389"
    text = filled(row["says"], names)
    text = (f"{at}: {text}" if text.startswith("Kerberos")
            else f"{at} {text}" if text.startswith("refused") else text)
    must(done.stderr == f"mbxctl: {text}\n", f"{row['case']}: {done.stderr}\nexpected: {text}")


def every_error_says_what_to_do():
    lab.make_accounts()
    nowhere = lab.secrets / "nowhere.conf"
    nowhere.write_text("[libdefaults]\n\tdns_lookup_kdc = false\n\tdns_lookup_realm = false\n")
    names = {"folder": lab.secrets, "other": f"ldap://127.1:{lab.proxy.port}", "nowhere": nowhere,
             "closed": lab.krb5_conf("closed.conf", address="127.0.0.1:1")}
    rows, failures = yaml.safe_load(TABLE.read_text(encoding="utf-8")), []
    for row in rows:
        try:
            refused(row, names)
        except forest.Failure as failure:
            failures.append(str(failure))
    must(not failures, "\n".join(failures))
    return f"{len(rows)} cases"


def a_wrong_key_is_tried_once():
    """At each controller of the list it would be another step towards an account that is locked."""
    lab.seen = b""
    lab.ask({"keytab": str(lab.secrets / "changed.keytab")},
            uri=[lab.contoso.ldap_uri, f"ldap://127.0.0.1:{lab.proxy.port}"])
    said = lab.folder.expect(69, "plan").stderr
    must(said.count("does not take the key") == 1 and not lab.seen, said)


def a_controller_that_hangs():
    """It accepts, as LDAP server and as KDC, and answers nothing: no longer than the timeout."""
    lab.folder.ask({**lab.contoso.config("gssapi"), "timeout": "2s"})
    lab.contoso.freeze()
    try:
        began = time.monotonic()
        said = lab.folder.expect(69, "plan").stderr
        took = time.monotonic() - began
    finally:
        lab.contoso.thaw()
    must("the KDC of CONTOSO.COM did not answer within 2 s" in said, said)
    must(took < 10, f"it took {took:.1f} s")


# ---- what nobody may see -------------------------------------------------------------------------

def keys():
    """Those of the keytab, in the forms in which they could stand somewhere."""
    listed = subprocess.run(["klist", "-k", "-K", str(lab.contoso.keytab_file)], capture_output=True,
                            text=True, check=True, timeout=30).stdout
    found = [bytes.fromhex(h) for h in re.findall(r"\(0x([0-9a-f]+)\)", listed)]
    must(len(found) >= 3, listed)
    return [form for key in found for form in (
        key, key.hex().encode(), key.hex().upper().encode(), base64.b64encode(key).rstrip(b"="))]


def no_key_is_shown():
    lab.ask(lab.keytab())
    store = lab.folder.store.read_bytes()
    said = b""
    for form in ("text", "json", "ndjson", "ldif", "powershell", "markdown"):
        done = lab.folder.expect(0, "plan", "--verbose", "-o", form)
        said += (done.stdout + done.stderr).encode()
    lab.folder.expect(0, "plan", "--save", "saved.plan", "-o", "json=plan.json")
    lab.ask({"keytab": str(lab.contoso.keytab_file), "principal": "nobody@CONTOSO.COM"})
    said += lab.folder.expect(69, "plan", "--verbose").stderr.encode()
    for path in lab.folder.path.rglob("*"):
        said += path.read_bytes() if path.is_file() else b""
    must(not any(key in said for key in keys()), "a key is shown, or in a file")
    lab.folder.store.write_bytes(store)


def nobody_looks_into_the_process():
    """While it waits for a KDC, as somebody who is not root: no core, and /proc is closed."""
    if pathlib.Path("/proc/self/setgroups").read_text() == "deny\n":
        return "not looked at: in a network of its own nobody else can be become"
    folder = lab.folder.path
    program, keytab = folder / "program", folder / "own.keytab"
    shutil.copy(organisation.MBXCTL, program)
    slapd.secret(keytab, "").write_bytes(lab.contoso.keytab_file.read_bytes())
    conf = shutil.copy(os.environ["KRB5_CONFIG"], folder / "krb5.conf")
    lab.folder.ask({**lab.contoso.config("gssapi"), "timeout": "20s",
                    "bind": {"method": "gssapi", "keytab": str(keytab)}})
    who = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
    for path in [folder, *folder.rglob("*")] if who else []:
        os.chown(path, NOBODY, NOBODY)
    lab.contoso.freeze()
    process = subprocess.Popen([program, "plan"], cwd=folder, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**organisation.environment(),
                                                               "KRB5_CONFIG": str(conf)}, **who)
    try:
        end = time.monotonic() + 15
        # Of a process that may not be dumped these are root's (proc(5)).
        while os.stat(f"/proc/{process.pid}/environ").st_uid or not waits_for_kdc():
            must(process.poll() is None, "it ended")
            must(time.monotonic() < end, "it is dumpable, or asks no KDC")
            time.sleep(0.02)
        limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
        line = next(t for t in limits.splitlines() if t.startswith("Max core file size"))
        must(line.split()[4:6] == ["0", "0"], line)
    finally:
        lab.contoso.thaw()
        process.kill()
        process.wait(30)


def waits_for_kdc():
    """Is there an open connection to port 88 of the domain controller?"""
    at = "".join(f"{int(n):02X}" for n in reversed(lab.contoso.address.split("."))) + ":0058"
    return any(line.split()[2] == at
               for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:])


# ---- several, and for long -----------------------------------------------------------------------

class Directories:
    """directories.c, with both forests open."""

    def __init__(self, **variables):
        self.process = subprocess.Popen([directories], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env={**os.environ, **variables})

    def say(self, request):
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def ok(self, request, answer="ok"):
        said = self.say(request)
        must(said == answer, f"{request}: {said}")

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.process.stdin.close()
        self.process.wait(30)


def two_forests_in_one_process():
    """As another account in each, alternately and at the same time."""
    both = (lab.contoso, lab.fabrikam)
    with Directories() as d:
        for domain in both:
            d.ok(f"open {domain.realm} {domain.ldap_uri} {domain.keytab_file}")
        for _ in range(3):
            for domain in both:
                d.ok(f"begin {domain.realm}")
            for domain in both:
                upn = domain.principal.lower()
                d.ok(f"fetch {domain.realm} upn {upn}", f"upn {upn}: {domain.dn}")
            for domain in both:
                d.ok(f"end {domain.realm}")
        d.ok("together 40")


def longer_than_a_ticket_lives():
    """Neither a pass in the middle of which it expires fails, nor one that begins later, nor one to
    which no KDC gives a ticket while the old one lives."""
    key = f"upn {lab.contoso.principal.lower()}"
    kdc = Proxy(lambda: (lab.contoso.address, 88))
    conf = lab.krb5_conf("short.conf", f"\tticket_lifetime = {LIFE}s", f"127.0.0.1:{kdc.port}")
    with kdc, Directories(KRB5_CONFIG=str(conf)) as d:
        for name in ("in-a-pass", "between-passes"):
            d.ok(f"open {name} {lab.contoso.ldap_uri} {lab.contoso.keytab_file}")
            d.ok(f"begin {name}")
            d.ok(f"fetch {name} {key}", f"{key}: {lab.contoso.dn}")
        d.ok("end between-passes")
        began = time.monotonic()
        time.sleep(0.6 * LIFE)
        kdc.strike("refused")
        d.ok(f"fetch in-a-pass {key}", f"{key}: {lab.contoso.dn}")
        kdc.heal()
        # It is the controller's clock that ends the connections.
        time.sleep(began + LIFE + 2 - time.monotonic())
        d.ok(f"fetch in-a-pass {key}", f"{key}: {lab.contoso.dn}")
        d.ok("begin between-passes")
        d.ok(f"fetch between-passes {key}", f"{key}: {lab.contoso.dn}")


if __name__ == "__main__":
    directories = sys.argv[1]
    TESTS = [where_tickets_come_from, passwords_by_other_names_than_a_dn, nothing_is_seen_on_the_way,
             written_by_either_mechanism, weakness_is_refused, every_error_says_what_to_do,
             a_wrong_key_is_tried_once, a_controller_that_hangs, two_forests_in_one_process,
             no_key_is_shown, nobody_looks_into_the_process, inside_tls]
    LONG = [longer_than_a_ticket_lives]

    def within_the_lab(test):
        def run():
            global lab
            lab = lab or Lab()
            return test()
        run.__name__ = test.__name__
        return run

    if not shutil.which("kinit"):
        print("there is no kinit here: apt-get install krb5-user libsasl2-modules-gssapi-mit")
        sys.exit(forest.samba.SKIPPED)
    try:
        NAMED = [t for t in TESTS + LONG if t.__name__ in sys.argv[2:]]
        CODE = forest.main([within_the_lab(t) for t in NAMED or TESTS], [])
    finally:
        if lab:
            lab.close()
    sys.exit(CODE)
