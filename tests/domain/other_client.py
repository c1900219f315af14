"""Another client of the domain controller, with an administrator's rights, who changes what he likes:
what an agent has to set right, what only a person may, and what is nobody's business."""
import forest
import kept
from kept import text, texts

# What Disable-Mailbox takes from a user.
OF_A_MAILBOX = (
    "msExchMailboxGuid", "homeMDB", "msExchHomeServerName", "mailNickname", "legacyExchangeDN",
    "proxyAddresses", "mail", "msExchRecipientTypeDetails", "msExchRecipientDisplayType",
    "msExchUserAccountControl", "msExchMasterAccountSid", "msExchMailboxSecurityDescriptor",
    "msExchResourceMetaData", "msExchResourceSearchProperties", "msExchResourceDisplay",
    "showInAddressBook", "msExchPoliciesIncluded", "msExchPoliciesExcluded",
    *{attribute for attribute, _ in kept.LINKS.values()})
OTHER_POLICY = {"activeSync": "Default", "retention": "Legal 10y", "managedFolder": "Legal 10y",
                "addressBook": "Sales"}


class Person:
    """A connection's user. trouble: how the other client takes back what he did to it."""

    def __init__(self, number, guid, connections):
        self.number, self.guid = number, guid
        self.c = connections[0]
        self.archive = connections[1] if len(connections) > 1 else None
        self.trouble, self.elsewhere = None, False  # elsewhere: he did it to the master account
        self.touched, self.gone, self.kind = False, False, None  # kind: of the last managed change


class OtherClient:
    def __init__(self, own, other, keeper, chance):
        self.own, self.other, self.keeper, self.chance = own, other, keeper, chance
        self.mirror, self.others = keeper.own, keeper.other
        self.bystanders = []  # GUIDs; each is used for one purpose at a time
        self.did = {}

    def entry(self, p):
        return self.mirror.entries[p.guid]

    def change(self, guid, *parts):
        self.own.modify(self.mirror.modify(guid, *parts))

    def change_account(self, guid, *parts):
        self.other.modify(self.others.modify(guid, *parts))

    def replace(self, p, attribute, *values):
        self.change(p.guid, ("replace", attribute, *values))

    def swap(self, p, old, new):
        """Of the addresses."""
        self.change(p.guid, *([("delete", "proxyAddresses", *old)] if old else []),
                    *([("add", "proxyAddresses", *new)] if new else []))

    def take_back(self, p):
        p.trouble()
        p.trouble, p.elsewhere = None, False

    def do(self, kind, p):
        """False: there is nothing to it."""
        if getattr(self, kind)(p) is False:
            return False
        self.did[kind] = self.did.get(kind, 0) + 1
        return True


class Managed(OtherClient):
    """What a manifest says: to be set right at the next pass. Each asks for a whole mailbox."""

    def another_alias(self, p):
        if "alias" not in p.c:
            return False
        self.replace(p, "mailNickname", f"other.{p.number}.{self.chance.randrange(99)}")

    def no_alias(self, p):
        if "alias" not in p.c:
            return False
        self.replace(p, "mailNickname")

    def another_policy(self, p):
        return self.policy(p, lambda kind, attribute: forest.policy(
            kept.LINKS[kind][1], OTHER_POLICY[kind]) if kind != "managedFolder" else None)

    def no_policy(self, p):
        return self.policy(p, lambda kind, attribute: None)

    def policy(self, p, value_of):
        """Of any kind that the manifest speaks of."""
        kind = self.chance.choice(sorted(p.c.get("policies", {"": ""})))
        attribute = kept.LINKS[kind][0] if kind else None
        value = value_of(kind, attribute) if kind else None
        now = text(self.entry(p), attribute) if kind else None
        if now == value:
            return False
        self.replace(p, attribute, *([value] if value else []))

    def other_flags(self, p):
        flags = int(text(self.entry(p), "msExchELCMailboxFlags") or 0)
        self.replace(p, "msExchELCMailboxFlags", flags ^ self.chance.choice([2, 6, 8]))

    def no_flags(self, p):
        if "msExchELCMailboxFlags" not in self.entry(p):
            return False
        self.replace(p, "msExchELCMailboxFlags")

    def given(self, p, prefix):
        """The address of the manifest that is there with this prefix."""
        return next((a for a in p.c.get("addresses", [])
                     if a.startswith(prefix) and a in texts(self.entry(p), "proxyAddresses")), None)

    def no_second_address(self, p):
        address = self.given(p, "smtp:")
        if not address:
            return False
        self.swap(p, [address], [])

    def another_primary(self, p):
        address = self.given(p, "SMTP:")
        if not address:
            return False
        self.swap(p, [address],
                  [f"SMTP:new.{p.number}.{self.chance.randrange(10 ** 6)}@contoso.com"])

    def demoted_primary(self, p):
        address = self.given(p, "SMTP:")
        if not address:
            return False
        self.swap(p, [address], ["smtp:" + address[5:]])

    def exchanged_addresses(self, p):
        first, second = self.given(p, "SMTP:"), self.given(p, "smtp:")
        if not first or not second:
            return False
        self.swap(p, [first, second], ["smtp:" + first[5:], "SMTP:" + second[5:]])


class Unmanaged(Managed):
    """What no manifest says anything about; the first few suit any user."""

    def title(self, p):
        self.replace(p, "title", f"Clerk {self.chance.randrange(10 ** 6)}")

    def description(self, p):
        self.replace(p, "description", f"moved to desk {self.chance.randrange(10 ** 6)}")

    def a_quota(self, p):
        self.replace(p, "msExchDumpsterQuota", self.chance.randrange(10 ** 6))

    def disabled_account(self, p):
        if text(self.entry(p), "userAccountControl") != "512":
            return False
        self.replace(p, "userAccountControl", 514)

    def one_more_address(self, p):
        self.swap(p, [], [f"smtp:more.{p.number}.{self.chance.randrange(10 ** 9)}@contoso.com"])

    def other_mail(self, p):
        self.replace(p, "mail", f"mail.{self.chance.randrange(10 ** 6)}@contoso.com")

    def follows_the_address_policy(self, p):
        self.change(p.guid, ("replace", "msExchPoliciesExcluded"),
                    ("replace", "msExchPoliciesIncluded", kept.POLICIES_ON))

    def display_name(self, p):
        self.replace(p, "displayName", f"Somebody {self.chance.randrange(10 ** 6)}")

    def hidden(self, p):
        self.replace(p, "msExchHideFromAddressLists", "TRUE")

    def in_no_address_list(self, p):
        self.replace(p, "showInAddressBook")

    def another_database(self, p):
        self.replace(p, "homeMDB", forest.database("MBXResourceDB"))

    def another_legacy_dn(self, p):
        self.replace(p, "legacyExchangeDN", f"{forest.GROUP}/cn=Recipients/cn={self.chance.random()}")

    def other_rights(self, p):
        self.replace(p, "msExchMailboxSecurityDescriptor", forest.sd(self.chance.choice([1, 4, 5])))

    def alias_in_other_letters(self, p):
        if not text(self.entry(p), "mailNickname"):
            return False
        self.replace(p, "mailNickname", text(self.entry(p), "mailNickname").swapcase())

    def renamed(self, p):
        self.own.modify(self.mirror.rename(p.guid, f"Renamed {p.number} {self.chance.randrange(10 ** 6)}"))

    def moved(self, p):
        name = text(self.entry(p), "cn")
        parent = self.chance.choice([forest.PEOPLE, f"OU=Leavers,{forest.BASE}"])
        if self.mirror.dn(p.guid) == f"CN={name},{parent}":
            return False
        self.own.modify(self.mirror.rename(p.guid, name, parent))

    def master_disabled(self, p):
        master = self.master(p)
        if not master or text(self.others.entries[master], "userAccountControl") != "512":
            return False
        self.change_account(master, ("replace", "userAccountControl", 514))

    def master(self, p):
        found = "linked" in p.c and not self.keeper.other_gone and kept.people_named(
            self.others, p.c["linked"]["masterAccount"], "DC=fabrikam,DC=com")
        return found[0] if found else None


class Troubles(Unmanaged):
    """What is for a person to decide. Each leaves in p.trouble how it is taken back."""

    def put_back(self, p, *attributes):
        """What takes these back to what they are now."""
        before = {a: self.entry(p).get(a, []) for a in attributes}
        return lambda: self.change(p.guid, *(("replace", a, *v) for a, v in before.items()))

    def replaced(self, p, attribute, *values):
        p.trouble = self.put_back(p, attribute)
        self.replace(p, attribute, *values)

    def mailbox_taken_away(self, p):
        gone = [a for a in OF_A_MAILBOX if a in self.entry(p)]
        p.trouble = self.put_back(p, *gone)
        self.change(p.guid, *(("delete", a) for a in gone))

    def another_type(self, p):
        self.replaced(p, "msExchRecipientTypeDetails", self.chance.choice(
            [n for n in kept.TYPES.values() if str(n) != text(self.entry(p),
                                                              "msExchRecipientTypeDetails")]))

    def a_type_of_its_own(self, p):
        self.replaced(p, "msExchRecipientTypeDetails",
                      *self.chance.choice([[], [2147483648], [128]]))

    def another_master(self, p):
        if "linked" not in p.c:
            return False
        spare = self.others.guid(f"CN=Spare,{forest.ACCOUNTS}")
        self.replaced(p, "msExchMasterAccountSid", *self.others.entries[spare]["objectSid"])

    def a_master_that_is_unknown(self, p):
        master = self.master(p)
        if not master:
            return False
        before = text(self.others.entries[master], "sAMAccountName")
        p.trouble = lambda: self.change_account(master, ("replace", "sAMAccountName", before))
        p.elsewhere = True
        self.change_account(master, ("replace", "sAMAccountName", f"was-{before}"))

    def a_mail_user(self, p):
        self.replaced(p, "targetAddress", f"SMTP:a{p.number}@fabrikam.com")

    def no_database(self, p):
        self.replaced(p, "homeMDB")

    def no_home_server(self, p):
        self.replaced(p, "msExchHomeServerName")

    # ---- with somebody else's help ----

    def lend(self, p, attribute, values, own=()):
        """A bystander gets what is this one's, who is changed as well."""
        if not self.bystanders:
            return False
        b, back = self.bystanders.pop(), self.put_back(p, *(a for _, a, *_ in own))

        def take_back():
            self.change(b, ("replace", attribute))
            if own:
                back()
            self.bystanders.append(b)
        p.trouble = take_back
        self.change(b, ("replace", attribute, *values))
        if own:
            self.change(p.guid, *own)

    def mailbox_of_two(self, p):
        return self.lend(p, "msExchMailboxGuid", self.entry(p)["msExchMailboxGuid"])

    def alias_of_another(self, p):
        if "alias" not in p.c:
            return False
        return self.lend(p, "mailNickname", [p.c["alias"]],
                         [("replace", "mailNickname", f"lost.{p.number}")])

    def address_of_another(self, p):
        address = self.given(p, "smtp:")
        if not address:
            return False
        rest = [a for a in texts(self.entry(p), "proxyAddresses") if a != address]
        return self.lend(p, "proxyAddresses", [address], [("replace", "proxyAddresses", *rest)])

    def another_of_that_name(self, p):
        """The manifest's text means somebody else from now on."""
        attribute = {"@": "userPrincipalName", "\\": "sAMAccountName"}.get(
            next((c for c in p.c["user"] if c in "@\\"), ""))
        if not attribute or not self.bystanders:
            return False
        b, e = self.bystanders.pop(), self.entry(p)
        mine, his = text(e, attribute), text(self.mirror.entries[b], attribute)
        if not kept.same(mine, p.c["user"].rpartition("\\")[2]):
            return False

        def give(to, value):
            self.change(to, ("replace", attribute, value))

        def take_back():
            give(b, his)
            give(p.guid, mine)
            self.bystanders.append(b)
        p.trouble = take_back
        give(p.guid, f"was.{mine}")
        give(b, mine)

    def archive_taken_away(self, p):
        if not p.archive:
            return False
        self.replaced(p, "msExchArchiveGUID")

    def archive_of_two(self, p):
        if not p.archive:
            return False
        return self.lend(p, "msExchArchiveGUID", self.entry(p)["msExchArchiveGUID"])

    def deleted(self, p):
        """For good."""
        if p.archive:
            return False
        self.own.modify(self.mirror.delete(p.guid))
        p.gone = True


def named(cls, base):
    """The kinds of changes that a class adds, but for what they are made of."""
    parts = {"do", "policy", "given", "master", "put_back", "replaced", "lend"}
    return sorted(k for k in vars(cls) if not k.startswith("_") and k not in parts
                  and k not in vars(base))


MANAGED, UNMANAGED = named(Managed, OtherClient), named(Unmanaged, Managed)
TROUBLES = named(Troubles, Unmanaged)
OF_ANY_USER = ("title", "description", "a_quota")
