#!/usr/bin/env python3
"""Random sequences of what people and tools do to folders of manifests, against a model.

The model knows, for each path, everything that it ever was when it was whole. Of every set that
comes into force: each file in it is one of these, never one from before the one that was in force
already; a file is missing only if it was gone since; all files of a published folder are of one
revision. And soon after the last operation what stands there then is in force.

usage: sequences.py DRIVER N SEED [JOBS]
"""
import concurrent.futures
import os
import random
import shutil
import subprocess
import sys
import time

from watching import Failure, HEAD, SOON, Watched, digest, manifest

GONE, BROKEN = "gone", "broken"  # what a path may be besides a version
OPERATIONS = 12
PATHS = ("m", "g/current/m", "k", "r/m")


class Sequence:
    def __init__(self, watched, seed):
        self.w, self.random, self.seed = watched, random.Random(seed), seed
        self.timeline = {}    # path -> [(time, digest or GONE or BROKEN)]
        self.revision_of = {}  # digest -> the revision that it was published with
        self.counter, self.log = 0, []

    # ---- the model ----

    def is_now(self, path, what):
        """Said before it is done: from now on it may be seen."""
        self.timeline.setdefault(path, [(0, GONE)]).append((time.monotonic(), what))

    def now(self, path):
        return self.timeline.get(path, [(0, GONE)])[-1][1]

    def fresh(self):
        """A manifest such as never was; any beginning of it is none that ever was."""
        self.counter += 1
        return manifest(*(f"n{self.counter}x{i}" for i in range(self.random.randint(2, 6))))

    def files(self, where="m/"):
        return [p for p in self.timeline if p.startswith(where) and self.now(p) != GONE]

    def some_file(self):
        return self.random.choice(self.files() or [self.new_name()])

    def new_name(self):
        folder = self.random.choice(["m", "m", "m/s", "m/s/t"])
        self.counter += 1
        self.w.at(folder).mkdir(parents=True, exist_ok=True)
        return f"{folder}/f{self.counter}.{self.random.choice(['yaml', 'yml'])}"

    def rest(self, *times):
        time.sleep(self.random.choice(times))

    def unlink(self, path):
        if os.path.lexists(self.w.at(path)):
            os.unlink(self.w.at(path))

    # ---- operations ----

    def in_pieces(self, path, data, pause, mode="wb"):
        """Written in place; only the last piece makes it whole."""
        if self.w.at(path).exists() and not self.w.at(path).is_file():
            self.unlink(path)
        cuts = sorted(self.random.sample(range(1, len(data)), self.random.randint(0, 3)))
        if self.random.random() < 0.5:
            cuts = [data.rindex(b"  - ")]
        self.w.at(path).parent.mkdir(parents=True, exist_ok=True)
        with open(self.w.at(path), mode) as f:
            if mode != "wb":
                f.truncate()
            for start, end in zip([0] + cuts, cuts + [len(data)]):
                if end == len(data):
                    self.is_now(path, digest(data))
                f.write(data[start:end])
                f.flush()
                if end != len(data):
                    self.rest(0, 0.05, pause)

    def atomic(self, path, data, what=None):
        beside = self.w.at(path).parent / f".tmp{self.counter}"
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        self.is_now(path, what or digest(data))
        os.replace(beside, self.w.at(path))

    def op_write(self):
        self.in_pieces(self.some_file(), self.fresh(), 0.5)

    def op_write_new(self):
        self.in_pieces(self.new_name(), self.fresh(), 0.4)

    def op_write_slowly(self):
        """Into what is watched already, as slowly as a person types."""
        path = self.some_file()
        self.atomic(path, self.fresh())
        self.settle()
        self.in_pieces(path, self.fresh(), self.random.uniform(1, 2.5))

    def op_truncate_and_complete(self):
        path = self.some_file()
        if os.path.isfile(self.w.at(path)):
            self.in_pieces(path, self.fresh(), 0.5, "r+b")

    def op_save(self):
        self.atomic(self.some_file(), self.fresh())

    def op_save_new(self):
        self.atomic(self.new_name(), self.fresh())

    def op_editor(self):
        """vim with a backup: the old file is moved aside, the new one written, the backup goes."""
        path = self.some_file()
        if not os.path.isfile(self.w.at(path)):
            return
        self.is_now(path, GONE)
        os.rename(self.w.at(path), str(self.w.at(path)) + "~")
        self.in_pieces(path, self.fresh(), 0.3)
        os.unlink(str(self.w.at(path)) + "~")

    def op_move(self):
        path, to = self.some_file(), self.new_name()
        if not os.path.lexists(self.w.at(path)):
            return
        self.is_now(to, self.now(path))
        self.is_now(path, GONE)
        os.rename(self.w.at(path), self.w.at(to))

    def op_delete(self):
        path = self.some_file()
        self.is_now(path, GONE)
        self.unlink(path)

    def op_broken(self):
        data = self.random.choice([
            b"", b"\xff\xfe" + self.fresh(), HEAD.encode() + b"connections: [\n", b"\0" * 5000,
            self.fresh().replace(b"user:", b"usr:")])
        self.atomic(self.some_file(), data, BROKEN)

    def op_chmod(self):
        path = self.some_file()
        if os.path.isfile(self.w.at(path)):
            before = self.now(path)
            self.is_now(path, BROKEN)
            os.chmod(self.w.at(path), 0)
            self.rest(0, 0.1, 1)
            self.is_now(path, before)
            os.chmod(self.w.at(path), 0o644)

    def op_pipe(self):
        path = self.some_file()
        self.is_now(path, GONE)
        self.unlink(path)
        self.w.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.is_now(path, BROKEN)
        os.mkfifo(self.w.at(path))

    def op_device(self):
        path = self.some_file()
        self.w.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.is_now(path, BROKEN)
        self.w.link(path, "/dev/zero")

    def op_link_out(self):
        """A link to a file elsewhere, which then changes where it lies."""
        path, data = self.new_name(), self.fresh()
        target = self.w.at(f"far{self.random.randint(1, 2)}/{self.counter}.txt")
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(data)
        self.is_now(path, digest(data))
        self.w.link(path, target)
        self.rest(0, 0.1, 0.6)
        data = self.fresh()
        beside = target.parent / "tmp"
        beside.write_bytes(data)
        self.is_now(path, digest(data))
        os.replace(beside, target)

    def op_many(self):
        for _ in range(self.random.randint(20, 60)):
            self.atomic(self.new_name(), self.fresh())

    def op_remove_folder(self):
        folder = self.random.choice(["m", "m/s"])
        for path in self.files(folder + "/"):
            self.is_now(path, GONE)
        shutil.rmtree(self.w.at(folder), ignore_errors=True)
        self.rest(0, 0.1, 1)
        self.w.at(folder).mkdir(parents=True, exist_ok=True)
        for _ in range(2):
            self.counter += 1
            self.in_pieces(f"{folder}/n{self.counter}.yaml", self.fresh(), 0.3)

    def op_exchange_folder(self):
        """Another folder takes its place at once, but for a moment."""
        self.counter += 1
        other = f"o{self.counter}"
        self.w.at(other).mkdir()
        fresh = {f"n{self.counter}.yaml": self.fresh() for _ in range(2)}
        for name, data in fresh.items():
            self.w.at(f"{other}/{name}").write_bytes(data)
            self.is_now(f"m/{name}", digest(data))
        for path in self.files():
            if path[2:] not in fresh:
                self.is_now(path, GONE)
        os.rename(self.w.at("m"), self.w.at(f"{other}.old"))
        os.rename(self.w.at(other), self.w.at("m"))

    def published(self, folder, label):
        """New versions of three files in a new folder, seen below `label` once it is shown."""
        self.w.at(folder).mkdir(parents=True)
        for name in "abc":
            data = self.fresh()
            self.revision_of[digest(data)] = folder
            self.w.at(f"{folder}/{name}.yaml").write_bytes(data)
            self.timeline.setdefault(f"{label}/{name}.yaml", [(0, GONE)]).append(
                (time.monotonic(), digest(data)))

    def op_git_sync(self):
        self.counter += 1
        tree = f".worktrees/{self.counter}"
        self.published(f"g/{tree}/m", "g/current/m")
        self.w.link("g/current", tree)
        if self.random.random() < 0.5:
            self.drop_older("g/.worktrees", tree.split("/")[1])

    def op_kubernetes(self):
        self.counter += 1
        folder = f"..v{self.counter}"
        self.published(f"k/{folder}", "k")
        self.w.link("k/..data", folder)
        for name in "abc":
            if not os.path.lexists(self.w.at(f"k/{name}.yaml")):
                os.symlink(f"..data/{name}.yaml", self.w.at(f"k/{name}.yaml"))
        self.drop_older("k", folder, "..v")

    def drop_older(self, where, but, begins=""):
        for name in os.listdir(self.w.at(where)):
            if name.startswith(begins) and name not in (but, "..data") and "yaml" not in name:
                shutil.rmtree(self.w.at(f"{where}/{name}"))

    def op_git_pull(self):
        for name in self.random.sample("abcdef", 3):
            data = self.fresh()
            self.w.at(f"up/m/{name}.yaml").write_bytes(data)
            self.is_now(f"r/m/{name}.yaml", GONE)
            self.is_now(f"r/m/{name}.yaml", digest(data))
        self.w.git("add", ".", where="up")
        self.w.git("commit", "-qm", "more", where="up")
        self.w.git("pull", "-q", where="r")

    def op_noise(self):
        path = self.some_file()
        if os.path.isfile(self.w.at(path)):
            os.utime(self.w.at(path))
        self.w.at("m/.x.yaml.swp").write_bytes(self.fresh())
        self.w.at("m/notes.txt").write_bytes(self.fresh())

    # ---- one sequence ----

    def prepare(self):
        for folder in "m", "g", "k", "up/m":
            self.w.at(folder).mkdir(parents=True)
        for _ in range(3):
            self.op_save_new()
        self.op_git_sync()
        self.op_kubernetes()
        self.w.git("init", "-q", where="up")
        self.w.at("up/m/a.yaml").write_bytes(self.fresh())
        self.is_now("r/m/a.yaml", digest(self.w.at("up/m/a.yaml").read_bytes()))
        self.w.git("add", ".", where="up")
        self.w.git("commit", "-qm", "first", where="up")
        self.w.git("clone", "-q", "up", "r")

    def wrong(self, one):
        """The paths that a set does not have as the model ends: what it has, and what is right."""
        for path in sorted(self.timeline.keys() | one["files"].keys()):
            here, now = one["files"].get(path, GONE), self.now(path)
            # Which version was good last depends on when it was looked at.
            if now != BROKEN and here != now:
                yield path, here, self.timeline.get(path)

    def settle(self):
        if not any(self.now(p) not in (GONE, BROKEN) for p in self.files()):
            self.op_save_new()
        self.w.expect(lambda s: not any(self.wrong(s)), "the end state", SOON,
                      lambda s: "\n  ".join(map(str, [*self.wrong(s), *s["broken"], s["at"]])))

    def run(self):
        self.prepare()
        self.w.start("--interval", 3600_000, *PATHS)
        operations = [getattr(self, name) for name in sorted(dir(self)) if name[:3] == "op_"]
        for _ in range(OPERATIONS):
            operation = self.random.choice(operations)
            self.log.append(operation.__name__[3:])
            operation()
            self.rest(0, 0, 0.05, 0.3, 0.9)
        self.settle()
        self.check()

    # ---- what was in force ----

    def check(self):
        at = {}  # path -> where in its timeline the set before was
        for one in self.w.sets:
            for path in self.timeline.keys() | one["files"].keys():
                self.check_path(path, one, at)
            for where in "g/current/m/", "k/":
                revisions = {self.revision_of.get(d) for p, d in one["files"].items()
                             if p.startswith(where)}
                if len(revisions) > 1:
                    raise Failure(f"{where} is of several revisions, {revisions}")

    def check_path(self, path, one, at):
        found, before = one["files"].get(path, GONE), at.get(path, 0)
        line = self.timeline.get(path, [(0, GONE)])
        for i in range(before, len(line)):
            if line[i][1] == found and line[i][0] <= one["at"]:
                at[path] = i
                return
        if found == GONE and line[before][1] == GONE:
            return
        raise Failure(f"{path} was {found} in a set, which it never was when it was whole, or only "
                      f"before what was in force already; it was {line}")


def run(driver, seed):
    """One sequence: what failed or None, and figures."""
    with Watched(driver) as watched:
        sequence = Sequence(watched, seed)
        failure = None
        try:
            sequence.run()
        except (Failure, OSError, subprocess.CalledProcessError) as error:
            failure = f"sequence {seed} ({' '.join(sequence.log)}): {error}"
        return failure, len(watched.sets), watched.worst


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    driver, n, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    jobs = int(sys.argv[4]) if len(sys.argv) > 4 else 8
    began, failures, sets, worst = time.monotonic(), [], 0, 0.0
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        futures = [pool.submit(run, driver, s) for s in range(seed, seed + n)]
        for future in concurrent.futures.as_completed(futures):
            failure, its_sets, its_worst = future.result()
            sets, worst = sets + its_sets, max(worst, its_worst)
            if failure:
                failures.append(failure)
                print(failure, flush=True)
    print(f"{n} sequences of {OPERATIONS} operations, seeds {seed} to {seed + n - 1}: "
          f"{len(failures)} fail; {sets} sets in force, the longest wait {worst:.2f} s; "
          f"{time.monotonic() - began:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
