#!/usr/bin/env python3
"""Input that nobody means well with: a clear message, the promised exit code, nothing written."""
import os
import sys
import time

from world import World, main

HEAD = "apiVersion: mbxctl/v1\nkind: MailboxConnections\n"


def state(world):
    """Every file but the locks, which stay behind and say nothing."""
    return {name: digest for name, digest in world.state().items()
            if not name.endswith((".run", ".lock"))}


def refuse(world, code, message, *arguments, seconds=30):
    """Refused with this message; the world is as it was. Returns standard error."""
    before = state(world)
    began = time.monotonic()
    done = world.expect(code, *arguments, timeout=60)
    took = time.monotonic() - began
    assert message in done.stderr, f"{arguments}: no {message!r} in:\n{done.stderr[:2000]}"
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    assert not done.stdout, f"a refusal has a result: {done.stdout[:500]}"
    assert took < seconds, f"{arguments} took {took:.1f} s"
    assert state(world) == before, f"{arguments} left something behind"
    return done.stderr


def refuse_manifest(world, message, *paths, **how):
    """Each command that reads manifests refuses it alike."""
    for command in (["validate"], ["plan"], ["apply", "--yes"]):
        said = refuse(world, 65, message, *command, *paths, **how)
    return said


def manifest(world, content, name="m.yaml"):
    data = content.encode() if isinstance(content, str) else content
    world.file(name).write_bytes(data)
    return name


def connection(text):
    return f"{HEAD}connections:\n  - {text}\n"


def empty_manifest():
    with World() as w:
        for content in ("", "\n", "# nothing\n", "---\n", "---\n---\n...\n", "\ufeff"):
            refuse_manifest(w, "m.yaml:1:1: error: the file holds no manifest: it is empty",
                            manifest(w, content))


def nul_bytes():
    with World() as w:
        said = refuse_manifest(w, "m.yaml:4:15: error: the control character U+0000",
                               manifest(w, connection("mailbox: A\0B\n    database: MBXDB01")))
        assert "\0" not in said
        refuse_manifest(w, "control character U+0000", manifest(w, b"\0" * 10000))
        w.file("mbxctl.yaml").write_bytes(b"apiVersion: mbxctl/v1\0\nkind: Config\n")
        refuse(w, 78, "mbxctl.yaml:1:22: error: the control character U+0000", "plan")


def nested_brackets():
    with World() as w:
        for open_, close in (("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("[{a: ", "}]")):
            deep = open_ * 100_000 + close * 100_000 + "\n"
            for text in (deep, f"{HEAD}connections:\n  {deep}"):
                refuse_manifest(w, "nested deeper than 32", manifest(w, text), seconds=1)
        w.file("mbxctl.yaml").write_text("[" * 100_000)
        refuse(w, 78, "nested deeper than 32", "plan", seconds=1)
        w.file("mailboxes.json").write_text("[" * 100_000)
        # Without a config: it is the store import that is meant.
        w.file("mbxctl.yaml").unlink()
        refuse(w, 1, "mailboxes.json", "store", "import", "--store", "sqlite:mbxctl.db",
               "mailboxes.json", seconds=1)


def large_file():
    with World() as w:
        with open(w.file("m.yaml"), "wb") as f:
            f.write(connection("mailbox: A\n    database: MBXDB01").encode())
            f.truncate(200 << 20)
        refuse_manifest(w, "the file is larger than 64 MiB", "m.yaml", seconds=10)
        with open(w.file("m.yaml"), "rb") as f:
            done = w.expect(65, "plan", "-", stdin=f)
        assert "larger than 64 MiB" in done.stderr, done.stderr
        os.replace(w.file("m.yaml"), w.file("mbxctl.yaml"))
        refuse(w, 78, "larger than 4 MiB", "plan", seconds=10)


def no_manifests():
    with World() as w:
        w.file("none").mkdir()
        w.file("none/.hidden.yaml").write_text(connection("mailbox: A"))
        w.file("none/notes.txt").write_text("nothing")
        refuse_manifest(w, "none: error: no manifest (*.yaml, *.yml) is in this folder", "none")
        refuse_manifest(w, "none: error: no manifest", "manifests", "none/")
        refuse_manifest(w, "nowhere: error: there is no such file or folder", "nowhere")


def store_of_another_kind():
    with World() as w:
        png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 40
        for content in (png, b"SQLite format 3\0" + bytes(84), png[:7]):
            w.file("mbxctl.db").write_bytes(content)
            for command in (["plan"], ["apply", "--yes"], ["store", "list"], ["history"],
                            ["store", "import", "mailboxes.csv"]):
                refuse(w, 69, "mbxctl.db", *command)
        w.file("mbxctl.db").unlink()
        w.file("mbxctl.db").mkdir()
        refuse(w, 69, "mbxctl.db", "plan")


def broken_base64():
    with World() as w:
        lines = w.directory.read_text().splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("objectGUID:: "))
        lines[at] = lines[at].replace(":: ", ":: *")
        w.directory.write_text("\n".join(lines) + "\n")
        for command in (["plan"], ["apply", "--yes", "--held"]):
            refuse(w, 69, f"contoso.ldif:{at + 1}: what stands after :: is no base64", *command)


def missing_column():
    with World() as w:
        for name, column in (("mailboxes.csv", "MailboxGuid"), ("mailboxes.csv", "DisplayName"),
                             ("databases.csv", "Name"), ("databases.csv", "Guid")):
            text = w.file(name).read_text(encoding="utf-8-sig")
            w.file("lacks.csv").write_text(text.replace(f'"{column}"', '"Something"', 1))
            refuse(w, 1, "lacks.csv:", "store", "import", "lacks.csv")
        for content in ("", "\0\0\0", "just a text\n", "[]"):
            w.file("lacks.csv").write_text(content)
            refuse(w, 1, "lacks.csv", "store", "import", "lacks.csv")
        w.file("lacks.csv").write_text('"' * 1000000)
        said = w.expect(1, "store", "import", "lacks.csv").stderr
        assert len(said) < 5000, f"{len(said)} bytes were said"


def config_of_another_kind():
    with World() as w:
        w.file("folder").mkdir()
        refuse(w, 78, "folder is a folder: name a regular file", "plan", "--config", "folder")
        os.mkfifo(w.file("fifo"))
        refuse(w, 78, "fifo is a pipe", "plan", "--config", "fifo")
        refuse(w, 78, "a config", "plan", "--config", "manifests/hq.yaml")
        refuse(w, 78, "", "plan", "--config", "contoso.ldif")


def pipes_and_devices():
    with World() as w:
        os.mkfifo(w.file("pipe.yaml"))
        refuse_manifest(w, "pipe.yaml: error: the file is a pipe", "pipe.yaml", seconds=10)
        w.file("folder").mkdir()
        os.rename(w.file("pipe.yaml"), w.file("folder/pipe.yaml"))
        refuse_manifest(w, "folder/pipe.yaml: error: this is no regular file", "folder")
        os.symlink("/dev/zero", w.file("zero.yaml"))
        refuse_manifest(w, "zero.yaml: error: the file is a pipe", "zero.yaml", seconds=10)
        os.mkfifo(w.file("pipe.csv"))
        refuse(w, 1, "pipe.csv", "store", "import", "pipe.csv", seconds=10)


def endless_directory():
    with World() as w:
        os.mkfifo(w.file("pipe"))
        for uri in ("ldif:/dev/zero", "ldif:pipe", "ldif:."):
            for command in (["plan"], ["apply", "--yes"]):
                refuse(w, 69, uri[5:], *command, "--directory", uri, seconds=10)


def names_that_are_no_text():
    with World() as w:
        folder = os.fsencode(w.path) + b"/folder"
        os.mkdir(folder)
        name = folder + b"/caf\xe9\n\x1b[31m.yaml"
        try:
            with open(name, "wb") as f:
                f.write(b"kind: \xff\n")
        except OSError:
            return  # a file system that takes no such names
        for command in (["validate"], ["plan"], ["apply", "--yes"]):
            done = w.run(*command, "folder", text=False)
            assert done.returncode == 65, done
            assert b"is not UTF-8" in done.stderr, done.stderr
            assert b"\x1b" not in done.stderr, f"a name brings in a terminal code: {done.stderr}"
        with open(name, "w") as f:
            f.write(connection("mailbox: John Evans\n    database: MBXDB01"))
        done = w.run("plan", "folder", "-o", "json", text=False)
        assert done.returncode in (0, 3, 65), done
        if done.returncode != 65:
            done.stdout.decode("utf-8")


def ten_thousand_errors():
    with World() as w:
        items = "".join(f"  - mailbox: M{i}\n    databse: B\n" for i in range(10_000))
        said = refuse_manifest(w, "m.yaml:5:5: error:", manifest(w, f"{HEAD}connections:\n{items}"),
                               seconds=20)
        assert said.count("[unknown-key]") == 10_000, said.count("[unknown-key]")


def the_same_path_twice():
    with World() as w:
        hq = "manifests/hq.yaml"
        os.link(w.file(hq), w.file("again.yaml"))
        os.symlink(hq, w.file("link.yaml"))
        once = w.json(0, "plan", hq)["summary"]
        for paths in ([hq, hq], [hq, f"./{hq}"], [hq, str(w.file(hq))], [hq, "again.yaml"],
                      [hq, "link.yaml"]):
            assert w.json(0, "plan", *paths)["summary"] == once, paths
        # A folder and a file in it are the folder.
        whole = w.json(3, "plan", "manifests")["summary"]
        assert w.json(3, "plan", "manifests", hq)["summary"] == whole
        assert w.json(3, "plan", hq, "manifests/")["summary"] == whole


def circles_of_links():
    with World() as w:
        os.symlink(".", w.file("manifests/again"))
        refuse_manifest(w, "manifests/again: error: the link leads back to a folder")
        w.file("manifests/again").unlink()
        os.symlink("self.yaml", w.file("manifests/self.yaml"))
        refuse_manifest(w, "manifests/self.yaml: error: the link leads to nothing")
        refuse_manifest(w, "manifests/self.yaml: error:", "manifests/self.yaml")
        w.file("manifests/self.yaml").unlink()
        os.symlink("loop", w.file("loop"))
        refuse(w, 69, "loop", "plan", "--store", "sqlite:loop")
        refuse(w, 69, "loop", "plan", "--directory", "ldif:loop")
        refuse(w, 78, "loop", "plan", "--config", "loop")


TESTS = [empty_manifest, nul_bytes, nested_brackets, large_file, no_manifests,
         store_of_another_kind, broken_base64, missing_column, config_of_another_kind,
         pipes_and_devices, endless_directory, names_that_are_no_text, ten_thousand_errors,
         the_same_path_twice, circles_of_links]

if __name__ == "__main__":
    sys.exit(main(TESTS, sys.argv[1:]))
