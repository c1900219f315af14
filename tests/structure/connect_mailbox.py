#!/usr/bin/env python3
"""docs/connect-mailbox.md: every parameter of the cmdlet has a row, and what the rows name is there.

usage: connect_mailbox.py SOURCE      MBXCTL names the program.
"""
import os
import pathlib
import re
import subprocess
import sys

# Of Exchange Server 2016 and 2019; the two of them that are for Microsoft's own use as well.
PARAMETERS = """
    ActiveSyncMailboxPolicy AddressBookPolicy Alias AllowLegacyDNMismatch Archive Confirm Database
    DomainController Equipment Force Identity LinkedCredential LinkedDomainController
    LinkedMasterAccount ManagedFolderMailboxPolicy ManagedFolderMailboxPolicyAllowed RetentionPolicy
    Room Shared User ValidateOnly WhatIf""".split()


def rows(text):
    for line in text.splitlines():
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 3 and cells[0].startswith("`-"):
            yield cells


def tests_of(cell):
    """[(file or None, name)]"""
    return [(m[1], m[2]) for m in re.finditer(r"(?:(tests/\S+\.py) )?`([^`]+)`", cell)]


def known_words():
    """What a manifest, a config and the command line know: keys, types, consents, options."""
    said = "".join(subprocess.run([os.environ["MBXCTL"], *command], capture_output=True, text=True,
                                  check=True).stdout
                   for command in (["schema", "manifest"], ["schema", "config"], ["help"],
                                   ["help", "apply"], ["help", "plan"], ["help", "explain"]))
    return set(re.findall(r"[\w-]+", said)) | {"--yes", "--held"} & set(re.findall(r"--\w+", said))


def faults(source):
    found = list(rows((source / "docs" / "connect-mailbox.md").read_text()))
    named = [re.match(r"`-(\w+)`", r[0])[1] for r in found]
    yield from (f"-{p}: no row" for p in PARAMETERS if p not in named)
    yield from (f"-{p}: the cmdlet has no such parameter" for p in named if p not in PARAMETERS)
    yield from (f"-{p}: two rows" for p in {p for p in named if named.count(p) > 1})
    words = known_words()
    for parameter, where, shown in found:
        for word in re.findall(r"(?:manifest|option|command) `(?:mbxctl )?([\w.-]+)", where):
            for part in word.split("."):
                if part not in words:
                    yield f"{parameter}: mbxctl knows no {word}"
        if not tests_of(shown):
            yield f"{parameter}: no test"
        for path, name in tests_of(shown):
            there = (source / path).exists() and f"def {name}(" in (source / path).read_text() \
                if path else (source / "tests" / "cases" / name).is_dir()
            if not there:
                yield f"{parameter}: there is no test {path or 'tests/cases/'} {name}"


if __name__ == "__main__":
    wrong = list(faults(pathlib.Path(sys.argv[1])))
    print("\n".join(wrong))
    sys.exit(bool(wrong))
