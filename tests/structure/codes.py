#!/usr/bin/env python3
"""Holds that every reason, warning, hold and consent is shown by a golden case.

usage: codes.py SOURCE

What there is stands in the code: the table of reconcile/codes.c, the texts of `warning(d, "..."`,
the table of holds of reconcile/explain.c, the consents of spec/connection.c. What is shown stands in
tests/cases/*/expected.json; a consent is shown where its case allows it and the rule or hold that it
lifts is a warning there. Exit status 1 with each that is not shown, or that need not be excused.
"""
import json
import pathlib
import re
import sys

# Shown by no case, and why.
EXCUSED = {
    "reason read-failed": "an LDIF file is read as a whole or not at all: tests/directory",
    "warning left-alone": "of an undo's plan alone: tests/e2e/undo.py",
    "warning purge-starts": "of an undo's plan alone: tests/e2e/undo.py",
}
LIFTS = {"storeLags": "store-lags", "leftovers": "user-leftovers", "replaceMail": "mail-differs",
         "enabledAccount": "account-enabled", "disabledAccount": "account-disabled",
         "legacyDNMismatch": "legacy-dn-mismatch", "matchByName": "matched-by-name", "adopt": "adopting",
         "reconnect": "reconnecting", "typeChange": "type-change", "relink": "relinking"}


def table(text, beginning):
    """The first text of each row of a table of C."""
    body = text[text.index(beginning):]
    return re.findall(r'[{,]\s*"([a-zA-Z-]+)"', body[:body.index("};")])


def there_is(source):
    room = source / "reconcile"
    code = "".join(p.read_text() for p in sorted(room.glob("*.c")))
    found = {f"reason {x}" for x in table((room / "codes.c").read_text(), "codes[] =")}
    found |= {f"hold {x}" for x in table((room / "explain.c").read_text(), "holds[] =")}
    found |= {f"warning {x}" for x in re.findall(r'warning\(&?d,\s*"([a-z-]+)"', code)}
    consents = table((source / "spec" / "connection.c").read_text(), "consent_names[] =")
    return found | {f"consent {x}" for x in consents}


def allowed(case):
    """The consents that the manifests of a case write, wherever."""
    texts = [p.read_text() for p in [*case.glob("manifest.yaml"), *case.glob("manifests/*.yaml")]]
    return {x.strip() for t in texts for found in re.findall(r"allow: *\[([^]]*)\]", t) for x in found.split(",")}


def shown(case):
    document = json.loads((case / "expected.json").read_text())
    warned = set()
    for c in document["connections"]:
        yield from (f"reason {x['code']}" for x in c["reasons"])
        yield from (f"hold {x}" for x in c["holds"])
        warned |= {x["code"] for x in c["warnings"]} - set(c["holds"])
    yield from (f"warning {x}" for x in warned)
    yield from (f"consent {x}" for x in allowed(case) if LIFTS.get(x) in warned)


def main(source):
    cases = [p.parent for p in sorted((source / "tests" / "cases").glob("*/expected.json"))]
    have, want = {x for c in cases for x in shown(c)}, there_is(source)
    wrong = [f"{x}: no golden case shows it" for x in sorted(want - have - EXCUSED.keys())]
    wrong += [f"{x}: a golden case shows it, or it is no more: excuse it no longer"
              for x in sorted(EXCUSED) if x in have or x not in want]
    print("\n".join(wrong) if wrong else f"{len(want)} codes, {len(want) - len(EXCUSED)} shown by {len(cases)} cases")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
