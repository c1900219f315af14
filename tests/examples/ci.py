#!/usr/bin/env python3
"""examples/ci: the commands of the jobs, run as they stand there, on a copy of examples/contoso.

usage: ci.py [TEST...]
"""
import json
import os
import pathlib
import re
import shutil
import tempfile

import yaml

from example import EXAMPLES, MBXCTL, expect, main, run, same

CI = EXAMPLES / "ci"
GITHUB = yaml.safe_load((CI / "github" / "plan.yml").read_text())
GITLAB = yaml.safe_load((CI / "gitlab" / ".gitlab-ci.yml").read_text())
WHEN = "2026-11-20T09:00:00Z"


class Repository:
    """What a job finds: manifests, ci/, the config of CI, and the world beside them."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="mbxctl-ci-"))
        contoso = EXAMPLES / "contoso"
        shutil.copytree(contoso / "manifests", self.path / "mailboxes")
        (self.path / "ci").mkdir()
        for name in ("plan.sh", "annotate.py", "comment.py"):
            shutil.copy(CI / name, self.path / "ci")
        shutil.copy(CI / "mbxctl-ci.yaml", self.path)
        (self.path / "world").mkdir()
        shutil.copy(contoso / "contoso.ldif", self.path / "world" / "directory.ldif")
        env = {k: v for k, v in os.environ.items() if not k.startswith("MBXCTL_")}
        self.env = dict(env, PATH=f"{pathlib.Path(MBXCTL).parent}:{env['PATH']}",
                        SOURCE_DATE_EPOCH="1795165200", NO_COLOR="1", COMMIT="c0ffee",
                        GITHUB_STEP_SUMMARY=str(self.path / "summary.md"))
        expect(0, MBXCTL, "store", "import", contoso / "databases.csv", contoso / "mailboxes.csv",
               "--store", "sqlite:world/mbxctl.db", "--now", WHEN, cwd=self.path, env=self.env)
        self.out = self.path / "mbxctl-plan"

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        shutil.rmtree(self.path, ignore_errors=True)

    def github(self, name, status=0):
        """A step of the job that plans, by GitHub's own way to run it."""
        step = next(s for s in GITHUB["jobs"]["plan"]["steps"] if s.get("name") == name)
        return expect(status, "sh", "-e", "-c", step["run"], cwd=self.path,
                      env=dict(self.env, **GITHUB["jobs"]["plan"]["env"]))

    def gitlab(self, key, status=0):
        return expect(status, "sh", "-e", "-c", "\n".join(GITLAB["plan"][key]), cwd=self.path,
                      env=dict(self.env, **GITLAB["plan"]["variables"]))

    def status(self):
        return (self.out / "status").read_text().strip()

    def spoil(self, name="hq.yaml"):
        """Makes a manifest invalid; the place of the error."""
        path = self.path / "mailboxes" / name
        text = (self.path / "mailboxes" / "hq.yaml").read_text()
        assert "alias: k.mueller" in text
        path.write_text(text.replace("alias: k.mueller", "alias: k..mueller"))
        at = next((i, line) for i, line in enumerate(path.read_text().splitlines(), 1)
                  if "k..mueller" in line)
        return at[0], at[1].index("k..") + 1


def blocked_is_shown():
    with Repository() as r:
        r.github("plan")
        same(r.status(), "3", "the status of mbxctl")
        plan = json.loads((r.out / "plan.json").read_text())
        same(plan["summary"]["blocked"], 2, "connections blocked")
        lines = r.github("annotate").stdout.splitlines()
        same([re.match(r"::warning file=mailboxes/mistakes.yaml,line=(\d+),", l)[1] for l in lines],
             ["10", "14", "14"], "the lines of the warnings")
        r.github("summarize")
        summary = (r.path / "summary.md").read_text()
        assert (r.out / "plan.md").read_text() in summary, "the summary is not the plan"


def nothing_in_the_way():
    with Repository() as r:
        (r.path / "mailboxes" / "mistakes.yaml").unlink()
        done = r.github("plan")
        same(r.status(), "0", "the status of mbxctl")
        assert "nothing stands in the way" in done.stdout, done.stdout + done.stderr
        same(r.github("annotate").stdout, "", "annotations")


def invalid_fails():
    with Repository() as r:
        r.github("plan")
        line, column = r.spoil()
        done = r.github("plan", status=65)
        assert "k..mueller" in done.stderr, done.stderr
        same(r.status(), "65", "the status of mbxctl")
        same([p.name for p in r.out.iterdir() if p.name.startswith("plan")], [],
             "what an earlier plan left")
        annotation = r.github("annotate").stdout
        wanted = f"::error file=mailboxes/hq.yaml,line={line},col={column},title=alias-invalid::"
        assert annotation.startswith(wanted), annotation
        r.github("summarize")
        summary = (r.path / "summary.md").read_text()
        assert "A manifest is invalid" in summary and "alias-invalid" in summary, summary


def out_of_reach_fails():
    with Repository() as r:
        (r.path / "world" / "directory.ldif").unlink()
        done = r.github("plan", status=69)
        assert "directory.ldif" in done.stderr, done.stderr
        r.github("summarize")
        assert "exit status 69" in (r.path / "summary.md").read_text()


def gitlab_does_the_same():
    with Repository() as r:
        r.gitlab("script")
        r.gitlab("after_script")
        report = json.loads((r.out / "codequality.json").read_text())
        same([(f["location"]["path"], f["severity"]) for f in report],
             [("mailboxes/mistakes.yaml", "major")] * 3, "the report")
        same(len({f["fingerprint"] for f in report}), 3, "fingerprints")
        line, _ = r.spoil()
        r.gitlab("script", status=65)
        r.gitlab("after_script")
        report = json.loads((r.out / "codequality.json").read_text())
        same([(f["check_name"], f["severity"], f["location"]) for f in report],
             [("alias-invalid", "blocker",
               {"path": "mailboxes/hq.yaml", "lines": {"begin": line}})], "the report")
    kept = GITLAB["plan"]["artifacts"]
    same((kept["when"], kept["paths"], kept["reports"]["codequality"]),
         ("always", ["mbxctl-plan"], "mbxctl-plan/codequality.json"), "the artifacts")


def the_world_stays():
    with Repository() as r:
        before = {p.name: p.read_bytes() for p in (r.path / "world").iterdir()}
        r.github("plan")
        after = {p.name: p.read_bytes() for p in (r.path / "world").iterdir()}
        changed = sorted(name for name in before if before[name] != after.get(name))
        same(changed, [], "files of the world that changed")


def texts_are_data():
    """Names chosen to break out of a shell, a command of the workflow, or the comment."""
    with Repository() as r:
        r.spoil("a,line=1%0A::error::b.yaml")
        (r.path / "mailboxes" / "hq.yaml").unlink()
        (r.path / "mailboxes" / "x.yaml").write_text(
            "apiVersion: mbxctl/v1\nkind: MailboxConnections\nconnections:\n"
            "  - mailbox: $(touch pwned)`touch pwned`</pre>@everyone\n"
            "    database: MBXDB01\n    alias: '</pre>..@everyone'\n")
        r.github("plan", status=65)
        lines = r.github("annotate").stdout.splitlines()
        assert len(lines) >= 2 and all(re.match(
            r"::error file=mailboxes/[^,:]*,line=\d+,col=\d+,title=[a-z-]+::", line)
            for line in lines), lines
        r.github("summarize")
        summary = (r.path / "summary.md").read_text()
        same(summary.count("</pre>"), 1, "ends of the fenced text")
        assert not (r.path / "pwned").exists(), "a text was run"


def a_line_break_begins_no_command():
    with Repository() as r:
        r.github("plan")
        plan = json.loads((r.out / "plan.json").read_text())
        plan["connections"][-1].update(name="a\r\n::error::b 100%0A", action="blocked",
                                       reasons=[{"code": "x", "message": "c\n::stop-commands::d"}])
        plan["connections"] = plan["connections"][-1:]
        (r.out / "plan.json").write_text(json.dumps(plan))
        lines = r.github("annotate").stdout.splitlines()
        same([line.partition("::a")[2] for line in lines],
             ["%0D%0A::error::b 100%250A is blocked: c%0A::stop-commands::d"], "the annotation")


def workflow_gives_little_away():
    text = (CI / "github" / "plan.yml").read_text()
    assert "pull_request_target" not in text
    same(GITHUB["permissions"], {}, "permissions of all jobs")
    jobs = GITHUB["jobs"]
    same(jobs["plan"]["permissions"], {"contents": "read"}, "permissions of the plan")
    same(jobs["comment"]["permissions"], {"contents": "read", "pull-requests": "write"},
         "permissions of the comment")
    for name, job in jobs.items():
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), f"a value is pasted into a command of {name}"
            if step.get("uses", "").startswith("actions/checkout"):
                same(step["with"]["persist-credentials"], False, "persist-credentials")
    assert "github.token" not in json.dumps(jobs["plan"]), "the plan has the token"
    assert "secrets." not in json.dumps(jobs["comment"]), "the comment has a secret"
    same(jobs["comment"]["steps"][0]["with"]["ref"], "${{ github.event.pull_request.base.sha }}",
         "whose comment.py is run")
    assert "head.repo.full_name == github.repository" in jobs["plan"]["if"]
    assert jobs["comment"]["if"].startswith("always()") and jobs["comment"]["needs"] == "plan"
    assert 'show "$CI_MERGE_REQUEST_DIFF_BASE_SHA:ci/comment.py"' in GITLAB["comment"]["script"][1]
    assert "MBXCTL_TOKEN" not in json.dumps(GITLAB["plan"])


def artifact_goes_on():
    """The job that comments gets what the other one leaves."""
    steps = {s.get("uses", "").partition("@")[0]: s for job in GITHUB["jobs"].values()
             for s in job["steps"]}
    up, down = steps["actions/upload-artifact"], steps["actions/download-artifact"]
    same(up["with"]["name"], down["with"]["name"], "the artifact's name")
    same((up["with"]["path"], down["with"]["path"], up["if"]),
         ("mbxctl-plan", "mbxctl-plan", "always()"), "its folder, and when it is made")
    wanted = {"GITHUB_TOKEN", "PULL_REQUEST", "COMMIT", "RUN_URL"}
    same(set(GITHUB["jobs"]["comment"]["steps"][2]["env"]), wanted, "what comment.py is given")


def readme_names_what_is_there():
    text = (CI / "README.md").read_text()
    for path in sorted(CI.rglob("*")):
        name = str(path.relative_to(CI))
        if path.is_file() and path.name != "README.md" and "__pycache__" not in name:
            assert f"`{name}`" in text, f"README.md says nothing of {name}"
    with Repository() as r:
        try_it = re.search(r"^ {4}(sh plan\.sh .*)$", text, re.M)[1]
        done = run("sh", "-c", try_it, cwd=r.path / "ci",
                   env=dict(r.env, MBXCTL_CONFIG="../mbxctl-ci.yaml"))
        assert "## mbxctl plan" in done.stdout, done.stdout + done.stderr


main({test.__name__: test for test in [
    blocked_is_shown, nothing_in_the_way, invalid_fails, out_of_reach_fails, gitlab_does_the_same,
    the_world_stays, texts_are_data, a_line_break_begins_no_command, workflow_gives_little_away,
    artifact_goes_on, readme_names_what_is_there]})
