#!/usr/bin/env python3
"""Address lists and email address policies by any filter: mbxctl chooses those that the domain
controller itself answers to, on the entry as it is after the connect."""
import itertools
import json
import re
import sys

import forest
from forest import BASE, ORG, Failure, database, entry_ldif, must

GROUP_DN = f"CN=Sellers,{forest.PEOPLE}"
BOSS = f"CN=Boss\\, The (Ω),{forest.PEOPLE}"
ALL_BITS, ANY_BIT = "1.2.840.113556.1.4.803", "1.2.840.113556.1.4.804"
PERSON = f"CN=Person,CN=Schema,CN=Configuration,{BASE}"
# One row a filter. {db}: the DN of MBXDB01; {group}, {boss}: DNs, as RFC 4515 escapes them.
FILTERS = """
(mailNickname=*)
(department=*)
(!(department=*))
(department=Sales)
(department=SALES)
(!(department=sales))
(department=Sal*)
(department=*les)
(department=*al*)
(department=s*e*s)
(department=S*L*E*S*)
(department=*sales*sales*)
(department=s*s)
(department=Vertrieb Süd)
(department=VERTRIEB SÜD)
(department=vertrieb*Ü*)
(department=\\56ertrieb S\\c3\\bcd)
(department=Stra\\c3\\9fe)
(company=A \\28B\\29 \\2a \\5c C)
(company=*\\2a*)
(company=*\\28b\\29*)
(company=\\41*)
(company=R&D)
(&(department=Sales)(company=*))
(&(department=Sales)(!(company=*))(title=H*))
(|(department=Sales)(title=Head*))
(&(|(title=Head*)(title=Chief*))(!(|(company=R&D)(department=Sales))))
(!(&(title=*)(department=*)))
(!(!(title=Head of Sales)))
(&(mailNickname=*)(&(department=Sales)))
(countryCode>=100)
(countryCode<=100)
(!(countryCode>=276))
(&(countryCode>=1)(countryCode<=840))
(extensionAttribute1>=b)
(extensionAttribute1<=M)
(extensionAttribute2=007)
(extensionAttribute2=7)
(extensionAttribute3=TRUE)
(msExchRecipientTypeDetails=1)
(msExchRecipientTypeDetails>=4)
(msExchRecipientDisplayType=1073741824)
(|(msExchRecipientTypeDetails=16)(msExchRecipientTypeDetails=32))
(msExchRecipientTypeDetails:{all}:=16)
(msExchRecipientTypeDetails:{any}:=5)
(userAccountControl:{all}:=2)
(!(userAccountControl:{all}:=2))
(userAccountControl:{any}:=2)
(userAccountControl:{all}:=514)
(userAccountControl:{any}:=514)
(msExchELCMailboxFlags:{all}:=130)
(msExchELCMailboxFlags:{any}:=32)
(objectCategory=person)
(objectCategory=USER)
(objectCategory=computer)
(objectCategory=group)
(objectCategory={person})
(objectClass=user)
(objectClass=organizationalPerson)
(objectClass=top)
(objectClass=contact)
(&(objectCategory=person)(objectClass=user)(mailNickname=*)(msExchHomeServerName=*))
(homeMDB={db})
(!(homeMDB={db}))
(homeMDB={dbspaced})
(homeMDB=*)
(manager={boss})
(manager={bossspaced})
(manager=*)
(memberOf={group})
(!(memberOf={group}))
(memberOf=CN=Nobody,{base})
(distinguishedName={boss})
(msExchHomeServerName=*/cn=EX01)
(msExchHomeServerName=/O=CONTOSO/*)
(legacyExchangeDN=/o=Contoso/*)
(proxyAddresses=smtp:*@contoso.com)
(proxyAddresses=SMTP:person00@*)
(proxyAddresses=x500:*)
(mail=person0*@contoso.com)
(mail=*)
(targetAddress=*)
(displayName=Person 0*)
(givenName=ÄNNE)
(givenName=*nn*)
(sn=o'neil)
(sn>=n)
(cn=person 01)
(name=Person 1*)
(description=two)
(description=t*)
(!(description=one))
(otherMailbox=*@example.org)
(mDBUseDefaults=TRUE)
(msExchHideFromAddressLists=TRUE)
(!(msExchHideFromAddressLists=TRUE))
(msExchVersion>=88218628259840)
(msExchVersion<=44220983382016)
(msExchMailboxTemplateLink=*)
(msExchMailboxTemplateLink={retention})
(msExchResourceMetaData=ResourceType:Room)
(msExchResourceSearchProperties=room)
(msExchUserAccountControl=2)
(sAMAccountType=805306368)
(userPrincipalName=*@contoso.com)
(sAMAccountName=P0*)
(whenCreated>=20200101000000.0Z)
(whenCreated<=20200101000000.0Z)
(primaryGroupID=513)
(accountExpires>=1)
(title=)
(&)
(|)
"""
# What cannot be evaluated: left out, with a warning, and the domain controller's answer not asked.
UNREADABLE = [
    "(anr=person)", "(department~=Sales)", "(memberOf:1.2.840.113556.1.4.1941:={group})",
    "(department=Sales", "department=Sales)(", "(!(department=Sales)(title=*))"]


def escaped(dn):
    """As a value of a filter."""
    return "".join(f"\\{ord(c):02x}" if c in "\\()*" else c for c in dn)


def filters(texts):
    spaced = {"dbspaced": database("MBXDB01").replace(",", ", ").upper(),
              "bossspaced": BOSS.replace(",OU", " , ou")}
    names = {"db": database("MBXDB01"), "group": GROUP_DN, "boss": BOSS, "base": BASE,
             "person": PERSON, "retention": forest.policy("Retention Policies Container",
                                                          "Corporate 7y"), **spaced}
    known = {"all": ALL_BITS, "any": ANY_BIT, **{k: escaped(v) for k, v in names.items()}}
    return [re.sub(r"\{(\w+)\}", lambda m: known[m[1]], t) for t in texts if t]


ALL = filters(FILTERS.split("\n"))
NEVER = filters(UNREADABLE)
TYPES = ("user", "room", "equipment", "shared")


class Person:
    def __init__(self, n, **attributes):
        self.n, self.kind = n, TYPES[n % len(TYPES)]
        self.name = f"Person {n:02}"
        self.dn = f"CN={self.name},{forest.PEOPLE}"
        self.attributes = attributes
        self.mailbox = forest.guid("filters", n)
        self.legacy_dn = f"{forest.GROUP}/cn=Recipients/cn={self.mailbox.hex}-p{n}"
        self.database = ("MBXDB01", "MBXDB02")[n % 2]

    def ldif(self):
        return forest.user_ldif(self.name, f"p{self.n:03}", self.kind == "user",
                                userPrincipalName=f"person{self.n:02}@contoso.com",
                                **self.attributes)

    def row(self):
        return forest.csv_row(self.name, self.legacy_dn, self.mailbox, self.database)

    def connection(self):
        return "  - " + forest.yaml_flow({
            "name": self.name, "mailbox": str(self.mailbox), "database": self.database,
            "type": self.kind, "user": self.dn, "allow": ["leftovers"],
            **({"policies": {"retention": "Corporate 7y"}} if self.n % 5 == 0 else {})}) + "\n"


COLUMNS = [
    ("department", ["Sales", "sales", None, "Vertrieb Süd", "SALES and sales", "Straße"]),
    ("title", ["Head of Sales", None, "Chief", "head", "Clerk"]),
    ("company", [None, "A (B) * \\ C", "R&D", "a b c"]),
    ("countryCode", [0, 276, 840, 100]),
    ("extensionAttribute1", ["a", "b", "M", None, "z", "k"]),
    ("extensionAttribute2", ["007", "7", None]),
    ("extensionAttribute3", ["TRUE", "true", None, "FALSE"]),
    ("manager", [None, BOSS]),
    ("givenName", ["Änne", "Ann", None, "änne"]),
    ("sn", ["O'Neil", "Nagy", "Oz", None]),
    ("description", [["one", "two"], None, "Two", "one"]),
    ("otherMailbox", [None, ["a@example.org", "b@example.net"], "c@EXAMPLE.org"]),
    ("displayName", [None, "Two of us"]),
    ("msExchVersion", [None, 44220983382016, 1126140425011200]),
    ("msExchHideFromAddressLists", [None, None, None, "FALSE", None, "TRUE"]),
    ("proxyAddresses", [None, None, ["X500:/o=Old/cn=%d"]]),
]
PEOPLE = 42


def person(n, **more):
    """Each column goes round at a pace of its own, so that the values meet in many ways."""
    chosen = {}
    for k, (attribute, values) in enumerate(COLUMNS):
        value = values[(n * (k + 1) + n // 7) % len(values)]
        if attribute == "proxyAddresses" and value:
            value = [v % n for v in value]
        if value is not None:
            chosen[attribute] = value
    return Person(n, **{**chosen, **more})


def group(people):
    boss = forest.entry_ldif(BOSS, objectClass="contact", displayName="The Boss")
    return forest.PEOPLES_OU + boss + "".join(p.ldif() for p in people) + entry_ldif(
        GROUP_DN, objectClass="group", sAMAccountName="Sellers",
        member=[p.dn for p in people if p.n % 3 == 0])


def lists(texts):
    """An address list for each filter."""
    return "".join(
        entry_ldif(f"CN=F{n:03},CN=All Address Lists,CN=Address Lists Container,{ORG}",
                   objectClass="addressBookContainer", displayName=f"F{n:03}",
                   purportedSearch=text) for n, text in enumerate(texts))


def connect(domain, people):
    """Each gets a mailbox; the document of the apply."""
    domain.modify(f"dn: CN=Department heads,CN=Recipient Policies,{ORG}\nchangetype: delete\n")
    manifest = forest.HEAD + "".join(p.connection() for p in people)
    with forest.Folder(domain.config(), {"people.yaml": manifest},
                       forest.inventory(domain, (p.row() for p in people))) as folder:
        done = folder.expect((0, 3), "apply", "--yes", "--held", "-o", "json", timeout=300)
        document = json.loads(done.stdout)
        left = [(c["name"], c["reasons"]) for c in document["connections"]
                if c["result"] != "applied"]
        must(not left, f"not connected: {left}")
        again = folder.plan(0)["summary"]
        must(again["none"] == len(people), f"a second plan has {again}")
    return document


def address_lists():
    people = [person(n) for n in range(PEOPLE)]
    with forest.Domain(ldif=group(people) + lists(ALL + NEVER)) as domain:
        document = connect(domain, people)
        after = domain.entries(base=forest.PEOPLE, attributes=["showInAddressBook"])
        theirs = forest.lists_of(domain, without=NEVER)
        texts = {**{f"F{n:03}": t for n, t in enumerate(ALL + NEVER)}}
        wrong, matches, both = [], 0, {t: set() for t in ALL}
        for p in people:
            ours = set(after[p.dn].get("showInAddressBook", []))
            hidden = p.attributes.get("msExchHideFromAddressLists") == "TRUE"
            wanted = set() if hidden else set(theirs[p.dn])
            for dn in ours ^ wanted:
                name = dn.decode()[3:7]
                wrong.append(f"{p.name} ({p.kind}) is {'' if dn in ours else 'not '}in the list of "
                             f"{texts.get(name, dn.decode())}")
            matches += len(ours)
            for n, text in enumerate(ALL):
                both[text].add(any(dn.startswith(b"CN=F%03d," % n) for dn in theirs[p.dn]))
        must(not wrong, f"{len(wrong)} differ:\n" + "\n".join(sorted(wrong)[:400]))
        for c in document["connections"]:
            skipped = [w["message"] for w in c["warnings"] if w["code"] == "address-list-skipped"]
            hidden = any(w["code"] == "user-leftovers" and "Hide" in w["message"]
                         for w in c["warnings"])
            must(hidden or len(skipped) == len(NEVER), f"{c['name']}: skipped are {skipped}")
    some = sum(len(b) == 2 for b in both.values())
    return f"{len(ALL)} filters, {some} of them met by some but not all, {matches} memberships"


# What an email address policy makes itself is hidden from its filter.
HIDDEN = re.compile("proxyAddresses|mail=|showInAddressBook")
OF_POLICIES = [t for t in ALL if not HIDDEN.search(t)]
PER_GROUP, MEMBERS = 8, 10


def address_policy(g, k, text):
    return entry_ldif(
        f"CN=P{g}.{k},CN=Recipient Policies,{ORG}", objectClass="msExchRecipientPolicy",
        msExchPolicyOrder=1000 * g + k, purportedSearch=f"(&(extensionAttribute15=g{g}){text})",
        gatewayProxy=[f"SMTP:%m@p{k}.g{g}.contoso.com", "smtp:%m@contoso.com"])


def email_address_policies():
    """Some filters vie for each group of people; the first that the domain controller answers to
    is the one, and has made the primary address."""
    # What says much, and so is met by few, comes first.
    texts, number = sorted(OF_POLICIES, key=len, reverse=True), len(OF_POLICIES) // PER_GROUP
    groups = [texts[n::number] for n in range(number)]
    people = [person(MEMBERS * g + n, extensionAttribute15=f"g{g}")
              for g in range(len(groups)) for n in range(MEMBERS)]
    policies = "".join(address_policy(g, k, text)
                       for g, texts in enumerate(groups) for k, text in enumerate(texts))
    with forest.Domain(ldif=group(people) + policies) as domain:
        connect(domain, people)
        after = domain.entries(base=forest.PEOPLE)
        chosen, wrong, names = {}, [], set()
        policies = domain.entries("(objectClass=msExchRecipientPolicy)", base=ORG)
        for entry in sorted(policies.values(),
                            key=lambda e: int(forest.first(e, "msExchPolicyOrder"))):
            for dn in domain.entries(forest.first(entry, "purportedSearch"), ["1.1"]):
                chosen.setdefault(dn, entry)
        for p in people:
            name = forest.first(chosen[p.dn], "name")
            is_now, want = after[p.dn], "contoso.com"
            if name != "Default Policy":
                g, k = name[1:].split(".")
                want = f"p{k}.g{g}.contoso.com"
            identity = forest.guid_text(chosen[p.dn]["objectGUID"][0]).encode()
            names.add(name)
            if (identity not in is_now["msExchPoliciesIncluded"]
                    or not forest.first(is_now, "mail").endswith(f"@{want}")):
                wrong.append(f"{p.name} ({p.kind}) has {forest.first(is_now, 'mail')}, not one of "
                             f"{name}: {forest.first(chosen[p.dn], 'purportedSearch')}")
        must(not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:40]))
    return f"{len(OF_POLICIES)} policies, {len(names)} of them the choice of some of {len(people)}"


TESTS = [address_lists, email_address_policies]

if __name__ == "__main__":
    sys.exit(forest.main(TESTS, sys.argv[1:]))
