#!/usr/bin/env python3
"""What happens to folders of manifests in the field, each way by itself.

The driver is told to look by itself only once an hour: what is in force soon, events have shown.

usage: cases.py DRIVER [CASE...]
"""
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

from watching import Failure, HEAD, main, manifest

ONCE_AN_HOUR = ("--interval", 3600_000)
CASES = []


def case(function):
    CASES.append(function)
    return function


def began(w, *arguments, files=None, paths=("m",), **how):
    """A folder m with the manifests a and b, and a driver that knows them."""
    for path, data in (files or {"m/a.yaml": manifest("a1"), "m/b.yml": manifest("b1")}).items():
        w.write(path, data)
    w.start(*(arguments or ONCE_AN_HOUR), *paths, **how)


def background(function, *arguments):
    """Of a case that fails it is not waited for."""
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread


def write_slowly(w, path, data, seconds):
    """Half of it, a while nothing, and the other half. Half of it would be a sound manifest."""
    w.note(path, data)
    half = data.rindex(b"  - ")
    with open(w.at(path), "wb") as f:
        f.write(data[:half])
        f.flush()
        time.sleep(seconds)
        f.write(data[half:])


@case
def saved_by_renaming_again_and_again(w):
    began(w)
    for i in range(3):
        w.save("m/a.yaml", manifest(f"x{i}"))
        w.expect_names(f"x{i}", "b1")


@case
def written_in_place(w):
    began(w)
    w.write("m/a.yaml", manifest("x"))
    w.expect_names("x", "b1")


@case
def written_slowly(w):
    began(w)
    write_slowly(w, "m/a.yaml", manifest("x", "y"), 2.5)
    w.expect_names("x", "y", "b1")


@case
def written_slowly_beside_one_that_is_whole(w):
    """The others do not wait for it."""
    began(w)
    thread = background(write_slowly, w, "m/a.yaml", manifest("x", "y"), 3)
    while w.at("m/a.yaml").read_bytes() == manifest("a1"):
        time.sleep(0.01)
    w.save("m/b.yml", manifest("b2"))
    w.expect_names("a1", "b2")
    w.expect_broken("m/a.yaml kept the file is just being written")
    thread.join()
    w.expect_names("x", "y", "b2")


@case
def written_all_the_time_without_closing(w):
    """Nobody waits for it to be twice alike, either."""
    began(w)
    stop = threading.Event()

    def write():
        with open(w.at("m/a.yaml"), "wb", buffering=0) as f:
            while not stop.wait(0.02):
                f.write(b"# more\n")

    thread = background(write)
    while w.at("m/a.yaml").read_bytes() == manifest("a1"):
        time.sleep(0.01)
    w.save("m/b.yml", manifest("b2"))
    s = w.expect_names("a1", "b2")
    assert s["broken"] == ["m/a.yaml kept the file is just being written: what it held before "
                           "stays until it is closed"], s
    stop.set()
    thread.join()


@case
def moved_while_it_is_written(w):
    began(w)
    data = w.note("m/a.yaml", manifest("x", "y"))
    opened = open(w.at("m/a.new"), "wb")
    opened.write(data[:data.rindex(b"  - ")])
    opened.flush()
    os.replace(w.at("m/a.new"), w.at("m/a.yaml"))
    w.expect_broken("m/a.yaml kept the file is just being written")
    opened.write(data[data.rindex(b"  - "):])
    opened.close()
    w.expect_names("x", "y", "b1")


@case
def written_slowly_in_a_new_folder(w):
    """It is open before the folder is watched."""
    began(w)
    w.at("m/s").mkdir()
    write_slowly(w, "m/s/c.yaml", manifest("c1", "c2"), 0.9)
    w.expect_names("a1", "b1", "c1", "c2")


@case
def truncated_and_never_opened(w):
    began(w, "--interval", 300, "--patience", 1500)
    data = manifest("x", "y")
    w.write("m/a.yaml", data)
    w.expect_names("x", "y", "b1")
    w.note("m/a.yaml", data[:data.rindex(b"  - ")])
    os.truncate(w.at("m/a.yaml"), data.rindex(b"  - "))
    w.expect_broken("m/a.yaml kept the file is just being written")
    w.expect_names("x", "b1", seconds=4)


@case
def changing_all_the_time(w):
    """Twice in a row it is never alike: it keeps its last good version, the others go on."""
    began(w)
    stop = threading.Event()

    def change():
        for i in range(10**6):
            if stop.is_set():
                return
            w.write("m/a.yaml", manifest(f"y{i}"))
            time.sleep(0.05)

    thread = background(change)
    w.save("m/b.yml", manifest("b2"))
    w.expect_broken("m/a.yaml kept the file changes all the time", 8)
    w.expect_names("a1", "b2")
    stop.set()
    thread.join()
    w.save("m/a.yaml", manifest("z"))
    w.expect_names("z", "b2", seconds=4)


@case
def at_rest_with_the_fifth_look(w):
    """Two seconds until a look is no longer put off, then one at 0, 0.2, 0.6, 1.0 and 1.4."""
    began(w)
    for seconds in 3.1, 3.3:
        until, i = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            i += 1
            w.write("m/a.yaml", manifest(f"y{i}"))
            time.sleep(0.03)
        w.expect_names(f"y{i}", "b1")


@case
def saved_while_others_are_reckoned_with(w):
    """The rest of a turn takes a while here; what happens in it must not be forgotten."""
    addresses = "".join(f", 'smtp:a{i}@contoso.com'" for i in range(200_000))[2:].encode()
    large = manifest("large").replace(b"}\n", b", addresses: [" + addresses + b"]}\n")
    began(w, files={"m/a.yaml": manifest("a1"), "m/b.yml": manifest("b1"), "m/z.yaml": large})
    for i in range(4):
        w.save("m/a.yaml", manifest(f"x{i}"))
        time.sleep(0.5 + 0.1 * i)
        w.save("m/b.yml", manifest(f"y{i}"))
        w.expect_names("large", f"x{i}", f"y{i}", seconds=4)


@case
def flipped_by_git_sync(w):
    for name in "one", "two":
        w.write(f"g/.worktrees/{name}/m/a.yaml", manifest(name))
    w.link("g/current", ".worktrees/one")
    for name in "one", "two":
        w.note("g/current/m/a.yaml", manifest(name))
    w.start(*ONCE_AN_HOUR, "g/current/m")
    w.expect_names("one")
    w.link("g/current", ".worktrees/two")
    w.expect_names("two")
    # The new tree is watched, the link is again.
    w.note("g/current/m/a.yaml", manifest("three"))
    w.save("g/.worktrees/two/m/a.yaml", manifest("three"))
    w.expect_names("three")
    w.link("g/current", ".worktrees/one")
    w.expect_names("one")


def watches(w):
    """How many the kernel keeps for the driver."""
    folder = f"/proc/{w.process.pid}/fdinfo"
    return sum(open(f"{folder}/{fd}", encoding="ascii").read().count("inotify wd:")
               for fd in os.listdir(folder))


@case
def watches_do_not_pile_up(w):
    for i in range(6):
        w.write(f"trees/{i}/m/s/a.yaml", manifest(f"x{i}"))
        w.note("current/m/s/a.yaml", manifest(f"x{i}"))
    w.link("current", "trees/0")
    w.start(*ONCE_AN_HOUR, "current/m")
    at_first = watches(w)
    for i in range(1, 6):
        w.link("current", f"trees/{i}")
        w.expect_names(f"x{i}")
    assert at_first > 3 and watches(w) == at_first, (at_first, watches(w))


@case
def swapped_by_kubernetes(w):
    names = ("hq", "rd")

    def publish(revision):
        for name in names:
            w.write(f"m/..2026_{revision}/{name}.yaml", manifest(f"{name}{revision}"))
            w.note(f"m/{name}.yaml", manifest(f"{name}{revision}"))
        w.link("m/..data", f"..2026_{revision}")

    publish(1)
    for name in names:
        os.symlink(f"..data/{name}.yaml", w.at(f"m/{name}.yaml"))
    w.start(*ONCE_AN_HOUR, "m")
    for revision in 2, 3:
        publish(revision)
        shutil.rmtree(w.at(f"m/..2026_{revision - 1}"))
        w.expect_names(f"hq{revision}", f"rd{revision}")


@case
def links_to_files_elsewhere(w):
    w.write("far/off/c.yaml", manifest("c1"))
    w.link("middle", "far/off")
    w.at("m").mkdir()
    os.symlink("../middle/c.yaml", w.at("m/c.yaml"))
    for name in "c1", "c2", "c3", "c4":
        w.note("m/c.yaml", manifest(name))
    began(w)
    w.expect_names("a1", "b1", "c1")
    w.save("far/off/c.yaml", manifest("c2"))
    w.expect_names("a1", "b1", "c2")
    write_slowly(w, "far/off/c.yaml", manifest("c3", "c4"), 1.5)
    w.note("m/c.yaml", manifest("c3", "c4"))
    w.expect_names("a1", "b1", "c3", "c4")
    w.write("far/away/c.yaml", manifest("c4"))
    w.link("middle", "far/away")
    w.expect_names("a1", "b1", "c4")


@case
def links_to_folders(w):
    w.write("far/s/c.yaml", manifest("c1"))
    w.write("near/s/c.yaml", manifest("c2"))
    for name in "c1", "c2", "c3":
        w.note("m/team/s/c.yaml", manifest(name))
    began(w)
    os.symlink("../far", w.at("m/team"))
    w.expect_names("a1", "b1", "c1")
    w.link("m/team", w.at("near"))
    w.expect_names("a1", "b1", "c2")
    w.save("near/s/c.yaml", manifest("c3"))
    w.expect_names("a1", "b1", "c3")
    os.rename(w.at("near"), w.at("nearer"))
    w.expect_broken("m/team kept the link leads to nothing")
    w.expect_names("a1", "b1", "c3")
    os.unlink(w.at("m/team"))
    w.expect_names("a1", "b1")


@case
def links_in_a_circle(w):
    began(w)
    os.symlink(".", w.at("m/round"))
    os.symlink("c.yaml", w.at("m/c.yaml"))
    w.expect_broken("m/round out the link leads back")
    w.expect_broken("m/c.yaml out the link leads to nothing")
    w.save("m/a.yaml", manifest("x"))
    w.expect_names("x", "b1")


@case
def folder_made_anew(w):
    began(w)
    shutil.rmtree(w.at("m"))
    w.expect_broken("m kept there is no such file or folder")
    w.expect_names("a1", "b1")
    w.at("m").mkdir()
    w.expect_broken("m kept no manifest")
    w.expect_names("a1", "b1")
    w.save("m/c.yaml", manifest("c1"))
    w.expect_names("c1")
    w.save("m/c.yaml", manifest("c2"))
    w.expect_names("c2")


@case
def folders_exchanged(w):
    """Another folder takes the place of one above the path."""
    for name in "one", "two":
        w.write(f"{name}/x/m/a.yaml", manifest(name))
        w.note("top/x/m/a.yaml", manifest(name))
    os.rename(w.at("one"), w.at("top"))
    w.start(*ONCE_AN_HOUR, "top/x/m")
    w.expect_names("one")
    os.rename(w.at("top"), w.at("old"))
    os.rename(w.at("two"), w.at("top"))
    w.expect_names("two")
    w.note("top/x/m/a.yaml", manifest("three"))
    w.save("top/x/m/a.yaml", manifest("three"))
    w.expect_names("three")


@case
def path_that_is_to_come(w):
    """Step by step, each seen from the folder that is there."""
    w.at("top").mkdir()
    w.start(*ONCE_AN_HOUR, w.at("top/x/y/m") / "", first=False)
    w.expect_broken("y/m out there is no such file", 5)
    path = w.root / "top"
    for name in "x", "y", "m":
        path = path / name
        path.mkdir()
        time.sleep(0.4)
    w.expect_broken("y/m out no manifest")
    w.write(path / "a.yaml", manifest("a1"))
    w.expect_names("a1")


@case
def link_to_what_is_to_come(w):
    began(w)
    os.symlink("../far/c.yaml", w.at("m/c.yaml"))
    w.expect_broken("m/c.yaml out the link leads to nothing")
    w.at("far").mkdir()
    time.sleep(0.4)
    w.note("m/c.yaml", manifest("c1", "c2"))
    write_slowly(w, "far/c.yaml", manifest("c1", "c2"), 1.5)
    w.expect_names("a1", "b1", "c1", "c2")


@case
def path_that_is_a_file(w):
    began(w, *ONCE_AN_HOUR, paths=("m/a.yaml",))
    w.expect_names("a1")
    for i in range(2):
        w.save("m/a.yaml", manifest(f"x{i}"))
        w.expect_names(f"x{i}")
    write_slowly(w, "m/a.yaml", manifest("y", "z"), 1.5)
    w.expect_names("y", "z")


@case
def paths_with_dots(w):
    w.at("there").mkdir()
    w.note("there/../m/a.yaml", manifest("a1"))
    w.note("there/../m/b.yml", manifest("b1"))
    w.note("there/../m/a.yaml", manifest("x"))
    began(w, *ONCE_AN_HOUR, paths=("./there/..//m//",))
    w.whole.clear()
    w.save("m/a.yaml", manifest("x"))
    w.whole.clear()
    w.expect_names("x", "b1")


@case
def folders_below(w):
    began(w)
    w.write("m/s/t/c.yaml", manifest("c1"))
    w.expect_names("a1", "b1", "c1")
    w.save("m/s/t/c.yaml", manifest("c2"))
    w.expect_names("a1", "b1", "c2")
    shutil.rmtree(w.at("m/s"))
    w.expect_names("a1", "b1")


@case
def deleted_and_moved(w):
    began(w)
    os.unlink(w.at("m/b.yml"))
    w.expect_names("a1")
    w.note("m/c.yaml", manifest("a1"))
    os.rename(w.at("m/a.yaml"), w.at("m/c.yaml"))
    w.expect(lambda s: list(s["files"]) == ["m/c.yaml"], "m/c.yaml alone")
    w.note("m/d.yaml", manifest("d1"))
    w.at("aside").write_bytes(manifest("d1"))
    os.link(w.at("aside"), w.at("m/d.yaml"))
    w.expect_names("a1", "d1")


@case
def unreadable(w):
    began(w)
    w.write("m/s/c.yaml", manifest("c1"))
    w.expect_names("a1", "b1", "c1")
    os.chmod(w.at("m/a.yaml"), 0)
    w.expect_broken("m/a.yaml kept")
    os.chmod(w.at("m/s"), 0)
    s = w.expect_broken("m/s kept Permission denied")
    assert "cannot watch m/s" in (s["trouble"] or ""), s
    w.expect_names("a1", "b1", "c1")
    os.chmod(w.at("m/a.yaml"), 0o644)
    w.expect(lambda s: len(s["broken"]) == 1, "m/a.yaml readable")
    os.chmod(w.at("m/s"), 0o755)
    s = w.expect(lambda s: not s["broken"], "all readable")
    assert s["trouble"] is None, s
    os.chmod(w.at("m"), 0o444)  # its names can be read, and nothing of what they stand for
    w.expect_broken("m/a.yaml kept Permission denied")
    w.expect_broken("m/s kept Permission denied")
    w.expect_names("a1", "b1", "c1")
    os.chmod(w.at("m"), 0o755)
    w.save("m/s/c.yaml", manifest("c2"))
    w.expect_names("a1", "b1", "c2")


@case
def no_files_at_all(w):
    """A pipe, a device: nobody waits for them, and what was good stays."""
    began(w)
    os.unlink(w.at("m/a.yaml"))
    os.mkfifo(w.at("m/a.yaml"))
    w.expect_broken("m/a.yaml kept this is no regular file")
    os.symlink("/dev/zero", w.at("m/z.yaml"))
    w.expect_broken("m/z.yaml out this is no regular file")
    w.save("m/b.yml", manifest("b2"))
    w.expect_names("a1", "b2")
    os.unlink(w.at("m/a.yaml"))
    w.save("m/a.yaml", manifest("a2"))
    w.expect_names("a2", "b2")


@case
def bytes_that_are_no_manifest(w):
    began(w)
    for data, why in ((b"", "it is empty"), (HEAD.encode() + b"\0", "control character U+0000"),
                      (HEAD.encode() + b"\xff\n", "UTF-8"), (HEAD.encode() + b"a: [", "kept")):
        w.save("m/a.yaml", data)
        w.expect(lambda s, why=why: any("m/a.yaml kept" in b and why in b for b in s["broken"]),
                 f"broken: {why}")
    with open(w.at("m/.large"), "wb") as f:
        f.truncate(100 << 20)
    os.replace(w.at("m/.large"), w.at("m/a.yaml"))
    w.expect_broken("m/a.yaml kept the file is larger than 64 MiB")
    w.save("m/b.yml", manifest("b2"))
    w.expect_names("a1", "b2")


@case
def looked_at_on_request(w):
    began(w, "--without-events", *ONCE_AN_HOUR)
    w.save("m/a.yaml", manifest("x"))
    w.poke()
    w.expect_names("x", "b1")


@case
def all_events_lost(w):
    began(w, "--without-events", "--interval", 1000)
    w.save("m/a.yaml", manifest("x"))
    w.expect_names("x", "b1", seconds=4)
    # Without events it is the file's time that tells that it is being written.
    write_slowly(w, "m/a.yaml", manifest("y", "z"), 0.9)
    w.expect_names("y", "z", "b1", seconds=5)


@case
def other_paths(w):
    began(w)
    w.write("n/c.yaml", manifest("c1"))
    w.process.stdin.write("n m/a.yaml\n")
    w.process.stdin.flush()
    w.expect_names("a1", "c1")
    w.save("n/c.yaml", manifest("c2"))
    w.expect_names("a1", "c2")
    before = len(w.sets)
    w.process.stdin.write("n m/a.yaml\n")
    w.process.stdin.flush()
    w.expect(lambda _: len(w.sets) > before, "another set, with the same files")


@case
def nothing_is_told_twice(w):
    """What changes nothing is no new set: touched files, editors' own ones, other names."""
    began(w)
    w.save("m/d.yaml", manifest("d1").replace(b"user", b"usr"))
    w.expect_broken("m/d.yaml out unknown key")
    before = len(w.sets)
    w.save("m/d.yaml", manifest("d2").replace(b"user", b"usr"))
    time.sleep(1)  # so that a look of its own sees it
    os.utime(w.at("m/a.yaml"))
    w.at("m/notes.txt").write_text("nothing")
    w.at("m/.a.yaml.swp").write_bytes(manifest("swap"))
    w.at("m/a.yaml").write_bytes(manifest("a1"))
    w.poke()
    w.save("m/c.yaml", manifest("c1"))
    w.expect_names("a1", "b1", "c1")
    if len(w.sets) != before + 1:
        raise Failure(f"{len(w.sets) - before} sets, not one: {w.sets[before:]}")


@case
def revision_of_the_checkout(w):
    w.at("repo").mkdir()
    w.git("init", "-q", where="repo")
    w.write("repo/m/a.yaml", manifest("a1"))
    for data, name in (None, "a1"), (manifest("x"), "x"):
        if data:
            w.write("repo/m/a.yaml", data)
        w.git("add", ".", where="repo")
        w.git("commit", "-qm", name, where="repo")
        if not w.process:
            w.start(*ONCE_AN_HOUR, "repo/m")
        w.expect_names(name)
        w.git("commit", "-qm", "more", "--allow-empty", where="repo")
        head = w.git("rev-parse", "HEAD", where="repo")
        w.poke()  # the hidden folder of git is not watched
        w.expect(lambda s, head=head: s["revision"] == head, f"the revision {head}")


@case
def refused_by_the_kernel(w):
    """No inotify at all, then too few watches: said, and looked at from time to time."""
    limits = ("max_inotify_instances", "cannot watch any folder"), ("max_inotify_watches",
                                                                   "too many watches")
    for limit, why in limits:
        within = ("unshare", "-Ur", "sh", "-c",
                  f'echo 0 >/proc/sys/user/{limit} && exec "$@"', "sh")
        if subprocess.run([*within, "true"], check=False, stderr=-3).returncode != 0:
            print("refused_by_the_kernel: not tried, there are no user namespaces here")
            return
        w.sets.clear()
        began(w, "--interval", 500, within=within)
        assert why in (w.sets[-1]["trouble"] or ""), w.sets[-1]
        w.save("m/a.yaml", manifest("x"))
        w.expect_names("x", "b1", seconds=4)
        w.stop()


@case
def queue_overflown(w):
    """More events than the kernel keeps, while the driver sleeps: it looks all the same."""
    most = int(open("/proc/sys/fs/inotify/max_queued_events", encoding="ascii").read())
    if most > 200_000:
        print(f"queue_overflown: not tried, the queue holds {most} events")
        return
    began(w)
    # Left open in what is lost: it must not count as open for ever.
    slow = open(w.at("m/a.yaml"), "r+b")
    slow.write(w.note("m/a.yaml", manifest("a2")))
    slow.flush()
    w.poke()
    w.expect_broken("m/a.yaml kept the file is just being written")
    w.process.send_signal(signal.SIGSTOP)
    for i in range(most // 2 + 100):
        os.close(os.open(w.at(f"m/x{i % 7}.yaml"), os.O_CREAT | os.O_WRONLY))
        os.unlink(w.at(f"m/x{i % 7}.yaml"))
    slow.close()
    w.save("m/b.yml", manifest("b2"))
    w.process.send_signal(signal.SIGCONT)
    s = w.expect_names("a2", "b2", seconds=4)
    assert s["overflows"] >= 1, s
    w.save("m/b.yml", manifest("b3"))
    s = w.expect_names("a2", "b3")
    assert not s["broken"], s


if __name__ == "__main__":
    sys.exit(main(CASES, __doc__))
