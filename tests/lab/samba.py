#!/usr/bin/env python3
"""A private Active Directory for tests: Samba, in a folder of its own, on a loopback address of its
own, gone with whoever started it.

As a module:

    with Domain("contoso", ldif=text) as domain:
        domain.config(), domain.entries("(sAMAccountName=jevans)"), domain.modify(ldif)

As a command:

usage: samba.py [OPTION...] [-- COMMAND [ARGUMENT...]]

Runs the command with LAB_URI, LAB_LDAP_URI, LAB_GC_URI, LAB_ADDRESS, LAB_BASE, LAB_DN,
LAB_PASSWORD_FILE, LAB_CA_FILE, LAB_ADMIN_DN, LAB_ADMIN_PASSWORD_FILE, LAB_PRINCIPAL, LAB_KEYTAB and
KRB5_CONFIG in its environment, and ends with its exit status. Without a command it says `ok` when
all is ready, answers requests, one a line, with `ok` or `error: ...`, and ends with its standard
input. Requests: `tell LAB_URI` (or another of these; the answer is `ok` and the value), `load FILE`
(adds what a text of LDIF holds, as loadable.py takes it), `stop`, `start`, `freeze`, `thaw`.

Samba cannot move its LDAP ports, so every domain has an address of its own. Who may not bind port
389 gets a network of his own from prepare(), which a test calls before anything else.
"""
import argparse
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import certificates
import convert
import loadable
import namespace
import slapd
import template
from slapd import BIND_ANONYMOUSLY, SECONDS, Trouble, clean_up_when_told_to_end, die_with_parent

LDAP, LDAPS, GC_LDAPS, KERBEROS = 389, 636, 3269, 88
SERVICES = "ldap, cldap, kdc"
SKIPPED = 77


def prepare():
    """For a test to begin with. None: Samba can run here; else a sentence that says why not."""
    if not template.SAMBA:
        return ("there is no Samba that can be a domain controller here: apt-get install "
                "samba-ad-dc samba-ad-provision ldb-tools")
    return namespace.enter_if_needed(LDAP)


class Domain:
    """forest: of template.FORESTS: "contoso" with Exchange's schema and an organisation, without
      people, or "fabrikam", a forest of accounts alone
    folder: where it lives (default: a new one, removed at the end)
    ldif: what is in it besides, as loadable.py takes it
    address: of 127.0.0.0/8; default: one that nobody else has
    model: "single", one process; "prefork", Samba's default: several, which work at once
    options: more lines of smb.conf's [global]; sync: every write reaches the disk
    certificate: a kind of certificates.KINDS
    """

    def __init__(self, forest="contoso", folder=None, ldif=None, *, address=None, model="single",
                 options=(), sync=False, certificate="good"):
        self.process, self.frozen, self.known = None, False, False
        self.forest = template.FORESTS[forest]
        self.made = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="mbxctl-samba-"))
        self.folder.mkdir(exist_ok=True)
        self.ldif, self.model, self.certificate = ldif, model, certificate
        self.options = [*options, *([] if sync else ["ldb:nosync = true"])]
        try:
            template.unpack(self.forest, self.folder)
            self.address = address or namespace.free_address(LDAP)
            self.describe()
        except BaseException:
            self.close()
            raise

    def describe(self):
        """All names and places, and the files that hold them."""
        forest = self.forest
        self.base, self.realm, self.host = forest.base, forest.realm, forest.host
        self.configuration = f"CN=Configuration,{self.base}"
        self.uri = f"ldaps://{self.address}"
        self.ldap_uri = f"ldap://{self.address}"
        self.gc_uri = f"ldaps://{self.address}:{GC_LDAPS}"
        self.dn = f"CN={template.SERVICE},CN=Users,{self.base}"
        self.reader_dn = f"CN={template.READER},CN=Users,{self.base}"
        self.admin_dn = f"CN=Administrator,CN=Users,{self.base}"
        self.principal = f"{template.SERVICE}@{self.realm}"
        self.keytab_file = self.folder / "mbxctl.keytab"
        self.password_file = slapd.secret(self.folder / "password", template.PASSWORD)
        self.admin_password_file = slapd.secret(self.folder / "admin-password", template.PASSWORD)
        made = certificates.make(self.folder, self.certificate, [self.address],
                                 [self.host, forest.name])
        self.ca_file = made.trusted
        self.conf, self.krb5_conf = self.folder / "smb.conf", self.folder / "krb5.conf"
        self.conf.write_text(template.smb_conf(
            forest, self.folder, self.address, SERVICES,
            [f"tls cafile = {made.ca}", f"tls certfile = {made.certificate}",
             f"tls keyfile = {made.key}", *self.options]))
        self.krb5_conf.write_text(template.krb5_conf(forest, self.address))

    # ---- what is in it ------------------------------------------------------------------------

    def client(self, program, *arguments, dn=None, password=None, stdin=None, check=True,
               timeout=SECONDS):
        """One of OpenLDAP's programs, as Administrator or as another account of this lab."""
        secret = ["-w", password] if password else ["-y", str(self.password_file)]
        done = subprocess.run(
            [program, "-x", "-H", self.uri, "-D", dn or self.admin_dn, *secret, *arguments],
            input=stdin, capture_output=True, text=True, timeout=timeout,
            env=dict(os.environ, LDAPTLS_CACERT=str(self.folder / "ca.pem"),
                     LDAPTLS_REQCERT="demand" if self.certificate == "good" else "never"))
        if check and done.returncode:
            raise Trouble(f"{program}: {done.stderr}{done.stdout[-500:]}")
        return done

    def search(self, filter_text="(objectClass=*)", attributes=(), base=None, scope="sub"):
        """The LDIF that ldapsearch prints."""
        return self.client("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", base or self.base,
                           "-s", scope, filter_text, *attributes).stdout

    def entries(self, *arguments, **how):
        """{DN: {attribute: values as bytes, in an order of their own}} of a search."""
        found = {}
        for dn, values in convert.parse(self.search(*arguments, **how)):
            entry = found.setdefault(dn, {})
            for attribute, value in values:
                entry.setdefault(attribute, []).append(value)
        return {dn: {a: sorted(v) for a, v in entry.items()} for dn, entry in found.items()}

    def modify(self, ldif, *arguments, **how):
        """By change records; with "-a" as argument, content records add."""
        return self.client("ldapmodify", *arguments, stdin=ldif, **how)

    def load(self, ldif):
        """Adds what a text of LDIF holds and is not there, as loadable.py takes it."""
        there = set()
        for base in (self.base, f"CN=Services,{self.configuration}",
                     f"CN=Partitions,{self.configuration}"):
            there |= {convert.normal(dn) for dn in self.entries(attributes=["1.1"], base=base)}
        self.modify(loadable.loadable(ldif, {*there, convert.normal(self.configuration)}), "-a",
                    timeout=10 * SECONDS)

    def give_password(self, dn):
        """To an account, which has none when it is loaded."""
        secret = f'"{template.PASSWORD}"'.encode("utf-16-le")
        self.modify(convert.line("dn", dn.encode()) + "changetype: modify\nreplace: unicodePwd\n"
                    + convert.line("unicodePwd", secret))

    def modify_stopped(self, ldif):
        """What no client may change, the schema among it; while the domain is stopped."""
        template.ldbmodify(self.folder, self.conf, ldif)

    def export(self):
        """What an administrator exports for `ldif:`: people and configuration, by ldapsearch."""
        return "\n".join([self.search(), self.search(base=self.configuration), self.search(
            "(objectClass=attributeSchema)", base=f"CN=Schema,{self.configuration}")])

    def keytab(self, principal=None):
        """A file with the keys of an account, default: mbxctl's."""
        if principal in (None, self.principal):
            return self.keytab_file
        path = self.folder / f"{principal.split('@')[0].replace('/', '-')}.keytab"
        template.export_keytab(self.conf, principal, path)
        path.chmod(0o600)
        return path

    # ---- its life -----------------------------------------------------------------------------

    def start(self):
        with open(self.folder / "log" / "stdout", "ab") as log:
            # A session of its own: at its end Samba sends a signal to all of its process group.
            self.process = subprocess.Popen(
                [template.SAMBA, "-F", "-M", self.model, "-s", str(self.conf)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent)
        self.wait_until_it_answers()
        if not self.known:
            self.make_known()
            self.known = True
        return self

    def make_known(self):
        """Under the address, to Kerberos, and with what the test wants in it."""
        self.modify(f"dn: CN={self.forest.host.split('.')[0].upper()},OU=Domain Controllers,"
                    f"{self.base}\nchangetype: modify\nadd: servicePrincipalName\n"
                    f"servicePrincipalName: ldap/{self.address}\n")
        if self.ldif:
            self.load(self.ldif)

    def wait_until_it_answers(self):
        end = time.monotonic() + 3 * SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                self.process = None
                raise Trouble(f"samba ended at once: {self.log()[-1500:]}")
            try:
                for port in (LDAPS, GC_LDAPS, KERBEROS):
                    socket.create_connection((self.address, port), SECONDS).close()
                with socket.create_connection((self.address, LDAP), SECONDS) as s:
                    s.sendall(BIND_ANONYMOUSLY)
                    if s.recv(64):
                        return
            except OSError:
                pass
            time.sleep(0.01)
        raise Trouble(f"samba does not answer: {self.log()[-1500:]}")

    def log(self):
        return "".join(p.read_text(errors="replace") for p in (self.folder / "log").glob("*"))

    def stop(self):
        """As an administrator would."""
        self.end(signal.SIGTERM)

    def kill(self):
        self.end(signal.SIGKILL)

    def end(self, how):
        if not self.process:
            return
        self.thaw()
        os.killpg(self.process.pid, how)
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(SECONDS)
        self.process = None

    def freeze(self):
        """It is there and does not answer, from the return of this on."""
        if not self.frozen:
            os.killpg(self.process.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)
            self.frozen = True

    def thaw(self):
        if self.frozen:
            os.killpg(self.process.pid, signal.SIGCONT)
            self.frozen = False

    def close(self):
        self.kill()
        if self.made:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *ignored):
        self.close()

    # ---- how mbxctl is told of it -------------------------------------------------------------

    def bind(self, method="simple"):
        """The `bind` of a config, or a credential."""
        if method == "gssapi":
            return {"method": "gssapi", "keytab": str(self.keytab_file),
                    "principal": self.principal}
        return {"method": "simple", "dn": self.dn, "passwordFile": str(self.password_file)}

    def config(self, method="simple"):
        """The `directory` of a config: LDAPS and a password, or LDAP, signed and sealed."""
        if method == "gssapi":
            return {"uri": self.ldap_uri, "bind": self.bind(method)}
        return {"uri": self.uri, "bind": self.bind(method),
                "tls": {"mode": "ldaps", "caFile": str(self.ca_file)}}

    def environment(self):
        known = {"LAB_URI": self.uri, "LAB_LDAP_URI": self.ldap_uri, "LAB_GC_URI": self.gc_uri,
                 "LAB_ADDRESS": self.address, "LAB_BASE": self.base, "LAB_DN": self.dn,
                 "LAB_PASSWORD_FILE": self.password_file, "LAB_CA_FILE": self.ca_file,
                 "LAB_ADMIN_DN": self.admin_dn,
                 "LAB_ADMIN_PASSWORD_FILE": self.admin_password_file,
                 "LAB_PRINCIPAL": self.principal, "LAB_KEYTAB": self.keytab_file,
                 "KRB5_CONFIG": self.krb5_conf}
        return {k: str(v) for k, v in known.items()}


# ---- the command -------------------------------------------------------------------------------

def main(argv):
    command = []
    if "--" in argv:
        at = argv.index("--")
        argv, command = argv[:at], argv[at + 1:]
    p = argparse.ArgumentParser(usage=__doc__[__doc__.index("usage:") + 7:], add_help=True)
    p.add_argument("--forest", choices=template.FORESTS, default="contoso")
    p.add_argument("--folder", help="where it lives; default: a new one, removed at the end")
    p.add_argument("--address", help="of 127.0.0.0/8; default: one that nobody else has")
    p.add_argument("--ldif", help="what is in it besides the organisation")
    p.add_argument("--model", default="single", help="prefork: several processes")
    options = p.parse_args(argv)
    text = pathlib.Path(options.ldif).read_text(encoding="utf-8") if options.ldif else None
    clean_up_when_told_to_end()
    die_with_parent(signal.SIGTERM)
    cannot = prepare()
    if cannot:
        print(f"samba.py: {cannot}", file=sys.stderr)
        return SKIPPED
    try:
        with Domain(options.forest, options.folder, text, address=options.address,
                    model=options.model) as domain:
            if not command:
                return slapd.serve(domain)
            return subprocess.run(command, env=dict(os.environ, **domain.environment())).returncode
    except (Trouble, convert.Unloadable) as trouble:
        print(f"samba.py: {trouble}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
