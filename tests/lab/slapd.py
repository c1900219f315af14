#!/usr/bin/env python3
"""A private slapd for tests: in a folder of its own, on loopback, gone with whoever started it.

As a module:

    with Slapd(suffix="dc=contoso,dc=com", ldif=text, tls="good") as slapd:
        slapd.uri, slapd.ldap_uri, slapd.ldaps_uri, slapd.config()

As a command:

usage: slapd.py [OPTION...] [-- COMMAND [ARGUMENT...]]

Runs the command with LAB_URI, LAB_LDAP_URI, LAB_LDAPS_URI, LAB_DN, LAB_PASSWORD_FILE, LAB_CA_FILE,
LAB_ROOT_DN and LAB_ROOT_PASSWORD_FILE in its environment, and ends with its exit status. Without
a command it says `ok` when all is ready, answers requests, one a line, with `ok` or `error: ...`,
and ends with its standard input. Requests: `tell LAB_URI` (or another of these; the answer is `ok`
and the value), `load FILE` (another directory instead: LDIF, as convert.py takes it), `stop`,
`start`, `freeze`, `thaw`.
"""
import argparse
import ctypes
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import certificates
import convert

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = SOURCE / "examples" / "openldap" / "exchange.schema"
INSTALLED = pathlib.Path("/etc/ldap/schema")
MODULES = next((p for p in ("/usr/lib/ldap", "/usr/lib/openldap") if os.path.isdir(p)),
               "/usr/lib/ldap")
SLAPD = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
SECONDS = 20  # that anything here may take at most
INDEXED = ("mailNickname", "legacyExchangeDN", "proxyAddresses", "userPrincipalName",
           "sAMAccountName", "msExchMailboxGuid", "msExchArchiveGUID", "msExchDisabledArchiveGUID",
           "msExchRecipientTypeDetails")
BIND_ANONYMOUSLY = bytes.fromhex("300c020101600702010304008000")
# Who gets what: there is an account that may write and one that may read.
ACCESS = """\
access to attrs=userPassword by anonymous auth by * none
access to attrs=sn val="{no_sn}" by * none
{least}
access to * by dn.exact="{account}" {right} by dn.exact="{reader}" read by anonymous auth by * none
"""
LEAST = ('access to filter=(objectClass=person) attrs={managed} by dn.exact="{account}" write '
         'by dn.exact="{reader}" read by * none')


def clean_up_when_told_to_end():
    """SIGTERM, from a test's time limit for one, leaves no folder behind."""
    signal.signal(signal.SIGTERM, lambda *ignored: sys.exit(143))


class Trouble(Exception):
    pass


def die_with_parent(how=signal.SIGKILL):
    """In the child, before the exec: it gets the signal when the thread that started it ends."""
    ctypes.CDLL(None).prctl(1, how, 0, 0, 0)  # PR_SET_PDEATHSIG


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def escaped(path):
    return str(path).replace("%", "%25").replace("/", "%2f")


def secret(path, text):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as f:
        f.write(text)
    return path


def managed(schema):
    """The attributes that examples/openldap/slapd.conf lets the service account write."""
    example = (SCHEMA.parent / "slapd.conf").read_text()
    found = re.search(r"^access to filter=\(objectClass=person\) attrs=(\S+)", example, re.M)[1]
    text = pathlib.Path(schema).read_text()
    return ",".join(a for a in found.split(",") if a == "mail" or f"NAME '{a}'" in text)


def access_rules(schema, account, reader, least):
    rule = LEAST.format(managed=managed(schema), account=account, reader=reader) if least else ""
    return ACCESS.format(no_sn=convert.NO_SN, account=account, reader=reader, least=rule,
                         right="read" if least else "write")


def indices(schema):
    """For what mbxctl looks up, as far as the schema has it."""
    text = pathlib.Path(schema).read_text()
    ours = [a for a in INDEXED if f"NAME '{a}'" in text]
    return [f"index {a} eq" for a in ["objectClass", "entryUUID", "cn", "uid", "displayName", "mail",
                                      *ours]]


class Slapd:
    """folder: where it lives (default: a new one, removed at the end)
    suffix: of its one database; ldif: what is in it, as convert.py takes it, or None
    tls: None or a kind of certificates.KINDS, or "tls1.1": a server that speaks no better
    clients: TLSVerifyClient, e.g. "demand"; the certificate of cn=mbxctl-client is the service account
    tcp: also on ports of 127.0.0.1; ldapi is always there
    size_limit: of entries that the service account is given, paged or not
    overlays: more lines of the database's configuration, each beginning with `overlay NAME`
    access: more access rules, before the usual ones; before: lines before the database
    least: the service account may write what mbxctl writes alone; else everything
    sync: every write reaches the disk; checked: False loads what the schema forbids
    schema: instead of exchange.schema; log: slapd's -d, into the file `log`
    """

    def __init__(self, folder=None, suffix="dc=com", ldif=None, *, tls=None, clients="never",
                 tcp=True, size_limit=None, overlays=(), access="", before="", least=False,
                 sync=False, checked=True, schema=SCHEMA, log="0"):
        if not SLAPD:
            raise Trouble("there is no slapd: apt-get install slapd ldap-utils")
        self.made = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="mbxctl-slapd-"))
        self.suffix, self.checked, self.log, self.tls = suffix, checked, log, tls
        self.process, self.frozen = None, False
        self.root_dn = f"cn=root,{suffix}"
        self.dn = f"cn=mbxctl,{suffix}"
        self.reader_dn = f"cn=reader,{suffix}"
        self.folder.mkdir(exist_ok=True)
        (self.folder / "db").mkdir(exist_ok=True)
        self.password_file = secret(self.folder / "password", "let me in")
        self.root_password_file = secret(self.folder / "root-password", "let me do")
        self.socket = self.folder / "ldapi"
        if len(str(self.socket)) > 100:
            raise Trouble(f"{self.socket} is too long a name for a socket")
        self.uri = f"ldapi://{escaped(self.socket)}"
        self.tcp = tcp
        self.ldap_uri = self.ldaps_uri = self.ca_file = None
        self.invented = {}
        self.held = []  # the DNs of what was loaded
        lines = [f"include {INSTALLED / name}.schema" for name in
                 ("core", "cosine", "inetorgperson")]
        lines += [f"include {schema}", f"modulepath {MODULES}", "moduleload back_mdb",
                  "moduleload ppolicy", *(f"moduleload {o.split()[1]}" for o in overlays),
                  "allow bind_v2", "sizelimit unlimited", "threads 4", before]
        if tls:
            kind = "good" if tls == "tls1.1" else tls
            certificate = certificates.make(self.folder, kind)
            self.ca_file = certificate.trusted
            lines += [f"TLSCACertificateFile {certificate.ca}",
                      f"TLSCertificateFile {certificate.certificate}",
                      f"TLSCertificateKeyFile {certificate.key}", f"TLSVerifyClient {clients}"]
            if tls == "tls1.1":
                lines += [f"TLSCipherSuite {certificates.TLS_1_1}"]
        me = f"gidNumber={os.getegid()}\\\\+uidNumber={os.geteuid()},cn=peercred,cn=external,cn=auth"
        lines += [f'authz-regexp "^{me}$" "{self.dn}"',
                  f'authz-regexp "^cn=mbxctl-client$" "{self.dn}"',
                  "database mdb", f'suffix "{suffix}"', f'rootdn "{self.root_dn}"',
                  f'rootpw "{self.root_password_file.read_text()}"',
                  f"directory {self.folder / 'db'}", f"maxsize {1 << 30}",
                  "" if sync else "dbnosync", *indices(schema)]
        if size_limit is not None:
            lines += [f'limits dn.exact="{self.dn}" size.soft={size_limit} size.hard={size_limit} '
                      f"size.prtotal={size_limit}"]
        lines += [access, access_rules(schema, self.dn, self.reader_dn, least), *overlays]
        self.conf = secret(self.folder / "slapd.conf", "\n".join(lines) + "\n")
        try:
            self.put(self.with_accounts(ldif))
        except BaseException:
            self.close()
            raise

    # ---- what is in it ------------------------------------------------------------------------

    def with_accounts(self, ldif):
        """The directory, converted, and the two accounts that ask for it."""
        converted = convert.convert(ldif or "", self.suffix)
        self.invented = converted.invented
        for dn in (self.dn, self.reader_dn):
            cn = dn.split(",")[0][len("cn="):]
            converted.ldif += (f"dn: {dn}\nobjectClass: organizationalRole\n"
                               f"objectClass: simpleSecurityObject\ncn: {cn}\n"
                               f"userPassword: {self.password_file.read_text()}\n\n")
        return converted.ldif

    def put(self, ldif):
        """Into a database that is empty, by slapadd."""
        text = self.folder / "loaded.ldif"
        text.write_text(ldif, encoding="utf-8")
        command = [SLAPD, "-T", "add", "-q", *([] if self.checked else ["-s"]),
                   "-f", str(self.conf), "-l", str(text)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        if done.returncode:
            raise Trouble(f"slapadd: {done.stderr}")
        self.held = [dn for dn, _ in convert.parse(ldif)]

    def load(self, ldif):
        """Another directory instead of the one there is."""
        self.restore(self.with_accounts(ldif))

    def restore(self, new):
        """What search() gave of it instead of what there is: LDIF that needs no conversion."""
        if not self.process:
            shutil.rmtree(self.folder / "db")
            (self.folder / "db").mkdir()
            self.put(new)
            return
        try:
            self.replace(self.held, new)
        except Trouble:  # somebody has added or deleted an entry since
            held = convert.parse(self.search(attributes=["1.1"]))
            self.replace([dn for dn, _ in held], new)
        self.held = [dn for dn, _ in convert.parse(new)]

    def replace(self, old, new):
        """These entries by those, in one go: children go before their parents and come after."""
        old = sorted(old, key=lambda dn: -len(convert.components(dn)))
        self.modify("".join(f"{convert.line('dn', dn.encode())}changetype: delete\n\n"
                            for dn in old) + new, "-a")

    def search(self, base=None, filter_text="(objectClass=*)", attributes=("*", "+"), scope="sub",
               dn=None):
        """LDIF, as the root sees it or another account does."""
        done = self.client("ldapsearch", dn, "-LLL", "-o", "ldif-wrap=no", "-s", scope, "-b",
                           self.suffix if base is None else base, filter_text, *attributes)
        return done.stdout

    def modify(self, ldif, *arguments):
        """As the root; entryUUID and other things that are slapd's own may be given."""
        self.client("ldapmodify", None, "-e", "!relax", *arguments, input=ldif)

    def client(self, program, dn, *arguments, **how):
        password = self.password_file if dn else self.root_password_file
        done = subprocess.run([program, "-x", "-H", self.uri, "-D", dn or self.root_dn,
                               "-y", str(password), *arguments], capture_output=True, text=True,
                              timeout=SECONDS, env=dict(os.environ, LDAPNOINIT="1"), **how)
        if done.returncode:
            raise Trouble(f"{program}: {done.stderr}")
        return done

    # ---- its life -----------------------------------------------------------------------------

    def start(self):
        for attempt in range(5):  # a port may be taken between the look and the use
            urls = [f"{self.uri}/"]
            if self.tcp:
                if attempt or not self.ldap_uri:  # started again, it is where it was
                    self.ldap_uri = f"ldap://127.0.0.1:{free_port()}"
                    self.ldaps_uri = f"ldaps://127.0.0.1:{free_port()}" if self.tls else None
                urls += [f"{u}/" for u in (self.ldap_uri, self.ldaps_uri) if u]
            with open(self.folder / "log", "ab") as log:
                self.process = subprocess.Popen(
                    [SLAPD, "-f", str(self.conf), "-h", " ".join(urls), "-d", self.log],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
            if self.answers():
                return self
            self.kill()
        raise Trouble(f"slapd does not start: {(self.folder / 'log').read_text()}")

    def answers(self):
        """Waits until it does; False: it ended instead."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                return False
            try:
                with socket.socket(socket.AF_UNIX) as s:
                    s.settimeout(SECONDS)
                    s.connect(str(self.socket))
                    s.sendall(BIND_ANONYMOUSLY)
                    if s.recv(64):
                        return True
            except OSError:
                pass
            time.sleep(0.002)
        raise Trouble("slapd does not answer")

    def stop(self):
        """As an administrator would."""
        self.end(signal.SIGTERM)

    def kill(self):
        self.end(signal.SIGKILL)

    def end(self, how):
        if not self.process:
            return
        self.thaw()
        self.process.send_signal(how)
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(SECONDS)
        self.process = None
        self.socket.unlink(missing_ok=True)

    def freeze(self):
        """It is there and does not answer, from the return of this on."""
        if not self.frozen:
            self.process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)
            self.frozen = True

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)
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

    def config(self, uri=None, mode=None, dn=None):
        """The `directory` of a config: over ldapi, or over the URI that is given."""
        uri = uri or self.uri
        config = {"uri": uri, "bind": {"method": "simple", "dn": dn or self.dn,
                                       "passwordFile": str(self.password_file)}}
        if uri.startswith("ldap://"):
            mode = mode or ("starttls" if self.tls else "none")
        elif uri.startswith("ldaps://"):
            mode = "ldaps"
        if mode:
            config["tls"] = {"mode": mode}
            if mode != "none":
                config["tls"]["caFile"] = str(self.ca_file)
        return config

    def environment(self):
        known = {"LAB_URI": self.uri, "LAB_LDAP_URI": self.ldap_uri,
                 "LAB_LDAPS_URI": self.ldaps_uri, "LAB_DN": self.dn,
                 "LAB_PASSWORD_FILE": self.password_file, "LAB_CA_FILE": self.ca_file,
                 "LAB_ROOT_DN": self.root_dn, "LAB_ROOT_PASSWORD_FILE": self.root_password_file}
        return {k: str(v) for k, v in known.items() if v}


# ---- the command -------------------------------------------------------------------------------

def arguments_of(argv):
    command = []
    if "--" in argv:
        at = argv.index("--")
        argv, command = argv[:at], argv[at + 1:]
    p = argparse.ArgumentParser(usage=__doc__[__doc__.index("usage:") + 7:], add_help=True)
    p.add_argument("--folder", help="where it lives; default: a new one, removed at the end")
    p.add_argument("--suffix", help="default: what the entries of --ldif have in common, or dc=com")
    p.add_argument("--ldif", help="what is in it, as convert.py takes it")
    p.add_argument("--tls", choices=[*certificates.KINDS, "tls1.1"])
    p.add_argument("--no-tcp", action="store_true", help="ldapi:// alone")
    p.add_argument("--size-limit", type=int)
    p.add_argument("--overlay", action="append", default=[], help="e.g. 'overlay memberof'")
    p.add_argument("--sync", action="store_true")
    p.add_argument("--unchecked", action="store_true", help="load what the schema forbids")
    p.add_argument("--log", default="0", help="slapd's -d, e.g. stats; into FOLDER/log")
    return p.parse_args(argv), command


def answer(slapd, request):
    """What is said behind `ok`."""
    verb, _, rest = request.partition(" ")
    if verb == "tell":
        return " " + slapd.environment().get(rest, "")
    if verb == "load":
        slapd.load(pathlib.Path(rest).read_text(encoding="utf-8"))
    elif verb in ("stop", "start", "freeze", "thaw"):
        getattr(slapd, verb)()
    else:
        raise Trouble(f"no such request: {verb}")
    return ""


def serve(slapd):
    print("ok", flush=True)
    for request in sys.stdin:
        try:
            print(f"ok{answer(slapd, request.rstrip(chr(10)))}", flush=True)
        except (Trouble, convert.Unloadable, OSError) as trouble:
            print("error:", " ".join(str(trouble).split()), flush=True)
    return 0


def main(argv):
    options, command = arguments_of(argv)
    text = pathlib.Path(options.ldif).read_text(encoding="utf-8") if options.ldif else None
    suffix = options.suffix or (convert.suffix_of(text) if text else "") or "dc=com"
    clean_up_when_told_to_end()
    die_with_parent(signal.SIGTERM)
    try:
        with Slapd(options.folder, suffix, text, tls=options.tls, tcp=not options.no_tcp,
                   size_limit=options.size_limit, overlays=options.overlay, sync=options.sync,
                   checked=not options.unchecked, log=options.log) as slapd:
            if not command:
                return serve(slapd)
            return subprocess.run(command, env=dict(os.environ, **slapd.environment())).returncode
    except (Trouble, convert.Unloadable) as trouble:
        print(f"slapd.py: {trouble}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
