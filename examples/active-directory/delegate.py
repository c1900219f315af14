#!/usr/bin/python3
"""Lets an account write what mbxctl writes of the users below an organisational unit.

usage: delegate.py [OPTION...] ACCOUNT OU...

ACCOUNT is a sAMAccountName, or a DN; OU the DN of an organisational unit. Replaces whatever was
given to the account on the OU before, so that running it again changes nothing. Works on a domain
controller of Windows or of Samba, with the Python modules that come with Samba:

    delegate.py -H ldap://dc01.contoso.com -U Administrator svc-mbx OU=Staff,DC=contoso,DC=com

What is given, all of it for the users below the OU and for nothing else there:

    read and write of each attribute of attributes.txt, by its schemaIDGUID
    read of all attributes and of the access list, which `mbxctl doctor` looks at
"""
import optparse
import pathlib
import sys

import ldb
import samba.getopt
from samba.auth import system_session
from samba.dcerpc import misc, security
from samba.ndr import ndr_pack, ndr_unpack
from samba.samdb import SamDB

ATTRIBUTES = pathlib.Path(__file__).with_name("attributes.txt")
# The access list alone: who may not change the owner or the audit may change this.
DACL = ["sd_flags:1:4"]
READ = "(A;CI;RPLCRC;;;{sid})"


class Trouble(Exception):
    pass


def attributes(without):
    lines = ATTRIBUTES.read_text(encoding="utf-8").splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    unknown = set(without) - set(names)
    if unknown:
        raise Trouble(f"not in {ATTRIBUTES.name}: {', '.join(sorted(unknown))}")
    return [name for name in names if name not in without]


def schema_guid(db, kind, name):
    found = db.search(db.get_schema_basedn(), ldb.SCOPE_ONELEVEL,
                      f"(&(objectClass={kind})(lDAPDisplayName={name}))", ["schemaIDGUID"])
    if not found:
        raise Trouble(f"the schema has no {name}: was it extended (Exchange Setup /PrepareSchema)?")
    return str(ndr_unpack(misc.GUID, found[0]["schemaIDGUID"][0]))


def account_sid(db, account):
    if "=" in account:
        found = db.search(account, ldb.SCOPE_BASE, attrs=["objectSid"])
    else:
        found = db.search(db.domain_dn(), ldb.SCOPE_SUBTREE,
                          f"(sAMAccountName={ldb.binary_encode(account)})", ["objectSid"])
    if len(found) != 1 or "objectSid" not in found[0]:
        raise Trouble(f"{account} is no account")
    return ndr_unpack(security.dom_sid, found[0]["objectSid"][0])


def entries(db, sid, without):
    """The access control entries, as SDDL."""
    user = schema_guid(db, "classSchema", "user")
    return [f"(OA;CIIO;RPWP;{schema_guid(db, 'attributeSchema', name)};{user};{sid})"
            for name in attributes(without)] + [f"(OA;CIIO;RPRC;;{user};{sid})"]


def give(db, dn, sid, sddl):
    """The entries of this SID become these; everybody else's stay, in their order."""
    found = db.search(dn, ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"], controls=DACL)
    if "nTSecurityDescriptor" not in found[0]:
        raise Trouble(f"the access list of {dn} is not shown: use an account that may change it")
    descriptor = ndr_unpack(security.descriptor, found[0]["nTSecurityDescriptor"][0])
    # One call does not find all of them (Samba 4.17).
    while any(ace.trustee == sid for ace in descriptor.dacl.aces):
        descriptor.dacl_del(sid)
    # What is said of the object itself comes before what is inherited.
    own = sum(not ace.flags & security.SEC_ACE_FLAG_INHERITED_ACE for ace in descriptor.dacl.aces)
    for text in reversed(sddl):
        parsed = security.descriptor.from_sddl(f"D:{text}", security.dom_sid(db.get_domain_sid()))
        descriptor.dacl_add(parsed.dacl.aces[0], own)
    message = ldb.Message(ldb.Dn(db, str(found[0].dn)))
    message["nTSecurityDescriptor"] = ldb.MessageElement(ndr_pack(descriptor), ldb.FLAG_MOD_REPLACE,
                                                         "nTSecurityDescriptor")
    db.modify(message, controls=DACL)


def options():
    parser = optparse.OptionParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_option("-H", dest="url", default="ldap://localhost",
                      help="a domain controller, ldap://HOST (signed and sealed), or its sam.ldb")
    parser.add_option("--without", action="append", default=[], metavar="ATTRIBUTE",
                      help="leave one out, such as msExchArchiveGUID; repeatable")
    parser.add_option("--read", action="store_true",
                      help="let the account read the domain and the Exchange organisation, too, "
                      "where Authenticated Users no longer may")
    parser.add_option("--remove", action="store_true", help="take away what was given")
    parser.add_option("--print", action="store_true", dest="only_print",
                      help="show the entries as SDDL, and change nothing")
    samba_options = samba.getopt.SambaOptions(parser)
    parser.add_option_group(samba_options)
    credentials = samba.getopt.CredentialsOptions(parser)
    parser.add_option_group(credentials)
    chosen, arguments = parser.parse_args()
    if len(arguments) < 2:
        parser.error("an ACCOUNT and an OU are needed")
    return chosen, samba_options.get_loadparm(), credentials, arguments


def run():
    chosen, loadparm, credentials, (account, *units) = options()
    db = SamDB(url=chosen.url, session_info=system_session(), lp=loadparm,
               credentials=credentials.get_credentials(loadparm))
    sid = account_sid(db, account)
    sddl = [] if chosen.remove else entries(db, sid, chosen.without)
    if chosen.only_print:
        print("\n".join(sddl))
        return
    read = [] if chosen.remove else [READ.format(sid=sid)]
    places = [(dn, sddl) for dn in units]
    if chosen.read:
        places += [(str(db.domain_dn()), read),
                   (f"CN=Microsoft Exchange,CN=Services,{db.get_config_basedn()}", read)]
    for dn, what in places:
        give(db, dn, sid, what)
        print(f"{dn}: {len(what)} entr{'y' if len(what) == 1 else 'ies'} for {account}")


def main():
    try:
        run()
    except Trouble as trouble:
        sys.exit(f"delegate.py: {trouble}")
    except ldb.LdbError as error:
        sys.exit(f"delegate.py: {error.args[1]}")


if __name__ == "__main__":
    main()
