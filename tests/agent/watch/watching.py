"""A folder of manifests, the driver that watches it, and what may ever have been in force."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HEAD = "apiVersion: mbxctl/v1\nkind: MailboxConnections\n"
NOBODY = 65534
SOON = 2.0  # seconds from the last write until it is in force


def manifest(*names, manifest_name=None):
    """A manifest whose connections have these names."""
    head = HEAD + (f"metadata: {{name: {manifest_name}}}\n" if manifest_name else "")
    return (head + "connections:\n" + "".join(
        f"  - {{mailbox: {n}, database: D, user: {n}@contoso.com}}\n" for n in names)).encode()


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Failure(Exception):
    pass


class Metronome(threading.Thread):
    """How late this machine is: what others take of it may be taken longer."""

    def __init__(self):
        super().__init__(daemon=True)
        self.late = 0.0
        self.start()

    def run(self):
        while True:
            before = time.monotonic()
            time.sleep(0.02)
            self.late += max(0.0, time.monotonic() - before - 0.022)


METRONOME = Metronome()


class Deadline:
    """So many seconds from now, and more on a machine that is busy otherwise."""

    def __init__(self, seconds):
        self.began, self.late, self.seconds = time.monotonic(), METRONOME.late, seconds

    def passed(self):
        return time.monotonic() - self.began

    def allowed(self):
        busy = max(1.0, os.getloadavg()[0] / os.cpu_count())
        return self.seconds * min(busy, 15.0) + 10 * (METRONOME.late - self.late) + 1.0

    def over(self):
        return self.passed() > self.allowed()


class Watched:
    """A temporary folder and a driver in it. Sets that are never whole are found at the end."""

    def __init__(self, driver):
        self.driver, self.process = driver, None
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="mbxctl-watch-"))
        os.chmod(self.root, 0o755)
        self.sets, self.lines = [], threading.Condition()
        self.whole = {}  # path -> digests of all that it ever was when it was complete
        self.worst = 0.0
        self.hidden = pathlib.Path(tempfile.mkdtemp(prefix="mbxctl-watch-bin-"))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            status = self.stop()
            if kind is None:
                self.check_whole()
                if status != 0:
                    raise Failure(f"the driver ended with {status}")
        finally:
            subprocess.run(["chmod", "-R", "u+rwX", self.root], check=False, stderr=-3)
            shutil.rmtree(self.root, ignore_errors=True)
            shutil.rmtree(self.hidden, ignore_errors=True)

    # ---- the driver ----

    def command(self):
        """root may read everything: the driver is somebody else, wherever it was built."""
        if os.geteuid() != 0:
            return [self.driver], {}
        os.chmod(self.hidden, 0o755)
        copy = self.hidden / "driver"
        if not copy.exists():
            shutil.copy(self.driver, copy)
        return [str(copy)], {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def start(self, *arguments, within=(), first=True):
        command, how = self.command()
        if within:
            how = {}
        env = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.root)}
        self.process = subprocess.Popen([*within, *command, *map(str, arguments)], cwd=self.root,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=env, **how)
        threading.Thread(target=self.read, args=(self.process,), daemon=True).start()
        if first:
            self.expect(lambda s: True, "a first set", 5)

    def read(self, process):
        for line in process.stdout:
            with self.lines:
                self.sets.append({**json.loads(line), "at": time.monotonic()})
                self.lines.notify_all()

    def stop(self):
        if not self.process:
            return 0
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failure("the driver does not end") from None

    def poke(self):
        self.process.send_signal(signal.SIGHUP)

    # ---- what is in force ----

    def expect(self, right, what, seconds=SOON, tell=lambda s: json.dumps(s, indent=1)):
        """Waits until the last set is right. Returns it."""
        deadline = Deadline(seconds)
        with self.lines:
            while not (self.sets and right(self.sets[-1])):
                if deadline.over():
                    last = tell(self.sets[-1]) if self.sets else "nothing"
                    raise Failure(f"not {what} within {deadline.allowed():.1f} s, but {last}")
                self.lines.wait(0.02)
        self.worst = max(self.worst, deadline.passed())
        return self.sets[-1]

    def expect_files(self, files, seconds=SOON):
        """Exactly these are in force: path -> content."""
        digests = {str(path): digest(data) for path, data in files.items()}
        return self.expect(lambda s: s["files"] == digests,
                           "the files " + ", ".join(map(str, files)), seconds)

    def expect_names(self, *names, seconds=SOON):
        """Exactly the connections of these names are in force."""
        def names_of(s):
            return sorted(c.split()[1] for c in s["connections"])
        return self.expect(lambda s: names_of(s) == sorted(names), f"the names {names}", seconds)

    def expect_broken(self, text, seconds=SOON):
        return self.expect(lambda s: any(text in b for b in s["broken"]), f"broken: {text}",
                           seconds)

    def check_whole(self):
        for one in self.sets:
            for path, found in one["files"].items():
                if self.whole and found not in self.whole.get(path, ()):
                    raise Failure(f"{path} was in force as it never was: {one}")

    # ---- the folder ----

    def at(self, path):
        return self.root / path

    def note(self, path, data):
        """The path holds this, completely."""
        self.whole.setdefault(str(path), set()).add(digest(data))
        return data

    def save(self, path, data):
        """As editors do: beside it, then renamed."""
        self.note(path, data)
        beside = self.at(path).parent / ".save.tmp"
        beside.write_bytes(data)
        os.replace(beside, self.at(path))

    def write(self, path, data):
        """In place, at once."""
        self.note(path, data)
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_bytes(data)

    def link(self, path, target):
        """Made anew, or flipped at once."""
        beside = self.at(path).parent / ".link.tmp"
        os.symlink(target, beside)
        os.replace(beside, self.at(path))

    def git(self, *arguments, where="."):
        env = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.root)}
        return subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
                              cwd=self.at(where), env=env, check=True, capture_output=True,
                              text=True).stdout.strip()


def main(cases, usage):
    """Runs every case of a list of functions, several at once; the names of some may be given."""
    if len(sys.argv) < 2:
        sys.exit(usage)
    driver, wanted, failed = sys.argv[1], sys.argv[2:], []
    line = threading.Semaphore(12)
    worst = {}

    def run(case):
        with line:
            try:
                with Watched(driver) as w:
                    case(w)
                worst[case.__name__] = w.worst
            except Exception as error:  # pylint: disable=broad-except
                failed.append(case.__name__)
                print(f"{case.__name__}: {error!r}".replace("\\n", "\n"), flush=True)

    threads = [threading.Thread(target=run, args=(c,)) for c in cases
               if not wanted or c.__name__ in wanted]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    slowest = max(worst, key=worst.get, default=None)
    print(f"{len(threads) - len(failed)} of {len(threads)} cases hold; the slowest wait was "
          f"{worst.get(slowest, 0):.2f} s ({slowest})")
    return 1 if failed or not threads else 0
