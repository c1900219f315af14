"""A slapd, what mbxctl needs beside it, and a running agent that keeps the people there."""
import functools
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(os.environ["MBXCTL_SOURCE"])
sys.path[:0] = [str(SOURCE / "tests" / "slapd"), str(SOURCE / "tests" / "agent" / "service")]
import keeper  # noqa: E402
import organisation  # noqa: E402
from keeper import until  # noqa: E402,F401
from organisation import Failure, must  # noqa: E402,F401
from proxy import Proxy  # noqa: E402

WRITES = re.compile(rb"conn=\d+ op=\d+ (MOD|ADD|DEL|MODRDN) dn=")
PEOPLE = "OU=Sales,DC=contoso,DC=com"
# Of an entry, what tells that it was written, even with the values that it had.
WRITTEN = ["entryCSN", "modifyTimestamp", "modifiersName"]


def sanitized():
    """Was this mbxctl built with AddressSanitizer? It is slower then, and keeps what is freed."""
    return b"__asan_init" in pathlib.Path(organisation.MBXCTL).read_bytes()


def user_dn(i):
    return f"CN=Person {i:06},{PEOPLE}"


def by_attribute(values):
    entry = {}
    for attribute, value in values:
        entry.setdefault(attribute.lower(), []).append(organisation.alike(value))
    return {a: sorted(v) for a, v in entry.items()}


class Served:
    """n people who lost their mailboxes, or a world of a test's own: (LDIF, inventory, manifests).
    proxied: the agent comes by a proxy, which can fail; slapd itself can be asked beside it."""

    def __init__(self, n, *, timeout="2s", proxied=False, log="0", **server):
        ldif, inventory, manifests = organisation.people(n) if isinstance(n, int) else n
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbxctl-served-"))
        self.server = self.place = self.proxy = None
        try:
            self.server = organisation.Server(ldif, log=log, **server).start()
            self.proxy = Proxy(lambda: str(self.server.socket)) if proxied else None
            self.place = organisation.Folder(self.directory(), manifests, inventory, timeout=timeout)
        except BaseException:
            self.close()
            raise
        self.path = self.place.path

    def directory(self):
        if self.proxy:
            return self.server.config(f"ldap://127.0.0.1:{self.proxy.port}", "none")
        return self.server.config()

    def close(self):
        if self.place:
            self.place.close()
        if self.proxy:
            self.proxy.close()
        if self.server:
            self.server.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()

    # ---- as keeper.Agent uses a world ----

    @staticmethod
    def environment():
        """By the clock, as the agent goes."""
        return {k: v for k, v in organisation.environment().items() if k != "SOURCE_DATE_EPOCH"}

    def run(self, *arguments, timeout=60):
        return subprocess.run([organisation.MBXCTL, *arguments], cwd=self.path,
                              env=self.environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout)

    def expect(self, code, *arguments):
        done = self.run(*arguments)
        must(done.returncode == code, lambda: (
            f"mbxctl {' '.join(arguments)} ended with {done.returncode}, not {code}:\n"
            f"{done.stdout[-3000:]}{done.stderr[-3000:]}"))
        return done

    def json(self, code, *arguments):
        return json.loads(self.expect(code, *arguments, "-o", "json").stdout)

    def rows(self, sql):
        """What the store holds, though somebody may just write to it."""
        done = subprocess.run(["sqlite3", "-json", "-cmd", ".timeout 20000", str(self.place.store),
                               sql], capture_output=True, text=True, check=True)
        return json.loads(done.stdout or "[]")

    # ---- the directory ----

    def entry(self, i, attributes=("*",)):
        """{attribute in small letters: its values, sorted} of the i-th person."""
        return by_attribute(organisation.convert.parse(
            self.server.search(user_dn(i), attributes=attributes, scope="base"))[0][1])

    def people(self, attributes=("*", "+")):
        """Of everybody."""
        found = self.server.search(PEOPLE, "(cn=Person *)", attributes, "one")
        return {int(dn.split(",")[0].split()[1]): by_attribute(values)
                for dn, values in organisation.convert.parse(found)}

    def written(self):
        """{DN: when and by whom it was written last} of all entries."""
        return organisation.entries(self.server.search(attributes=WRITTEN))

    def modify(self, i, lines):
        """By another client than mbxctl."""
        self.server.modify(f"dn: {user_dn(i)}\nchangetype: modify\n{lines}\n")

    def writes(self):
        """How many have reached slapd; it has to log stats."""
        return len(WRITES.findall((self.server.folder / "log").read_bytes()))

    def stamps(self):
        """Every file beside the store, and it, with what a write would change of it."""
        return {str(p.relative_to(self.path)): (s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)
                for p in sorted(self.path.rglob("*")) if p.is_file() for s in [p.stat()]}


class Agent(keeper.Agent):
    """It ends with the test, however that ends."""

    def spawn(self):
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                [*self.before, keeper.MBXCTL, "agent", "--log-format", "json", *self.arguments],
                cwd=self.world.path, env=self.env, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=log,
                preexec_fn=organisation.slapd.die_with_parent)

    def ask(self, verb, **more):
        """Through the socket, without a process of its own; the answer."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(keeper.PATIENCE)
            s.connect(str(self.world.path / "control.sock"))
            s.sendall(json.dumps(dict(more, verb=verb)).encode() + b"\n")
            text = b"".join(iter(lambda: s.recv(1 << 16), b""))
        answer = json.loads(text)
        must("ok" in answer, str(answer))
        return answer["ok"]

    def complaints(self):
        """What no log line says: a sanitizer's words, or a crash's."""
        return [line for line in self.log.read_text(errors="replace").splitlines()
                if not line.startswith("{")]


class Beside:
    """Something that is done again and again, by a thread, for as long as the block lasts."""

    def __init__(self, *jobs, pause=0.05):
        self.ended, self.pause = threading.Event(), pause
        self.threads = [threading.Thread(target=self.repeat, args=(job,)) for job in jobs]
        self.trouble = None

    def repeat(self, job):
        try:
            while not self.ended.wait(self.pause):
                job()
        except Exception as trouble:  # pylint: disable=broad-except
            self.trouble = trouble

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *ignored):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        if not kind and self.trouble:
            raise Failure(f"beside it: {self.trouble!r}")


class Bare:
    """A loop of libuv with a timer and nothing else: how long this machine keeps a loop waiting."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def longest(self):
        """The longest wait beyond its interval so far, in seconds."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def __enter__(self):
        self.longest()
        return self

    def __exit__(self, *ignored):
        self.process.kill()
        self.process.wait()


def timed(what):
    began = time.monotonic()
    result = what()
    return time.monotonic() - began, result


def main(tests, arguments):
    def told(test):
        @functools.wraps(test)
        def run():
            try:
                return test()
            except AssertionError as trouble:
                raise Failure(str(trouble)) from trouble
        return run
    return organisation.main([told(test) for test in tests], arguments)
