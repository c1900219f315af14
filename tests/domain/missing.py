#!/usr/bin/env python3
"""A domain whose schema lacks attributes of Exchange's: what is optional is left out, what the type
needs blocks the connections of this type alone."""
import sys

import forest
from forest import must

OPTIONAL, NEEDED = "msExchCalendarLoggingQuota", "msExchResourceDisplay"


def attributes_that_are_not_there():
    people = [forest.user_ldif(name, name, name == "ann") for name in ("ann", "room")]
    rows = [forest.csv_row(name, f"{forest.GROUP}/cn=Recipients/cn={name}",
                           forest.guid("schema", name), "MBXDB01") for name in ("ann", "room")]
    manifest = forest.HEAD + "".join("  - " + forest.yaml_flow(
        {"mailbox": name, "database": "MBXDB01", "user": f"contoso\\{name}", "type": kind}) + "\n"
        for name, kind in (("ann", "user"), ("room", "room")))
    with forest.Domain(ldif=forest.PEOPLES_OU + "".join(people)) as domain:
        domain.stop()
        for name in (OPTIONAL, NEEDED):  # as if it had never been there
            domain.modify_stopped(
                f"dn: CN={forest.ad_schema.common_name(name)},CN=Schema,{domain.configuration}\n"
                f"changetype: modify\nreplace: lDAPDisplayName\nlDAPDisplayName: not{name}\n")
        domain.start()
        with forest.Folder(domain.config(), {"people.yaml": manifest},
                           forest.inventory(domain, rows)) as folder:
            folder.expect(3, "apply", "--yes", "--held")
            plan = forest.by_name(folder.plan())
        reasons = [r["code"] for r in plan["room"]["reasons"]]
        must(reasons == ["schema-missing"] and NEEDED in plan["room"]["reasons"][0]["message"],
             f"the room: {plan['room']}")
        must(plan["ann"]["action"] == "none", f"the user: {plan['ann']}")
        after = domain.entries("(sAMAccountName=ann)")[f"CN=ann,{forest.PEOPLE}"]
        must("msExchDumpsterQuota" in after and f"not{OPTIONAL}" not in after, after)


if __name__ == "__main__":
    sys.exit(forest.main([attributes_that_are_not_there], sys.argv[1:]))
