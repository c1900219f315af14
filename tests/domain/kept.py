"""What an enforcing agent makes of a directory that another client writes to: for each connection
what it has to do now, computed from the entries and the rules of interface.md and directory.md alone.
"""
import copy
import uuid

import forest

ELC_RETENTION, ACCOUNT_DISABLED = 2, 2
TYPES = {"user": 1, "linked": 2, "shared": 4, "room": 16, "equipment": 32}
POLICIES_ON = "{26491cfc-9e50-4857-861b-0cb8df22b5d7}"
LINKS = {"activeSync": ("msExchMobileMailboxPolicyLink", "Mobile Mailbox Policies"),
         "retention": ("msExchMailboxTemplateLink", "Retention Policies Container"),
         "managedFolder": ("msExchMailboxTemplateLink", "ELC Mailbox Policies"),
         "addressBook": ("msExchAddressBookPolicyLink", "AddressBook Mailbox Policies")}
# Kept for each of their values, which replPropertyMetaData does not show.
LINKED = {"homeMDB", "msExchMailboxTemplateLink", "msExchMobileMailboxPolicyLink",
          "msExchAddressBookPolicyLink", "msExchRBACPolicyLink", "msExchArchiveDatabaseLink"}
# In the order in which they are told.
REASONS = ("mailbox-special", "mailbox-owned", "store-lags", "user-has-mailbox", "user-has-archive",
           "user-no-primary", "user-mail-enabled", "user-leftovers", "mail-differs",
           "account-enabled", "account-disabled", "identity-changed", "master-account-not-found",
           "master-account-disabled",
           "alias-taken", "address-taken", "forest-unreachable")
LEFTOVERS = ("altRecipient", "publicDelegates", "msExchGenericForwardingAddress",
             "msExchMasterAccountSid")
TOO_OFTEN = 3  # docs/agent.md: undone so often by others, it is left


def text(entry, attribute):
    """The one value; None: there is none."""
    return entry[attribute][0].decode() if attribute in entry else None


def texts(entry, attribute):
    return [v.decode() for v in entry.get(attribute, [])]


def same(a, b):
    return (a or "").casefold() == (b or "").casefold()


class Verdict:
    """action, code: as `status` tells them; (None, None): nothing stands in the way
    changes: {attribute: its values afterwards}, to be written at the next pass
    row: the store's row is to be set to `connected`"""

    def __init__(self, action=None, code=None, changes=None, row=False):
        self.action, self.code, self.changes, self.row = action, code, changes or {}, row

    @property
    def attention(self):
        return (self.action, self.code) if self.code else None


class Mirror:
    """The entries as they must be: {objectGUID: {attribute: values}}. What is changed here has to be
    sent to the domain as well, by the LDIF that each change returns."""

    def __init__(self, entries):
        self.entries = {e["objectGUID"][0]: copy.deepcopy(e) for e in entries.values()}
        # By GUID: how many steps the versions of its attributes go up; None: they are not counted.
        self.writes = {}

    def guid(self, dn):
        return next(g for g, e in self.entries.items() if same(text(e, "distinguishedName"), dn))

    def dn(self, guid):
        return text(self.entries[guid], "distinguishedName")

    def count(self, guid, attribute, steps):
        if attribute not in LINKED and self.writes.get(guid, 0) is not None:
            self.writes[guid] = self.writes.get(guid, 0) + steps

    def set(self, guid, attribute, values):
        """By the agent: what goes is deleted, what comes is added."""
        before, after = self.entries[guid].get(attribute, []), forest.as_values(values)
        self.count(guid, attribute, bool(set(before) - set(after)) + bool(set(after) - set(before)))
        self.put(guid, attribute, after)

    def put(self, guid, attribute, values):
        if values:
            self.entries[guid][attribute] = sorted(values)
        else:
            self.entries[guid].pop(attribute, None)

    def modify(self, guid, *parts):
        """parts: ("add" | "delete" | "replace", attribute, value...); as the other client."""
        ldif = forest.convert.line("dn", self.dn(guid).encode()) + "changetype: modify\n"
        for how, attribute, *values in parts:
            values = forest.as_values(values)
            there = self.entries[guid].get(attribute, [])
            ldif += f"{how}: {attribute}\n" + "".join(
                forest.convert.line(attribute, v) for v in values) + "-\n"
            self.count(guid, attribute, how != "replace" or sorted(values) != there)
            # Samba writes it twice, once for what it makes of it.
            self.count(guid, attribute, attribute == "userAccountControl")
            left = {"add": there + values, "replace": values,
                    "delete": [v for v in there if values and v not in values]}[how]
            self.put(guid, attribute, left)
        return ldif + "\n"

    def rename(self, guid, name, parent=None):
        """With another name, or below another entry."""
        dn = self.dn(guid)
        old, superior = dn.split(",", 1)
        ldif = (forest.convert.line("dn", dn.encode()) + "changetype: modrdn\n"
                f"newrdn: CN={name}\ndeleteoldrdn: 1\n" + (f"newsuperior: {parent}\n" if parent else ""))
        entry = self.entries[guid]
        entry["distinguishedName"] = [f"CN={name},{parent or superior}".encode()]
        if old != f"CN={name}":
            entry["cn"] = entry["name"] = [name.encode()]
        self.writes[guid] = None
        return ldif + "\n"

    def delete(self, guid):
        ldif = forest.convert.line("dn", self.dn(guid).encode()) + "changetype: delete\n\n"
        del self.entries[guid]
        return ldif

    def holders(self, attribute, value):
        value = value if isinstance(value, bytes) else value.encode()
        return [g for g, e in self.entries.items()
                if any(v.lower() == value.lower() for v in e.get(attribute, []))]


def people_named(mirror, who, base=forest.BASE):
    """The users that a text of a manifest means; of the forms that are used here."""
    domain = ".".join(part.split("=")[1] for part in base.split(",")).casefold()
    found = []
    for guid, e in mirror.entries.items():
        if b"user" not in e["objectClass"]:
            continue
        sam, upn = text(e, "sAMAccountName"), text(e, "userPrincipalName")
        if (same(upn, who) or same(text(e, "name"), who) or who == str(uuid.UUID(bytes_le=guid))
                or same(who, f"{domain.split('.')[0]}\\{sam}")
                or (not upn and same(who, f"{sam}@{domain}"))):
            found.append(guid)
    return found


def mail_enabled(e):
    return ("targetAddress" in e or "msExchRemoteRecipientType" in e
            or int(text(e, "msExchRecipientDisplayType") or 0) < 0
            or ("mailNickname" in e and "msExchHomeServerName" not in e))


def special(e):
    """A mailbox of a kind that is never touched."""
    return ("msExchMailboxGuid" in e and "homeMDB" in e and not mail_enabled(e)
            and int(text(e, "msExchRecipientTypeDetails") or 0) not in TYPES.values())


def disabled(e):
    return bool(int(text(e, "userAccountControl")) & ACCOUNT_DISABLED)


class Keeper:
    """The agent's business, as it must be done. `pins`: by connection's name the user whom it was
    applied to; `rows`: by mailbox GUID `connected` or `disabled`; `edited`: names whose wish is
    another than the one that was applied; `undone`: how often others set back what; `agreed`: names
    whose hold a person lifted."""

    def __init__(self, own, other):
        self.own, self.other, self.other_gone = own, other, False
        self.connections, self.pins, self.rows = {}, {}, {}
        self.edited, self.undone, self.agreed = set(), {}, set()

    # ---- what there is to do ----

    def judge(self, c):
        if c.get("suspend"):
            return Verdict("suspended", "suspended")
        reasons, unknown = [], False
        mailbox = uuid.UUID(c["mailbox"]).bytes_le
        master = self.master(c, reasons)
        if self.other_gone and "linked" in c:
            unknown = True
        attribute = "msExchArchiveGUID" if c.get("archive") else "msExchMailboxGuid"
        owners = self.own.holders(attribute, mailbox)
        user = self.user(c)
        verdict = Verdict()
        if not user:
            reasons.append("identity-changed")
        elif special(self.own.entries[user]):
            reasons.append("mailbox-special")
        if user and set(owners) - {user}:
            reasons.append("mailbox-owned")
        elif not owners:
            if self.rows[c["mailbox"]] == "connected":
                reasons.append("store-lags")
            if user:
                self.connect(c, self.own.entries[user], master, reasons)
                asked = self.pins.get(c["name"]) == user and c["name"] not in self.agreed
                verdict = Verdict("connect", "reconnecting" if asked else None)
        elif user:
            verdict = self.connected(c, self.own.entries[user], master, reasons)
        if reasons:
            return Verdict("blocked", min(reasons, key=REASONS.index))
        return Verdict("unknown", "forest-unreachable") if unknown else verdict

    def user(self, c):
        """By the pin, unless the text leads to others only, or he is gone."""
        found, pin = people_named(self.own, c["user"]), self.pins.get(c["name"])
        if not pin:
            return found[0] if len(found) == 1 else None
        return pin if pin in self.own.entries and (not found or pin in found) else None

    def master(self, c, reasons):
        if "linked" not in c or self.other_gone:
            return None
        found = people_named(self.other, c["linked"]["masterAccount"], "DC=fabrikam,DC=com")
        if len(found) != 1:
            reasons.append("master-account-not-found")
            return None
        return self.other.entries[found[0]]

    def connect(self, c, e, master, reasons):
        """The rules of a connect."""
        if c.get("archive"):
            reasons += ["user-no-primary"] * ("homeMDB" not in e or "msExchMailboxGuid" not in e)
            reasons += ["user-has-archive"] * ("msExchArchiveGUID" in e
                                               or "msExchArchiveDatabaseLink" in e)
            reasons += ["user-mail-enabled"] * mail_enabled(e)
            return
        reasons += ["user-has-mailbox"] * ("homeMDB" in e or "msExchMailboxGuid" in e)
        reasons += ["user-mail-enabled"] * mail_enabled(e)
        reasons += ["user-leftovers"] * any(a in e for a in LEFTOVERS)
        self.account(c, e, master, reasons)
        if "alias" in c and self.others("mailNickname", c["alias"], e):
            reasons.append("alias-taken")
        if any(self.others("proxyAddresses", a, e) for a in c.get("addresses", [])):
            reasons.append("address-taken")

    @staticmethod
    def account(c, e, master, reasons):
        """Asked at a connect and at a change of type alone."""
        if c.get("type", "user") == "user":
            reasons += ["account-disabled"] * disabled(e)
        else:
            reasons += ["account-enabled"] * (not disabled(e))
        reasons += ["master-account-disabled"] * (master is not None and disabled(master))

    def others(self, attribute, value, e):
        return [g for g in self.own.holders(attribute, value) if self.own.entries[g] is not e]

    def connected(self, c, e, master, reasons):
        """The mailbox is the user's: what differs, and who may put it right."""
        if c.get("archive"):
            if mail_enabled(e) or "msExchArchiveDatabaseLink" not in e:
                reasons.append("user-mail-enabled" if mail_enabled(e) else "user-has-archive")
            row = self.row(c, e, "msExchArchiveDatabaseLink")
            return Verdict("update" if row else None, row=row)
        if mail_enabled(e) or "homeMDB" not in e:
            reasons.append("user-mail-enabled" if mail_enabled(e) else "user-has-mailbox")
            return Verdict()
        hold, details = None, int(text(e, "msExchRecipientTypeDetails") or 0)
        if details != TYPES.get(c.get("type"), details):
            hold = "type-change"
            self.account(c, e, master, reasons)
        elif master and e.get("msExchMasterAccountSid") != master["objectSid"]:
            hold = "relinking"
            reasons += ["master-account-disabled"] * disabled(master)
        changes = {**self.alias(c, e, reasons), **self.addresses(c, e, reasons),
                   **self.policies(c, e)}
        row = self.row(c, e, "homeMDB")
        if hold:
            return Verdict("update", hold)
        if changes and self.too_often(c["name"], changes):
            return Verdict("update", "oscillating")
        return Verdict("update" if changes or row else None, None, changes, row)

    def row(self, c, e, home):
        """Connected by other means, which the store does not know."""
        return self.rows[c["mailbox"]] == "disabled" and same(text(e, home),
                                                              forest.database(c["database"]))

    # ---- what differs ----

    def alias(self, c, e, reasons):
        if "alias" not in c or same(text(e, "mailNickname"), c["alias"]):
            return {}
        reasons += ["alias-taken"] * bool(self.others("mailNickname", c["alias"], e))
        return {"mailNickname": [c["alias"]]}

    def addresses(self, c, e, reasons):
        have = texts(e, "proxyAddresses")
        primary = next((a for a in c.get("addresses", []) if a.startswith("SMTP:")), None)
        if primary:
            have = ["smtp:" + a[5:] if a.startswith("SMTP:") and not same(a, primary)
                    else "SMTP:" + a[5:] if same(a, primary) else a for a in have]
        for given in c.get("addresses", []):
            if not any(same(a, given) for a in have):
                have.append(given)
                taken = self.others("proxyAddresses", given, e) + self.others("mail", given[5:], e)
                reasons += ["address-taken"] * bool(taken)
        if sorted(have) == sorted(texts(e, "proxyAddresses")):
            return {}
        changes = {"proxyAddresses": have}
        # It follows a primary that the manifest gives; else it is nobody's business.
        if primary and not same(text(e, "mail"), primary[5:]):
            changes["mail"] = [primary[5:]]
        if primary and POLICIES_ON not in texts(e, "msExchPoliciesExcluded"):
            changes["msExchPoliciesExcluded"] = [*texts(e, "msExchPoliciesExcluded"), POLICIES_ON]
        if primary and "msExchPoliciesIncluded" in e:
            changes["msExchPoliciesIncluded"] = []
        return changes

    @staticmethod
    def policies(c, e):
        changes = {}
        for kind, wanted in c.get("policies", {}).items():
            attribute, container = LINKS[kind]
            now = text(e, attribute)
            # A null clears only what is of its kind.
            if wanted is None and now and same(now.split(",", 2)[1], f"CN={container}"):
                changes[attribute] = []
            elif wanted and not same(now, forest.policy(container, wanted)):
                changes[attribute] = [forest.policy(container, wanted)]
            flags = int(text(e, "msExchELCMailboxFlags") or 0)
            if wanted and kind in ("retention", "managedFolder"):
                right = flags | ELC_RETENTION if kind == "retention" else flags & ~ELC_RETENTION
                if right != flags:
                    changes["msExchELCMailboxFlags"] = [right]
        return changes

    # ---- who undoes whom ----

    def again(self, name, changes):
        """Those set back each time, this time too."""
        times, what = self.undone.get(name, (0, set()))
        return what & set(changes) if times and name not in self.edited else set()

    def too_often(self, name, changes):
        return bool(self.again(name, changes)) and self.undone[name][0] + 1 >= TOO_OFTEN

    def carry_out(self):
        """One pass: what is to be written is, in the mirror. {(GUID, attribute): (before, after)}."""
        written = {}
        for name, c in self.connections.items():
            verdict = self.judge(c)
            written.update(self.write(c, verdict))
            self.remember(name, verdict)
        return written

    def write(self, c, verdict):
        written, user = {}, self.user(c)
        for attribute, values in verdict.changes.items():
            written[user, attribute] = (self.own.entries[user].get(attribute, []),
                                        forest.as_values(values))
            self.own.set(user, attribute, values)
        if verdict.row:
            self.rows[c["mailbox"]] = "connected"
        return written

    def applied(self, name):
        """By a person: whatever it is, and what others undid is forgotten."""
        self.undone.pop(name, None)
        verdict = self.judge(self.connections[name])
        if verdict.code == "reconnecting":
            self.agreed.add(name)
        self.edited.discard(name)
        return self.write(self.connections[name], verdict)

    def remember(self, name, verdict):
        times, what = self.undone.get(name, (0, set()))
        if verdict.changes and name in self.edited:
            self.undone.pop(name, None)
        elif verdict.changes:
            again = self.again(name, verdict.changes)
            self.undone[name] = (times + 1, again) if again else (1, set(verdict.changes))
        elif verdict.code == "oscillating":
            self.undone[name] = (TOO_OFTEN, what)
        elif not verdict.action and times >= TOO_OFTEN:
            self.undone[name] = (TOO_OFTEN - 1, what)
        if verdict.changes or verdict.row:
            self.edited.discard(name)

    def attention(self):
        """{name: (action, code)}, as `status` must show it."""
        found = {name: self.judge(c).attention for name, c in self.connections.items()}
        return {name: what for name, what in found.items() if what}
