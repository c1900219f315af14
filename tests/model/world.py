"""Random worlds: an organisation, its users, an inventory and manifests, all made from one seed.

The pools of names are small on purpose, so that owners, aliases, addresses and claims collide.
"""
import base64
import json
import random
import uuid

BASE = "DC=contoso,DC=com"
CONFIGURATION = "CN=Configuration," + BASE
ORGANISATION = "CN=Contoso,CN=Microsoft Exchange,CN=Services," + CONFIGURATION
GROUP = "Exchange Administrative Group (FYDIBOHF23SPDLT)"
GROUP_DN = f"CN={GROUP},CN=Administrative Groups,{ORGANISATION}"
GROUP_LEGACY = f"/o=Contoso/ou={GROUP}"
NOW = "2026-11-21T00:00:00Z"
EPOCH = "1795219200"
SELF = bytes.fromhex("01010000000000050a000000")
OTHER_SID = bytes.fromhex("010500000000000515000000" + "2c1e25b71575b215c5b0f34f" + "57040000")
EAP_OPTION = uuid.UUID("26491cfc-9e50-4857-861b-0cb8df22b5d7")

SIDS = {"contoso.com": (11, 12, 13), "emea.contoso.com": (11, 22, 23), "fabrikam.com": (31, 32, 33),
        "northwind.example": (31, 32, 43)}
CREDENTIALS = {"fabrikam": ("fabrikam.ldif", "DC=fabrikam,DC=com"),
               "northwind": ("northwind.ldif", "DC=northwind,DC=example"),
               "home": ("directory.ldif", BASE), "gone": ("gone.ldif", "DC=gone,DC=example"),
               "half": ("half.ldif", "DC=fabrikam,DC=com")}

NAMES = ["John Evans", "Anna Schmidt", "Jörg Müller", "Zoë Þórs", "Room 212", "Help Desk", "Æsa Øst",
         "Pat O'Hara", "José Ñu"]
KEYS = ["JohnE", "AnnaS", "56a4-joerg", "Zoe", "Room212", "Desk", "old1", "old2"]
ALIASES = ["john.evans", "anna", "jörg", "room212", "help", "zoë", "a.b"]
DOMAINS = ["contoso.com", "contoso.com", "contoso.com", "contoso.com", "sales.branch.example",
           "branch.example", "elsewhere.example"]
DEPARTMENTS = ["Sales", "IT"]
FILTERS = ["(mailNickname=*)", "(&(objectCategory=person)(objectClass=user)(mailNickname=*))",
           "(&(objectCategory=person)(objectClass=user)(mailNickname=*)(msExchHomeServerName=*))",
           "(department=Sales)", "(!(department=sales))", "(msExchRecipientTypeDetails=16)",
           "(|(msExchRecipientTypeDetails=1)(msExchRecipientTypeDetails=4))",
           "(userAccountControl:1.2.840.113556.1.4.803:=2)",
           "(!(userAccountControl:1.2.840.113556.1.4.803:=2))",
           "(msExchRecipientTypeDetails:1.2.840.113556.1.4.804:=48)",
           "(sn=E*)", "(displayName=*an*)", "(cn=J*n*s)", "(givenName=j\\6fhn)", "(objectClass=*)",
           "(&(mailNickname=*)(!(|(department=IT)(title=Boss))))", "(proxyAddresses=*)", "(mail=*)",
           "(msExchRecipientTypeDetails>=16)", "(objectCategory=group)",
           "(&(msExchMailboxGuid=*)(homeMDB=CN=MBXDB01,CN=Databases," + GROUP_DN.replace("(", "\\28").replace(")", "\\29") + "))"]
BROKEN_FILTERS = ["(department=Sales", "(sn:1.2.3.4:=x)", "department=Sales)("]
TEMPLATES = ["%m@", "%g.%s@", "%1g%s@", "%d@", "@", "%g%2s@", "%i%s@", "%r._%m@", "%raX%g.%s@",
             "%rée%3g.%s@", "info-%m@"]
CONSENTS = ["storeLags", "leftovers", "replaceMail", "enabledAccount", "disabledAccount", "legacyDNMismatch",
            "matchByName", "adopt", "reconnect", "typeChange", "relink"]
TYPES = {"user": 1, "linked": 2, "shared": 4, "room": 16, "equipment": 32}
SCHEMA = """objectClass objectCategory objectGUID cn name ou dc displayName givenName sn initials department title
 sAMAccountName userPrincipalName userAccountControl msExchMailboxGuid homeMDB msExchHomeServerName mailNickname
 legacyExchangeDN proxyAddresses mail msExchRecipientTypeDetails msExchRecipientDisplayType
 msExchUserAccountControl msExchMasterAccountSid msExchMailboxSecurityDescriptor msExchResourceMetaData
 msExchResourceSearchProperties msExchResourceDisplay msExchVersion mDBUseDefaults msExchELCMailboxFlags
 msExchRBACPolicyLink msExchArchiveQuota msExchArchiveWarnQuota msExchDumpsterQuota msExchDumpsterWarningQuota
 msExchCalendarLoggingQuota msExchWhenMailboxCreated msExchMobileMailboxPolicyLink msExchMailboxTemplateLink
 msExchAddressBookPolicyLink showInAddressBook msExchPoliciesIncluded msExchPoliciesExcluded msExchArchiveGUID
 msExchArchiveDatabaseLink msExchArchiveName msExchDisabledArchiveGUID msExchDisabledArchiveDatabaseLink
 altRecipient msExchGenericForwardingAddress publicDelegates msExchHideFromAddressLists targetAddress
 msExchRemoteRecipientType objectSid lDAPDisplayName nCName dnsRoot nETBIOSName purportedSearch gatewayProxy
 msExchPolicyOrder msExchPolicyOptionList msExchAcceptedDomainName msExchOwningServer sIDHistory
 msExchExtensionAttribute1""".split()


def sid(domain, rid=None):
    """A domain's SID, or that of the account in it."""
    parts = [21, *SIDS[domain]] + ([rid] if rid is not None else [])
    return bytes([1, len(parts)]) + bytes.fromhex("000000000005") + b"".join(p.to_bytes(4, "little") for p in parts)


def escape(value):
    return value.replace("\\", "\\\\").replace(",", "\\,")


class World:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.entries = []
        self.rows = []
        self.manifests = {}
        self.some = self.r.choice([0.1, 0.3, 0.6, 0.9])  # how often a consent is given
        self.much = self.r.choice([0.05, 0.1, 0.3, 1])   # how much trouble there is
        self.linking = self.r.choice([0, 0.05, 0.3, 0.9])  # how many mailboxes are linked
        self.sids = self.chance(0.85)                      # whether anybody of ours has a SID
        self.organisation()
        self.account_forests()
        self.people()
        self.inventory()
        self.things()
        self.wishes()

    # --- small tools

    def chance(self, p):
        return self.r.random() < p

    def trouble(self, p):
        return self.chance(p * self.much)

    def guid(self):
        return uuid.UUID(int=self.r.getrandbits(128))

    def add(self, dn, classes, **attributes):
        rdn = dn.split("=", 1)[1].split(",")[0] if "\\," not in dn else None
        entry = {"objectClass": ["top", *classes.split()]}
        kind = dn.split("=", 1)[0].lower()
        if rdn is not None:
            entry[kind] = [rdn]
            entry["name"] = [rdn]
        entry["objectGUID"] = [self.guid().bytes_le]
        for name, value in attributes.items():
            if value is not None and value != []:
                entry[name] = value if isinstance(value, list) else [value]
        self.entries.append((dn, entry))
        return entry

    # --- the organisation

    def organisation(self):
        r = self.r
        self.add(BASE, "domain domainDNS", objectSid=sid("contoso.com") if self.sids else None)
        for ou in ("People", "Resources"):
            self.add(f"OU={ou},{BASE}", "organizationalUnit")
        self.add(CONFIGURATION, "configuration")
        self.crossrefs = self.chance(0.6)
        self.emea = self.crossrefs and self.chance(0.4)
        if self.crossrefs:
            self.add(f"CN=Partitions,{CONFIGURATION}", "crossRefContainer")
            self.add(f"CN=CONTOSO,CN=Partitions,{CONFIGURATION}", "crossRef", nCName=BASE,
                     dnsRoot="contoso.com", nETBIOSName="CONTOSO")
        if self.emea:
            self.add(f"DC=emea,{BASE}", "domain domainDNS", objectSid=sid("emea.contoso.com") if self.sids else None)
            self.add(f"CN=EMEA,CN=Partitions,{CONFIGURATION}", "crossRef", nCName=f"DC=emea,{BASE}",
                     dnsRoot="emea.contoso.com", nETBIOSName="EMEA")
        self.add(f"CN=Services,{CONFIGURATION}", "container")
        self.add(f"CN=Microsoft Exchange,CN=Services,{CONFIGURATION}", "container")
        self.add(ORGANISATION, "container msExchOrganizationContainer", legacyExchangeDN="/o=Contoso")
        self.add(f"CN=Administrative Groups,{ORGANISATION}", "msExchAdminGroupContainer")
        self.add(GROUP_DN, "msExchAdminGroup", legacyExchangeDN=None if self.trouble(0.2) else GROUP_LEGACY)
        for server in ("EX01", "EX02"):
            self.add(f"CN={server},CN=Servers,{GROUP_DN}", "server msExchExchangeServer",
                     legacyExchangeDN=None if self.trouble(0.08) else
                     f"{GROUP_LEGACY}/cn=Configuration/cn=Servers/cn={server}")
        self.databases = []
        for name in ["MBXDB01", "MBXDB02"] + (["MBXRes"] if self.chance(0.5) else []):
            self.database(name, f"CN={name},CN=Databases,{GROUP_DN}")
        if self.trouble(0.3):
            self.database("MBXDB02", f"CN=MBXDB02,CN=First Group,CN=InformationStore,{GROUP_DN}")
        if self.trouble(0.3):  # one that only the store knows
            self.databases.append({"name": "MBXGone", "guid": str(self.guid()),
                                   "dn": f"CN=MBXGone,CN=Databases,{GROUP_DN}", "server": "EX01"})
        self.policies = {"activeSync": [], "retention": [], "managedFolder": [], "addressBook": []}
        for kind, place, cls, names in (
                ("activeSync", "Mobile Mailbox Policies", "msExchMobileMailboxPolicy", ["Default", "Executives"]),
                ("retention", "Retention Policies Container", "msExchMailboxRecipientTemplate",
                 ["Corporate 7y", "Legal 10y"]),
                ("managedFolder", "ELC Mailbox Policies", "msExchMailboxRecipientTemplate",
                 ["Managed 2010", "Corporate 7y"]),
                ("addressBook", "AddressBook Mailbox Policies", "msExchAddressBookMailboxPolicy", ["HQ", "Sales"])):
            for name in names:
                self.policy(kind, f"CN={name},CN={place},{ORGANISATION}", cls)
            if self.trouble(0.25):
                self.policy(kind, f"CN={names[0]},CN=Old,CN={place},{ORGANISATION}", cls)
        if self.chance(0.8):
            self.add(f"CN=Default Role Assignment Policy,CN=Policies,CN=RBAC,{ORGANISATION}", "msExchRBACPolicy")
        for name, domain in (("a", "contoso.com"), ("b", "*.branch.example")):
            if not self.trouble(0.3):
                self.add(f"CN={name},CN=Accepted Domains,CN=Transport Settings,{ORGANISATION}",
                         "msExchAcceptedDomain", msExchAcceptedDomainName=domain)
        orders = r.sample(range(1, 9), 3)
        for i in range(r.randint(0, 3)):
            kinds = r.sample(TEMPLATES, r.randint(1, 3))
            proxies = [("SMTP:" if n == 0 else "smtp:") + t + (r.choice(DOMAINS) if self.trouble(1) else "contoso.com")
                       for n, t in enumerate(kinds)]
            option = r.choice([None, EAP_OPTION.bytes_le, EAP_OPTION.bytes_le, self.guid().bytes_le])
            self.add(f"CN=EAP {i},CN=Recipient Policies,{ORGANISATION}", "msExchRecipientPolicy",
                     gatewayProxy=proxies, msExchPolicyOrder=str(orders[i]), msExchPolicyOptionList=option,
                     purportedSearch=r.choice(BROKEN_FILTERS if self.trouble(0.2) else FILTERS))
        for i in range(r.randint(0, 5)):
            place = r.choice(["All Address Lists", "All Global Address Lists", "All System Address Lists"])
            self.add(f"CN=List {i},CN={place},CN=Address Lists Container,{ORGANISATION}", "addressBookContainer",
                     purportedSearch=None if self.chance(0.05) else
                     r.choice(BROKEN_FILTERS if self.chance(0.1) else FILTERS))
        self.dropped = []
        if self.chance(0.15):
            self.dropped = r.sample(["mDBUseDefaults", "msExchArchiveQuota", "msExchWhenMailboxCreated",
                                     "msExchCalendarLoggingQuota", "msExchPoliciesIncluded",
                                     "msExchAddressBookPolicyLink", "msExchResourceMetaData",
                                     "msExchArchiveName", "msExchMobileMailboxPolicyLink",
                                     "msExchRBACPolicyLink"], r.randint(0, 3))
            self.add(f"CN=Schema,{CONFIGURATION}", "dMD")
            for name in SCHEMA:
                if name not in self.dropped:
                    self.add(f"CN={name},CN=Schema,{CONFIGURATION}", "attributeSchema", lDAPDisplayName=name)
        self.config = {"primaryDomain": r.choice(["sales.branch.example", "elsewhere.example", None])
                       if self.trouble(0.6) else "contoso.com",
                       "version": 44220983382016 if self.chance(0.15) else None,
                       "sharedDisplayType": 1073741824 if self.chance(0.15) else None}

    def database(self, name, dn):
        server = self.r.choice(["EX01", "EX02"])
        entry = self.add(dn, "msExchMDB msExchPrivateMDB",
                         msExchOwningServer=None if self.trouble(0.06) else f"CN={server},CN=Servers,{GROUP_DN}")
        self.databases.append({"name": name, "dn": dn, "server": server,
                               "guid": str(uuid.UUID(bytes_le=entry["objectGUID"][0]))})

    def policy(self, kind, dn, cls):
        entry = self.add(dn, cls)
        self.policies[kind].append({"name": entry["name"][0], "dn": dn,
                                    "guid": str(uuid.UUID(bytes_le=entry["objectGUID"][0]))})

    # --- the account forests

    def account_forests(self):
        r, ours = self.r, self.entries
        self.accounts, self.forests, self.broken = [], {}, {"gone", "half"}
        for credential, many in (("fabrikam", r.randint(5, 10)), ("northwind", r.randint(1, 3))):
            self.entries = []
            name, base = CREDENTIALS[credential]
            dns = base.replace("DC=", "").replace(",", ".")
            self.add(base, "domain domainDNS", objectSid=sid(dns))
            short = credential.upper()
            if self.chance(0.6):
                self.add(f"CN=Partitions,CN=Configuration,{base}", "crossRefContainer")
                self.add(f"CN={short},CN=Partitions,CN=Configuration,{base}", "crossRef", nCName=base, dnsRoot=dns,
                         nETBIOSName=short)
            for n in range(many):
                self.account(credential, n, base, dns, short)
            self.forests[name] = self.entries
        whole = write_ldif(self.forests["fabrikam.ldif"])
        self.half = whole[:len(whole) * 2 // 3] + "\nthis is no LDIF\n"
        self.entries = ours
        self.named = [self.chance(0.5) for _ in CREDENTIALS]  # whether the config names the forest's base

    def account(self, credential, n, base, dns, short):
        r = self.r
        name = f"{r.choice(NAMES[:4])}" + ("" if self.trouble(0.8) else f" {n}")
        sam = r.choice(ALIASES) if self.trouble(0.5) else f"f{n}"
        upn = r.choice([f"{sam}@{dns}", f"{sam}@{dns}", f"u{n}@contoso.com", None])
        place = f"OU={r.choice(['Staff', 'Sales'])},{base}"
        if [dn for dn, _ in self.entries if dn == f"CN={name},{place}"]:
            return
        cls = "person organizationalPerson " + ("contact" if self.chance(0.05) else "user")
        number = sid(dns, 1100 + n)
        if self.sids and self.trouble(0.3):
            number = sid("emea.contoso.com" if self.emea and self.chance(0.5) else "contoso.com", r.randint(1100, 1115))
        e = self.add(f"CN={name},{place}", cls, objectCategory=f"CN=Person,CN=Schema,CN=Configuration,{base}",
                     displayName=name, sAMAccountName=sam, userPrincipalName=upn,
                     userAccountControl="514" if self.trouble(0.3) else r.choice(["512", "512", "66048"]),
                     objectSid=None if self.trouble(0.15) else number)
        me = {"guid": str(uuid.UUID(bytes_le=e["objectGUID"][0])), "sid": number, "credential": credential,
              "forms": [f"{short}\\{sam}", f"{dns}\\{sam}", f"{sam}@{dns}", name, f"CN={name},{place}",
                        f"{dns}/{place[3:].split(',')[0]}/{name}", upn or name]}
        me["forms"] += [me["guid"]] * 3
        self.accounts.append(me)

    def idle_account(self):
        """One that nobody has yet, most times."""
        idle = self.accounts if self.trouble(0.5) else [a for a in self.accounts if "taken" not in a] or self.accounts
        found = self.r.choice(idle)
        found["taken"] = True
        return found

    def linked(self, u, defaults):
        r = self.r
        account = u["master"] if "master" in u and not self.chance(0.3) else self.idle_account()
        credential = account["credential"]
        text = r.choice(account["forms"])
        if self.trouble(0.15):
            credential = r.choice(["home", "gone", "half", "northwind", "fabrikam"])
        if credential == "home":
            text = self.user_text(r.choice(self.users))
        elif self.trouble(0.1):
            text = "nobody"
        found = {"masterAccount": text, "domainController": "dc1.example", "credential": credential}
        given = defaults.get("linked", {})
        if given.get("credential") == credential and self.chance(0.7):
            del found["credential"]
            found.pop("domainController" if self.chance(0.7) else "nothing", None)
        return found

    # --- the users

    def legacy(self, key=None):
        if key is None and not self.trouble(1):
            key = f"key{self.r.randint(1, 999)}"
        return f"{GROUP_LEGACY}/cn=Recipients/cn={key or self.r.choice(KEYS)}"

    def people(self):
        r = self.r
        self.users = []
        taken = set()
        for n in range(r.randint(8, 20)):
            name = self.person(n)
            cn = name if self.trouble(0.8) else f"{name} {n}"
            if self.trouble(0.08):
                cn = r.choice(["x" * 66, ".dot", "bad..dots"]) + str(n)
            if self.chance(0.06):
                cn = ", ".join(reversed(name.split(" ", 1)))
            if self.chance(0.05):
                cn = name.replace(" ", "/")
            place = r.choice([f"OU=People,{BASE}", f"OU=People,{BASE}", f"OU=Resources,{BASE}"])
            if self.emea and self.chance(0.25):
                place = f"DC=emea,{BASE}"
            if (cn, place) in taken:
                continue
            taken.add((cn, place))
            self.user(n, name, cn, place)

    def person(self, n=None):
        """A display name; in a calm world a new one most times."""
        self.made = getattr(self, "made", 0) + 1
        return self.r.choice(NAMES) + ("" if self.trouble(1) else f" {self.made}")

    def user(self, n, name, cn, place):
        r = self.r
        dn = f"CN={escape(cn)},{place}"
        domain = "emea.contoso.com" if place.startswith("DC=emea") else "contoso.com"
        given, sn = (name.split(" ", 1) + [None])[:2]
        sam = r.choice(ALIASES) if self.trouble(0.7) else f"u{n}"
        upn = r.choice([f"{sam}@{domain}", f"{r.choice(ALIASES)}@{domain}" if self.trouble(1) else f"u{n}@contoso.com",
                        f"u{n}@contoso.com", f"{name.split()[0].lower()}.{n}@contoso.com", None])
        if self.trouble(0.1):
            upn = r.choice([f"odd name{n}@contoso.com", "y" * 70 + f"{n}@contoso.com", f"a..b{n}@contoso.com", f"č€{n}@contoso.com"])
        disabled = self.chance(0.35)
        cls = "person organizationalPerson user"
        category = "Person"
        if self.chance(0.04):
            cls, category = "person organizationalPerson user computer", "Computer"
        elif self.chance(0.04):
            cls, category = "person organizationalPerson contact", "Person"
        e = self.add(dn, cls, objectCategory=f"CN={category},CN=Schema,{CONFIGURATION}",
                     objectSid=sid(domain, 1100 + n) if self.sids else None,
                     sIDHistory=self.r.choice(self.accounts)["sid"] if self.trouble(0.06) else None,
                     displayName=name if self.chance(0.93) else cn,
                     givenName=given if self.chance(0.9) else None, sn=sn if self.chance(0.9) else None,
                     initials="Q" if self.chance(0.3) else None,
                     department=r.choice(DEPARTMENTS) if self.chance(0.6) else None,
                     title="Boss" if self.chance(0.2) else None, sAMAccountName=sam,
                     userAccountControl="514" if disabled else "512", userPrincipalName=upn)
        e["cn"] = e["name"] = [cn]
        me = {"dn": dn, "cn": cn, "name": name, "entry": e, "upn": upn, "sam": sam, "domain": domain,
              "guid": str(uuid.UUID(bytes_le=e["objectGUID"][0])), "disabled": disabled,
              "flavour": r.choices(["fresh", "owner", "mailuser", "remote", "broken"], [58, 28, 10 * self.much, 8 * self.much, 10 * self.much])[0]}
        self.users.append(me)
        if me["flavour"] == "fresh":
            self.fresh(me)
        elif me["flavour"] == "owner":
            self.owner(me)
        elif me["flavour"] == "mailuser":
            e["mailNickname"] = [r.choice(ALIASES)]
            if self.chance(0.6):
                e["targetAddress"] = [f"SMTP:{me['sam']}@elsewhere.example"]
            self.addressing(e, 0.7)
        elif me["flavour"] == "remote":
            e["mailNickname"] = [r.choice(ALIASES)]
            e["msExchRemoteRecipientType"] = ["4"]
            if self.chance(0.6):
                e["msExchRecipientDisplayType"] = ["-2147483642"]
                del e["msExchRemoteRecipientType"]
        else:
            self.fresh(me)
            which = r.choice(["guid", "mdb", "both-and-target"])
            if which != "mdb":
                e["msExchMailboxGuid"] = [self.guid().bytes_le]
            if which != "guid":
                e["homeMDB"] = [self.databases[0]["dn"]]
            if which == "both-and-target":
                e["targetAddress"] = ["SMTP:x@elsewhere.example"]
                e["mailNickname"] = [r.choice(ALIASES)]

    def address(self):
        if not self.trouble(1):
            return f"x{self.r.randint(1, 999)}@contoso.com"
        local = self.r.choice(["john.evans", "anna", "joerg", "room212", "help", "u1", "u2", "John.Evans", "info"])
        return f"{local}@{self.r.choice(DOMAINS[:5])}"

    def addressing(self, e, p):
        r = self.r
        if self.chance(p * 0.6):
            primary = self.address()
            e["proxyAddresses"] = ["SMTP:" + primary]
            e["mail"] = [primary if self.chance(0.8) else self.address()]
        elif self.chance(p * 0.4):
            e["mail"] = [self.address()]
        if self.chance(p * 0.5):
            have = e.setdefault("proxyAddresses", [])
            for _ in range(r.randint(1, 2)):
                extra = "smtp:" + self.address() if self.chance(0.5) else "X500:" + self.legacy()
                if extra.lower() not in [h.lower() for h in have]:
                    have.append(extra)

    def fresh(self, me):
        r, e = self.r, me["entry"]
        self.addressing(e, 0.35)
        if self.chance(0.05) or self.trouble(0.2):
            e["legacyExchangeDN"] = [self.legacy()]
        for p, name, value in (
                (0.03, "altRecipient", f"CN=Help Desk,OU=People,{BASE}"),
                (0.03, "msExchGenericForwardingAddress", "smtp:me@home.example"),
                (0.03, "publicDelegates", f"CN=Help Desk,OU=People,{BASE}"),
                (0.05, "msExchMasterAccountSid", r.choice([SELF, OTHER_SID, r.choice(self.accounts)["sid"]])),
                (0.05, "msExchHideFromAddressLists", r.choice(["TRUE", "TRUE", "FALSE"])),
                (0.05, "msExchMobileMailboxPolicyLink", r.choice(self.policies["activeSync"])["dn"]),
                (0.06, "msExchMailboxTemplateLink",
                 r.choice(self.policies["retention"] + self.policies["managedFolder"])["dn"]),
                (0.05, "msExchAddressBookPolicyLink", r.choice(self.policies["addressBook"])["dn"]),
                (0.06, "msExchRecipientTypeDetails", r.choice(["2097152", "65536"])),
                (0.05, "msExchELCMailboxFlags", r.choice(["0", "2", "8", "130"])),
                (0.05, "msExchVersion", r.choice(["44220983382016", "1126140425011200"])),
                (0.04, "msExchPoliciesExcluded", "{26491cfc-9e50-4857-861b-0cb8df22b5d7}"),
                (0.04, "msExchUserAccountControl", "0"),
                (0.03, "msExchArchiveQuota", "5"),
                (0.03, "msExchHomeServerName", f"{GROUP_LEGACY}/cn=Configuration/cn=Servers/cn=EX09")):
            if self.chance(p / 2) or self.trouble(p):
                e[name] = [value]
        if "msExchHomeServerName" in e and self.chance(0.5):
            e["mailNickname"] = [r.choice(ALIASES)]

    def descriptor(self, mask, trustee):
        """The owner's entry and, where the mailbox is shared with somebody, another one."""
        def ace(rights, sid):
            return b"\0\2" + (8 + len(sid)).to_bytes(2, "little") + rights.to_bytes(4, "little") + sid
        aces = [ace(mask, trustee)]
        if self.chance(0.2):
            aces.insert(self.r.choice([0, 1]), ace(0x20001, OTHER_SID))
        body = b"".join(aces)
        acl = b"\4\0" + (8 + len(body)).to_bytes(2, "little") + len(aces).to_bytes(2, "little") + b"\0\0" + body
        return bytes.fromhex("0100048014000000200000000000000" + "02c000000") + SELF + SELF + acl

    def owner(self, me):
        """Somebody who has a mailbox, of one of the five kinds or of another."""
        r, e = self.r, me["entry"]
        kind = r.choices(["user", "shared", "room", "equipment", "linked", "special"], [10, 4, 4, 2, 1 + 15 * self.linking, 1])[0]
        me["kind"] = kind
        database = r.choice([d for d in self.databases if d["name"] != "MBXGone"])
        me["mailbox"] = self.guid()
        me["database"] = database
        e["msExchMailboxGuid"] = [me["mailbox"].bytes_le]
        e["homeMDB"] = [database["dn"]]
        e["msExchHomeServerName"] = [f"{GROUP_LEGACY}/cn=Configuration/cn=Servers/cn={database['server']}"]
        e["mailNickname"] = [r.choice(ALIASES) if self.trouble(0.6) else me["sam"]]
        e["legacyExchangeDN"] = [self.legacy() if self.trouble(0.4) else self.legacy(f"own{len(self.users)}")]
        primary = f"{me['sam']}@contoso.com"
        e["proxyAddresses"] = ["SMTP:" + primary]
        e["mail"] = [primary]
        if self.chance(0.3):
            e["proxyAddresses"].append("X500:" + self.legacy())
        if self.chance(0.3):
            e["proxyAddresses"].append("smtp:" + self.address())
        e["proxyAddresses"] = list({a.lower(): a for a in reversed(e["proxyAddresses"])}.values())
        if kind != "special":
            e["msExchRecipientTypeDetails"] = [str(TYPES[kind])]
        elif self.chance(0.5):
            e["msExchRecipientTypeDetails"] = ["536870912"]
        e["msExchRecipientDisplayType"] = [
            {"room": "7", "equipment": "8", "shared": r.choice(["0", "1073741824"])}.get(kind, "1073741824")]
        e["msExchUserAccountControl"] = ["0" if kind == "user" else "2"]
        if kind != "user":
            e["msExchMasterAccountSid"] = [self.has_master(me) if kind == "linked" else SELF]
        if self.chance(0.8):
            e["msExchMailboxSecurityDescriptor"] = [self.descriptor(
                0x20001 if kind == "user" else 0x20005, e["msExchMasterAccountSid"][0] if kind == "linked" else SELF)]
        if kind in ("room", "equipment"):
            word = kind.capitalize()
            more = self.chance(0.3)
            e["msExchResourceMetaData"] = [f"ResourceType:{word}"]
            e["msExchResourceSearchProperties"] = [word] + (["Projector"] if more else [])
            e["msExchResourceDisplay"] = [word + (",Projector" if more else "")]
        e["msExchVersion"] = ["88218628259840"]
        if self.chance(0.7):
            e["msExchELCMailboxFlags"] = [r.choice(["130", "0", "128", "2", "8"])]
        if self.chance(0.3):
            e["msExchMailboxTemplateLink"] = [
                r.choice(self.policies["retention"] + self.policies["managedFolder"])["dn"]]
        if self.chance(0.25):
            e["msExchMobileMailboxPolicyLink"] = [r.choice(self.policies["activeSync"])["dn"]]
        if self.chance(0.2):
            e["msExchAddressBookPolicyLink"] = [r.choice(self.policies["addressBook"])["dn"]]
        if self.chance(0.2):
            e["msExchPoliciesIncluded"] = [str(self.guid()), "{26491cfc-9e50-4857-861b-0cb8df22b5d7}"]
        elif self.chance(0.2):
            e["msExchPoliciesExcluded"] = ["{26491cfc-9e50-4857-861b-0cb8df22b5d7}"]
        if self.chance(0.1):
            e["msExchHideFromAddressLists"] = ["TRUE"]
        if self.trouble(0.12):
            del e["homeMDB"]
        elif self.trouble(0.08):
            e["targetAddress"] = ["SMTP:x@elsewhere.example"]
        if self.chance(0.15):
            me["archive"] = self.guid()
            e["msExchArchiveGUID"] = [me["archive"].bytes_le]
            if self.chance(0.9):
                e["msExchArchiveDatabaseLink"] = [database["dn"]]
        elif self.chance(0.2):
            me["remembered"] = self.guid()
            e["msExchDisabledArchiveGUID"] = [me["remembered"].bytes_le]
            e["msExchDisabledArchiveDatabaseLink"] = [database["dn"]]

    def has_master(self, me):
        if self.chance(0.15):
            return bytes.fromhex("010500000000000515000000" + "2c1e25b71575b215c5b0f34f" + "58040000")
        me["master"] = self.idle_account()
        return me["master"]["sid"]

    def things(self):
        """Objects that are no users and hold an alias, an address or a mailbox all the same."""
        r = self.r
        for n in range(r.randint(0, 2)):
            self.add(f"CN=Group {n},OU=People,{BASE}", "group", displayName=r.choice(NAMES),
                     objectCategory=f"CN=Group,CN=Schema,{CONFIGURATION}",
                     mailNickname=r.choice(ALIASES), mail=self.address() if self.chance(0.4) else None,
                     proxyAddresses=["smtp:" + self.address()] if self.chance(0.5) else None,
                     legacyExchangeDN=self.legacy() if self.chance(0.5) else None)
        if self.rows and self.chance(0.2):
            row = r.choice(self.rows)
            self.add(f"CN=System Mailbox,OU=People,{BASE}", "container",
                     msExchMailboxGuid=uuid.UUID(row["guid"]).bytes_le)
        if self.rows and self.users and self.chance(0.25):  # the same mailbox twice, or half of it
            row, u = r.choice(self.rows), r.choice(self.users)
            name = "msExchArchiveGUID" if row["archive"] else "msExchMailboxGuid"
            if name not in u["entry"]:
                u["entry"][name] = [uuid.UUID(row["guid"]).bytes_le]
        for account in r.sample(self.accounts, r.randint(0, 3)):  # nobody who has a mailbox
            if self.chance(0.6):
                self.add(f"CN=S-{account['guid']},CN=ForeignSecurityPrincipals,{BASE}", "foreignSecurityPrincipal",
                         objectCategory=f"CN=Foreign-Security-Principal,CN=Schema,{CONFIGURATION}",
                         objectSid=account["sid"])
            else:
                self.add(f"CN=S-{account['guid']},OU=People,{BASE}", "group", sIDHistory=account["sid"],
                         objectCategory=f"CN=Group,CN=Schema,{CONFIGURATION}", homeMDB=self.databases[0]["dn"])
        archives = [row for row in self.rows if row["archive"]]
        if archives and self.users and self.chance(0.3):
            u = r.choice(self.users)
            u["entry"]["msExchDisabledArchiveGUID"] = [uuid.UUID(r.choice(archives)["guid"]).bytes_le]
            u["entry"]["msExchDisabledArchiveDatabaseLink"] = [self.databases[0]["dn"]]

    # --- the inventory

    def row(self, **what):
        base = {"guid": str(self.guid()), "displayName": self.person(), "legacy": self.legacy(),
                "database": self.r.choice(self.databases), "state": "disabled", "archive": False,
                "detail": "", "move": False, "owner": "", "user": None}
        base.update(what)
        if self.trouble(0.06):
            base["legacy"] = ""
        base["date"] = self.date() if base["state"] in ("disabled", "softDeleted") else ""
        if base["state"] == "softDeleted" and self.chance(0.3):
            base["date"] = ""
        self.rows.append(base)
        return base

    def date(self):
        return f"2026-{self.r.choice(['10-20', '10-24', '11-01', '11-13'])} {self.r.randint(10, 20)}:02:11"

    def inventory(self):
        r = self.r
        for u in self.users:
            e = u["entry"]
            if "mailbox" in u and self.chance(0.92):
                here = u["database"] if not self.trouble(0.2) else r.choice(self.databases)
                self.row(guid=str(u["mailbox"]), displayName=u["name"], legacy=e["legacyExchangeDN"][0],
                         database=here, state=r.choice(["connected"] * 3 + ["disabled"]), user=u,
                         owner=r.choice(["", u["guid"], r.choice(self.users)["guid"]]))
            for key in ("archive", "remembered"):
                if key in u and self.chance(0.9):
                    self.row(guid=str(u[key]), displayName="In-Place Archive - " + u["name"], archive=True,
                             legacy=e["legacyExchangeDN"][0], database=u["database"], user=u,
                             state="disabled" if key == "remembered" else r.choice(["connected", "disabled"]))
        fresh = [u for u in self.users if u["flavour"] == "fresh"]
        for n in range(r.randint(5, 14)):
            state = r.choices(["disabled", "softDeleted", "connected"], [80, 20 * self.much, 20 * self.much])[0]
            u = r.choice(fresh) if fresh and not self.trouble(0.5) else None
            if u and not self.trouble(0.6):
                fresh.remove(u)
            more = {"user": u, "displayName": u["name"]} if u else {}
            if u and "legacyExchangeDN" in u["entry"] and self.chance(0.6):
                more["legacy"] = u["entry"]["legacyExchangeDN"][0]
            elif not self.trouble(0.5):
                more["legacy"] = self.legacy(f"mbx{n}")
            row = self.row(state=state, **more)
            if self.trouble(0.2):
                row["detail"] = r.choice(["DiscoveryMailbox", "TeamMailbox"])
            elif self.chance(0.5):
                row["detail"] = r.choice(["UserMailbox", "RoomMailbox", "SharedMailbox"])
            row["move"] = self.trouble(0.08)
            if self.chance(0.3):
                self.row(displayName=r.choice(["In-Place Archive - " + row["displayName"], row["displayName"]]),
                         archive=True, legacy=row["legacy"] if self.chance(0.8) else self.legacy(),
                         database=row["database"] if self.chance(0.8) else r.choice(self.databases), user=u,
                         state=r.choices(["disabled", "softDeleted", "connected"], [90, 5, 5])[0])
            if self.chance(0.1):
                other = r.choice(self.databases)
                if other is not row["database"]:
                    self.row(guid=row["guid"], displayName=row["displayName"], legacy=row["legacy"],
                             database=other, state="softDeleted", user=u)
        owners = [u for u in self.users if u["flavour"] == "owner"]
        if owners and self.chance(0.5):  # an archive for somebody who has a primary
            u = r.choice(owners)
            self.row(displayName="In-Place Archive - " + u["name"], archive=True,
                     legacy=r.choice([u["entry"]["legacyExchangeDN"][0], self.legacy()]),
                     database=r.choice(self.databases), user=u)

    # --- the manifests

    def wishes(self):
        r = self.r
        for m in range(r.choice([1, 1, 2])):
            defaults = {}
            if self.chance(0.4):
                defaults["database"] = self.database_text(r.choice(self.databases))
            if self.chance(0.1):
                defaults["type"] = r.choice(["user", "shared"])
            if self.chance(0.4):
                defaults["policies"] = self.policy_texts()
            if self.chance(0.3):
                defaults["linked"] = {"domainController": "dc1.example", "credential": "fabrikam"}
                if self.chance(self.linking / 3):
                    defaults["type"] = "linked"
            wanted = [self.wish(n, defaults) for n in range(r.randint(4, 9))]
            self.manifests[f"m{m}"] = {"defaults": defaults, "connections": wanted}

    def database_text(self, database):
        return self.r.choice([database["name"]] * 5 + [database["name"].lower(), database["dn"], database["guid"]])

    def policy_texts(self):
        r = self.r
        texts = {}
        kinds = ["activeSync", r.choice(["retention", "managedFolder"]), "addressBook"]
        for kind in kinds:
            if self.chance(0.3):
                p = r.choice(self.policies[kind])
                texts[kind] = r.choice([p["name"], p["name"], p["name"].upper(), p["dn"], p["guid"]])
            elif self.chance(0.1):
                texts[kind] = None
            elif self.chance(0.02):
                texts[kind] = "No such policy"
        return texts

    def wish(self, n, defaults):
        r = self.r
        rows = self.rows
        if not self.trouble(0.3):
            rows = [x for x in rows if x["state"] == "disabled" and not x["detail"].startswith(("D", "T"))
                    or x["user"] and "mailbox" in x["user"]] or rows
        if not self.trouble(0.6):
            rows = [x for x in rows if "wished" not in x] or rows
        row = r.choice(rows)
        row["wished"] = True
        c = {"name": f"c{n}", "mailbox": r.choice([row["displayName"]] * 3 + [row["guid"]] * 5 + [row["legacy"] or row["guid"]])}
        if self.trouble(0.04):
            c["mailbox"] = "Nobody at all"
        if "database" not in defaults or self.chance(0.85):
            c["database"] = self.database_text(
                row["database"] if not self.trouble(0.12) else r.choice(self.databases))
        if self.trouble(0.04):
            c["database"] = "MBXDB99"
        idle = self.users if self.trouble(0.6) else [x for x in self.users if "wished" not in x] or self.users
        u = row["user"] if row["user"] and not self.trouble(0.4) else r.choice(idle)
        u["wished"] = True
        if not (row["user"] and self.chance(0.25)):
            c["user"] = self.user_text(u)
        archive = row["archive"] if not self.trouble(0.1) else not row["archive"]
        if archive:
            c["archive"] = True
        else:
            wanted = r.choice(["room", "equipment", "shared"]) if u["disabled"] != self.trouble(0.2) else "user"
            if self.chance(0.6 if wanted == "user" else 0.9):
                c["type"] = wanted
            elif "kind" in u and u["kind"] in ("user", "room", "shared", "equipment", "linked") and self.chance(0.8):
                c["type"] = u["kind"]
            if (u["disabled"] or u.get("kind") == "linked" or self.trouble(0.1)) and self.chance(self.linking):
                c["type"] = "linked"
            if c.get("type", defaults.get("type")) == "linked":
                c["linked"] = self.linked(u, defaults)
            if self.chance(0.25):
                c["alias"] = r.choice(ALIASES) if self.trouble(1) else f"given{n}"
            if self.chance(0.25):
                c["addresses"] = self.addresses(u)
            if self.chance(0.4):
                c["policies"] = self.policy_texts()
            kind = c.get("type", defaults.get("type", "user"))
            if kind != "user" and "policies" in c:
                c["policies"].pop("addressBook", None)
        allow = [x for x in CONSENTS if self.chance(self.some)
                 and not (x in ("enabledAccount", "disabledAccount") and c.get("type", defaults.get("type")) == "linked")]
        if allow:
            c["allow"] = allow
        if self.chance(0.04):
            c["suspend"] = r.choice([True, "later", False])
        return c

    def addresses(self, u):
        found = {}
        own = [a for a in u["entry"].get("proxyAddresses", []) if a.lower().startswith("smtp:") and a.isascii()]
        if own and self.chance(0.3):  # one that is there already, in another case or as the primary
            a = self.r.choice(own)[5:]
            text = self.r.choice(["SMTP:", "smtp:"]) + self.r.choice([a, a.upper()])
            found[text.lower()] = text
        elif self.chance(0.2):        # one that a policy would make
            text = f"smtp:{u['sam'] if u['sam'].isascii() else 'u9'}@contoso.com"
            found[text] = text
        for i in range(self.r.randint(1, 3)):
            a = f"{self.address().split('@')[0]}@{self.r.choice(DOMAINS if self.trouble(1) else DOMAINS[:4])}"
            first = i == 0 and not [x for x in found.values() if x.startswith("SMTP:")]
            text = self.r.choice(["smtp:" + a, ("SMTP:" if first else "smtp:") + a, "X500:" + self.legacy()])
            found.setdefault(text.lower(), text)
        return list(found.values())

    def user_text(self, u):
        r = self.r
        domain = "EMEA" if "emea" in u["domain"] else "CONTOSO"
        path = ["emea.contoso.com"] if "emea" in u["domain"] else ["contoso.com", u["dn"].split("OU=")[-1].split(",")[0]]
        forms = [u["guid"], u["dn"], f"{domain}\\{u['sam']}", f"{u['domain']}\\{u['sam']}", u["cn"],
                 f"{u['sam']}@{u['domain']}", "/".join(path + [u["cn"].replace("/", "\\/")]), "nobody"]
        weights = [5, 3, 3, 1, 2, 1, 2, 0.5 * self.much]
        if u["upn"]:
            forms.append(u["upn"])
            weights.append(5)
        return r.choices(forms, weights)[0]

    # --- files

    def ldif(self):
        return write_ldif(self.entries)

    def write(self, folder):
        (folder / "manifests").mkdir()
        (folder / "directory.ldif").write_text(self.ldif())
        config = {"apiVersion": "mbxctl/v1", "kind": "Config", "manifests": ["manifests"], "store": "sqlite:mbxctl.db",
                  "directory": {"uri": "ldif:directory.ldif", "base": BASE, "configuration": CONFIGURATION},
                  "credentials": {name: {"method": "anonymous", "uri": "ldif:" + file} | ({"base": base} if named else {})
                                  for (name, (file, base)), named in zip(CREDENTIALS.items(), self.named)}}
        for name, entries in self.forests.items():
            (folder / name).write_text(write_ldif(entries))
        (folder / "half.ldif").write_text(self.half)
        if self.config["primaryDomain"]:
            config["primaryDomain"] = self.config["primaryDomain"]
        exchange = {k: self.config[k] for k in ("version", "sharedDisplayType") if self.config[k] is not None}
        if exchange:
            config["exchange"] = exchange
        (folder / "mbxctl.yaml").write_text(json.dumps(config, indent=1) + "\n")
        with open(folder / "databases.csv", "w") as f:
            f.write("Name,Guid,DistinguishedName,Server,MailboxRetention\n")
            for d in self.databases:
                f.write(f'{d["name"]},{d["guid"]},"{d["dn"]}",{d["server"]},30.00:00:00\n')
        self.write_mailboxes(folder / "mailboxes.csv")
        self.write_manifests(folder)

    def write_mailboxes(self, path):
        with open(path, "w") as f:
            f.write("DisplayName,MailboxGuid,LegacyDN,Database,DisconnectDate,DisconnectReason,IsArchiveMailbox,"
                    "OwnerADGuid,MailboxTypeDetail,IsMoveDestination\n")
            for x in self.rows:
                reason = {"disabled": "Disabled", "softDeleted": "SoftDeleted", "connected": ""}[x["state"]]
                f.write(f'"{x["displayName"]}",{x["guid"]},"{x["legacy"]}",{x["database"]["guid"]},{x["date"]},{reason},'
                        f'{x["archive"]},{x["owner"]},{x["detail"]},{x["move"]}\n')

    def write_manifests(self, folder):
        for name, m in self.manifests.items():
            document = {"apiVersion": "mbxctl/v1", "kind": "MailboxConnections"}
            if m["defaults"]:
                document["defaults"] = m["defaults"]
            lines = [f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in document.items()] + ["connections:"]
            for c in m["connections"]:
                lines.append("  - " + "\n    ".join(f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in c.items()))
            (folder / "manifests" / f"{name}.yaml").write_text("\n".join(lines) + "\n")


def write_ldif(entries):
    out = ["version: 1", ""]
    for dn, attributes in entries:
        out.append(line("dn", dn))
        for name, values in attributes.items():
            out += [line(name, v) for v in values]
        out.append("")
    return "\n".join(out)


def line(name, value):
    raw = value if isinstance(value, bytes) else value.encode()
    safe = not isinstance(value, bytes) and raw.isascii() and raw and raw[:1] not in b" :<" and raw[-1:] != b" "
    return f"{name}: {value}" if safe else f"{name}:: {base64.b64encode(raw).decode()}"
