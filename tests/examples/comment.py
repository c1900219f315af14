#!/usr/bin/env python3
"""examples/ci/comment.py against a forge of our own: one comment, whatever happens.

usage: comment.py [TEST...]
"""
import http.server
import json
import os
import pathlib
import re
import shutil
import tempfile
import threading

from example import EXAMPLES, main, run, same

COMMENT = EXAMPLES / "ci" / "comment.py"
MARKER = "<!-- mbxctl-plan -->"
TOKEN = "s3cret-t0ken"
LIMIT = 65536
PATHS = {"github": r"/repos/contoso/mailboxes/issues(?:/7)?/comments(?:/(\d+))?",
         "gitlab": r"/projects/3/merge_requests/7/notes(?:/(\d+))?"}


class Forge(http.server.ThreadingHTTPServer):
    """Keeps comments as GitHub or GitLab does; `fault` is what goes wrong, if anything."""

    def __init__(self, kind, fault=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.kind, self.fault = kind, fault
        self.comments, self.asked = [], []
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.shutdown()
        self.server_close()

    def put(self, body, author="github-actions[bot]"):
        who = {"user": {"login": author}} if self.kind == "github" else {
            "author": {"id": 42 if author == "github-actions[bot]" else 1}}
        self.comments.append(dict(who, id=len(self.comments) + 100, body=body))
        return self.comments[-1]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *ignored):
        pass

    def answer(self, status, value, **headers):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        forge, (path, _, query) = self.server, self.path.partition("?")
        payload = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        forge.asked.append((self.command, path))
        if forge.fault:
            return self.answer(*forge.fault[:2], **(forge.fault[2] if forge.fault[2:] else {}))
        token = (self.headers.get("Authorization") if forge.kind == "github" else
                 self.headers.get("PRIVATE-TOKEN"))
        if token != ("Bearer " if forge.kind == "github" else "") + TOKEN:
            return self.answer(401, {"message": "Bad credentials"})
        if path == "/user" and forge.kind == "gitlab":
            return self.answer(200, {"id": 42})
        found = re.fullmatch(PATHS[forge.kind], path)
        if not found:
            return self.answer(404, {"message": "Not Found"})
        if len(payload.get("body", "")) > LIMIT and forge.kind == "github":
            return self.answer(422, {"message": "Validation Failed"})
        if self.command == "GET":
            page = dict(pair.split("=") for pair in query.split("&"))
            first, n = int(page["page"]) - 1, int(page["per_page"])
            return self.answer(200, forge.comments[first * n:(first + 1) * n])
        if self.command == "POST" and not found[1]:
            return self.answer(201, forge.put(payload["body"]))
        if self.command == {"github": "PATCH", "gitlab": "PUT"}[forge.kind] and found[1]:
            old = next(c for c in forge.comments if c["id"] == int(found[1]))
            old["body"] = payload["body"]
            return self.answer(200, old)
        return self.answer(405, {"message": "Method Not Allowed"})

    do_POST = do_PATCH = do_PUT = do_GET


class Plan:
    """A folder as plan.sh leaves it."""

    def __init__(self, plan="## mbxctl plan\n\nfine\n", status=0, errors=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbxctl-comment-"))
        (self.folder / "status").write_text(f"{status}\n")
        (self.folder / "errors.txt").write_text(errors)
        if plan is not None:
            (self.folder / "plan.md").write_text(plan)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        shutil.rmtree(self.folder, ignore_errors=True)

    def post(self, forge, status=0, **env):
        url = f"http://127.0.0.1:{forge.server_address[1]}"
        given = {"PATH": os.environ["PATH"], "GITHUB_API_URL": url, "CI_API_V4_URL": url,
                 "GITHUB_REPOSITORY": "contoso/mailboxes", "GITHUB_TOKEN": TOKEN,
                 "PULL_REQUEST": "7", "COMMIT": "c0ffee", "RUN_URL": "https://forge/run/1",
                 "CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": "c0ffee",
                 "CI_PIPELINE_URL": "https://forge/run/1", "MBXCTL_TOKEN": TOKEN}
        given.update(env)
        done = run("python3", COMMENT, forge.kind, self.folder, env=given)
        same(done.returncode, status, f"the exit status ({done.stderr})")
        assert TOKEN not in done.stdout + done.stderr, "the token is shown"
        if status:
            assert re.fullmatch(r"comment\.py: .*\n", done.stderr), f"no sentence: {done.stderr}"
        return done


def both(test):
    def run_both():
        for kind in ("github", "gitlab"):
            test(kind)
    run_both.__name__ = test.__name__
    return run_both


@both
def one_comment(kind):
    with Forge(kind) as forge:
        forge.put("a person says something", "anna")
        with Plan() as plan:
            plan.post(forge)
        same(len(forge.comments), 2, "comments after the first")
        body = forge.comments[1]["body"]
        assert body.startswith(MARKER) and "fine" in body and "c0ffee" in body and (
            "https://forge/run/1" in body), body
        with Plan("## mbxctl plan\n\nbetter\n") as plan:
            plan.post(forge)
        same(len(forge.comments), 2, "comments after the second")
        assert "better" in forge.comments[1]["body"] and "fine" not in forge.comments[1]["body"]


@both
def found_on_a_later_page(kind):
    with Forge(kind) as forge, Plan() as plan:
        for i in range(230):
            forge.put(f"talk {i}", "anna")
        mine = forge.put(MARKER + "\nold")
        forge.put("more talk", "anna")
        plan.post(forge)
        same(len(forge.comments), 232, "comments")
        assert "fine" in mine["body"], "the comment was not updated"


@both
def others_are_left_alone(kind):
    """Whoever copies the marker keeps his text; whoever quotes it, too."""
    with Forge(kind) as forge, Plan() as plan:
        copied = forge.put(MARKER + "\ncopied", "mallory")
        quoted = forge.put("> " + MARKER)
        plan.post(forge)
        same((copied["body"], quoted["body"]), (MARKER + "\ncopied", "> " + MARKER), "the others")
        same(len(forge.comments), 3, "comments")


def connection(i, opened=False, size=600):
    begin = "<details open>" if opened else "<details>"
    return (f"\n{begin}<summary>connect <code>Nr {i}</code></summary>\n"
            f"\n```diff\n+ mail: {'ä' * size}\n```\n\n</details>\n")


def too_long_is_shortened():
    for many, opened in [(200, 2), (3000, 2), (10, 400)]:
        text = ("## mbxctl plan\n\n| action | connections |\n\n### Changes\n"
                + "".join(connection(i) for i in range(many)) + "\n### Needs attention\n"
                + "".join(connection(f"blocked {i}", True) for i in range(opened))
                + "\nDigest <code>x</code>\n")
        with Forge("github") as forge, Plan(text, 3) as plan:
            plan.post(forge)
            body = forge.comments[0]["body"]
            assert len(body.encode()) <= LIMIT, f"{len(body.encode())} bytes"
            # So much room is left unused at most as the next step would have taken.
            assert len(body.encode()) > LIMIT - 3000, f"only {len(body.encode())} bytes"
            assert "Too long for a comment" in body and "https://forge/run/1" in body
            assert "| action |" in body and "### Needs attention" in body
            assert "Nr blocked 0<" in body, "what needs attention is gone"
            same(body.count("<details"), body.count("</details>"), "details opened and closed")
            same(body.count("```diff"), body.count("\n```\n"), "blocks opened and closed")


def invalid_manifest_is_shown():
    errors = 'a.yaml:1:2: error: alias "</pre> @all & <b>" is wrong [alias-invalid]\n'
    with Forge("github") as forge:
        mine = forge.put(MARKER + "\nan older plan")
        with Plan(None, 65, errors) as plan:
            plan.post(forge)
        assert "A manifest is invalid" in mine["body"] and "older" not in mine["body"]
        assert "&lt;/pre&gt; @all &amp; &lt;b&gt;" in mine["body"], mine["body"]
        with Plan(None, 65, errors * 5000) as plan:
            plan.post(forge)
        same((mine["body"].count("<pre>"), mine["body"].count("</pre>")), (1, 1), "<pre>")
        assert len(mine["body"].encode()) <= LIMIT
        with Plan(None, 69, "mbxctl: no such thing\n") as plan:
            plan.post(forge)
        assert "exit status 69" in mine["body"] and "no such thing" in mine["body"]


@both
def trouble_is_told(kind):
    for fault, wanted in [
            ((403, {"message": "Resource not accessible"}), "may the token write comments?"),
            ((401, {"message": "Bad credentials"}), "Bad credentials; is the token right"),
            ((404, {"message": "404 Project Not Found"}), "is it the right project"),
            ((500, b"<html>oops</html>"), "was answered 500"),
            ((422, {"error": "body is invalid"}), "body is invalid"),
            ((200, b"<html>login</html>"), "failed"),
            ((200, {"id": 1, "message": "x"}), "something else than comments")]:
        with Forge(kind, fault) as forge, Plan() as plan:
            done = plan.post(forge, status=1)
            assert wanted in done.stderr, f"{fault}: {done.stderr}"


def nobody_listens():
    with Plan() as plan:
        with Forge("github") as forge:
            pass
        done = plan.post(forge, status=1)
        assert "refused" in done.stderr, done.stderr


def token_is_not_carried_on():
    """An answer that sends elsewhere is not followed: the token is for one host."""
    with Forge("github") as other:
        url = f"http://127.0.0.1:{other.server_address[1]}/"
        with Forge("github", (302, {}, {"Location": url})) as forge, Plan() as plan:
            done = plan.post(forge, status=1)
            assert "302" in done.stderr, done.stderr
        same(other.asked, [], "what the other host was asked")


def settings_are_asked_for():
    with Forge("github") as forge, Plan() as plan:
        for name, value, wanted in [("GITHUB_TOKEN", "", "$GITHUB_TOKEN is not set"),
                                    ("PULL_REQUEST", "7/../8", "$PULL_REQUEST is no number")]:
            assert wanted in plan.post(forge, status=1, **{name: value}).stderr
        (plan.folder / "status").unlink()
        assert "not what plan.sh leaves" in plan.post(forge, status=1).stderr
        same(forge.comments, [], "comments")


main({test.__name__: test for test in [
    one_comment, found_on_a_later_page, others_are_left_alone, too_long_is_shortened,
    invalid_manifest_is_shown, trouble_is_told, nobody_listens, token_is_not_carried_on,
    settings_are_asked_for]})
