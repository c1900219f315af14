"""What Exchange adds to Active Directory's schema, as far as mbxctl reads or writes it.

OIDs, syntaxes and link numbers are Exchange's own where they are public. The others stand in: they
are below an arc of the kind that Microsoft gives to everybody (1.2.840.113556.1.8000.2554.<GUID>).
Which class allows what is simplified: all that a recipient may have is allowed to users, contacts
and groups, all that a mailbox has to users.
"""
import base64
import re
import uuid

EXCHANGE = "1.2.840.113556.1.4.7000.102."
EXCHANGE_CLASS = "1.2.840.113556.1.5.7000.62."
AD = "1.2.840.113556.1.2."
OWN = "1.2.840.113556.1.8000.2554.51883.9027.44310.19966.33108.6182204.11950367."
# The property set "Exchange Information", by which rights are delegated.
PROPERTY_SET = uuid.UUID("1f298a89-de98-47b8-b5cd-572ad53d267e")
# attributeSyntax, oMSyntax, and for objects oMObjectClass
SYNTAXES = {
    "dn": ("2.5.5.1", 127, "KwwCh3McAIVK"), "text": ("2.5.5.12", 64, None),
    "boolean": ("2.5.5.8", 1, None), "integer": ("2.5.5.9", 2, None),
    "large": ("2.5.5.16", 65, None), "octets": ("2.5.5.10", 4, None),
    "time": ("2.5.5.11", 24, None), "descriptor": ("2.5.5.15", 66, None),
    "sid": ("2.5.5.17", 4, None),
}
GC, INDEX, ANR, KEPT = "gc", 1, 4, 8
# Name, attributeID, syntax, single-valued, GC or not, searchFlags
RECIPIENT = [
    ("mailNickname", AD + "447", "text", True, GC, INDEX | ANR),
    ("targetAddress", AD + "352", "text", True, GC, INDEX),
    ("msExchHideFromAddressLists", EXCHANGE + "73", "boolean", True, GC, 0),
    ("msExchGenericForwardingAddress", EXCHANGE + "51620", "text", True, None, 0),
    ("msExchRecipientTypeDetails", EXCHANGE + "50855", "large", True, GC, INDEX),
    ("msExchRecipientDisplayType", EXCHANGE + "50730", "integer", True, GC, INDEX),
    ("msExchRemoteRecipientType", EXCHANGE + "51611", "large", True, None, 0),
    ("msExchPoliciesIncluded", EXCHANGE + "50050", "text", False, None, 0),
    ("msExchPoliciesExcluded", EXCHANGE + "50051", "text", False, None, 0),
    ("msExchVersion", EXCHANGE + "50853", "large", True, None, 0),
    ("altRecipient", AD + "126", "dn", True, GC, 0),
    ("publicDelegates", AD + "238", "dn", False, GC, 0),
    *[(f"extensionAttribute{n}", f"{AD}{422 + n if n <= 10 else 588 + n}", "text", True, GC, 0)
      for n in range(1, 16)],
]
MAILBOX = [
    ("homeMDB", AD + "244", "dn", True, GC, 0),
    ("mDBUseDefaults", AD + "309", "boolean", True, GC, 0),
    ("msExchHomeServerName", EXCHANGE + "47", "text", True, GC, INDEX | KEPT),
    ("msExchMailboxGuid", EXCHANGE + "11058", "octets", True, GC, INDEX | KEPT),
    ("msExchUserAccountControl", EXCHANGE + "101", "integer", True, GC, INDEX | KEPT),
    ("msExchMasterAccountSid", EXCHANGE + "81", "sid", True, GC, INDEX | KEPT),
    ("msExchMailboxSecurityDescriptor", EXCHANGE + "80", "descriptor", True, GC, KEPT),
    ("msExchWhenMailboxCreated", EXCHANGE + "51580", "time", True, None, 0),
    ("msExchELCMailboxFlags", EXCHANGE + "50761", "integer", True, None, 0),
    ("msExchMobileMailboxPolicyLink", EXCHANGE + "50668", "dn", True, None, 0),
    ("msExchMailboxTemplateLink", EXCHANGE + "50351", "dn", True, None, 0),
    ("msExchAddressBookPolicyLink", EXCHANGE + "51841", "dn", True, None, 0),
    ("msExchRBACPolicyLink", EXCHANGE + "51429", "dn", True, None, 0),
    ("msExchResourceMetaData", EXCHANGE + "50333", "text", False, None, 0),
    ("msExchResourceSearchProperties", EXCHANGE + "50331", "text", False, None, 0),
    ("msExchResourceDisplay", EXCHANGE + "50334", "text", True, None, 0),
    ("msExchResourceCapacity", EXCHANGE + "50332", "integer", True, None, 0),
    ("msExchArchiveGUID", EXCHANGE + "51443", "octets", True, GC, INDEX | KEPT),
    ("msExchArchiveName", EXCHANGE + "51441", "text", False, None, 0),
    ("msExchArchiveDatabaseLink", EXCHANGE + "51444", "dn", True, None, 0),
    ("msExchArchiveQuota", EXCHANGE + "51442", "large", True, None, 0),
    ("msExchArchiveWarnQuota", EXCHANGE + "51493", "large", True, None, 0),
    ("msExchDisabledArchiveGUID", EXCHANGE + "51765", "octets", True, GC, INDEX | KEPT),
    ("msExchDisabledArchiveDatabaseLink", EXCHANGE + "51766", "dn", True, None, 0),
    ("msExchDumpsterQuota", EXCHANGE + "51508", "large", True, None, 0),
    ("msExchDumpsterWarningQuota", EXCHANGE + "51509", "large", True, None, 0),
    ("msExchCalendarLoggingQuota", EXCHANGE + "52105", "large", True, None, 0),
]
ORGANISATION = [
    ("msExchOwningServer", EXCHANGE + "11004", "dn", True, None, 0),
    ("msExchMasterServerOrAvailabilityGroup", OWN + "1.1", "dn", True, None, 0),
    ("msExchEDBFile", EXCHANGE + "11001", "text", True, None, 0),
    ("msExchMailboxRetentionPeriod", EXCHANGE + "11060", "integer", True, None, 0),
    ("msExchProductId", OWN + "1.2", "text", True, None, 0),
    ("msExchAcceptedDomainName", OWN + "1.3", "text", True, None, 0),
    ("msExchAcceptedDomainFlags", OWN + "1.4", "integer", True, None, 0),
    ("gatewayProxy", AD + "302", "text", False, None, 0),
    ("msExchPolicyOrder", EXCHANGE + "50027", "integer", True, None, 0),
    ("msExchPolicyOptionList", EXCHANGE + "50006", "octets", False, None, 0),
    ("msExchMobileFlags", OWN + "1.5", "integer", True, None, 0),
    ("msExchRBACPolicyFlags", OWN + "1.6", "integer", True, None, 0),
    ("msExchAddressListsLink", OWN + "1.7", "dn", False, None, 0),
    ("msExchGlobalAddressListLink", OWN + "1.8", "dn", True, None, 0),
    ("msExchAllRoomListLink", OWN + "1.9", "dn", True, None, 0),
]
# Linked attribute: its link number and its back link, whose number is the next. The directory
# clears such a value when what it names is deleted.
LINKS = {
    "homeMDB": (32, "homeMDBBL", AD + "393"),
    "altRecipient": (12, "altRecipientBL", AD + "294"),
    "publicDelegates": (14, "publicDelegatesBL", AD + "295"),
    "msExchArchiveDatabaseLink": (20000, "msExchArchiveDatabaseLinkBL", EXCHANGE + "51449"),
    "msExchDisabledArchiveDatabaseLink": (20002, "msExchDisabledArchiveDatabaseLinkBL",
                                          OWN + "1.10"),
    "msExchMobileMailboxPolicyLink": (20004, "msExchMobileMailboxPolicyBL", OWN + "1.11"),
    "msExchMailboxTemplateLink": (20006, "msExchMailboxTemplateBL", OWN + "1.12"),
    "msExchAddressBookPolicyLink": (20008, "msExchAddressBookPolicyBL", OWN + "1.13"),
    "msExchRBACPolicyLink": (20010, "msExchRBACPolicyBL", EXCHANGE + "51448"),
}
# Name, governsID, superior, mayContain; a class stands behind its superior.
CLASSES = [
    ("msExchContainer", EXCHANGE_CLASS + "50010", "container", []),
    ("msExchOrganizationContainer", EXCHANGE_CLASS + "50020", "container",
     ["legacyExchangeDN", "msExchProductId"]),
    ("msExchAdminGroupContainer", EXCHANGE_CLASS + "50019", "container", []),
    ("msExchAdminGroup", EXCHANGE_CLASS + "50011", "container", ["legacyExchangeDN"]),
    ("msExchServersContainer", EXCHANGE_CLASS + "50013", "container", []),
    ("msExchExchangeServer", EXCHANGE_CLASS + "50009", "server",
     ["legacyExchangeDN", "networkAddress"]),
    ("msExchMDBContainer", OWN + "2.1", "container", []),
    ("msExchMDB", EXCHANGE_CLASS + "11002", "container",
     ["legacyExchangeDN", "msExchOwningServer", "msExchMasterServerOrAvailabilityGroup",
      "msExchEDBFile", "msExchMailboxRetentionPeriod"]),
    ("msExchTransportSettings", OWN + "2.2", "container", []),
    ("msExchAcceptedDomain", OWN + "2.3", "container",
     ["msExchAcceptedDomainName", "msExchAcceptedDomainFlags"]),
    ("msExchGenericPolicy", EXCHANGE_CLASS + "50022", "container",
     ["msExchPolicyOptionList", "msExchPolicyOrder"]),
    ("msExchRecipientTemplate", OWN + "2.4", "container", []),
    ("msExchRBACPolicy", OWN + "2.5", "container", ["msExchRBACPolicyFlags"]),
    ("msExchPrivateMDB", EXCHANGE_CLASS + "11004", "msExchMDB", []),
    ("msExchRecipientPolicy", EXCHANGE_CLASS + "50024", "msExchGenericPolicy",
     ["purportedSearch", "gatewayProxy"]),
    ("msExchMobileMailboxPolicy", OWN + "2.6", "msExchRecipientTemplate", ["msExchMobileFlags"]),
    ("msExchMailboxRecipientTemplate", OWN + "2.7", "msExchRecipientTemplate", []),
    ("msExchAddressBookMailboxPolicy", OWN + "2.8", "msExchRecipientTemplate",
     ["msExchAddressListsLink", "msExchGlobalAddressListLink", "msExchAllRoomListLink"]),
]
# Administrators and the directory itself do everything, who has logged on reads.
RIGHTS = ("D:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)"
          "(A;;RPLCLORC;;;AU)")


def common_name(name):
    """msExchMailboxGuid is called ms-Exch-Mailbox-Guid, as all of Exchange's are."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name)
    return words if words.startswith("ms-Exch") else "ms-Exch-" + words[0].upper() + words[1:]


def record(dn, **attributes):
    text = f"dn: {dn}\nchangetype: add\n"
    for name, value in attributes.items():
        for v in value if isinstance(value, list) else [value]:
            text += f"{name}:: {v[2:]}\n" if str(v).startswith("::") else f"{name}: {v}\n"
    return text + "\n"


def modification(dn, attribute, values):
    return (f"dn: {dn}\nchangetype: modify\nadd: {attribute}\n"
            + "".join(f"{attribute}: {v}\n" for v in values) + "\n")


def attribute(schema, name, oid, syntax, single, catalogue, flags, link=None, of_exchange=True):
    kind, om, om_class = SYNTAXES[syntax]
    more = {"oMObjectClass": "::" + om_class} if om_class else {}
    if link is not None:
        more["linkID"] = link
    if of_exchange:
        more["attributeSecurityGUID"] = "::" + base64.b64encode(PROPERTY_SET.bytes_le).decode()
    return record(
        f"CN={common_name(name)},{schema}", objectClass="attributeSchema", lDAPDisplayName=name,
        adminDisplayName=common_name(name), attributeID=oid, attributeSyntax=kind, oMSyntax=om,
        isSingleValued=str(single).upper(), searchFlags=flags,
        isMemberOfPartialAttributeSet=str(catalogue == GC).upper(), showInAdvancedViewOnly="TRUE",
        systemOnly="FALSE", **more)


def a_class(schema, name, oid, superior, may, category=1, **more):
    more.update({"mayContain": may} if may else {})
    return record(
        f"CN={common_name(name)},{schema}", objectClass="classSchema", lDAPDisplayName=name,
        adminDisplayName=common_name(name), governsID=oid, objectClassCategory=category,
        subClassOf=superior, rDNAttID="cn", showInAdvancedViewOnly="TRUE", systemOnly="FALSE",
        defaultHidingValue="TRUE", defaultObjectCategory=f"CN={common_name(name)},{schema}", **more)


def names(rows):
    return [r[0] for r in rows]


def attributes(schema):
    text = ""
    for rows, exchanges in ((RECIPIENT, True), (MAILBOX, True), (ORGANISATION, False)):
        text += "".join(attribute(schema, *row, LINKS.get(row[0], (None,))[0], exchanges)
                        for row in rows)
    for link, name, oid in LINKS.values():
        text += attribute(schema, name, oid, "dn", False, None, 0, link + 1, False)
    return text


def stages(base):
    """LDIF, each part of which needs the one before it in force: a transaction does not see the
    schema that it makes itself."""
    schema = f"CN=Schema,CN=Configuration,{base}"
    back_links = [name for _, name, _ in LINKS.values()]
    own = set(names(CLASSES))

    def structural(row):
        name, oid, superior, may = row
        return a_class(schema, name, oid, superior, ["displayName", "msExchVersion", *may],
                       possSuperiors="container", defaultSecurityDescriptor=RIGHTS)

    return [
        record(f"CN=Exchange-Information,CN=Extended-Rights,CN=Configuration,{base}",
               objectClass="controlAccessRight", displayName="Exchange Information",
               rightsGuid=str(PROPERTY_SET), validAccesses=48, appliesTo=[
                   "bf967aba-0de6-11d0-a285-00aa003049e2",    # user
                   "4828cc14-1437-45bc-9b07-ad6f015e5f28"])   # inetOrgPerson
        + attributes(schema),
        a_class(schema, "msExchMailStorage", EXCHANGE_CLASS + "5", "top", names(MAILBOX), 3)
        + "".join(structural(r) for r in CLASSES if r[2] not in own),
        "".join(structural(r) for r in CLASSES if r[2] in own),
        modification(f"CN=Mail-Recipient,{schema}", "mayContain", names(RECIPIENT))
        + modification(f"CN=User,{schema}", "auxiliaryClass", ["msExchMailStorage"])
        + modification(f"CN=Top,{schema}", "mayContain", back_links)
        + modification(f"CN=Address-Book-Container,{schema}", "mayContain", ["msExchVersion"])
        + modification(f"CN=Address-Book-Container,{schema}", "possSuperiors", ["container"])
        + modification(f"CN=Server,{schema}", "possSuperiors", ["container"])
        + modification(f"CN=Container,{schema}", "possSuperiors",
                       ["msExchExchangeServer"]),
    ]
