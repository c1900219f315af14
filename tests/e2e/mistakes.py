#!/usr/bin/env python3
"""What a new user gets wrong first: each message says what to type instead, in 80 columns."""
import sys

from world import MBXCTL, Terminal, World, main

HEAD = "apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections:\n"
CONFIG = "apiVersion: mbxctl/v1\nkind: Config\n"

# A connection that is wrong, and what is said.
MANIFESTS = {
    "\t- mailbox: A\n": "a tab stands in the indentation: use blanks",
    "  mailbox: A\n  database: B\n": "begin each item with a -",
    "  - mailbox: A\n     database: B\n": "let the keys of one mapping begin in the same column",
    "  - mailbox: A\n": "a connection needs database, here or in defaults",
    "  - mailbox: A\n    database: B\n    usr: c\n": 'unknown key "usr", did you mean "user"?',
    "  - mailbox: A\n    database: B\n    retention: R\n": "it belongs below policies",
    "  - mailbox: A\n    database: B\n    retentionPolicy: R\n": "write policies: {retention: ...}",
    "  - mailbox: A\n    database: B\n    LinkedMasterAccount: R\n":
        "write linked: {masterAccount: ...}",
    "  - identity: A\n    database: B\n": "write mailbox",
    "  - mailbox: A\n    database: B\n    policies: {retentionPolicy: R}\n":
        'did you mean "retention"?',
    '  - mailbox: A\n    database: B\n    user: "CONTOSO\\jevans"\n':
        "use single quotes, or none",
    "  - mailbox: A\n    database: B\n    type: Room\n": 'did you mean "room"?',
    "  - mailbox: A\n    database: B\n    alias: j.evans@contoso.com\n":
        "write the part before it alone",
    "  - mailbox: A\n    database: B\n    addresses: [j@contoso.com]\n":
        "write smtp:j@contoso.com, or SMTP:j@contoso.com for the primary",
    "  - mailbox: A\n    database: B\n    allow: adopt\n": "write [adopt]",
}

CONFIGS = {
    "store: mbxctl.db\n": "is a path alone: write sqlite:mbxctl.db",
    "directory: {uri: contoso.ldif}\n": "is a path alone: write ldif:contoso.ldif",
    "directory: {uri: dc01.contoso.com}\n": "is a name alone: write ldaps://dc01.contoso.com",
    "manifests: manifests\n": "write [manifests]",
    "directroy: {uri: 'ldif:a'}\n": 'did you mean "directory"?',
    "agent: {interval: 5 minutes}\n": "a time such as 10s, 5m, 6h or 2d",
    "directory: {base: contoso.com}\n": "write one such as DC=contoso,DC=com",
    "directory: {uri: 'ldaps://a.b', bind: {method: simple, dn: 'CN=a,DC=b', password: c}}\n":
        'did you mean "passwordFile"?',
}

COMMANDS = {
    "plna": (64, "did you mean `mbxctl plan`?"),
    "diff": (64, "`mbxctl plan` shows what would change"),
    "import mailboxes.csv": (64, "write `mbxctl store import FILE`"),
    "store": (64, "write `mbxctl store import FILE` or `mbxctl store list`"),
    "apply --dry-run": (64, "`mbxctl plan` shows what would change"),
    "apply -y": (64, "there is no option -y; write --yes"),
    "apply --auto-approve": (64, "write --yes"),
    "plan -f manifests": (64, "name files and folders without an option"),
    "plan --onyl x": (64, "did you mean --only?"),
    "plan --yes": (64, "it takes no option --yes"),
    "plan -o": (64, "--output wants a value: --output FORMAT[=FILE]"),
    "plan -o yaml": (64, "write text, json"),
    "plan -only John*": (64, "there is no option -only; write --only"),
    "plan -output=json": (64, "write --output"),
    "plan -q": (64, "write --quiet"),
    "help plna": (64, "did you mean `mbxctl plan`?"),
    "--config mbxctl.yaml plan": (64, "options stand after the command: mbxctl plan --config"),
    "--verbose": (64, "options stand after the command"),
    "-V": (64, "write --version"),
    "pause": (64, "`mbxctl suspend` has the agent write nothing"),
    "plan -o=json --only John": (0, 'did you mean "John Evans"?'),
    "plan --only Sofia*": (0, ""),
    "plan --only Lindqvist": (0, 'write "*Lindqvist*"'),
    "plan --directory ldaps://dc01.invalid":
        (69, "the name dc01.invalid cannot be resolved"),
    "plan --quiet=yes": (64, "--quiet takes no value"),
    "plan manifest": (65, "did you mean manifests?"),
    "plan mailboxes.csv": (65, "take an inventory in with `mbxctl store import`"),
    "plan --only Laura Bennett": (65, '--only "Laura Bennett"'),
    "plan contoso.ldif": (65, "name it with --directory ldif:FILE"),
    "plan mbxctl.db": (65, "name it with --store sqlite:FILE"),
    "plan --save p.plan": (3, ""),
    "apply p.plan": (65, "`mbxctl apply --plan FILE`"),
    "plan -o json=p.json": (3, ""),
    "apply p.json": (65, "`mbxctl plan --save FILE`"),
    "apply --plan p.json": (64, "plan --save FILE"),
    "store import manifests/hq.yaml": (1, "`mbxctl plan FILE` reads manifests"),
    "store import contoso.ldif": (1, "directory: {uri: ldif:FILE}"),
    "export -o x.yaml": (64, "with > FILE"),
    "history --run 1": (64, "write the number alone"),
    "plan --limit 3": (64, "write --max-changes N"),
    "store --help": (64, "write `mbxctl store import FILE`"),
    "plan --store mbxctl.db": (64, "write sqlite:mbxctl.db"),
    "plan --directory contoso.ldif": (64, "write ldif:contoso.ldif"),
    "plan --now today": (64, "a time such as 2026-11-01T12:00:00Z"),
    "history last": (64, "`mbxctl history` lists them"),
    "apply": (5, "use --yes"),
}


def says(done, wanted, what):
    assert wanted in done.stderr, f"{what}: no {wanted!r} in\n{done.stderr}"
    for line in done.stderr.splitlines():
        if line.startswith(("  ", "   ")) and " | " in line[:9]:
            assert len(line) <= 80, f"{what}: a line of the file is too wide:\n{line}"


def mistakes_in_a_manifest():
    with World() as w:
        for content, wanted in MANIFESTS.items():
            w.file("m.yaml").write_text(HEAD + content)
            says(w.expect(65, "plan", "m.yaml"), wanted, content)


def mistakes_in_a_config():
    with World() as w:
        for content, wanted in CONFIGS.items():
            w.file("mbxctl.yaml").write_text(CONFIG + content)
            says(w.expect(78, "plan"), wanted, content)


def mistakes_on_the_command_line():
    with World() as w:
        for line, (code, wanted) in COMMANDS.items():
            says(w.expect(code, *line.split()), wanted, line)


def no_config_is_told():
    with World() as w:
        w.file("mbxctl.yaml").unlink()
        for command, code, wanted in (("plan", 64, "no manifest is given"),
                                      ("plan manifests", 78, "no store is given"),
                                      ("store list", 78, "use --store sqlite:FILE"),
                                      ("plan --store sqlite:mbxctl.db manifests", 78,
                                       "use --directory ldif:FILE")):
            done = w.expect(code, *command.split())
            says(done, wanted, command)
            says(done, "there is no config", command)


def head_ends_a_plan_in_peace():
    with World() as w:
        done = w.run("-c", '"$0" plan -o json | head -c 10', MBXCTL, program="bash")
        assert done.stdout == '{\n  "forma', done.stdout
        assert done.stderr == "", done.stderr
        done = w.run("-c", '"$0" plan >/dev/full', MBXCTL, program="bash")
        assert "could not be written" in done.stderr and done.returncode == 3, done


def help_fits_a_terminal():
    with World() as w:
        text = w.expect(0, "version").stdout
        assert w.expect(0, "--version").stdout == text
        assert f"\nstore         {w.rows('PRAGMA user_version')[0]['user_version']}\n" in text, text
        assert f"\nplan          {w.json(3, 'plan')['format']}\n" in text, text
        words = [line.split("  ")[1].strip() for line in w.expect(0, "--help").stdout.splitlines()
                 if line.startswith("  ")]
        assert "plan" in words and "store import" in words, words
        for command in words:
            text = w.expect(0, *command.split(), "--help").stdout
            assert w.expect(0, "help", *command.split()).stdout == text, command
            for line in text.splitlines():
                assert len(line) <= 80, f"{command} --help: {line}"
        terminal = Terminal(w, "plan", "--onyl", "x")
        terminal.read_until("did you mean --only?")
        assert terminal.end() == 64


TESTS = [mistakes_in_a_manifest, mistakes_in_a_config, mistakes_on_the_command_line,
         no_config_is_told, head_ends_a_plan_in_peace, help_fits_a_terminal]

if __name__ == "__main__":
    sys.exit(main(TESTS, sys.argv[1:]))
