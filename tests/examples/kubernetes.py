#!/usr/bin/env python3
"""examples/git-sync/kubernetes: what the objects say of each other agrees, and nothing is open.

usage: kubernetes.py [TEST...]
"""
import pathlib
import re
import tempfile

import yaml

from example import EXAMPLES, MBXCTL, SOURCE, expect, main, same

FOLDER = EXAMPLES / "git-sync" / "kubernetes"
OBJECTS = {o["kind"]: o for o in yaml.safe_load_all((FOLDER / "mbxctl.yaml").read_text())}
DEPLOYMENT = OBJECTS["Deployment"]["spec"]
POD = DEPLOYMENT["template"]["spec"]
CONTAINERS = {c["name"]: c for c in POD["initContainers"] + POD["containers"]}
CONFIG = yaml.safe_load(OBJECTS["ConfigMap"]["data"]["mbxctl.yaml"])
# Of git-sync v4, read from its source.
FLAGS = {"repo", "ref", "root", "link", "period", "submodules", "max-failures",
         "stale-worktree-timeout", "ssh-key-file", "ssh-known-hosts-file", "http-bind",
         "http-metrics"}


def mounts(name):
    return {m["mountPath"]: m for m in CONTAINERS[name].get("volumeMounts", [])}


def volume_of(name, path):
    """The mount of a container that holds a path."""
    found = [m for at, m in mounts(name).items() if path == at or path.startswith(at + "/")]
    assert found, f"{path} lies in no volume of {name}"
    return max(found, key=lambda m: len(m["mountPath"]))


def flags():
    pairs = [arg.removeprefix("--").partition("=") for arg in CONTAINERS["git-sync"]["args"]]
    return {name: value for name, _, value in pairs}


def one_writer():
    same((DEPLOYMENT["replicas"], DEPLOYMENT["strategy"]), (1, {"type": "Recreate"}), "the writers")
    same(DEPLOYMENT["selector"]["matchLabels"],
         DEPLOYMENT["template"]["metadata"]["labels"], "the labels")


def volumes_exist_and_are_used():
    declared = {v["name"] for v in POD["volumes"]}
    used = {m["name"] for c in CONTAINERS.values() for m in c.get("volumeMounts", [])}
    same(used, declared, "volumes that are mounted")
    by_name = {v["name"]: v for v in POD["volumes"]}
    same(by_name["config"]["configMap"]["name"], OBJECTS["ConfigMap"]["metadata"]["name"], "config")
    same(by_name["store"]["persistentVolumeClaim"]["claimName"],
         OBJECTS["PersistentVolumeClaim"]["metadata"]["name"], "the claim of the store")


def config_fits_the_mounts():
    same(volume_of("agent", CONFIG["store"].removeprefix("sqlite:"))["name"], "store", "the store")
    same(volume_of("agent", CONFIG["agent"]["control"])["name"], "control", "the control socket")
    assert "readOnly" not in volume_of("agent", CONFIG["agent"]["control"])
    link = CONFIG["manifests"][0]
    same(volume_of("agent", link), {"name": "git", "mountPath": "/git", "readOnly": True}, "git")
    same(link, f"{flags()['root']}/{flags()['link']}", "the link that git-sync makes")
    same(volume_of("git-sync", link)["name"], "git", "the volume that git-sync writes to")
    same(volume_of("agent", "/etc/mbxctl/mbxctl.yaml")["name"], "config", "the config's volume")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "mbxctl.yaml"
        path.write_text(OBJECTS["ConfigMap"]["data"]["mbxctl.yaml"])
        expect(0, MBXCTL, "validate", "--config", path, EXAMPLES / "contoso" / "manifests")


def secrets_are_the_agents_alone():
    by_name = {v["name"]: v for v in POD["volumes"]}
    secrets = [v for v in by_name.values() if "secret" in v]
    same([v["secret"]["defaultMode"] for v in secrets], [0o400] * 2, "modes of the secrets")
    same(by_name["directory"]["emptyDir"]["medium"], "Memory", "where the copy lies")
    for path in (CONFIG["directory"]["bind"]["passwordFile"], CONFIG["directory"]["tls"]["caFile"]):
        same(volume_of("agent", path)["name"], "directory", f"the volume of {path}")
        same(str(pathlib.Path(path).parent), "/run/directory", f"the folder of {path}")
    *sources, target = CONTAINERS["secrets"]["command"][3:]
    same([pathlib.Path(s).name for s in sources], ["password", "ca.pem"], "what is copied")
    same(volume_of("secrets", target.rstrip("/"))["name"], "directory", "where it is copied")
    assert all(volume_of("secrets", s)["name"] == "directory-secret" for s in sources)
    same([name for name in CONTAINERS if any(m["name"] == "git-secret" for m in
         CONTAINERS[name]["volumeMounts"])], ["git-sync"], "who has the key of the repository")
    for flag in ("ssh-key-file", "ssh-known-hosts-file"):
        same(volume_of("git-sync", flags()[flag])["name"], "git-secret", flag)


def the_copy_is_accepted():
    """The init container's command, run here: mbxctl takes its copy and not the original."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "mnt").mkdir()
        (folder / "run").mkdir()
        for name in ("password", "ca.pem"):
            (folder / "mnt" / name).write_text("x\n")
            (folder / "mnt" / name).chmod(0o440)  # as an fsGroup leaves it
        command = [str(folder / "mnt" / pathlib.Path(word).name) if word.startswith("/mnt/") else
                   str(folder / "run") + "/" if word == "/run/directory/" else word
                   for word in CONTAINERS["secrets"]["command"]]
        expect(0, *command)

        def plan(status, password):
            config = folder / "mbxctl.yaml"
            config.write_text(
                "apiVersion: mbxctl/v1\nkind: Config\n"
                f"manifests: [{EXAMPLES}/contoso/manifests]\nstore: sqlite:{folder}/mbxctl.db\n"
                "directory:\n  uri: ldap://127.0.0.1:1\n  base: dc=contoso,dc=com\n"
                f"  bind: {{method: simple, dn: cn=x, passwordFile: {password}}}\n"
                "  tls: {mode: none}\n")
            expect(0, MBXCTL, "store", "import", EXAMPLES / "contoso" / "databases.csv",
                   "--config", config)
            return expect(status, MBXCTL, "plan", "--config", config).stderr

        refused = plan(78, folder / "mnt" / "password")
        assert "others may read" in refused, refused
        accepted = plan(69, folder / "run" / "password")
        assert "others may read" not in accepted, accepted


def probed_where_it_listens():
    agent = CONTAINERS["agent"]
    port = int(CONFIG["agent"]["listen"].rpartition(":")[2])
    same(agent["ports"], [{"name": "metrics", "containerPort": port}], "the agent's ports")
    for probe, path in [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"),
                        ("readinessProbe", "/readyz")]:
        same(agent[probe]["httpGet"], {"path": path, "port": "metrics"}, probe)
    assert not CONFIG["agent"]["listen"].startswith("127."), "the kubelet cannot reach it"
    annotations = DEPLOYMENT["template"]["metadata"]["annotations"]
    same(annotations["prometheus.io/port"], str(port), "the port for Prometheus")
    same(int(flags()["http-bind"].lstrip(":")),
         CONTAINERS["git-sync"]["ports"][0]["containerPort"], "git-sync's port")


def locked_in():
    same(POD["automountServiceAccountToken"], False, "automountServiceAccountToken")
    same((POD["securityContext"]["runAsNonRoot"], POD["securityContext"]["seccompProfile"]),
         (True, {"type": "RuntimeDefault"}), "the pod's securityContext")
    for name, container in CONTAINERS.items():
        context = dict(container["securityContext"])
        context.pop("runAsUser", None)
        same(context, {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                       "capabilities": {"drop": ["ALL"]}}, f"the securityContext of {name}")
    users = {POD["securityContext"]["runAsUser"],
             CONTAINERS["git-sync"]["securityContext"]["runAsUser"]}
    assert len(users) == 2 and 0 not in users, "who pulls and who writes are one user"


def stops_in_time():
    seconds = int(CONFIG["directory"]["timeout"].removesuffix("s"))
    assert POD["terminationGracePeriodSeconds"] >= 5 * seconds, "a stop may cut requests off"


def git_sync_knows_the_flags():
    assert re.fullmatch(r"registry\.k8s\.io/git-sync/git-sync:v4\.\d+\.\d+",
                        CONTAINERS["git-sync"]["image"]), CONTAINERS["git-sync"]["image"]
    same(set(flags()), FLAGS, "flags of git-sync")


def image_has_what_is_linked():
    text = (FOLDER / "Containerfile").read_text()
    stage = text.split(" AS run\n")[1].split("FROM ")[0]
    linked = expect(0, "readelf", "--dynamic", MBXCTL).stdout
    names = re.findall(r"\(NEEDED\).*\[(.*)\]", linked)
    assert "libldap-2.5.so.0" in names, f"not understood: {linked}"
    paths = dict(re.findall(r"(\S+) => (\S+)", expect(0, "ldd", MBXCTL).stdout))
    for name in names:
        if re.match(r"lib(c|m|dl|rt|stdc\+\+|asan|ubsan|pthread|gcc_s|resolv)\.so", name):
            continue
        path = str(pathlib.Path(paths[name]).resolve())
        package = expect(0, "dpkg", "-S", f"*{path.removeprefix('/usr')}").stdout.split(":")[0]
        assert f" {package} " in stage.replace("\n", " "), f"the image lacks {package} ({name})"
    quickstart = (SOURCE / "examples" / "quickstart.sh").read_text()
    wanted = quickstart.split("$(missing ")[1].split(")")[0].replace("\\", "").split()
    built = text.split(" AS build\n")[1].split("COPY")[0]
    same([p for p in wanted if p not in built.split()], [], "packages that the build lacks")


main({test.__name__: test for test in [
    one_writer, volumes_exist_and_are_used, config_fits_the_mounts, secrets_are_the_agents_alone,
    the_copy_is_accepted, probed_where_it_listens, locked_in, stops_in_time,
    git_sync_knows_the_flags, image_has_what_is_linked]})
