#!/usr/bin/env python3
"""Plays faults of a directory server against mbxctl. A case is a script of ldap-script's language,
and in its comments what mbxctl is asked and what must come of it:

  #$ COMMAND       of mbxctl, run once the server is there; more are run one after the other
  #| LINE          what came of it: the exit status; of each connection action, result, message,
                   reasons and warnings; standard error
  #= LINE          and what it left: open intents, rows that are connected
  #! LINE          what the server complains of
  #% SECONDS       how long a command may wait for a server that is silent, over what it takes
                   undisturbed: that and one second more. The deadline is a second then
  #< FILE          of mbxctl's folder (common/), whose lines follow, each behind `#<|`
  #@ OPTION...     of ldap-script
  #* NAME A B C    played once for each of these, as ${NAME}; `#| A:` says for which

A port is shown as PORT. With --write the file gets what there was.

usage: run.py LDAP-SCRIPT [--write] CASE-OR-FOLDER...      MBXCTL names the program
"""
import difflib
import re
import shlex
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from play import HERE, World, certificate, serve, tempfile

OUTPUT = ("#|", "#=", "#!")
PARALLEL = 4
GRACE, ANY_GRACE = 1, 5  # seconds: behind a deadline of one; where nobody has to be waited for


class Case:
    def __init__(self, path):
        self.path, self.lines = path, path.read_text().splitlines()
        self.commands = [shlex.split(t[3:]) for t in self.lines if t.startswith("#$ ")]
        self.options = [o for t in self.lines if t.startswith("#@ ") for o in shlex.split(t[3:])]
        each = next((t[3:].split() for t in self.lines if t.startswith("#* ")), [None, None])
        self.each, self.values = each[0], each[1:]
        self.patience = sum(float(t[3:]) for t in self.lines if t.startswith("#% "))
        self.files, name = {}, None
        for t in self.lines:
            if t.startswith("#< "):
                name = t[3:]
                self.files[name] = ""
            elif t.startswith("#<|"):
                self.files[name] += t[4:] + "\n"

    def text(self):
        return "".join(f"{t}\n" for t in self.lines if not t.startswith(OUTPUT))

    def with_output(self, lines):
        kept = [t for t in self.lines if not t.startswith(OUTPUT)]
        at = max(i for i, t in enumerate(kept) if t[:3] in ("#$ ", "#% ", "#* ")) + 1
        return kept[:at] + lines + kept[at:]


def play_once(program, case, value, patience):
    """The lines that there were, and by how much it was too slow."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script, world = folder / "script" / "case.ldap", folder / "world"
        script.parent.mkdir()
        world.mkdir()
        script.write_text(case.text())
        if re.search(r"\btls\b|ldaps|starttls", case.text()):
            certificate(script.parent)
        w = World(world, case.files)
        extra = ["--set", f"{case.each}={value}"] if value else []
        server = serve(program, script, [*case.options, *extra])
        w.at(server.url, "1s" if case.patience else "10s")  # a busy machine is no silent server
        if (script.parent / "cert.pem").exists():
            (world / "ca.pem").write_text((script.parent / "cert.pem").read_text())
        lines, late = [], 0
        for command in case.commands if server.url else []:
            done = w.plan(*command)
            lines += [f"#| {line}" for line in done.told()]
            grace = GRACE if case.patience else ANY_GRACE
            late = max(late, done.seconds - patience - case.patience - grace)
        lines.append(f"#= {w.intents()} open, connected: {', '.join(w.connected()) or 'none'}")
        status, _, errors = server.end()
        lines += [f"#! {line.replace(f'{script.parent}/', '')}" for line in errors.splitlines()]
        lines += [f"#! [{status}]"] if status else []
        hide = [line.replace(server.port, "PORT") if server.port else line for line in lines]
        return [line.rstrip() for line in hide], late


class Patience:
    """How long a command takes that nothing disturbs, here and now."""

    def __init__(self, program):
        self.program, self.lock, self.seconds = program, threading.Lock(), None

    def measured(self, anew=False):
        with self.lock:
            if self.seconds is None or anew:
                case = Case(HERE / "cases" / "well" / "connect.ldap")
                _, late = play_once(self.program, case, None, -ANY_GRACE)
                self.seconds = max(self.seconds or 0, 2 * late)
        return self.seconds


def play(program, case, value, patience):
    lines, late = play_once(program, case, value, patience.measured())
    if late > 0:  # or the machine has become slower
        lines, late = play_once(program, case, value, patience.measured(anew=True))
    if late > 0:
        lines.append(f"#| {late:.1f} s too late")
    return lines


def output(program, case, patience, pool):
    if not case.each:
        return play(program, case, None, patience)
    lines = []
    for value, found in zip(case.values, pool.map(lambda v: play(program, case, v, patience),
                                                  case.values)):
        lines += [line[:2] + f" {value}:" + line[2:] for line in found]
    return lines


def main():
    write = "--write" in sys.argv
    program, *given = [Path(a).resolve() for a in sys.argv[1:] if a != "--write"]
    paths = [s for g in given for s in (sorted(g.rglob("*.ldap")) if g.is_dir() else [g])]
    if not paths:
        sys.exit(__doc__)
    wrong, patience = 0, Patience(program)
    with ThreadPoolExecutor(PARALLEL) as rows, ThreadPoolExecutor(PARALLEL) as pool:
        cases = [Case(p) for p in paths]
        found = pool.map(lambda c: output(program, c, patience, rows), cases)
        for case, lines in zip(cases, found):
            there = case.with_output(lines)
            difference = list(difflib.unified_diff(case.lines, there, str(case.path), "came",
                                                   lineterm="", n=1))
            if write:
                case.path.write_text("\n".join(there) + "\n")
            elif difference:
                print("\n".join(difference))
            wrong += bool(difference)
    print(f"{len(paths)} cases, {wrong} with another outcome")
    return wrong != 0 and not write


if __name__ == "__main__":
    sys.exit(main())
