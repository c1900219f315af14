"""What mbxctl has to decide, written a second time, from the designs alone.

It is slow and simple on purpose. Every rule stands beside the sentence that it comes from; the
interface is cited as I, the directory as D, the store as S.
"""
import copy
import re
import unicodedata
import uuid

import filter as filters

SELF = bytes.fromhex("01010000000000050a000000")
POLICY_GUID = "26491cfc-9e50-4857-861b-0cb8df22b5d7"
EXCLUDED = "{" + POLICY_GUID + "}"
TYPES = {"user": 1, "linked": 2, "shared": 4, "room": 16, "equipment": 32}
FIVE = {str(v): k for k, v in TYPES.items()}
DETAILS = {"", "usermailbox", "linkedmailbox", "sharedmailbox", "roommailbox", "equipmentmailbox"}
CONSENT = {"store-lags": "storeLags", "user-leftovers": "leftovers", "mail-differs": "replaceMail",
           "account-enabled": "enabledAccount", "account-disabled": "disabledAccount",
           "legacy-dn-mismatch": "legacyDNMismatch", "matched-by-name": "matchByName", "adopting": "adopt",
           "reconnecting": "reconnect", "type-change": "typeChange", "relinking": "relink"}
UNKNOWN = {"forest-unreachable", "filter-unreadable"}
# I5: "every reason that applies is listed, in the order below".
ORDER = """database-not-found database-ambiguous mailbox-not-found mailbox-ambiguous mailbox-kind mailbox-special
 mailbox-soft-deleted mailbox-owned store-lags user-not-found user-ambiguous user-has-mailbox user-has-archive
 user-no-primary user-mail-enabled user-leftovers mail-differs account-enabled account-disabled legacy-dn-mismatch
 identity-changed master-account-not-found master-account-ambiguous master-account-linked master-account-local
 master-account-disabled policy-not-found policy-ambiguous alias-invalid alias-taken primary-address-missing address-taken
 domain-not-accepted home-server-unknown schema-missing claimed-twice
 forest-unreachable filter-unreadable""".split()
IF_ABSENT = {"mDBUseDefaults": "TRUE", "msExchELCMailboxFlags": "130", "msExchRBACPolicyLink": None,
             "msExchArchiveQuota": "104857600", "msExchArchiveWarnQuota": "94371840",
             "msExchDumpsterQuota": "31457280", "msExchDumpsterWarningQuota": "20971520",
             "msExchCalendarLoggingQuota": "6291456", "msExchWhenMailboxCreated": "(time of apply)"}
GUIDS = {"msexchmailboxguid", "msexcharchiveguid", "msexchdisabledarchiveguid", "objectguid"}
LINKS = {"activeSync": "msExchMobileMailboxPolicyLink", "addressBook": "msExchAddressBookPolicyLink"}
GUID = re.compile(r"\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?", re.I)


def fold(text):
    return unicodedata.normalize("NFC", text).casefold()


# --- distinguished names, without anything fancy

def split_dn(dn):
    return [p.strip() for p in re.split(r"(?<!\\),", dn)]


def norm(dn):
    return ",".join(fold("=".join(x.strip() for x in p.split("=", 1))) for p in split_dn(dn))


def is_dn(text):
    return all(re.match(r"(cn|ou|dc|o)=.", p, re.I) for p in split_dn(text))


def rdn_value(dn):
    return unescape(split_dn(dn)[0].split("=", 1)[1])


def unescape(text):
    return re.sub(r"\\(.)", r"\1", text)


def canonical(dn):
    parts = split_dn(dn)
    dns = ".".join(p.split("=", 1)[1] for p in parts if p.lower().startswith("dc="))
    path = [unescape(p.split("=", 1)[1]).replace("/", "\\/") for p in parts if not p.lower().startswith("dc=")]
    return "/".join([dns, *reversed(path)])


# --- SIDs and security descriptors

def sid_text(v):
    parts = [str(int.from_bytes(v[i:i + 4], "little")) for i in range(8, len(v), 4)]
    return f"S-{v[0]}-{int.from_bytes(v[2:8], 'big')}-" + "-".join(parts)


def domain_of(sid):
    """The SID of the domain that an account's SID is of; None where it is of none."""
    return sid_text(sid).rsplit("-", 1)[0] if sid[1] == 5 and sid[8] == 21 else None


def ace(mask, sid):
    return bytes([0, 2]) + (8 + len(sid)).to_bytes(2, "little") + mask.to_bytes(4, "little") + sid


def descriptor(aces):
    body = b"".join(aces)
    acl = bytes([4, 0]) + (8 + len(body)).to_bytes(2, "little") + len(aces).to_bytes(2, "little") + b"\0\0" + body
    head = bytes.fromhex("01000480" + "14000000" + "20000000" + "00000000" + "2c000000")
    return head + SELF + SELF + acl


def owners(raw):
    """A descriptor's owner and group."""
    found = []
    for at in (int.from_bytes(raw[4:8], "little"), int.from_bytes(raw[8:12], "little")):
        found.append(raw[at:at + 8 + 4 * raw[at + 1]])
    return found


def aces(raw):
    """The entries of a descriptor's DACL."""
    at, found = int.from_bytes(raw[16:20], "little"), []
    count, at = int.from_bytes(raw[at + 4:at + 6], "little"), at + 8
    for _ in range(count):
        size = int.from_bytes(raw[at + 2:at + 4], "little")
        found.append(raw[at:at + size])
        at += size
    return found


# --- the directory

class Entry:
    def __init__(self, dn, attributes, names=None):
        self.dn = dn
        self.a = attributes          # folded name -> list of bytes
        self.names = names or {}     # folded name -> the name as written

    def get(self, name):
        return [v.decode("utf-8", "replace") for v in self.a.get(name.lower(), [])]

    def raw(self, name):
        return self.a.get(name.lower(), [])

    def one(self, name):
        values = self.get(name)
        return values[0] if values else None

    def guid(self, name="objectGUID"):
        values = self.raw(name)
        return str(uuid.UUID(bytes_le=values[0])) if values and len(values[0]) == 16 else None

    def copy(self):
        return Entry(self.dn, {k: list(v) for k, v in self.a.items()}, dict(self.names))

    def set(self, name, values):
        if values:
            self.a[name.lower()] = [v if isinstance(v, bytes) else v.encode() for v in values]
            self.names.setdefault(name.lower(), name)
        else:
            self.a.pop(name.lower(), None)

    def is_a(self, *classes):
        mine = {fold(c) for c in self.get("objectClass")}
        return all(fold(c) in mine for c in classes)


def read_ldif(text):
    import base64
    entries, lines = [], []
    for raw in text.split("\n"):
        if raw.startswith(" "):
            lines[-1] += raw[1:]
        else:
            lines.append(raw)
    current = None
    for line in lines:
        if not line:
            current = None
            continue
        if line.startswith("#") or line.startswith("version:"):
            continue
        name, value = line.split(":", 1)
        value = base64.b64decode(value[1:].strip()) if value.startswith(":") else value.strip().encode()
        if current is None:
            assert name.lower() == "dn", line
            current = Entry(value.decode(), {})
            entries.append(current)
        else:
            current.a.setdefault(name.lower(), []).append(value)
            current.names.setdefault(name.lower(), name)
    return entries


def show(name, values):
    """A value as a plan prints it."""
    import base64
    out = []
    for v in values:
        v = v if isinstance(v, bytes) else v.encode()
        if name.lower() in GUIDS and len(v) == 16:
            out.append(str(uuid.UUID(bytes_le=v)))
        elif name.lower() == "msexchmasteraccountsid":
            out.append(sid_text(v))
        elif name.lower() == "msexchmailboxsecuritydescriptor":
            out.append(base64.b64encode(v).decode())
        else:
            try:
                out.append(v.decode())
            except UnicodeDecodeError:
                out.append(base64.b64encode(v).decode())
    return sorted(out)


# --- aliases and addresses

ALIAS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#%*+-/=?^_~$&'`{}|.") | \
    {chr(c) for c in range(0xA1, 0x100)}
FIT = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "þ": "th", "ð": "d", "Ä": "Ae", "Ö": "Oe",
       "Ü": "Ue", "Æ": "Ae", "Ø": "Oe", "Þ": "Th", "Ð": "D", "ª": "a", "º": "o", "¹": "1", "²": "2", "³": "3"}


def best_fit(text):
    out = ""
    for c in unicodedata.normalize("NFC", text):
        if c in FIT:
            out += FIT[c]
        elif c.isascii():
            out += c
        else:
            out += "".join(x for x in unicodedata.normalize("NFD", c) if x.isascii())
    return out


def alias_ok(alias):
    return (0 < len(alias) <= 64 and all(c in ALIAS for c in alias)
            and not alias.startswith(".") and not alias.endswith(".") and ".." not in alias)


def good_local(text):
    """Open: D has "nothing left"; a period at an end, or two in a row, makes no address either."""
    return text and not text.startswith(".") and not text.endswith(".") and ".." not in text


def derived_alias(user):
    """I2: left side of the UPN; for one without a UPN, the name, spaces dropped; others become ?"""
    upn = user.one("userPrincipalName")
    text = upn.rsplit("@", 1)[0] if upn else rdn_value(user.dn).replace(" ", "")
    return "".join(c if c in ALIAS else "?" for c in text)


def address_key(text):
    """One name space for addresses; X500: and legacyExchangeDN share theirs."""
    return fold(text)


class Decision:
    def __init__(self, c):
        self.c = c
        self.reasons, self.lifted, self.holds = set(), set(), set()
        self.changes, self.store = {}, []
        self.action = self.cause = self.type = None
        self.row = self.user = self.database = self.master = None
        self.claims = set()
        self.user_claim = None
        self.owned = False
        self.by_name = False
        self.after = None
        self.why = {}
        self.lenient = set()      # codes that the designs leave open here


class Forest:
    """People, and how they are found."""

    def __init__(self, entries, base):
        self.entries, self.base = entries, base
        self.people = [e for e in entries if e.is_a("user") and
                       any(filters.category(v) == "person" for v in e.get("objectCategory"))]
        self.crossrefs = [e for e in entries if e.is_a("crossRef")]

    def domain(self, dn):
        """The dotted domain that an entry lies in."""
        return ".".join(p.split("=", 1)[1] for p in split_dn(dn) if p.lower().startswith("dc="))

    def find_users(self, text):
        if GUID.fullmatch(text):
            return [u for u in self.people if u.guid() == text.strip("{}").lower()]
        if is_dn(text):
            return [u for u in self.people if norm(u.dn) == norm(text)]
        found = []
        for u in self.people:
            hit = fold(rdn_value(u.dn)) == fold(text)
            if "/" in text and fold(canonical(u.dn)) == fold(text):
                hit = True
            if text.count("\\") == 1 and all(text.split("\\")) and fold(u.one("sAMAccountName") or "") == \
                    fold(text.split("\\")[1]):
                hit = hit or self.in_domain(u, text.split("\\")[0])
            if "@" in text:
                upn = u.one("userPrincipalName")
                if upn is None and u.one("sAMAccountName"):
                    upn = u.one("sAMAccountName") + "@" + self.domain(u.dn)
                hit = hit or (upn is not None and fold(upn) == fold(text))
            if hit:
                found.append(u)
        return found

    def in_domain(self, user, name):
        if not self.crossrefs:
            dotted = self.domain(self.base)
            return fold(name) in (fold(dotted), fold(dotted.split(".")[0]))
        for x in self.crossrefs:
            if fold(name) in (fold(x.one("nETBIOSName") or ""), fold(x.one("dnsRoot") or "")):
                context = ",".join(p for p in split_dn(user.dn) if p.lower().startswith("dc="))
                if norm(x.one("nCName")) == norm(context):
                    return True
        return False

class Model(Forest):
    def __init__(self, entries, rows, databases, config, applied, undone, base, organisation, forests):
        super().__init__(entries, base)
        self.rows, self.store_databases = rows, databases
        self.config, self.applied, self.undone = config, applied, undone
        self.forests = forests       # name of a credential -> the account forest, None where it cannot be read
        inside = "," + norm(organisation)
        self.org = [e for e in entries if norm(e.dn).endswith(inside)]
        self.by_guid = {e.guid(): e for e in entries}
        self.by_dn = {norm(e.dn): e for e in entries}
        self.domains = {sid_text(v) for e in entries if e.is_a("domain") for v in e.raw("objectSid")}
        schema = [e.one("lDAPDisplayName") for e in entries if e.is_a("attributeSchema")]
        self.schema = {fold(s) for s in schema if s} or None
        self.accepted = [fold(v) for e in self.org if e.is_a("msExchAcceptedDomain")
                         for v in e.get("msExchAcceptedDomainName")]

    # --- finding

    def objects(self, cls, text, below=None):
        found = []
        for e in self.org:
            if not e.is_a(cls) or (below and "," + fold("cn=" + below) + "," not in "," + norm(e.dn)):
                continue
            if GUID.fullmatch(text):
                hit = e.guid() == text.strip("{}").lower()
            elif is_dn(text):
                hit = norm(e.dn) == norm(text)
            else:
                hit = fold(rdn_value(e.dn)) == fold(text)
            if hit:
                found.append(e)
        return found

    def rows_of(self, database):
        return [r for r in self.rows if r["database"] == database and not r["vanished"]]

    def stored(self, entry):
        """D: joined with the store's row by GUID, else by name."""
        for d in self.store_databases:
            if d["guid"] == entry.guid():
                return d["guid"]
        for d in self.store_databases:
            if fold(d["name"]) == fold(rdn_value(entry.dn)) and d["guid"] not in self.by_guid:
                return d["guid"]
        return None

    def find_rows(self, text, database):
        rows = self.rows_of(database)
        if GUID.fullmatch(text):
            return [r for r in rows if r["guid"] == text.strip("{}").lower()]
        if text.lower().startswith("/o="):
            return [r for r in rows if fold(r["legacy"]) == fold(text)]
        return [r for r in rows if fold(r["displayName"]) == fold(text)]

    def holders(self, guid):
        return [e for e in self.entries if guid in (e.guid("msExchMailboxGuid"), e.guid("msExchArchiveGUID"))]

    # --- facts about a user

    @staticmethod
    def mail_enabled(u):
        """D Connectable: targetAddress, msExchRemoteRecipientType, a negative display type, or a mail user."""
        return bool(u.raw("targetAddress") or u.raw("msExchRemoteRecipientType")
                    or int(u.one("msExchRecipientDisplayType") or 0) < 0
                    or (u.raw("mailNickname") and not u.raw("msExchHomeServerName")))

    def special_user(self, u):
        return (u.raw("msExchMailboxGuid") and u.raw("homeMDB") and not self.mail_enabled(u)
                and u.one("msExchRecipientTypeDetails") not in FIVE)

    # --- the plan

    def plan(self, connections):
        self.decisions = [Decision(c) for c in connections]
        primaries = [d for d in self.decisions if not d.c["archive"]]
        archives = [d for d in self.decisions if d.c["archive"]]
        for d in self.decisions:
            self.find_mailbox(d)
        for d in primaries:
            self.find_user(d)
            self.find_master(d)
            self.decide(d)
        for d in archives:
            self.claim_mailbox(d)
        self.join()
        for d in primaries:
            self.close(d)
        gets = [p for p in primaries if p.action in ("connect", "update")]
        for d in archives:
            self.find_archive_user(d, gets)
            before = d.user
            for p in gets:
                if d.user is not None and p.user is d.user:
                    before = p.after
            self.decide(d, before)
        self.join()
        for d in self.decisions:
            self.close(d)
        return self.decisions

    def find_mailbox(self, d):
        c = d.c
        found = self.objects("msExchPrivateMDB", c["database"])
        if len(found) != 1:
            d.reasons.add("database-ambiguous" if found else "database-not-found")
        else:
            d.database = found[0]
            d.stored = self.stored(found[0])
        pin = self.pin(c)
        if pin:
            return self.find_pinned(d, pin)
        if d.database is None:
            return None
        rows = self.find_rows(c["mailbox"], d.stored)
        for wanted in (lambda r: r["archive"] == c["archive"], lambda r: r["state"] != "softDeleted"):
            if len(rows) > 1 and [r for r in rows if wanted(r)]:
                rows = [r for r in rows if wanted(r)]
        if len(rows) != 1:
            d.reasons.add("mailbox-ambiguous" if rows else "mailbox-not-found")
            return None
        d.row = rows[0]

    def pin(self, c):
        a = self.applied.get((c["manifest"], c["name"]))
        return a if a and a["mailbox_text"] == c["mailbox"] and a["user_text"] == c.get("user") else None

    def find_pinned(self, d, pin):
        """I Pins: if the text leads to the pinned object or to nothing, nothing changed."""
        led = self.find_rows(d.c["mailbox"], d.stored) if d.database is not None else []
        gone = not [r for r in self.rows if r["guid"] == pin["mailbox"] and not r["vanished"]] \
            and not self.holders(pin["mailbox"])
        if gone or (led and not [r for r in led if r["guid"] == pin["mailbox"]]):
            d.reasons.add("identity-changed")
            return
        if d.database is None:
            rows = [r for r in self.rows if r["guid"] == pin["mailbox"]]
            if rows and self.holders(pin["mailbox"]):
                d.row = rows[0]
            else:
                d.claims.add(("mailbox", pin["mailbox"]))
            return
        # "Of a pinned GUID's rows the one in the manifest's database counts; a connect needs that one, not vanished."
        rows = [r for r in self.rows if r["guid"] == pin["mailbox"]]
        mine = [r for r in rows if r["database"] == d.stored]
        if mine and not mine[0]["vanished"] or rows and self.holders(pin["mailbox"]):
            d.row = (mine or rows)[0]
        else:
            d.reasons.add("mailbox-not-found")

    def find_user(self, d):
        c = d.c
        pin = self.pin(c)
        if pin:
            pinned = [u for u in self.people if u.guid() == pin["user"]]
            led = self.find_users(c["user"]) if c.get("user") else []
            if not pinned or (led and not [u for u in led if u is pinned[0]]):
                d.reasons.add("identity-changed")
            else:
                d.user = pinned[0]
            return
        if c.get("user"):
            found = self.find_users(c["user"])
        elif d.row is None:
            return
        else:
            found = [u for u in self.people
                     if d.row["legacy"] and fold(u.one("legacyExchangeDN") or "") == fold(d.row["legacy"])]
            if not found:
                found = [u for u in self.people if fold(u.one("displayName") or "") == fold(d.row["displayName"])]
                d.by_name = len(found) == 1
        self.one_user(d, found)

    @staticmethod
    def one_user(d, found):
        if len(found) == 1:
            d.user = found[0]
        else:
            d.reasons.add("user-ambiguous" if found else "user-not-found")

    def find_master(self, d):
        """D: as user, in the account forest; its objectSid is what counts."""
        linked = d.c["linked"]
        if linked is None:
            return
        forest = self.forests[linked["credential"]]
        if forest is None:
            d.reasons.add("forest-unreachable")
            return
        found = forest.find_users(linked["masterAccount"])
        if len(found) > 1:
            d.reasons.add("master-account-ambiguous")
        elif not found or not [v for v in found[0].raw("objectSid") if domain_of(v)]:
            d.reasons.add("master-account-not-found")
        else:
            d.master = found[0]

    def master_holders(self, sid, user):
        """D: another person who has a mailbox and the SID in one of the three."""
        return [u for u in self.people if u is not user and (u.raw("msExchMailboxGuid") or u.raw("homeMDB"))
                and any(sid in u.raw(n) for n in ("msExchMasterAccountSid", "objectSid", "sIDHistory"))]

    def primary_row(self, u):
        """D Archive: the primary's row, of several the one in homeMDB's database, not vanished."""
        rows = [r for r in self.rows if r["guid"] == u.guid("msExchMailboxGuid") and not r["vanished"]]
        if len(rows) > 1:
            home = self.by_dn.get(norm(u.one("homeMDB") or "x=y"))
            rows = [r for r in rows if home is not None and r["database"] == self.stored(home)]
        return rows[0] if len(rows) == 1 else None

    def find_archive_user(self, d, gets):
        if self.pin(d.c) or d.c.get("user") or d.row is None:
            return self.find_user(d)
        legacy, found = fold(d.row["legacy"]), []
        for u in self.people if legacy else []:
            # "All are counted before it is asked who is connectable": also by a leftover row, or without a homeMDB.
            rows = [r for r in self.rows if r["guid"] == u.guid("msExchMailboxGuid") and not r["vanished"]
                    and not r["archive"] and fold(r["legacy"]) == legacy]
            if rows or fold(u.one("legacyExchangeDN") or "") == legacy or \
                    [p for p in gets if p.user is u and fold(p.row["legacy"]) == legacy]:
                found.append(u)
        self.one_user(d, found)

    def policies(self, d, kind):
        """The policies that count for this connection: name -> entry, or None where it is to be cleared."""
        c, wanted = d.c, {}
        if c["archive"]:
            return wanted
        for name, (text, given) in c["policies"].items():
            if name == "addressBook" and not given and kind != "user":
                continue
            if text is None:
                wanted[name] = None
                continue
            cls, below = {"activeSync": ("msExchMobileMailboxPolicy", None),
                          "retention": ("msExchMailboxRecipientTemplate", "Retention Policies Container"),
                          "managedFolder": ("msExchMailboxRecipientTemplate", "ELC Mailbox Policies"),
                          "addressBook": ("msExchAddressBookMailboxPolicy", None)}[name]
            found = self.objects(cls, text, below)
            if len(found) == 1:
                wanted[name] = found[0]
            else:
                d.reasons.add("policy-ambiguous" if found else "policy-not-found")
                wanted[name] = found
        return wanted

    def claim_mailbox(self, d):
        if d.row is not None:
            d.claims.add(("mailbox", d.row["guid"]))

    def decide(self, d, before=None):
        c, row, user = d.c, d.row, d.user
        e = before if before is not None else user
        self.claim_mailbox(d)
        if row is not None:
            if row["archive"] != c["archive"]:
                d.reasons.add("mailbox-kind")
            if fold(row["detail"]) not in DETAILS or row["move"]:
                d.reasons.add("mailbox-special")
        if e is not None:
            if self.special_user(e):
                d.reasons.add("mailbox-special")
            d.user_claim = ("archive" if c["archive"] else "primary", user.guid())
            if c["alias"]:
                d.claims.add(("alias", fold(c["alias"])))
            for a in c["addresses"] or []:
                d.claims.add(("address", address_key(a)))
            if d.master is not None:  # open: whether it is claimed without the user, too
                d.claims.add(("master", d.master.raw("objectSid")[0]))
        holders = self.holders(row["guid"]) if row is not None else []
        mine = [h for h in holders if h is user]
        others = [h for h in holders if h is not user]
        if row is not None and user is not None:
            remembering = [u for u in self.entries if u is not user and u.guid("msExchDisabledArchiveGUID") == row["guid"]]
            # Open: D lets memory block "the connection", I5 step 2 lets nothing but differences count of a connected one.
            if others or (c["archive"] and remembering and not mine):
                d.reasons.add("mailbox-owned")
            holds = mine and user.guid("msExchArchiveGUID" if c["archive"] else "msExchMailboxGuid") == row["guid"]
            complete = holds and user.raw("msExchArchiveDatabaseLink" if c["archive"] else "homeMDB")
            if mine and not others:
                if complete and not self.mail_enabled(e):
                    d.owned = True
                elif self.mail_enabled(e):
                    d.reasons.add("user-mail-enabled")
                else:
                    d.reasons.add("user-has-archive" if c["archive"] else "user-has-mailbox")
        kind = self.kind(d, e)
        wanted = self.policies(d, kind)
        d.type = self.shown_type(d, e, holders)
        if row is not None and not holders:
            if row["state"] == "softDeleted":
                d.reasons.add("mailbox-soft-deleted")
            if not row["date"]:
                d.reasons.add("store-lags")
        if row is None or user is None:
            return
        change = Change(self, d, e, kind, wanted)
        if not holders:
            change.connect_archive() if c["archive"] else change.connect()
        elif d.owned:
            change.update_archive() if c["archive"] else change.update()
        self.cause(d)

    @staticmethod
    def shown_type(d, e, holders):
        """I Output: the manifest's; absent, `user` for a connect, else what the user has; null where unresolved."""
        if d.c["archive"] or d.c["type"] or d.row is None or e is None:
            return d.c["type"]
        return FIVE.get(e.one("msExchRecipientTypeDetails")) if holders else "user"

    def kind(self, d, e):
        if d.c["type"]:
            return d.c["type"]
        if d.owned:
            return FIVE.get(e.one("msExchRecipientTypeDetails"), "user")
        return "user"

    def cause(self, d):
        a = self.applied.get((d.c["manifest"], d.c["name"]))
        d.cause = "drift" if a and a["wish"] == d.c["wish"] else "intent"

    def known(self, mailbox, user):
        return [a for a in self.applied.values() if a["mailbox"] == mailbox and a["user"] == user]

    def join(self):
        """I5 step 4 and claimed-twice: both are blocked, but the one that yields alone."""
        for d in self.decisions:
            d.reasons.discard("claimed-twice")
        for i, one in enumerate(self.decisions):
            for other in self.decisions[i + 1:]:
                same_user = one.user_claim is not None and one.user_claim == other.user_claim
                if not same_user and not one.claims & other.claims:
                    continue
                one_yields = same_user and not one.c.get("user") and self.stronger(other)
                other_yields = same_user and not other.c.get("user") and self.stronger(one)
                if one_yields or not other_yields:
                    one.reasons.add("claimed-twice")
                if other_yields or not one_yields:
                    other.reasons.add("claimed-twice")

    def stronger(self, d):
        """One that names the user, is pinned to it, or whose mailbox this user already holds."""
        return bool(d.c.get("user") or self.pin(d.c) or
                    (d.row is not None and d.user in self.holders(d.row["guid"])))

    def close(self, d):
        c = d.c
        reasons = set()
        for code in d.reasons:
            if CONSENT.get(code) in c["allow"]:
                d.lifted.add(code)
            else:
                reasons.add(code)
        if c["suspend"] or self.stays_undone(d):
            d.action = "suspended"
        elif reasons - UNKNOWN:
            d.action = "blocked"
        elif reasons:
            d.action = "unknown"
        elif not d.owned:
            d.action = "connect"
        else:
            d.action = "update" if d.changes or d.store else "none"
        d.final = reasons
        d.final_holds = {h for h in d.holds if CONSENT[h] not in c["allow"]} \
            if d.action in ("connect", "update") else set()


    def stays_undone(self, d):
        """I Undo: suspended until its texts are edited, or `allow` gains `reconnect`, or a field of its own is edited."""
        u = self.undone.get((d.row["guid"], d.user.guid())) if d.row is not None and d.user is not None else None
        if u is None or u["texts"] != (d.c["mailbox"], d.c["user"]):
            return False
        if u["connect"]:
            return u["reconnect"] or "reconnect" not in d.c["allow"]
        return u["own"] == d.c["own"]


class Change:
    """The entry as the write leaves it, and what stands in the way of writing it."""

    def __init__(self, model, d, e, kind, wanted):
        self.m, self.d, self.c, self.e, self.kind, self.wanted = model, d, d.c, e, kind, wanted
        self.after = e.copy()

    # --- connect

    def connect(self):
        m, d, c, e = self.m, self.d, self.c, self.e
        if e.raw("msExchMailboxGuid") or e.raw("homeMDB"):
            d.reasons.add("user-has-mailbox")
        if m.mail_enabled(e):
            d.reasons.add("user-mail-enabled")
        self.account()
        self.leftovers()
        self.home()
        alias = c["alias"] or derived_alias(e)
        self.alias = alias if alias_ok(alias) and best_fit(alias) else None
        if self.alias is None:
            d.reasons.add("alias-invalid")
        self.after.set("mailNickname", [self.alias] if self.alias else [])
        if self.alias:
            self.take_alias(self.alias)
        self.after.set("msExchMailboxGuid", [uuid.UUID(d.row["guid"]).bytes_le])
        self.after.set("homeMDB", [d.database.dn])
        self.column()
        self.after.set("msExchVersion", [str(max(int(m.config["version"] or 88218628259840),
                                                 int(e.one("msExchVersion") or 0)))])
        for name, value in IF_ABSENT.items():
            if m.schema and fold(name) not in m.schema:
                continue
            if name == "msExchRBACPolicyLink":
                found = [x.dn for x in m.org if x.is_a("msExchRBACPolicy")
                         and fold(rdn_value(x.dn)) == "default role assignment policy"]
                value = found[0] if found else None
            if value and not e.raw(name):
                self.after.set(name, [value])
        self.policy_links()
        self.legacy()
        self.addresses(True)
        self.lists()
        self.finish()
        d.store = self.state_change()
        if d.by_name:
            d.holds.add("matched-by-name")
        known = m.known(d.row["guid"], d.user.guid())
        if known:
            mine = m.applied.get((c["manifest"], c["name"]))
            edited = mine and (mine["mailbox_text"], mine["user_text"]) != (c["mailbox"], c.get("user"))
            if not edited:
                d.holds.add("reconnecting")

    def state_change(self):
        row = self.d.row
        return [] if row["state"] == "connected" else [(row["state"], "connected")]

    def account(self):
        disabled = int(self.e.one("userAccountControl") or 0) & 2
        if self.kind == "user" and disabled:
            self.d.reasons.add("account-disabled")
        if self.kind != "user" and not disabled:
            self.d.reasons.add("account-enabled")
        if self.kind == "linked":
            self.master_account()
        # "With `disabledAccount` a user mailbox gets msExchUserAccountControl 2 and SELF as master."
        self.as_shared = self.kind == "user" and bool(disabled) and "disabledAccount" in self.c["allow"]

    def master_account(self):
        """D: it must be an enabled account of another forest, and no other mailbox's."""
        m, d = self.m, self.d
        if d.master is None:
            return
        sid = d.master.raw("objectSid")[0]
        if int(d.master.one("userAccountControl") or 0) & 2:
            d.reasons.add("master-account-disabled")
        if domain_of(sid) in m.domains:
            d.reasons.add("master-account-local")
        if m.master_holders(sid, d.user):
            d.reasons.add("master-account-linked")

    def master(self):
        """The SID that msExchMasterAccountSid will hold."""
        if self.kind == "linked":
            return self.d.master.raw("objectSid")[0] if self.d.master is not None else None
        return SELF if self.kind != "user" or self.as_shared else None

    def leftovers(self):
        e, found = self.e, []
        found += [n for n in ("altRecipient", "msExchGenericForwardingAddress", "publicDelegates") if e.raw(n)]
        sid = e.raw("msExchMasterAccountSid")
        if self.kind == "linked" and self.master() is None:
            if sid:  # Open: "other than the wanted", where the wanted is not known.
                self.d.lenient.add("user-leftovers")
        elif sid and sid[0] != self.master():
            found.append("msExchMasterAccountSid")
        if (e.one("msExchHideFromAddressLists") or "").upper() == "TRUE":
            found.append("msExchHideFromAddressLists")
        for name, link in LINKS.items():
            if e.raw(link) and name not in self.wanted:
                found.append(link)
        if e.raw("msExchMailboxTemplateLink") and not self.sets_template():
            found.append("msExchMailboxTemplateLink")
        if found:
            self.d.reasons.add("user-leftovers")
        self.d.why["user-leftovers"] = found

    def sets_template(self):
        for name in ("retention", "managedFolder"):
            if name in self.wanted and (self.wanted[name] is not None or self.template_kind() == name):
                return True
        return False

    def template_kind(self):
        link = self.e.one("msExchMailboxTemplateLink")
        if not link:
            return None
        if ",cn=retention policies container," in norm(link):
            return "retention"
        return "managedFolder" if ",cn=elc mailbox policies," in norm(link) else None

    def home(self):
        m, d = self.m, self.d
        server = m.by_dn.get(norm(d.database.one("msExchOwningServer") or "x=y"))
        name = server.one("legacyExchangeDN") if server is not None else None
        if name:
            self.after.set("msExchHomeServerName", [name])
        else:
            d.reasons.add("home-server-unknown")
        self.server = server

    def column(self):
        """D: what differs between the types' columns."""
        self.after.set("msExchRecipientTypeDetails", [str(TYPES[self.kind])])
        display = {"user": "1073741824", "linked": "1073741824", "room": "7", "equipment": "8"}.get(self.kind) or self.shared_display()
        self.after.set("msExchRecipientDisplayType", [display])
        self.after.set("msExchUserAccountControl", ["0" if self.kind == "user" and not self.as_shared else "2"])
        self.after.set("msExchMasterAccountSid", [self.master()] if self.master() else [])
        if self.kind != "linked" or self.master():
            self.after.set("msExchMailboxSecurityDescriptor", [descriptor([self.entry()])])
        self.resources()

    def entry(self):
        """What the descriptor grants to whom the mailbox is: SELF, or the master account."""
        return ace(0x20001 if self.kind == "user" else 0x20005, self.master() if self.kind == "linked" else SELF)

    def resources(self):
        """D: resource attributes gain or lose only their type's own value. (Open: whether at a connect, too.)"""
        metadata, search = self.e.get("msExchResourceMetaData"), self.e.get("msExchResourceSearchProperties")
        display = [x for x in (self.e.one("msExchResourceDisplay") or "").split(",") if x]
        for word in ("Room", "Equipment"):
            if word.lower() == self.kind:
                metadata += [] if fold("ResourceType:" + word) in [fold(x) for x in metadata] else ["ResourceType:" + word]
                search += [] if fold(word) in [fold(x) for x in search] else [word]
                display = display if fold(word) in [fold(x) for x in display] else [word] + display
            else:
                metadata = [x for x in metadata if fold(x) != fold("ResourceType:" + word)]
                search = [x for x in search if fold(x) != fold(word)]
                display = [x for x in display if fold(x) != fold(word)]
        self.after.set("msExchResourceMetaData", metadata)
        self.after.set("msExchResourceSearchProperties", search)
        self.after.set("msExchResourceDisplay", [",".join(display)] if display else [])

    def shared_display(self):
        if self.m.config["sharedDisplayType"] is not None:
            return str(self.m.config["sharedDisplayType"])
        seen = {}
        for e in self.m.entries:
            value = e.one("msExchRecipientDisplayType")
            if e is not self.d.user and e.one("msExchRecipientTypeDetails") == "4" and value:
                seen[value] = seen.get(value, 0) + 1
        return max(seen, key=lambda v: (seen[v], int(v))) if seen else "0"

    def policy_links(self, update=False):
        for name, link in LINKS.items():
            if name in self.wanted:
                self.link(link, self.wanted[name])
        template = "msExchMailboxTemplateLink"
        for name in ("retention", "managedFolder"):
            if name not in self.wanted:
                continue
            if self.wanted[name] is None:
                if self.template_kind() == name:
                    self.after.set(template, [])
                continue
        for name in ("retention", "managedFolder"):
            if self.wanted.get(name) is None:
                continue
            self.link(template, self.wanted[name])
            flags = int(self.after.one("msExchELCMailboxFlags") or 0)
            wanted = flags | 2 if name == "retention" else flags & ~2
            if wanted != flags:
                self.after.set("msExchELCMailboxFlags", [str(wanted)])

    def link(self, name, found):
        if found is None:
            self.after.set(name, [])
        elif isinstance(found, Entry) and norm(self.e.one(name) or "x=y") != norm(found.dn):
            self.after.set(name, [found.dn])

    def take_alias(self, alias):
        self.d.claims.add(("alias", fold(alias)))
        if [e for e in self.m.entries if e is not self.d.user and fold(e.one("mailNickname") or "") == fold(alias)]:
            self.d.reasons.add("alias-taken")

    # --- legacyExchangeDN and addresses

    def legacy_holders(self, value):
        return [e for e in self.m.entries if e is not self.d.user and
                (fold(e.one("legacyExchangeDN") or "") == fold(value)
                 or fold("X500:" + value) in [fold(p) for p in e.get("proxyAddresses")])]

    def legacy(self):
        m, d, value = self.m, self.d, self.d.row["legacy"]
        own = self.e.one("legacyExchangeDN")
        self.x500 = []
        if own:
            if value and fold(own) != fold(value):
                d.reasons.add("legacy-dn-mismatch")
                if "legacyDNMismatch" in self.c["allow"]:
                    d.claims.add(("address", fold("X500:" + value)))  # open: whether a taken one is claimed
                    if self.legacy_holders(value):
                        d.reasons.add("address-taken")
                    else:
                        self.x500 = ["X500:" + value]
        elif value and not self.legacy_holders(value):
            self.after.set("legacyExchangeDN", [value])
            d.claims.add(("address", fold("X500:" + value)))
        else:
            group = self.server
            while group is not None and not group.is_a("msExchAdminGroup"):
                parts = split_dn(group.dn)
                while len(parts) > 1:
                    parts = parts[1:]
                    group = m.by_dn.get(norm(",".join(parts)))
                    if group is not None:
                        break
                else:
                    group = None
            name = group.one("legacyExchangeDN") if group is not None else None
            if not name and self.alias:  # open: whether one is made of an invalid alias
                d.reasons.add("home-server-unknown")
            elif self.alias:
                short = best_fit(self.alias).replace("/", "")[:5]
                made = f"{name}/cn=Recipients/cn={d.row['guid'].replace('-', '')}-{short}"
                self.after.set("legacyExchangeDN", [made])
                d.claims.add(("address", fold("X500:" + made)))

    def addresses(self, connect):
        m, d, c, e = self.m, self.d, self.c, self.e
        had = e.get("proxyAddresses")
        now = {fold(p): p for p in had}
        for a in (self.x500 if connect else []):
            now.setdefault(fold(a), a)
        given = None
        for a in c["addresses"] or []:
            if a.startswith("SMTP:"):
                given = a
            else:
                now.setdefault(fold(a), a)
        if given:
            self.primary(now, given)
        included = None
        has = [p for p in now.values() if p.startswith("SMTP:")]
        if connect and not has:
            made, included = self.make()
            for a in made or []:
                if a.startswith("SMTP:"):
                    self.primary(now, a)
                else:
                    now.setdefault(fold(a), a)
        before = {fold(p) for p in had}
        for key, a in now.items():
            if key in before:
                continue
            d.claims.add(("address", key))
            if a[:5].lower() == "smtp:":
                if not self.accepted(a.rsplit("@", 1)[-1]):
                    d.reasons.add("domain-not-accepted")
            if self.address_holders(a):
                d.reasons.add("address-taken")
        changed = sorted(now.values()) != sorted(had)
        if changed:
            self.after.set("proxyAddresses", list(now.values()))
        mail = e.one("mail")
        if connect and mail and fold("smtp:" + mail) not in now:
            d.reasons.add("mail-differs")
        if not changed and not connect:
            return
        primary = [p for p in now.values() if p.startswith("SMTP:")]
        if primary and (mail is None or mail != primary[0][5:]):
            self.after.set("mail", [primary[0][5:]])
        excluded = e.get("msExchPoliciesExcluded")
        if given:
            if fold(EXCLUDED) not in [fold(x) for x in excluded]:
                self.after.set("msExchPoliciesExcluded", excluded + [EXCLUDED])
            self.after.set("msExchPoliciesIncluded", [])
        elif included and not excluded:
            self.after.set("msExchPoliciesIncluded", [included, EXCLUDED])

    @staticmethod
    def primary(now, given):
        """One that is there in another case is not missing: it becomes the primary as it stands."""
        for key, p in list(now.items()):
            if p.startswith("SMTP:") and key != fold(given):
                now[key] = "smtp:" + p[5:]
        now[fold(given)] = "SMTP:" + now.get(fold(given), given)[5:]

    def address_holders(self, address):
        kind, value = address.split(":", 1)
        found = [e for e in self.m.entries if e is not self.d.user and
                 (fold(address) in [fold(p) for p in e.get("proxyAddresses")]
                  or (kind.lower() == "smtp" and fold(e.one("mail") or "") == fold(value))
                  or (kind.lower() == "x500" and fold(e.one("legacyExchangeDN") or "") == fold(value)))]
        return found

    def accepted(self, domain):
        if not self.m.accepted:
            return True
        return any(fold(domain) == a or (a.startswith("*.") and fold(domain).endswith(a[1:])) for a in self.m.accepted)

    def image(self, without):
        entry = {k: v for k, v in self.after.a.items() if k not in without}
        return entry

    def make(self):
        """The addresses that a user without a primary gets: ([primary, secondary...], policy's GUID)."""
        m, d = self.m, self.d
        entry = self.image({"proxyaddresses", "mail", "showinaddressbook"})
        found = []
        for p in m.org:
            if not p.is_a("msExchRecipientPolicy"):
                continue
            options = p.raw("msExchPolicyOptionList")
            if options and uuid.UUID(POLICY_GUID).bytes_le not in options:
                continue
            found.append((int(p.one("msExchPolicyOrder") or 0), p))
        for _, p in sorted(found, key=lambda x: x[0]):
            try:
                if not filters.matches(filters.parse(p.one("purportedSearch") or "("), entry):
                    continue
            except filters.Unreadable:
                d.reasons.add("filter-unreadable")
                return None, None
            if self.alias is None:
                return None, p.guid()  # the policy applies all the same
            made = [self.template(t) for t in sorted(p.get("gatewayProxy"), key=lambda t: not t.startswith("SMTP:"))]
            good = [a for a in made if good_local(a.split(":", 1)[1].rsplit("@", 1)[0])]
            if good != made:
                d.reasons.add("alias-invalid")  # "nothing left is alias-invalid"
            return good, p.guid()
        if not m.config["primaryDomain"]:
            d.reasons.add("primary-address-missing")
            return None, None
        if self.alias is None:
            return None, None
        return [f"SMTP:{self.clean(best_fit(self.alias))}@{m.config['primaryDomain']}"], None

    @staticmethod
    def clean(text):
        return "".join(x for x in text if x not in ' "(),:;<>@[\\]')

    def template(self, text):
        kind, rest = text.split(":", 1)
        local, domain = rest.split("@", 1)
        local = local or "%m"
        replace, out, i = [], "", 0
        while i < len(local):
            m = re.match(r"%r(.)(.)", local[i:])
            if m:
                replace.append(m.groups())
                i += 4
                continue
            m = re.match(r"%(\d*)([mgisd])", local[i:])
            if not m:
                out += local[i]
                i += 1
                continue
            name = {"g": "givenName", "i": "initials", "s": "sn", "d": "displayName"}.get(m[2])
            value = (self.e.one(name) or "") if name else self.alias
            if m[1]:
                value = value[:int(m[1])]
            for x, y in replace:
                value = value.replace(x, "" if x == y else y)
            out += self.clean(best_fit(value))
            i += len(m[0])
        return f"{kind}:{out}@{domain}"

    def lists(self):
        """D: every address list whose purportedSearch the user will meet; none for one kept hidden."""
        shown = []
        if (self.e.one("msExchHideFromAddressLists") or "").upper() != "TRUE":
            for x in self.m.org:
                text = x.one("purportedSearch")
                if not x.is_a("addressBookContainer") or not text:
                    continue
                try:
                    if filters.matches(filters.parse(text), self.image(set())):
                        shown.append(x.dn)
                except filters.Unreadable:
                    pass
        self.after.set("showInAddressBook", shown)

    # --- update

    def update(self):
        m, d, c, e = self.m, self.d, self.c, self.e
        self.as_shared = False
        if c["type"]:
            old = FIVE.get(e.one("msExchRecipientTypeDetails"))
            if c["type"] != old:
                d.holds.add("type-change")
                self.account()
                if c["type"] != "linked" or d.master is not None:
                    self.convert()
            elif c["type"] == "linked" and d.master is not None and e.raw("msExchMasterAccountSid") != [self.master()]:
                d.holds.add("relinking")
                self.master_account()
                self.convert()
        self.policy_links(True)
        if c["alias"] and fold(c["alias"]) != fold(e.one("mailNickname") or ""):
            self.after.set("mailNickname", [c["alias"]])
            self.take_alias(c["alias"])
        if c["addresses"]:
            self.addresses(False)
        self.finish()
        self.lagging()

    def lagging(self):
        """S: the wanted user, whose homeMDB names this row's database, and the row is still disabled."""
        m, d = self.m, self.d
        home = m.by_dn.get(norm(self.e.one("msExchArchiveDatabaseLink" if self.c["archive"] else "homeMDB") or "x=y"))
        if d.row["state"] == "disabled" and home is not None and m.stored(home) == d.row["database"]:
            d.store = [("disabled", "connected")]
        if d.changes and not m.known(d.row["guid"], d.user.guid()):
            d.holds.add("adopting")
        if d.by_name and d.changes:  # "an update with that one change to the store, without hold"
            d.holds.add("matched-by-name")

    def convert(self):
        """D What an update writes: the new type's column, and what only the old type has is taken away; of the
        descriptor, where there is one, only SELF's or the master's entry changes."""
        d, e = self.d, self.e
        before = e.raw("msExchMailboxSecurityDescriptor")
        self.column()
        if before:
            old = SELF
            if e.one("msExchRecipientTypeDetails") == "2" and e.raw("msExchMasterAccountSid"):
                old = e.raw("msExchMasterAccountSid")[0]
            kept = [x for x in aces(before[0]) if x[8:] != old and x != self.entry()]
            new = [self.entry(), *kept]
            if sorted(new) == sorted(aces(before[0])):
                self.after.set("msExchMailboxSecurityDescriptor", before)
            else:
                self.after.set("msExchMailboxSecurityDescriptor", [descriptor(new)])
        if e.one("msExchRecipientTypeDetails") == "1":
            self.after.set("msExchAddressBookPolicyLink", [])

    # --- archives

    def connect_archive(self):
        m, d, e = self.m, self.d, self.e
        if not e.raw("msExchMailboxGuid") or not e.raw("homeMDB"):
            d.reasons.add("user-no-primary")
        if e.raw("msExchArchiveGUID") or e.raw("msExchArchiveDatabaseLink"):
            d.reasons.add("user-has-archive")
        if m.mail_enabled(e):
            d.reasons.add("user-mail-enabled")
        if "user-no-primary" not in d.reasons:
            same = [fold(e.one("legacyExchangeDN") or "")]
            same += [fold(p[5:]) for p in e.get("proxyAddresses") if p.lower().startswith("x500:")]
            row = m.primary_row(e)
            same += [fold(row["legacy"])] if row else []
            if fold(d.row["legacy"]) not in same or not d.row["legacy"]:
                d.reasons.add("legacy-dn-mismatch")
        self.after.set("msExchArchiveGUID", [uuid.UUID(d.row["guid"]).bytes_le])
        self.after.set("msExchArchiveDatabaseLink", [d.database.dn])
        self.after.set("msExchArchiveName", ["In-Place Archive - " + (e.one("displayName") or "")])
        flags = int(e.one("msExchELCMailboxFlags") or 0) | 32
        if self.template_kind() != "managedFolder":
            flags |= 2
        self.after.set("msExchELCMailboxFlags", [str(flags)])
        if e.guid("msExchDisabledArchiveGUID") == d.row["guid"]:
            self.after.set("msExchDisabledArchiveGUID", [])
            self.after.set("msExchDisabledArchiveDatabaseLink", [])
        self.finish()
        d.store = self.state_change()
        known = m.known(d.row["guid"], d.user.guid())
        mine = m.applied.get((self.c["manifest"], self.c["name"]))
        if known and not (mine and (mine["mailbox_text"], mine["user_text"]) != (self.c["mailbox"], self.c.get("user"))):
            d.holds.add("reconnecting")

    def update_archive(self):
        self.finish()
        self.lagging()

    def finish(self):
        d, e, after = self.d, self.e, self.after
        for name in sorted(set(e.a) | set(after.a)):
            old, new = e.a.get(name, []), after.a.get(name, [])
            if sorted(old) != sorted(new):
                written = after.names.get(name) or e.names.get(name)
                d.changes[name] = (show(name, old), show(name, new))
                if new and self.m.schema and name not in self.m.schema:
                    d.reasons.add("schema-missing")
        d.after = after
