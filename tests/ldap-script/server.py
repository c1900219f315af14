"""ldap-script as Python's tests start it: a certificate for it, and its life."""
import os
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEMPLATE = """cn = ldap-script
serial = 1
ip_address = 127.0.0.1
tls_www_server
tls_www_client
signing_key
expiration_days = 2
"""


def certificate(folder):
    """Of the same length each time: --cut counts bytes."""
    (folder / "template").write_text(TEMPLATE)
    for arguments in (["--generate-privkey", "--key-type=ed25519", "--outfile", "key.pem"],
                      ["--generate-self-signed", "--load-privkey", "key.pem",
                       "--template", "template", "--outfile", "cert.pem"]):
        subprocess.run(["certtool", *arguments], cwd=folder, check=True, capture_output=True)


class Server:
    """ldap-script, which ends with the test: by itself, or at a SIGTERM."""

    def __init__(self, program, script, folder, options):
        self.endless = re.search(r"^\s*connection\s+\*", script.read_text(), re.M)
        self.folder, self.script = folder, script
        self.errors = open(folder / "errors", "w+")
        self.process = subprocess.Popen(
            [program, "--library", HERE / "library", "--cert", folder / "cert.pem",
             "--key", folder / "key.pem", *options, script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.url = self.process.stdout.readline().strip()

    @property
    def port(self):
        return self.url.rpartition(":")[2]

    def environment(self):
        env = dict(os.environ, URL=self.url, PORT=self.port, DIR=str(self.folder),
                   HOME=str(self.folder), LDAPTLS_CACERT=str(self.folder / "cert.pem"),
                   PATH=f"{self.folder}:{os.environ['PATH']}")
        # libldap takes the memory that a message says it needs; meson would have it filled.
        env.pop("MALLOC_PERTURB_", None)
        return env

    def end(self):
        """(status, standard output but the URL, standard error)"""
        if self.endless:
            self.process.terminate()
        try:
            out, _ = self.process.communicate(timeout=60)
        finally:
            self.process.kill()
        self.errors.seek(0)
        return self.process.returncode, out, self.errors.read()
