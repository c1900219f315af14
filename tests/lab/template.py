"""What a new domain is unpacked from.

Setting up a domain takes Samba some ten seconds. It is done once for each kind of forest, beside
the mbxctl that is tested (without one: in the folder for temporary files), while others that want
it wait; a domain for a test is a copy of that.
"""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
from typing import NamedTuple

import ad_schema
import convert
import loadable
from slapd import Trouble

HERE = pathlib.Path(__file__).resolve().parent
SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
TOOL = shutil.which("samba-tool", path=SBIN)
SAMBA = TOOL and shutil.which("ldbmodify", path=SBIN) and shutil.which("samba", path=SBIN)
PASSWORD = "Let me in, 2 of us"  # of all accounts that have one
SERVICE, READER = "mbxctl", "reader"
SECONDS = 180  # that setting up may take on a machine that others use
# What samba-tool does, less its chown of sysvol: that needs root, and nothing here serves files.
PROVISION = """
import sys, samba.provision
samba.provision.setsysvolacl = lambda *a, **k: None
from samba.netcmd.main import cmd_sambatool
sys.exit(cmd_sambatool()._run("samba-tool", *sys.argv[1:]))
"""
FOLDERS = ("private", "state", "cache", "lock", "run", "log")
UNPACKED = ("private", "state", "mbxctl.keytab")


class Forest(NamedTuple):
    name: str       # contoso.com
    workgroup: str  # CONTOSO
    sid: str
    exchange: bool

    @property
    def base(self):
        return "DC=" + self.name.replace(".", ",DC=")

    @property
    def realm(self):
        return self.name.upper()

    @property
    def host(self):
        return f"dc1.{self.name}"


FORESTS = {
    "contoso": Forest("contoso.com", "CONTOSO", "S-1-5-21-1111111111-2222222222-3333333333", True),
    "fabrikam": Forest("fabrikam.com", "FABRIKAM", "S-1-5-21-1111111112-2222222223-3333333334",
                       False),
}


def smb_conf(forest, folder, address, services, more=()):
    lines = [
        f"netbios name = {forest.host.split('.')[0].upper()}", f"workgroup = {forest.workgroup}",
        f"realm = {forest.realm}", "server role = active directory domain controller",
        f"server services = {services}",
        # With less than the whole network Samba finds no interface.
        f"interfaces = {address}/8", "bind interfaces only = yes",
        *(f"{what} directory = {folder / where}" for what, where in (
            ("state", "state"), ("cache", "cache"), ("lock", "lock"), ("pid", "run"),
            ("winbindd socket", "run/winbindd"), ("ntp signd socket", "run/ntp"))),
        f"private dir = {folder / 'private'}", f"ncalrpc dir = {folder / 'run' / 'ncalrpc'}",
        f"binddns dir = {folder / 'run' / 'dns'}", "logging = file",
        f"log file = {folder / 'log' / 'samba'}", "max log size = 0", "panic action =", *more]
    return ("[global]\n" + "".join(f"\t{line}\n" for line in lines)
            + f"[sysvol]\n\tpath = {folder / 'state' / 'sysvol'}\n"
            + f"[netlogon]\n\tpath = {folder / 'state' / 'sysvol' / forest.name / 'scripts'}\n")


def krb5_conf(forest, address):
    return f"""[libdefaults]
	default_realm = {forest.realm}
	dns_lookup_kdc = false
	dns_lookup_realm = false
	rdns = false
	dns_canonicalize_hostname = false
	udp_preference_limit = 1
[realms]
	{forest.realm} = {{
		kdc = {address}
		kpasswd_server = {address}
	}}
[domain_realm]
	.{forest.name} = {forest.realm}
	{forest.name} = {forest.realm}
	{address} = {forest.realm}
"""


def run(*command, stdin=None):
    done = subprocess.run([str(c) for c in command], input=stdin, capture_output=True, text=True,
                          timeout=SECONDS, cwd="/")
    if done.returncode:
        raise Trouble(f"{pathlib.Path(command[0]).name}: {(done.stderr + done.stdout)[-2000:]}")
    return done


def samba_tool(*arguments):
    """With the Python that Samba was made for; ours may know nothing of it."""
    interpreter = open(TOOL).readline().removeprefix("#!").split()[0]
    return run(interpreter, "-I", "-c", PROVISION, *arguments)


def ldbmodify(folder, conf, text):
    run("ldbmodify", "-H", folder / "private" / "sam.ldb", f"--configfile={conf}",
        "--option=dsdb:schema update allowed=true", stdin=text)


def export_keytab(conf, principal, path):
    samba_tool("domain", "exportkeytab", f"--configfile={conf}", f"--principal={principal}", path)


def organisation(forest):
    """The part of the sample that is Exchange's configuration."""
    sample = HERE.parents[1] / "examples" / "contoso" / "contoso.ldif"
    below = convert.normal(f"CN=Services,CN=Configuration,{forest.base}")
    return "\n".join(
        "".join(convert.line(a, v) for a, v in [("dn", dn.encode()), *values])
        for dn, values in convert.parse(sample.read_text(encoding="utf-8"))
        if convert.normal(dn).endswith("," + below))


def accounts(forest):
    """mbxctl's own account, which may do everything, and one that may read."""
    users = f"CN=Users,{forest.base}"
    secret = convert.line("clearTextPassword", PASSWORD.encode("utf-16-le"))
    text = "".join(
        f"dn: CN={name},{users}\nchangetype: add\nobjectClass: user\nsAMAccountName: {name}\n"
        f"userPrincipalName: {name}@{forest.name}\nuserAccountControl: 66048\n{secret}\n"
        for name in (SERVICE, READER))
    text += ad_schema.modification(f"CN=Domain Admins,{users}", "member", [f"CN={SERVICE},{users}"])
    host = forest.host.split(".")[0].upper()
    # samba_spnupdate would register these, were there a DNS.
    text += ad_schema.modification(
        f"CN={host},OU=Domain Controllers,{forest.base}", "servicePrincipalName",
        [f"ldap/{forest.host}", f"ldap/{forest.host}/{forest.name}",
         f"GC/{forest.host}/{forest.name}"])
    # Passwords last for ever, and an account may be enabled without one: hashing takes its time.
    return text + (f"dn: {forest.base}\nchangetype: modify\nreplace: maxPwdAge\n"
                   "maxPwdAge: -9223372036854775808\n-\nreplace: minPwdLength\nminPwdLength: 0\n"
                   "-\nreplace: pwdProperties\npwdProperties: 0\n\n")


def provision(forest, folder):
    """A new domain in the folder."""
    for name in FOLDERS:
        (folder / name).mkdir()
    conf = folder / "smb.conf"
    conf.write_text(smb_conf(forest, folder, "127.0.0.1", "ldap", ["ldb:nosync = true"]))
    samba_tool("domain", "provision", "-q", f"--configfile={conf}", "--server-role=dc",
               f"--realm={forest.realm}", f"--domain={forest.workgroup}",
               f"--host-name={forest.host.split('.')[0]}", "--host-ip=127.0.0.1",
               f"--adminpass={PASSWORD}", "--dns-backend=NONE", f"--domain-sid={forest.sid}")
    texts = [accounts(forest)]
    if forest.exchange:
        services = convert.normal(f"CN=Services,CN=Configuration,{forest.base}")
        texts += [*ad_schema.stages(forest.base),
                  loadable.loadable(organisation(forest), {services})]
    for text in texts:
        ldbmodify(folder, conf, text)
    export_keytab(conf, f"{SERVICE}@{forest.realm}", folder / "mbxctl.keytab")


def key(forest):
    """Changes with whatever a template is made from."""
    made_from = [subprocess.run([SAMBA, "-V"], capture_output=True, timeout=SECONDS).stdout,
                 repr(forest).encode(), organisation(forest).encode(),
                 *(pathlib.Path(f).read_bytes() for f in (__file__, ad_schema.__file__,
                                                          loadable.__file__))]
    return hashlib.sha256(b"\0".join(made_from)).hexdigest()[:16]


def kept_in():
    """Where templates are, private to this user."""
    mbxctl = os.environ.get("MBXCTL")
    if mbxctl and os.access(pathlib.Path(mbxctl).parent, os.W_OK):
        folder = pathlib.Path(mbxctl).parent / "lab"
    else:
        folder = pathlib.Path(tempfile.gettempdir()) / f"mbxctl-lab-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid() or folder.is_symlink():
        raise Trouble(f"{folder} is somebody else's")
    return folder


def archive(forest, path):
    """A template, complete or not there."""
    with tempfile.TemporaryDirectory(prefix="mbxctl-template-") as made:
        folder = pathlib.Path(made)
        provision(forest, folder)
        fresh = path.with_suffix(".new")
        with tarfile.open(fresh, "w") as tar:
            for name in UNPACKED:
                tar.add(folder / name, name)
        fresh.rename(path)


def unpack(forest, folder):
    """A copy of the template, which is made where there is none."""
    where, name = kept_in(), forest.workgroup.lower()
    path = where / f"{name}-{key(forest)}.tar"
    with open(where / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            for old in where.glob(f"{name}-*"):
                old.unlink()
            archive(forest, path)
        tar = tarfile.open(path)
    with tar:
        tar.extractall(folder)
    for each in FOLDERS:
        (folder / each).mkdir(exist_ok=True)
