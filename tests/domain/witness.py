"""What is seen of an agent from outside: every attribute of every entry, how often each was written,
the audit and the mailboxes of its store, and its status; beside what there must be of each (kept.py)."""
import json
import struct
from uuid import UUID

import forest
import other_client
from forest import must
from kept import same, text

# Kept by the domain controller itself; of accounts that log on, too.
KEPT = forest.KEPT | {"replPropertyMetaData", "lastLogon", "lastLogonTimestamp", "logonCount",
                      "badPwdCount", "badPasswordTime", "lockoutTime"}
ALL = ["*", "replPropertyMetaData"]
# What a connect may write.
OF_A_CONNECT = set(other_client.OF_A_MAILBOX) | {
    "msExchVersion", "mDBUseDefaults", "msExchELCMailboxFlags", "msExchRBACPolicyLink",
    "msExchArchiveQuota", "msExchArchiveWarnQuota", "msExchDumpsterQuota",
    "msExchDumpsterWarningQuota", "msExchCalendarLoggingQuota", "msExchWhenMailboxCreated"}


def versions(entry):
    """How often the attributes that are no links were written, all together."""
    blob = entry["replPropertyMetaData"][0]
    n, = struct.unpack_from("<I", blob, 8)
    return sum(struct.unpack_from("<I", blob, 16 + 48 * k + 4)[0] for k in range(n))


def by_guid(entries):
    return {e["objectGUID"][0]: e for e in entries.values()}


class Witness:
    """w: the world; agent; keeper: what must be; told: the last row of the audit that was looked at;
    versions: by GUID, how often the attributes had been written then; note(what) counts."""

    def audit(self, after):
        """(the last row's id, {(user, attribute): (before, after)}) of what was applied."""
        found, last = {}, after
        for r in self.w.rows(f"SELECT * FROM change WHERE id > {after} ORDER BY id"):
            last = r["id"]
            if r["target"] != "directory" or r["result"] != "applied":
                continue
            key = UUID(r["user"]).bytes_le, r["attribute"]
            was = found.get(key, (json.loads(r["before"]), None))[0]
            found[key] = was, json.loads(r["after"])
        return last, found

    def adopt(self, entries):
        """Who is connected anew has what a connect writes, and is taken as he is then."""
        written = {}
        for name, c in self.keeper.connections.items():
            verdict, user = self.keeper.judge(c), self.keeper.user(c)
            if verdict.action != "connect" or verdict.code or user not in entries:
                continue
            before, after = self.keeper.own.entries[user], entries[user]
            if not same(text(after, "homeMDB"), forest.database(c["database"])):
                continue
            if after.get("msExchMailboxGuid") != [UUID(c["mailbox"]).bytes_le]:
                continue
            changed = {a for a in before.keys() | after.keys()
                       if before.get(a) != after.get(a)} - KEPT
            must(changed <= OF_A_CONNECT, f"{name}: a connect wrote {changed - OF_A_CONNECT}")
            written.update({(user, a): None for a in changed})
            self.keeper.own.entries[user] = dict(after)
            self.keeper.own.writes[user] = None
            self.keeper.pins[name], self.keeper.rows[c["mailbox"]] = user, "connected"
            self.keeper.edited.discard(name)
            self.keeper.agreed.discard(name)
            self.w.taken.pop(c["mailbox"], None)
            self.keeper.undone.pop(name, None)
            self.note("connected anew")
        return written

    def differences(self, entries, others, written):
        """What is not as it must be, as texts."""
        mirror, wrong = self.keeper.own, []
        for what, is_now, must_be in (("", entries, mirror.entries),
                                      ("account forest: ", others, self.keeper.other.entries)):
            for guid in must_be.keys() | is_now.keys():
                now, want = is_now.get(guid, {}), must_be.get(guid, {})
                wrong += [f"{what}{text(want or now, 'distinguishedName')}: {a} is {now.get(a)}, "
                          f"not {want.get(a)}" for a in sorted((now.keys() | want.keys()) - KEPT)
                          if now.get(a) != want.get(a)]
        for guid, e in entries.items():
            steps = mirror.writes.get(guid, 0)
            if steps is not None and guid in self.versions and not wrong:
                more = versions(e) - self.versions[guid]
                wrong += [f"{mirror.dn(guid)}: its attributes were written {more} times, not {steps}"
                          ] * (more != steps)
        audit = {key: tuple(sorted(v) for v in values)
                 for key, values in self.audit(self.told)[1].items()}
        for key in audit.keys() | written.keys():
            want = written.get(key, ())
            if want is None and key in audit:
                continue
            if want:
                want = tuple(sorted(v.decode() for v in values) for values in want)
            if audit.get(key, ()) != want:
                who = mirror.dn(key[0]) if key[0] in mirror.entries else key[0]
                wrong.append(f"the audit says of {who}: {key[1]} {audit.get(key)}, not {want}")
        return wrong

    def attention(self):
        return {a["name"]: (a["action"], a["code"]) for a in self.agent.ask("status")["attention"]}

    def wrong_now(self, written):
        entries = by_guid(self.w.own.entries(attributes=ALL))
        others = (self.keeper.other.entries if self.keeper.other_gone
                  else by_guid(self.w.other.entries(attributes=ALL)))
        written.update(self.adopt(entries))
        wrong = self.differences(entries, others, written)
        told, want = self.attention(), self.keeper.attention()
        wrong += [f"status says of {n} {told.get(n)}, not {want.get(n)}"
                  for n in sorted(told.keys() | want.keys()) if told.get(n) != want.get(n)]
        rows = {r["guid"]: r["state"] for r in self.w.rows("SELECT guid, state FROM mailbox")}
        wrong += [f"the store says of {g} {rows[g]}, not {state}"
                  for g, state in self.keeper.rows.items() if rows[g] != state]
        return entries, wrong
