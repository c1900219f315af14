#!/usr/bin/env python3
"""Cuts the exchange of a script at every place, and looks whether it was cut there.

usage: campaign.py LDAP-SCRIPT SCRIPT STEP [OPTION]

The script is played with its own client (run.py's #$) once, and then once for each STEP bytes,
and at the end of each message and one byte before and after. OPTION is --cut or --stall. While
less than all is sent the client must not succeed, and the server must have sent just as much.
"""
import sys
import tempfile
from pathlib import Path

from run import client
from server import Server, certificate


def once(program, script, folder, command, *options):
    """(status of the server, where its messages ended, what it said, whether the client was well)"""
    server = Server(program, script, folder, ["--marks", *options])
    lines = client(command, server)
    status, out, errors = server.end()
    marks = [int(word) for word in out.split()[1:]]
    return status, marks, errors, not (lines and lines[-1].startswith("["))


def offence(asked, marks, whole, outcome):
    status, sent, errors, well = outcome
    if errors and status != 3:
        return f"the server said: {errors}"
    if asked > whole:
        return None if status == 3 and well else f"status {status}: {whole} bytes are all"
    if status != 0:
        return f"status {status}"
    if sent and sent[-1] != asked:
        return f"{sent[-1]} bytes were sent"
    return "the client was content" if well and asked < whole else None


def main():
    program, script, step = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), int(sys.argv[3])
    option = (sys.argv[4:] or ["--cut"])[0]
    command = next(t[3:] for t in script.read_text().splitlines() if t.startswith("#$ "))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate(folder)
        status, marks, errors, well = once(program, script, folder, command)
        if status != 0 or not well:
            sys.exit(f"{script}: whole, it is not played: {errors}")
        whole = marks[-1]
        places = set(range(1, whole, step)) | {m + d for m in marks for d in (-1, 0, 1)}
        wrong = 0
        for place in sorted(places):
            why = offence(place, marks, whole,
                          once(program, script, folder, command, option, str(place)))
            if why:
                print(f"{script.name} {option} {place}: {why}")
                wrong += 1
    print(f"{len(places)} places of {whole} bytes, {wrong} wrong")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
