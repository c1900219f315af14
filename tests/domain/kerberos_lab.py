"""Both forests, what Kerberos is told of them, accounts and their keys, mbxctl in a folder, and a proxy
on its way to one of the controllers."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import forest
import organisation
import slapd
from forest import Domain, Folder, must
from proxy import Proxy

PEOPLE = 3
ANOTHER = '"Another one, 2 be sure"'  # a password, as unicodePwd has it
ENDED = "accountExpires: 130000000000000000\n"  # a day of 2012
KDC = """[libdefaults]
	default_realm = CONTOSO.COM
	dns_lookup_kdc = false
	dns_lookup_realm = false
	rdns = false
	dns_canonicalize_hostname = false
	udp_preference_limit = 1
{libdefaults}
[realms]
{realms}
[domain_realm]
{hosts}
"""


class Lab:
    def __init__(self):
        self.people, inventory, self.manifests = organisation.people(PEOPLE)
        self.contoso = Domain("contoso", ldif=self.people)
        self.contoso.start()
        self.fabrikam = Domain("fabrikam").start()
        self.secrets = pathlib.Path(tempfile.mkdtemp(prefix="mbxctl-kerberos-"))
        os.environ["KRB5_CONFIG"] = str(self.krb5_conf())
        self.service_names(f"CN=DC1,OU=Domain Controllers,{forest.BASE}", "ldap/127.0.0.1")
        self.upstream = (self.contoso.address, 389)
        self.proxy = Proxy(lambda: self.upstream, tap=self.tap)
        self.strip, self.seen, self.sent = False, b"", b""
        self.folder = Folder(self.contoso.config("gssapi"), self.manifests,
                             self.inventory(inventory))

    def inventory(self, files):
        rows = dict(files)["mailboxes.csv"].removeprefix(forest.generate.HEADER)
        return forest.inventory(self.contoso, [rows])

    def krb5_conf(self, name="krb5.conf", libdefaults="", address=None):
        realms = hosts = ""
        for domain in (self.contoso, self.fabrikam):
            realms += f"\t{domain.realm} = {{\n\t\tkdc = {address or domain.address}\n\t}}\n"
            hosts += f"\t{domain.address} = {domain.realm}\n"
        path = self.secrets / name
        path.write_text(KDC.format(libdefaults=libdefaults, realms=realms, hosts=hosts))
        return path

    def service_names(self, dn, *names):
        self.contoso.modify(f"dn: {dn}\nchangetype: modify\nadd: servicePrincipalName\n"
                            + "".join(f"servicePrincipalName: {name}\n" for name in names))

    def account(self, name, more=""):
        """A user with a password, and his keytab."""
        dn = f"CN={name},CN=Users,{forest.BASE}"
        self.contoso.modify(f"dn: {dn}\nobjectClass: user\nsAMAccountName: {name}\n"
                            f"userAccountControl: 514\n{more}", "-a")
        self.contoso.give_password(dn)
        self.change(dn, "userAccountControl", 512)
        path = self.secrets / f"{name}.keytab"
        self.contoso.keytab(f"{name}@{self.contoso.realm}").rename(path)
        return dn

    def change(self, dn, attribute, value):
        self.contoso.modify(f"dn: {dn}\nchangetype: modify\nreplace: {attribute}\n"
                            f"{attribute}: {value}\n")

    def kinit(self, cache, *arguments):
        subprocess.run(["kinit", "-k", "-t", str(self.contoso.keytab_file), "-c", str(cache),
                        *arguments, self.contoso.principal], check=True, timeout=60)

    def tap(self, piece, of_client):
        self.seen += piece
        self.sent += piece if of_client else b""
        return piece.replace(b"GSS-SPNEGO", b"GSS-FORGET") if self.strip and not of_client else piece

    def ask(self, bind, uri=None, **more):
        self.folder.ask({"uri": uri or self.contoso.ldap_uri, "bind": {"method": "gssapi", **bind},
                         **more})

    def through_proxy(self, strip=False, host="127.0.0.1"):
        """strip: the server seems to have no GSS-SPNEGO; host: a name of the service asked for"""
        self.strip, self.seen, self.sent = strip, b"", b""
        self.ask(self.keytab(), uri=f"ldap://{host}:{self.proxy.port}")

    def keytab(self):
        return {"keytab": str(self.contoso.keytab_file)}

    def plan(self):
        """Everybody can be connected. The digest."""
        document = self.folder.plan((0,))
        must(document["summary"]["connect"] == PEOPLE, lambda: f"{document['summary']}")
        return document["digest"]

    def make_accounts(self):
        """Those of the table, with their keytabs, and caches."""
        for name in ("disabled", "expired", "changed", "gone", "ended"):
            dn = self.account(name, ENDED if name == "ended" else "")
            if name == "disabled":
                self.change(dn, "userAccountControl", 514)
            elif name == "expired":
                self.change(dn, "pwdLastSet", 0)
            elif name == "changed":
                self.contoso.modify(f"dn: {dn}\nchangetype: modify\nreplace: unicodePwd\n"
                                   + forest.convert.line("unicodePwd", ANOTHER.encode("utf-16-le")))
            elif name == "gone":
                self.contoso.modify(f"dn: {dn}\nchangetype: delete\n")
        mine = self.contoso.keytab_file.read_bytes()
        for name, data in (("mbxctl", mine), ("open", mine), ("junk", b"hello"), ("empty", b"\5\2")):
            slapd.secret(self.secrets / f"{name}.keytab", "").write_bytes(data)
        self.kinit(self.secrets / "mbxctl.cache")
        self.kinit(self.secrets / "open.cache")
        self.kinit(self.secrets / "expired.cache", "-l", "1s")
        for name in ("open.keytab", "open.cache"):
            (self.secrets / name).chmod(0o644)
        end = time.monotonic() + 30
        while subprocess.run(["klist", "-s", str(self.secrets / "expired.cache")]).returncode == 0:
            must(time.monotonic() < end, "a ticket of a second lives on")
            time.sleep(0.1)

    def close(self):
        self.folder.close()
        self.proxy.close()
        for domain in (self.contoso, self.fabrikam):
            domain.close()
        shutil.rmtree(self.secrets, ignore_errors=True)


def with_variables(what, **variables):
    before = dict(os.environ)
    os.environ.update({k: str(v) for k, v in variables.items()})
    try:
        return what()
    finally:
        os.environ.clear()
        os.environ.update(before)
