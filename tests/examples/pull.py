#!/usr/bin/env python3
"""examples/git-sync/host: what is published, and what stays where something is wrong.

usage: pull.py [TEST...]
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

from example import EXAMPLES, MBXCTL, expect, main, run, same

FOLDER = EXAMPLES / "git-sync" / "host"
PULL = FOLDER / "mbxctl-pull"
MANIFEST = """apiVersion: mbxctl/v1
kind: MailboxConnections
defaults: {database: MBXDB01}
connections:
  - mailbox: %s
"""


class Remote:
    """A repository of manifests, and the folder that it is published in."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbxctl-pull-"))
        self.path, self.out = self.folder / "remote", self.folder / "out"
        self.env = dict(os.environ, HOME=str(self.folder), GIT_CONFIG_NOSYSTEM="1",
                        GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@contoso.com",
                        GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@contoso.com")
        self.path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        shutil.rmtree(self.folder, ignore_errors=True)

    def git(self, *words):
        return expect(0, "git", "-C", self.path, *words, env=self.env).stdout.strip()

    def commit(self, who, *options):
        """A commit whose manifest connects that mailbox; its name."""
        (self.path / "hq.yaml").write_text(MANIFEST % who)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", who, *options)
        return self.git("rev-parse", "HEAD")

    def pull(self, status=0, options=(), repository=None, branch="main", **env):
        return expect(status, PULL, *options, repository or self.path, branch, self.out,
                      env=dict(self.env, **env))

    def published(self):
        link = self.out / "current"
        return os.readlink(link).removeprefix(".worktrees/") if link.is_symlink() else None

    def shows(self, commit, who):
        same(self.published(), commit, "what is published")
        same((self.out / "current" / "hq.yaml").read_text(), MANIFEST % who, "the manifest")


def publishes_and_updates():
    with Remote() as r:
        first = r.commit("A")
        r.pull()
        r.shows(first, "A")
        second = r.commit("B")
        done = r.pull()
        r.shows(second, "B")
        assert second in done.stdout, "it does not say what it published"
        expect(0, MBXCTL, "validate", r.out / "current", cwd=r.folder, env=r.env)


def says_nothing_where_nothing_is_new():
    with Remote() as r:
        r.commit("A")
        r.pull()
        before = (r.out / "current").lstat().st_ino
        done = r.pull()
        same((done.stdout, done.stderr), ("", ""), "its output")
        same((r.out / "current").lstat().st_ino, before, "the link itself")


def a_reader_keeps_its_version():
    """Whoever opened the folder before the flip still reads the old files, and all of them."""
    with Remote() as r:
        r.commit("A")
        r.pull()
        fd = os.open(r.out / "current", os.O_RDONLY)
        r.commit("B")
        r.pull()
        with open(os.open("hq.yaml", os.O_RDONLY, dir_fd=fd)) as file:
            same(file.read(), MANIFEST % "A", "what the earlier reader reads")
        os.close(fd)
        r.commit("C")
        r.pull()
        same(len(list((r.out / ".worktrees").iterdir())), 2, "checkouts that stay")


def link_is_never_missing():
    """While it is flipped, over and over, a reader always finds a whole manifest."""
    with Remote() as r:
        r.commit("start")
        r.pull()
        looker = subprocess.Popen(
            ["sh", "-c", 'while [ ! -e "$1" ]; do cat "$2" >/dev/null || exit 1; done', "sh",
             r.folder / "end", r.out / "current" / "hq.yaml"], stderr=subprocess.PIPE)
        for i in range(6):
            r.commit(str(i))
            r.pull()
        (r.folder / "end").touch()
        _, said = looker.communicate(timeout=30)
        same((looker.returncode, said), (0, b""), "the reader")


def rewritten_history_is_refused():
    with Remote() as r:
        r.commit("A")
        published = r.commit("B")
        r.pull()
        r.git("reset", "--quiet", "--hard", "HEAD~1")
        other = r.commit("C")
        done = r.pull(status=1)
        assert "rewritten" in done.stderr and f"--accept {other}" in done.stderr, done.stderr
        r.shows(published, "B")
        # It is refused again and again, not just once.
        r.pull(status=1)
        r.shows(published, "B")
        r.pull(status=1, options=["--accept", published])
        r.pull(options=["--accept", other])
        r.shows(other, "C")


def broken_remote_leaves_all():
    with Remote() as r:
        first = r.commit("A")
        r.pull()
        for repository, branch in [(r.folder / "nowhere", "main"), (r.path, "no-such-branch")]:
            done = r.pull(status=1, repository=repository, branch=branch)
            assert "what was published stays" in done.stderr, done.stderr
            r.shows(first, "A")
        shutil.rmtree(r.path / ".git" / "objects")
        r.pull(status=1)
        r.shows(first, "A")


def interrupted_run_is_made_good():
    """What a killed run left of a checkout is not taken for one."""
    with Remote() as r:
        r.commit("A")
        r.pull()
        second = r.commit("B")
        half = r.out / ".worktrees" / second
        half.mkdir()
        (half / "hq.yaml").write_text("apiVersion: mbx")
        (r.out / "current.new").symlink_to("nowhere")
        r.pull()
        r.shows(second, "B")


def two_at_once():
    with Remote() as r:
        r.commit("A")
        r.pull()
        second = r.commit("B")
        holder = subprocess.Popen(["flock", r.out / ".lock", "sh", "-c", "echo held; read _"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        holder.stdout.readline()
        done = r.pull(status=1)
        assert "another" in done.stderr, done.stderr
        holder.communicate(b"\n", timeout=30)
        r.pull()
        r.shows(second, "B")


def links_lead_nowhere():
    """A repository cannot have the agent read a file of the host."""
    with Remote() as r:
        (r.path / "secret.yaml").symlink_to("/etc/passwd")
        r.commit("A")
        r.pull()
        published = r.out / "current" / "secret.yaml"
        assert not published.is_symlink(), "a link was checked out"
        same(published.read_text(), "/etc/passwd", "what became of the link")


def signatures():
    with Remote() as r:
        for name in ("good", "bad"):
            expect(0, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", r.folder / name)
        signers = r.folder / "signers"
        signers.write_text("a@contoso.com " + (r.folder / "good.pub").read_text())
        r.git("config", "gpg.format", "ssh")

        def commit(who, key):
            r.git("config", "user.signingKey", str(r.folder / key))
            return r.commit(who, "-S")

        first = commit("A", "good")
        r.pull(ALLOWED_SIGNERS=str(signers))
        r.shows(first, "A")
        r.commit("B")
        done = r.pull(status=1, ALLOWED_SIGNERS=str(signers))
        assert "no good signature" in done.stderr, done.stderr
        commit("C", "bad")
        r.pull(status=1, ALLOWED_SIGNERS=str(signers))
        r.shows(first, "A")
        last = commit("D", "good")
        r.pull(ALLOWED_SIGNERS=str(signers))
        r.shows(last, "D")


def units():
    unit = (FOLDER / "mbxctl-pull.service").read_text()
    command = "/usr/lib/mbxctl/mbxctl-pull ${REPOSITORY} ${BRANCH} /var/lib/mbxctl-manifests"
    assert f"ExecStart={command}\n" in unit, "the unit runs something else"
    assert "StateDirectory=mbxctl-manifests\n" in unit
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "mbxctl-pull.service").write_text(
            unit.replace("/usr/lib/mbxctl/mbxctl-pull", str(PULL)))
        shutil.copy(FOLDER / "mbxctl-pull.timer", folder)
        for name in ("mbxctl-pull.service", "mbxctl-pull.timer"):
            done = run("systemd-analyze", "verify", "--man=no", folder / name)
            same((done.returncode, done.stdout + done.stderr), (0, ""), f"verify of {name}")
    expect(0, "systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager",
           FOLDER / "mbxctl-pull.service")


main({test.__name__: test for test in [
    publishes_and_updates, says_nothing_where_nothing_is_new, a_reader_keeps_its_version,
    link_is_never_missing, rewritten_history_is_refused, broken_remote_leaves_all,
    interrupted_run_is_made_good, two_at_once, links_lead_nowhere, signatures, units]})
