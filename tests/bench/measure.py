#!/usr/bin/env python3
"""Times mbxctl against yardsticks measured in the same call; prints a table, writes JSON.

usage: measure.py CONNECTIONS FILES RESULT.json [ROUNDS]

MBXCTL, BENCH_PLAN and YARDSTICK name the programs; tests/bench/run.sh builds them for release.
Each time is the fastest of ROUNDS (3). It fails where something cannot be measured; whether a
goal is reached is for the reader. Over LDAP it is measured where there is a slapd.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import generate
import measure_ldap

NOW = "2026-11-20T09:00:00Z"
PROGRAMS = {name: os.path.abspath(os.environ[name])
            for name in ("MBXCTL", "BENCH_PLAN", "YARDSTICK")}


def run(folder, *arguments, code=0):
    """Seconds, and the most memory that it had at a time, in MiB."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("MBXCTL_")}
    with tempfile.TemporaryFile() as errors:
        began = time.monotonic()
        process = subprocess.Popen(arguments, cwd=folder, env=env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if process.returncode != code:
            sys.exit(f"{' '.join(arguments)} ended with {process.returncode}:\n"
                     f"{errors.read(2000).decode(errors='replace')}")
    return took, usage.ru_maxrss / 1024


def says(folder, *arguments):
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=True).stdout


def fastest(rounds, measure):
    return min(measure() for _ in range(rounds))


def plan(folder, connections, rounds):
    """The whole of `plan -o json=FILE`."""
    command = [PROGRAMS["MBXCTL"], "plan", "-o", "json=plan.json", "--now", NOW]
    took, memory = fastest(rounds, lambda: run(folder, *command))
    summary = json.loads((folder / "plan.json").read_text())["summary"]
    if summary["connect"] != connections:
        sys.exit(f"not every connection is to be connected: {summary}")
    return took, memory


def scans(folder, rounds):
    """What libyaml, libldap and sha256sum take for the same bytes."""
    manifests = sorted(str(p) for p in (folder / "manifests").iterdir())
    return {"yaml": float(says(folder, PROGRAMS["YARDSTICK"], "yaml", *manifests)),
            "ldif": float(says(folder, PROGRAMS["YARDSTICK"], "ldif", "contoso.ldif")),
            "sha256sum": fastest(rounds, lambda: run(folder, "sha256sum", "plan.json"))[0]}


def planning(folder, connections, rounds):
    """Deciding alone, with the world in memory."""
    def once():
        took, connects = says(folder, PROGRAMS["BENCH_PLAN"], "mbxctl.db", "contoso.ldif",
                              "manifests").split()
        if int(connects) != connections:
            sys.exit(f"bench-plan connects {connects} of {connections}")
        return float(took)
    return fastest(rounds, once)


def import_all(folder):
    """`store import` into a new store."""
    (folder / "mbxctl.db").unlink(missing_ok=True)
    run(folder, PROGRAMS["MBXCTL"], "store", "import", "databases.csv", "--now", NOW)
    return run(folder, PROGRAMS["MBXCTL"], "store", "import", "mailboxes.csv", "--now", NOW)[0]


def prepare_sqlite(folder):
    """The rows as CSV, and a table with the same columns and indices, but no constraint."""
    columns = [row.split("|")[1] for row in
               says(folder, "sqlite3", "mbxctl.db", "PRAGMA table_info(mailbox)").splitlines()]
    rows = says(folder, "sqlite3", "-csv", "mbxctl.db", "SELECT * FROM mailbox")
    (folder / "rows.csv").write_text(rows)
    indices = says(folder, "sqlite3", "mbxctl.db", "SELECT sql || ';' FROM sqlite_schema WHERE "
                   "type = 'index' AND tbl_name = 'mailbox' AND sql IS NOT NULL")
    listed = ", ".join("id INTEGER PRIMARY KEY" if c == "id" else c for c in columns)
    return f"CREATE TABLE mailbox ({listed}, UNIQUE (guid, database));\n{indices}"


def import_sqlite(folder, schema):
    (folder / "yardstick.db").unlink(missing_ok=True)
    says(folder, "sqlite3", "yardstick.db", schema)
    return run(folder, "sqlite3", "yardstick.db", "-cmd", "PRAGMA synchronous = EXTRA",
               ".import --csv rows.csv mailbox")[0]


def row(name, value, unit, yardstick, goal):
    ratio = value / yardstick if yardstick else value
    return {"name": name, "value": round(value, 4), "unit": unit,
            "yardstick": yardstick and round(yardstick, 4), "ratio": round(ratio, 3),
            "goal": goal, "reached": ratio <= goal}


def measure(folder, connections, rounds):
    imported = fastest(rounds, lambda: import_all(folder))
    schema = prepare_sqlite(folder)
    sqlite = fastest(rounds, lambda: import_sqlite(folder, schema))
    took, memory = plan(folder, connections, rounds)
    parts = scans(folder, rounds)
    decided = planning(folder, connections, rounds)
    rows = [row("plan -o json=FILE", took, "s", sum(parts.values()), 2.0),
            row("plan() alone", decided, "s", parts["yaml"], 1.0),
            row("peak memory of plan", memory, "MiB", None, 300),
            row("store import", imported, "s", sqlite, 2.0)]
    if measure_ldap.installed():
        rows += [row(name, took, "s", yardstick, goal) for name, took, yardstick, goal in
                 measure_ldap.measure(folder, PROGRAMS["MBXCTL"], rounds, parts["yaml"])]
    return rows, {name: round(value, 4) for name, value in parts.items()}


def main(connections, files, result, rounds=3):
    with tempfile.TemporaryDirectory(prefix="mbxctl-bench-") as folder:
        folder = pathlib.Path(folder) / "world"
        generate.main(folder, connections, files)
        rows, parts = measure(folder, connections, rounds)
    print(f"{connections} connections in {files} files\n\n"
          f"{'':<22}{'value':>12}{'yardstick':>12}{'ratio':>10}{'goal':>8}")
    for r in rows:
        yardstick = f"{r['yardstick']:.3f} s" if r["yardstick"] else "-"
        print(f"{r['name']:<22}{r['value']:>8.3f} {r['unit']:<3}{yardstick:>12}{r['ratio']:>10.2f}"
              f"{r['goal']:>8}{'' if r['reached'] else '  not reached'}")
    print(f"\nyardstick of plan: {', '.join(f'{k} {v:.3f} s' for k, v in parts.items())}")
    document = {"format": "mbxctl.bench/1", "connections": connections, "files": files,
                "rounds": rounds, "rows": rows, "yardsticks": parts}
    pathlib.Path(result).write_text(json.dumps(document, indent=2) + "\n")
    written = json.loads(pathlib.Path(result).read_text())["rows"]
    return 0 if len(written) == len(rows) and all(r["value"] > 0 for r in written) else 1


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:])))
