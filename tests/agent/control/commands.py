#!/usr/bin/env python3
"""What the commands that speak to the agent print, and how they end.

usage: commands.py DRIVER CASES     (how a case is written: commands.txt)
"""
import contextlib
import difflib
import os
import pathlib
import pty
import shlex
import socket
import subprocess
import sys
import threading

from driven import SECONDS, Driver, Folder

DRIVER, CASES = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
MBXCTL = os.environ["MBXCTL"]
NOBODY = 65534
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "1793534400"}


def cases():
    """Each case as (name, set-up, its lines)."""
    for part in CASES.read_text().split("\n== ")[1:]:
        title, _, body = part.partition("\n")
        name, _, setup = title.partition(": ")
        yield name, setup, body.rstrip("\n").split("\n")


@contextlib.contextmanager
def stranger(path, answer):
    """Listens, takes what is sent, and says something that no agent says."""
    def serve():
        s, _ = listener.accept()
        with s:
            s.settimeout(SECONDS)
            s.recv(1000)
            s.sendall(answer)

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.settimeout(SECONDS)
        listener.bind(path)
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


@contextlib.contextmanager
def agent(setup, path):
    """What stands at the path; as which user the calls are made."""
    if setup == "no agent":
        yield None
    elif setup == "file":
        pathlib.Path(path).touch()
        yield None
    elif setup in ("stranger", "leaver"):
        with stranger(path, b"220 hello\r\n" if setup == "stranger" else b""):
            yield None
    else:
        numbers = dict(x.split("=") for x in setup.split() if "=" in x)
        with Driver(DRIVER, path, **numbers) as d:
            if setup == "killed":
                d.kill()
            if setup.startswith("nobody"):
                os.chmod(path, 0o666 if setup == "nobody inside" else 0o660)
                os.chmod(os.path.dirname(path), 0o700 if setup == "nobody outside" else 0o755)
            yield NOBODY if setup.startswith("nobody") else None


def run(words, folder, user, terminal):
    """The end of a call and what it said on standard error, which may be a terminal."""
    who = {"user": user, "group": user, "extra_groups": []} if user else {}
    reader, writer = pty.openpty() if terminal else os.pipe()
    os.set_blocking(reader, False)
    try:
        done = subprocess.run([MBXCTL, *words], cwd=folder, env=ENVIRONMENT, text=True, **who, stdout=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, stderr=writer, timeout=SECONDS)
        return done, os.read(reader, 65536).decode()
    except BlockingIOError:
        return done, ""
    finally:
        os.close(reader)
        os.close(writer)


def call(line, folder, user):
    prompt, _, words = line.replace("FOLDER", str(folder)).partition(" mbxctl ")
    done, complaints = run(shlex.split(words), folder, user, prompt == "$tty")
    complaints = complaints.replace("\r\x1b[K", "(wiped)")
    said = done.stdout.splitlines() + [f"! {x}" for x in complaints.splitlines()]
    if done.returncode:
        said.append(f"= {done.returncode}")
    return [x.replace(str(folder), "FOLDER").replace(f'"uid {os.getuid()}"', '"uid UID"') for x in said]


def play(setup, lines):
    with Folder() as folder:
        folder.chmod(0o755)
        (folder / "run").mkdir()
        (folder / "mbxctl.yaml").write_text("apiVersion: mbxctl/v1\nkind: Config\nagent: {control: run/s}\n")
        before = os.getcwd()
        os.chdir(folder)  # the path of a socket is short
        try:
            with agent(setup, str(folder / "run" / "s")) as user:
                said = []
                for line in lines:
                    if line.startswith("$"):
                        said += [line, *call(line, folder, user)]
                return said
        finally:
            os.chdir(before)


def main():
    failed = n = 0
    for name, setup, lines in cases():
        if setup.startswith("nobody") and os.getuid() != 0:
            print(f"skip {name}: not root")
            continue
        n += 1
        said = play(setup, lines)
        if said == lines:
            print(f"ok   {name}")
            continue
        failed += 1
        print(f"FAIL {name}")
        print("\n".join(difflib.unified_diff(lines, said, "expected", "said", lineterm="")))
    return 1 if failed or n < 10 else 0


sys.exit(main())
