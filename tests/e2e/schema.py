#!/usr/bin/env python3
"""The JSON Schemas against the decoder: what one takes, the other takes.

Every document of the examples and of tests/spec/data is asked of both. The schema may let pass
what it cannot say (BEYOND and LET_PASS below), and nothing else; what the decoder takes it takes.
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile

import jsonschema
import yaml

SOURCE = pathlib.Path(os.environ["MBXCTL_SOURCE"])
MBXCTL = os.environ["MBXCTL"]

HEAD = "apiVersion: mbxctl/v1\nkind: MailboxConnections\n"
ONE = HEAD + "connections:\n  - mailbox: A\n    database: B\n"
CONFIG = "apiVersion: mbxctl/v1\nkind: Config\n"
BIND = CONFIG + "directory:\n  uri: ldaps://dc01.contoso.com\n  bind: "

# Each is wrong for one reason, and the schema says so.
REFUSED = {
    "no apiVersion": "kind: MailboxConnections\nconnections: []\n",
    "another apiVersion": ONE.replace("v1", "v2"),
    "another kind": ONE.replace("MailboxConnections", "Config"),
    "no connections": HEAD,
    "connections without a list": HEAD + "connections: {mailbox: A, database: B}\n",
    "unknown key": ONE + "    usr: C\n",
    "unknown key above": ONE + "conections: []\n",
    "no mailbox": HEAD + "connections: [{database: B}]\n",
    "no database": HEAD + "connections: [{mailbox: A}]\n",
    "no database in defaults": HEAD + "defaults: {type: room}\nconnections: [{mailbox: A}]\n",
    "mailbox in defaults": ONE + "defaults: {mailbox: A}\n",
    "alias in defaults": ONE + "defaults: {alias: a}\n",
    "master account in defaults": ONE + "defaults: {linked: {masterAccount: a}}\n",
    "empty mailbox": ONE.replace("mailbox: A", "mailbox: ''"),
    "blank mailbox": ONE.replace("mailbox: A", "mailbox: '  '"),
    "null mailbox": ONE.replace("mailbox: A", "mailbox:"),
    "mailbox with a line break": ONE.replace("mailbox: A", 'mailbox: "a\\nb"'),
    "list of mailboxes": ONE.replace("mailbox: A", "mailbox: [A]"),
    "unknown type": ONE + "    type: mailbox\n",
    "linked without linked": ONE + "    type: linked\n",
    "linked without a master account": ONE + "    type: linked\n    linked: {domainController: d}\n",
    "linked without a host": ONE + "    type: linked\n    linked: {masterAccount: m}\n",
    "linked by default, without linked": ONE + "defaults: {type: linked}\n",
    "linked by default, without a host":
        ONE + "    linked: {masterAccount: m}\ndefaults: {type: linked}\n",
    "linked with type user":
        ONE + "    type: user\n    linked: {masterAccount: m, domainController: d}\n",
    "linked without a type": ONE + "    linked: {masterAccount: m, domainController: d}\n",
    "archive is no text": ONE + "    archive: 'true'\n",
    "archive with yes": ONE + "    archive: yes\n",
    "archive of type room": ONE + "    archive: true\n    type: room\n",
    "archive with an alias": ONE + "    archive: true\n    alias: a\n",
    "archive with addresses": ONE + "    archive: true\n    addresses: ['smtp:a@b.c']\n",
    "archive with policies": ONE + "    archive: true\n    policies: {retention: R}\n",
    "alias of 65": ONE + f"    alias: {'a' * 65}\n",
    "alias with two periods": ONE + "    alias: a..b\n",
    "alias that begins with a period": ONE + "    alias: .b\n",
    "alias with a blank": ONE + "    alias: a b\n",
    "alias that is an address": ONE + "    alias: a@b.c\n",
    "alias with a bracket": ONE + "    alias: a(b)\n",
    "address without a prefix": ONE + "    addresses: [a@b.c]\n",
    "address in mixed case": ONE + "    addresses: ['Smtp:a@b.c']\n",
    "address without a domain": ONE + "    addresses: ['smtp:a@']\n",
    "address with a long local part": ONE + f"    addresses: ['smtp:{'a' * 65}@b.c']\n",
    "address with a blank": ONE + "    addresses: ['smtp:a b@b.c']\n",
    "two primary addresses": ONE + "    addresses: ['SMTP:a@b.c', 'SMTP:d@b.c']\n",
    "addresses without a list": ONE + "    addresses: smtp:a@b.c\n",
    "retention and managed folder": ONE + "    policies: {retention: R, managedFolder: M}\n",
    "the same in defaults": ONE + "defaults: {policies: {retention: R, managedFolder: M}}\n",
    "address book of a room": ONE + "    type: room\n    policies: {addressBook: A}\n",
    "null for the address book of a room": ONE + "    type: room\n    policies: {addressBook: null}\n",
    "address book of a room by default":
        ONE + "    policies: {addressBook: A}\ndefaults: {type: room}\n",
    "unknown policy": ONE + "    policies: {sharing: S}\n",
    "unknown consent": ONE + "    allow: [everything]\n",
    "one consent without a list": ONE + "    allow: adopt\n",
    "null suspend": ONE + "    suspend: null\n",
    "suspend with yes": ONE + "    suspend: yes\n",
    "config with a manifest's key": CONFIG + "connections: []\n",
    "config without a head": "store: sqlite:a.db\n",
    "no manifests": CONFIG + "manifests: []\n",
    "store without a scheme": CONFIG + "store: mbxctl.db\n",
    "store of a number": CONFIG + "store: 5\n",
    "uri without a scheme": CONFIG + "directory: {uri: dc01.contoso.com}\n",
    "uri of no kind": CONFIG + "directory: {uri: ['http://dc01.contoso.com']}\n",
    "no uri in the list": CONFIG + "directory: {uri: []}\n",
    "base that is no DN": CONFIG + "directory: {base: contoso.com}\n",
    "timeout of nothing": CONFIG + "directory: {timeout: 0s}\n",
    "timeout in words": CONFIG + "directory: {timeout: ten seconds}\n",
    "bind without a method": BIND + "{dn: 'CN=a,DC=b'}\n",
    "simple bind without a password": BIND + "{method: simple, dn: 'CN=a,DC=b'}\n",
    "simple bind with a keytab":
        BIND + "{method: simple, dn: 'CN=a', passwordFile: p, keytab: k}\n",
    "gssapi with a password": BIND + "{method: gssapi, passwordFile: p}\n",
    "gssapi with two sources": BIND + "{method: gssapi, keytab: k, ccache: c}\n",
    "simple bind with a credential cache":
        BIND + "{method: simple, dn: 'CN=a', passwordFile: p, ccache: c}\n",
    "unknown method": BIND + "{method: sasl}\n",
    "password in clear": BIND.replace("ldaps", "ldap")
        + "{method: simple, dn: 'CN=a,DC=b', passwordFile: p}\n",
    "ldaps and starttls": CONFIG + "directory: {uri: 'ldaps://a.b', tls: {mode: starttls}}\n",
    "ldap and mode ldaps": CONFIG + "directory: {uri: ['ldap://a.b'], tls: {mode: ldaps}}\n",
    "certificate without a key": CONFIG + "directory: {tls: {certFile: c}}\n",
    "credential without a method": CONFIG + "credentials: {a: {base: 'DC=b'}}\n",
    "credential without a list": CONFIG + "credentials: [a]\n",
    "primary domain with an @": CONFIG + "primaryDomain: '@contoso.com'\n",
    "version in words": CONFIG + "exchange: {version: latest}\n",
    "limit below nothing": CONFIG + "limits: {changes: -1}\n",
    "limit of 101 percent": CONFIG + "limits: {changesPercent: 101}\n",
    "unknown mode": CONFIG + "agent: {mode: observed}\n",
    "jitter without percent": CONFIG + "agent: {jitter: '10'}\n",
    "listen without a port": CONFIG + "agent: {listen: 127.0.0.1}\n",
    "window of both": CONFIG + "agent: {windows: [{allow: 'Mon 22:00', deny: 'Tue 22:00', for: 6h}]}\n",
    "window of neither": CONFIG + "agent: {windows: [{for: 6h}]}\n",
    "window with an end": CONFIG + "agent: {windows: [{allow: 'Sat 22:00-26:00', for: 6h}]}\n",
    "window in a zone": CONFIG + "agent: {windows: [{deny: '2026-12-24 00:00Z', for: 6h}]}\n",
    "window without an end": CONFIG + "agent: {windows: [{allow: 'Mon 22:00'}]}\n",
}

# What a schema cannot know or an editor does not ask: let pass by it, refused by the decoder.
BEYOND = {"name-twice", "duplicate-key", "address-twice", "yaml-anchor", "yaml-alias", "yaml-tag",
          "yaml-merge-key", "yaml-key", "yaml-depth", "yaml-syntax", "control-character",
          "not-utf8", "no-document", "document-twice", "credential-unknown",
          "credential-required", "host-differs", "host-invalid", "file-too-large"}

# Likewise, of the cases: what would make the schema long and help nobody who writes a file.
LET_PASS = {"a config where a manifest is asked", "Null is no null", "uri: ldaps://dc01:0",
            "uri: ldaps://dc01:70000", "uri: 'ldaps://user@dc01'", "agent.listen: 127.0.0.1:99999",
            "external over ldaps without a certificate", "the global catalogue shows the password"}


class Loader(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it: `no` is a text."""

    yaml_implicit_resolvers = {}


for tag, pattern, first in (("bool", r"true|false", "tf"), ("null", r"~|null|", ["~", "n", ""]),
                            ("int", r"-?[0-9]+", "-0123456789"),
                            ("float", r"-?[0-9]+\.[0-9]+", "-0123456789")):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)


def schema(what):
    done = subprocess.run([MBXCTL, "schema", what], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


SCHEMAS = {"MailboxConnections": schema("manifest"), "Config": schema("config")}


def faults(text, kind):
    documents = [d for d in yaml.load_all(text, Loader) if d is not None]
    return [f"{list(error.absolute_path)}: {error.message[:200]}"
            for document in documents for error in SCHEMAS[kind].iter_errors(document)]


def decoder_takes(text, kind, tmp):
    (tmp / "m.yaml").write_text(text)
    (tmp / "empty.yaml").write_text(ONE)
    arguments = (["validate", "m.yaml"] if kind != "Config"
                 else ["validate", "--config", "m.yaml", "empty.yaml"])
    env = {k: v for k, v in os.environ.items() if not k.startswith("MBXCTL_")}
    done = subprocess.run([MBXCTL, *arguments], cwd=tmp, env=env, capture_output=True, text=True)
    return done.returncode == 0, done.stderr


def kind_of(text):
    return "Config" if "kind: Config" in text and "connections" not in text else "MailboxConnections"


def refuses_what_is_wrong():
    with tempfile.TemporaryDirectory() as tmp:
        for name, text in REFUSED.items():
            kind = "Config" if text.startswith((CONFIG, "store")) else "MailboxConnections"
            assert faults(text, kind), f"the schema takes: {name}"
            taken, _ = decoder_takes(text, kind, pathlib.Path(tmp))
            assert not taken, f"the decoder takes: {name}"


def takes_the_examples():
    # There are others' files, too: what is ours says so.
    files = [f for f in sorted((SOURCE / "examples").rglob("*.yaml"))
             if "\napiVersion: mbxctl/v1\n" in "\n" + f.read_text()]
    assert len(files) > 3, files
    for file in files:
        text = file.read_text()
        found = faults(text, kind_of(text))
        assert not found, f"{file}: {found}"


def cases(name):
    """(title, text, codes of its errors) of each file of each case."""
    text = (SOURCE / "tests" / "spec" / "data" / name).read_text()
    for case in re.split(r"(?m)^=== ", text)[1:]:
        title, rest = case.split("\n", 1)
        given, _, expected = rest.partition("\n>>>\n")
        if not given.startswith("<<< "):
            given = f"<<< m.yaml\n{given}"
        for part in re.split(r"(?m)^<<< ", given)[1:]:
            label, content = part.partition("\n")[::2]
            content = content.replace("␍", "\r").replace("␉", "\t") + "\n"
            yield title, content, set(re.findall(
                rf"(?m)^{re.escape(label)}:.*error: .*\[([a-z0-9-]+)\]$", expected))


def agrees_with_the_decoder():
    taken = refused = 0
    for name in ("manifest.cases", "config.cases"):
        for title, text, codes in cases(name):
            kind = "Config" if name == "config.cases" else kind_of(text)
            if codes & BEYOND:
                continue
            try:
                found = faults(text, kind)
            except yaml.YAMLError:
                continue
            if codes:
                refused += 1
                assert found or title in LET_PASS, f"{name}, {title}: the schema takes it: {codes}"
            else:
                taken += 1
                assert not found, f"{name}, {title}: the schema refuses what is right: {found}"
    assert taken > 20 and refused > 40, (taken, refused)


if __name__ == "__main__":
    for test in (takes_the_examples, agrees_with_the_decoder, refuses_what_is_wrong):
        test()
        print(f"ok   {test.__name__}")
