#!/usr/bin/env python3
"""Shows what plan.sh found beside the lines of the manifests.

usage: annotate.py github|gitlab FOLDER

github: workflow commands on standard output. gitlab: a Code Quality report, codequality.json, in
FOLDER. Errors are those of mbxctl; warnings are the blocked and unknown connections of the plan.
"""
import hashlib
import json
import pathlib
import re
import sys

# mailboxes/hq.yaml:12:16: error: alias "help..desk" has a period ... [alias-invalid]
ERROR = re.compile(r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): error: (?P<message>.*)"
                   r" \[(?P<code>[a-z0-9-]+)\]$")


def findings(folder):
    """(level, file, line, column, code, message) of each."""
    errors = folder / "errors.txt"
    for line in errors.read_text("utf-8", "replace").splitlines() if errors.exists() else []:
        found = ERROR.match(line)
        if found:
            yield ("error", found["file"], int(found["line"]), int(found["column"]),
                   found["code"], found["message"])
    plan = folder / "plan.json"
    for item in json.loads(plan.read_text("utf-8"))["connections"] if plan.exists() else []:
        if item["action"] in ("blocked", "unknown"):
            at = item["source"]
            for reason in item["reasons"]:
                yield ("warning", at["file"], at["line"], at["column"], reason["code"],
                       f"{item['name']} is {item['action']}: {reason['message']}")


def data(text):
    """As a workflow command may carry it: no line break can begin another command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def value(text):
    return data(text).replace(":", "%3A").replace(",", "%2C")


def github(folder):
    for level, file, line, column, code, message in findings(folder):
        print(f"::{level} file={value(file)},line={line},col={column},title={value(code)}"
              f"::{data(message)}")


def gitlab(folder):
    report = [{
        "description": message, "check_name": code,
        "severity": "blocker" if level == "error" else "major",
        "fingerprint": hashlib.sha256(f"{file}\0{code}\0{message}".encode()).hexdigest(),
        "location": {"path": file, "lines": {"begin": line}},
    } for level, file, line, column, code, message in findings(folder)]
    (folder / "codequality.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("github", "gitlab"):
        sys.exit("usage: annotate.py github|gitlab FOLDER")
    {"github": github, "gitlab": gitlab}[sys.argv[1]](pathlib.Path(sys.argv[2]))
