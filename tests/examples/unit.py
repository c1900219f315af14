#!/usr/bin/env python3
"""examples/systemd: the unit locks the agent in, every line of it is needed, the rest fits it.

usage: unit.py [TEST...]
"""
import json
import os
import pathlib
import tempfile

import yaml

from example import EXAMPLES, MBXCTL, expect, main, run, same

FOLDER = EXAMPLES / "systemd"
UNIT = FOLDER / "mbxctl-agent.service"
LINES = UNIT.read_text().splitlines()
# In hundredths of ten: systemd-analyze then fails where the exposure is above 1.5.
THRESHOLD = 15
SANDBOX = """CapabilityBoundingSet NoNewPrivileges LimitCORE ProtectSystem ProtectHome ProtectProc
    ProcSubset PrivateTmp PrivateDevices PrivateIPC ProtectClock ProtectHostname
    ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectControlGroups
    RestrictNamespaces RestrictRealtime RestrictSUIDSGID RestrictAddressFamilies LockPersonality
    MemoryDenyWriteExecute RemoveIPC KeyringMode DevicePolicy SystemCallArchitectures
    SystemCallFilter SystemCallFilter SystemCallErrorNumber""".split()
# systemd-analyze has no opinion about these, or another line or a default says the same.
NOT_JUDGED = {"LimitCORE", "PrivateIPC", "SystemCallErrorNumber", "KeyringMode", "DevicePolicy"}


def settings(name):
    return [line.partition("=")[2] for line in LINES if line.startswith(name + "=")]


def setting(name):
    found = settings(name)
    assert len(found) == 1, f"{name}= stands {len(found)} times in the unit"
    return found[0]


def sandbox():
    """The settings below the comment about what the agent may do, as they stand there."""
    start = next(i for i, line in enumerate(LINES) if line.startswith("# What it may do"))
    end = LINES.index("[Install]")
    return [line for line in LINES[start:end] if line and not line.startswith("#")]


class Unit:
    """A unit like ours without some lines, in a folder that goes away."""

    def __init__(self, without=(), replace=()):
        text = "\n".join(line for line in LINES if line not in without) + "\n"
        for old, new in replace:
            assert old in text, f"the unit has no {old}"
            text = text.replace(old, new)
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name) / UNIT.name
        self.path.write_text(text)

    def __enter__(self):
        return self.path

    def __exit__(self, *ignored):
        self.folder.cleanup()


def security(path, *options):
    return run("systemd-analyze", "security", "--offline=true", "--no-pager", *options, path)


def exposed(path):
    """What systemd-analyze objects to, with the weight of each."""
    rows = json.loads(security(path, "--json=short").stdout)
    return {row["json_field"]: float(row["exposure"]) for row in rows if row["exposure"]}


def within_the_threshold():
    done = security(UNIT, f"--threshold={THRESHOLD}")
    same(done.returncode, 0, "systemd-analyze security:\n" + done.stdout[-200:] + done.stderr)


def threshold_can_fail():
    with Unit(without=[line for line in LINES if line.startswith("SystemCallFilter=")]) as path:
        done = security(path, f"--threshold={THRESHOLD}")
        assert done.returncode != 0, "without a SystemCallFilter the threshold is kept, too"


def locked_in():
    same(sorted(line.partition("=")[0] for line in sandbox()), sorted(SANDBOX), "the sandbox")


def each_line_is_needed():
    whole = exposed(UNIT)
    not_judged = set()
    for line in sandbox():
        with Unit(without=[line]) as path:
            without = exposed(path)
        if without == whole:
            not_judged.add(line.partition("=")[0])
    same(not_judged, NOT_JUDGED, "lines whose lack systemd-analyze does not mind")


def keeps_who_asks_visible():
    same(settings("PrivateUsers"), [], "PrivateUsers (it would hide who asks)")
    same(setting("LimitCORE"), "0", "LimitCORE (a core would hold the password)")


def understood_by_systemd():
    with Unit(replace=[("/usr/bin/mbxctl", MBXCTL)]) as path:
        done = run("systemd-analyze", "verify", "--man=no", path)
        same((done.returncode, done.stdout + done.stderr), (0, ""), "systemd-analyze verify")
    with Unit(replace=[("/usr/bin/mbxctl", MBXCTL), ("WatchdogSec", "WatchdogSecs")]) as path:
        done = run("systemd-analyze", "verify", "--man=no", path)
        assert "WatchdogSecs" in done.stderr, "systemd-analyze verify does not see a mistyped name"


def watched_and_started_anew():
    for name, wanted in {
            "Type": "notify", "NotifyAccess": "main", "WatchdogSec": "30",
            "Restart": "on-failure", "RestartPreventExitStatus": "64 78",
            "ExecReload": "/bin/kill -HUP $MAINPID"}.items():
        same(setting(name), wanted, name)
    assert int(setting("RestartSec")) > 0 and int(setting("StartLimitBurst")) > 0


def config_fits_the_unit():
    config = yaml.safe_load((FOLDER / "mbxctl.yaml").read_text())
    expect(0, MBXCTL, "validate", "--config", FOLDER / "mbxctl.yaml",
           EXAMPLES / "contoso" / "manifests")
    control = pathlib.Path(config["agent"]["control"])
    same(str(control.parent), "/run/" + setting("RuntimeDirectory"), "the socket's folder")
    store = pathlib.Path(config["store"].removeprefix("sqlite:"))
    same(str(store.parent), "/var/lib/" + setting("StateDirectory"), "the folder of the store")
    same(config["agent"]["mode"], "observe", "the mode to begin with")
    seconds = int(config["directory"]["timeout"].removesuffix("s"))
    assert int(setting("TimeoutStopSec")) >= 5 * seconds, "a stop may cut requests off"
    assert "/etc/mbxctl/mbxctl.yaml" in setting("ExecStart")


def made_as_the_unit_expects():
    if os.geteuid() != 0:
        print("not root: user and folders are not made")
        return
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        (root / "etc").mkdir()
        expect(0, "systemd-sysusers", f"--root={root}", FOLDER / "sysusers.d" / "mbxctl.conf")
        expect(0, "systemd-tmpfiles", "--create", f"--root={root}",
               FOLDER / "tmpfiles.d" / "mbxctl.conf")
        user = next(line for line in (root / "etc/passwd").read_text().splitlines()
                    if line.startswith(setting("User") + ":")).split(":")
        uid, gid = int(user[2]), int(user[3])
        same(user[6], "/usr/sbin/nologin", "the user's shell")
        group = f"{setting('Group')}:x:{gid}:"
        assert group in (root / "etc/group").read_text().splitlines(), f"no group {group}"
        for path, kind, owner in [("etc/mbxctl", "Configuration", 0),
                                  ("var/lib/mbxctl", "State", uid),
                                  ("run/mbxctl", "Runtime", uid)]:
            st = (root / path).stat()
            same((oct(st.st_mode & 0o7777), st.st_uid, st.st_gid),
                 (oct(int(setting(kind + "DirectoryMode"), 8)), owner, gid), "/" + path)


def readme_names_what_is_there():
    text = (FOLDER / "README.md").read_text()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and path.name != "README.md":
            name = str(path.relative_to(FOLDER))
            assert f"`{name}`" in text, f"README.md says nothing of {name}"
    if " 252 " not in run("systemd-analyze", "--version").stdout:
        return  # others weigh otherwise
    said = security(UNIT).stdout
    measured = said.split("exposure level for mbxctl-agent.service: ")[1].split()[0]
    assert f"gives {measured}," in text, f"README.md does not say {measured}"


main({test.__name__: test for test in [
    within_the_threshold, threshold_can_fail, locked_in, each_line_is_needed,
    keeps_who_asks_visible, understood_by_systemd, watched_and_started_anew, config_fits_the_unit,
    made_as_the_unit_expects, readme_names_what_is_there]})
