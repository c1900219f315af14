#!/usr/bin/env python3
"""Plays a script against the clients that stand in its own comments.

usage: run.py LDAP-SCRIPT [--write] SCRIPT-OR-FOLDER...

  #@ OPTION...   of ldap-script
  #$ COMMAND     of the shell, run once the server is there; more are run one after the other
  #| LINE        what that command writes, on both outputs; at the end [STATUS], if not 0
  #! LINE        what the server writes on standard error, without the folder of the script
  #= STATUS      of the server, if not 0
  #: LINE        what the server prints beside its URL

A command knows $URL, $PORT, and $DIR: an empty folder with cert.pem and key.pem. `raw` is
raw.py. A port is shown as PORT. With --write the file gets the output that there was.
"""
import difflib
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from server import HERE, Server, certificate


def client(command, server):
    done = subprocess.run(["sh", "-c", command], env=server.environment(), cwd=server.folder,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, text=True, errors="replace")
    lines = done.stdout.splitlines()
    return lines + ([f"[{done.returncode}]"] if done.returncode else [])


def played(program, script, folder):
    """The script's text with the output that there was."""
    texts = script.read_text().splitlines()
    options = [o for t in texts if t.startswith("#@ ") for o in shlex.split(t[3:])]
    server = Server(program, script, folder, options)
    hide = (lambda line: line.replace(server.port, "PORT")) if server.port else str
    out = {i: [hide(line) for line in client(text[3:], server)]
           for i, text in enumerate(texts) if text.startswith("#$ ") and server.url}
    status, printed, errors = server.end()
    said = [f"#: {hide(line)}" for line in printed.splitlines()]
    said += [f"#! {hide(line)}" for line in
             errors.replace(f"{script.parent}/", "").replace(f"{HERE}/", "").splitlines()]
    said += [f"#= {status}"] if status else []
    result, last = [], -1
    for i, text in enumerate(texts):
        if text[:2] in ("#|", "#!", "#=", "#:"):
            continue
        result.append(text)
        if text.startswith(("#$ ", "#@ ")):
            result += [f"#| {line}".rstrip() for line in out.get(i, [])]
            last = len(result)
    at = last if last >= 0 else 0
    return result[:at] + [line.rstrip() for line in said] + result[at:]


def differs(program, script, write):
    """What came, as a difference to what stands in the script; [] if nothing does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if re.search("tls|ldaps", script.read_text()):
            certificate(folder)
        (folder / "raw").symlink_to(HERE / "raw.py")
        there = played(program, script, folder)
    want = script.read_text().splitlines()
    if write:
        script.write_text("\n".join(there) + "\n")
    return list(difflib.unified_diff(want, there, str(script), "came", lineterm=""))


def main():
    write = "--write" in sys.argv
    program, *given = [Path(a).resolve() for a in sys.argv[1:] if a != "--write"]
    scripts = [s for g in given for s in (sorted(g.glob("*.ldap")) if g.is_dir() else [g])]
    if not scripts:
        sys.exit(__doc__)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda s: differs(program, s, write), scripts))
    for lines in filter(None, found):
        print("\n".join(lines))
    print(f"{len(scripts)} scripts, {sum(map(bool, found))} with another outcome")
    return any(found) and not write


if __name__ == "__main__":
    sys.exit(main())
