"""LDIF of a directory as people keep it in files, made into what a domain controller takes.

What a domain controller keeps itself, identities among it, is left out, and so are the entries that
it has. Parents come first, then what others name, and what names an entry behind it follows as a
change.
"""
import convert

# Kept by the directory itself.
KEPT = {
    "objectguid", "objectsid", "objectcategory", "distinguishedname", "name", "instancetype",
    "whencreated", "whenchanged", "usncreated", "usnchanged", "dscorepropagationdata",
    "samaccounttype", "primarygroupid", "pwdlastset", "lastlogon", "lastlogoff", "lastlogontimestamp",
    "logoncount", "badpwdcount", "badpasswordtime", "memberof", "systemflags", "entryuuid",
    "msds-behavior-version", "iscriticalsystemobject", "sidhistory"}


def order(dn):
    """The configuration, which people refer to, first; parents before children."""
    return (not convert.normal(dn).count("cn=configuration,"), len(convert.components(dn)))


def lines(values):
    return "".join(convert.line(a, v) for a, v in values)


def loadable(text, there):
    """Records that add, then changes. there: the DNs, normalised, that exist."""
    entries = {convert.normal(dn): (dn, convert.joined(values))
               for dn, values in convert.parse(text)}
    missing = {dn: e for dn, e in entries.items() if dn not in there}
    out = later = ""
    for dn, values in sorted(missing.values(), key=lambda e: order(e[0])):
        del missing[convert.normal(dn)]
        now, then = [], []
        for attribute, value in values:
            if attribute.lower() not in KEPT:
                waits = convert.normal(value.decode(errors="replace")) in missing
                (then if waits else now).append((attribute, value))
        out += convert.line("dn", dn.encode()) + "changetype: add\n" + lines(now) + "\n"
        for attribute, value in then:
            later += (convert.line("dn", dn.encode()) + f"changetype: modify\nadd: {attribute}\n"
                      + convert.line(attribute, value) + "\n")
    return out + later
