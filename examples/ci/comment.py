#!/usr/bin/env python3
"""Puts what plan.sh left in FOLDER into one comment of the pull request, and updates that one.

usage: comment.py github|gitlab FOLDER     posts
       comment.py print LIMIT FOLDER       prints what it would post, in at most LIMIT bytes

github  GITHUB_API_URL GITHUB_REPOSITORY GITHUB_TOKEN PULL_REQUEST RUN_URL COMMIT, and AUTHOR where
        the token is not the workflow's own (default: github-actions[bot])
gitlab  CI_API_V4_URL CI_PROJECT_ID CI_MERGE_REQUEST_IID CI_PIPELINE_URL CI_COMMIT_SHA MBXCTL_TOKEN

Ends with 0, or with 1 and one sentence on standard error. Python's own library is all it needs.
"""
import html
import json
import os
import pathlib
import re
import sys
import urllib.error
import urllib.request

MARKER = "<!-- mbxctl-plan -->"
# GitHub's message says 65,536 characters, GitLab's documentation 1,000,000. In bytes it is safe.
LIMITS = {"github": 65536, "gitlab": 1000000}
DETAILS = re.compile(r"\n<details( open)?><summary>(.*)</summary>\n(?s:.*?)\n</details>\n")


class Trouble(Exception):
    """A sentence for whoever reads the log."""


def size(text):
    return len(text.encode())


# ---- the text

class Part:
    """A piece of the plan; a connection of it can be told shorter."""

    def __init__(self, text, opened=None, summary=None):
        self.text, self.opened = text, opened
        self.shorter = [] if summary is None else ["", f"\n* {summary}\n"]


def parts(plan):
    at, found = 0, []
    for m in DETAILS.finditer(plan):
        found += [Part(plan[at:m.start()]), Part(m[0], opened=bool(m[1]), summary=m[2])]
        at = m.end()
    return found + [Part(plan[at:])]


def shorten(plan, room):
    """Tells the last connections shorter, then not at all; those that need attention stay longest.
    What even so is too long is cut at the end of a line."""
    pieces = parts(plan)
    total = size(plan)
    for opened in (False, True):
        for _ in range(2):
            for piece in reversed(pieces):
                if total <= room:
                    return "".join(p.text for p in pieces)
                if piece.opened is opened and piece.shorter:
                    total -= size(piece.text)
                    piece.text = piece.shorter.pop()
                    total += size(piece.text)
    text = "".join(p.text for p in pieces).encode()[:max(room, 0)]
    return text.decode(errors="ignore").rpartition("\n")[0]


def read(folder):
    """The plan, or why there is none, in Markdown."""
    try:
        status = int((folder / "status").read_text())
        if status in (0, 2, 3):
            return (folder / "plan.md").read_text("utf-8", "replace")
        errors = (folder / "errors.txt").read_text("utf-8", "replace")
    except (OSError, ValueError) as e:
        raise Trouble(f"{folder} is not what plan.sh leaves: {e}") from e
    what = "A manifest is invalid" if status == 65 else f"mbxctl ended with exit status {status}"
    # Names in it come from anywhere; in <pre> with everything escaped nothing is markup.
    return f"## mbxctl plan\n\n**{what}.**\n\n<pre>\n{html.escape(errors.rstrip())}\n</pre>\n"


def body(folder, limit, commit, url):
    plan = read(folder)
    head = f"{MARKER}\n"
    foot = f"\n<sub>Commit {html.escape(commit)}, [the run and the whole plan]({url})</sub>\n"
    room = limit - size(head + foot)
    if size(plan) > room:
        note = ("**Too long for a comment:** what is left out is in"
                f" [the files of the run]({url}).\n\n")
        plan = note + shorten(plan, room - size(note) - len("\n</pre>\n"))
        if plan.count("<pre>") > plan.count("</pre>"):
            plan += "\n</pre>\n"
    return head + plan + foot


# ---- the forges

class NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to the one host that it is for."""

    def redirect_request(self, *ignored):
        return None


def ask(method, url, headers, payload=None):
    request = urllib.request.Request(url, method=method, headers={
        "Accept": "application/json", "User-Agent": "mbxctl-ci", **headers})
    if payload is not None:
        request.data = json.dumps(payload).encode()
        request.add_header("Content-Type", "application/json")
    try:
        opener = urllib.request.build_opener(NoRedirect)
        with opener.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as e:
        try:
            said = json.loads(e.read())
            said = said.get("message") or said.get("error") or said
        except (ValueError, AttributeError, OSError):
            said = e.reason
        hint = {401: "; is the token right, and has it not run out?",
                403: "; may the token write comments? (GitHub: permissions: pull-requests: write;"
                     " GitLab: scope api)",
                404: "; is it the right project, and may the token see it?"}.get(e.code, "")
        raise Trouble(f"{method} {url} was answered {e.code}: {said}{hint}") from e
    except (OSError, ValueError) as e:
        raise Trouble(f"{method} {url} failed: {getattr(e, 'reason', None) or e}") from e


def setting(name, default=None):
    value = os.environ.get(name) or default
    if not value:
        raise Trouble(f"${name} is not set; see the head of comment.py")
    return value


def number(name):
    value = setting(name)
    if not value.isdigit():
        raise Trouble(f"${name} is no number: {value!r}")
    return value


def mine(url, headers, is_author):
    """The comment that an earlier run made; others may have copied the marker."""
    page = 1
    while True:
        found = ask("GET", f"{url}?per_page=100&page={page}", headers)
        if not isinstance(found, list):
            raise Trouble(f"GET {url} was answered with something else than comments")
        for comment in found:
            if (comment["body"] or "").startswith(MARKER) and is_author(comment):
                return comment
        if len(found) < 100:
            return None
        page += 1


def github(folder):
    api, repository = setting("GITHUB_API_URL"), setting("GITHUB_REPOSITORY")
    headers = {"Authorization": f"Bearer {setting('GITHUB_TOKEN')}",
               "X-GitHub-Api-Version": "2022-11-28"}
    author = setting("AUTHOR", "github-actions[bot]")
    issues = f"{api}/repos/{repository}/issues"
    comments = f"{issues}/{number('PULL_REQUEST')}/comments"
    text = body(folder, LIMITS["github"], setting("COMMIT"), setting("RUN_URL"))
    old = mine(comments, headers, lambda c: (c["user"] or {}).get("login") == author)
    if old:
        return ask("PATCH", f"{issues}/comments/{old['id']}", headers, {"body": text})
    return ask("POST", comments, headers, {"body": text})


def gitlab(folder):
    api = setting("CI_API_V4_URL")
    headers = {"PRIVATE-TOKEN": setting("MBXCTL_TOKEN")}
    notes = (f"{api}/projects/{number('CI_PROJECT_ID')}"
             f"/merge_requests/{number('CI_MERGE_REQUEST_IID')}/notes")
    text = body(folder, LIMITS["gitlab"], setting("CI_COMMIT_SHA"), setting("CI_PIPELINE_URL"))
    me = ask("GET", f"{api}/user", headers)["id"]
    old = mine(notes, headers, lambda c: c["author"]["id"] == me)
    if old:
        return ask("PUT", f"{notes}/{old['id']}", headers, {"body": text})
    return ask("POST", notes, headers, {"body": text})


def main(words):
    try:
        if len(words) == 3 and words[0] == "print" and words[1].isdigit():
            text = body(pathlib.Path(words[2]), int(words[1]), os.environ.get("COMMIT", "-"),
                        os.environ.get("RUN_URL", "-"))
            sys.stdout.buffer.write(text.encode())
        elif len(words) == 2 and words[0] in LIMITS:
            done = {"github": github, "gitlab": gitlab}[words[0]](pathlib.Path(words[1]))
            print(f"comment {done['id']} shows the plan")
        else:
            raise Trouble("usage: comment.py github|gitlab FOLDER, or print LIMIT FOLDER")
    except Trouble as e:
        print(f"comment.py: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
