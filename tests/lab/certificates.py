"""Certificates for a server on loopback, good ones and each kind of bad one."""
import os
import pathlib
import subprocess
from typing import NamedTuple

# What is wrong with the server's certificate.
KINDS = ("good", "unknown-ca", "wrong-host", "expired")
TLS_1_1 = "NORMAL:-VERS-ALL:+VERS-TLS1.1"  # as GnuTLS writes it
SECONDS = 60


class Certificate(NamedTuple):
    ca: pathlib.Path           # that signed it
    certificate: pathlib.Path
    key: pathlib.Path
    trusted: pathlib.Path      # what the client is told to trust


def certtool(*arguments):
    done = subprocess.run(["certtool", *arguments], capture_output=True, text=True,
                          timeout=SECONDS, env=dict(os.environ, LC_ALL="C"))
    if done.returncode:
        raise RuntimeError(f"certtool {' '.join(arguments)}: {done.stderr}")


def key(path):
    certtool("--generate-privkey", "--key-type=ecdsa", "--curve=secp256r1", "--no-text",
             "--outfile", str(path))
    path.chmod(0o600)
    return path


def template(folder, name, lines):
    path = folder / f"{name}.template"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def authority(folder, name):
    secret, path = key(folder / f"{name}.key"), folder / f"{name}.pem"
    certtool("--generate-self-signed", "--load-privkey", str(secret), "--no-text", "--outfile",
             str(path), "--template", template(folder, name, [
                 f'cn = "mbxctl tests, {name}"', "ca", "cert_signing_key", "expiration_days = 30"]))
    return secret, path


def make(folder, kind, addresses=("127.0.0.1",), hosts=()):
    folder = pathlib.Path(folder)
    ca_key, ca = authority(folder, "ca")
    trusted = authority(folder, "another-ca")[1] if kind == "unknown-ca" else ca
    lines = ['cn = "slapd"', "tls_www_server", "signing_key"]
    lines += ['dns_name = "elsewhere.example"'] if kind == "wrong-host" else [
        *(f'ip_address = "{a}"' for a in addresses), *(f'dns_name = "{h}"' for h in hosts)]
    if kind == "expired":
        lines += ['activation_date = "2020-01-01 00:00:00"',
                  'expiration_date = "2020-02-01 00:00:00"']
    else:
        lines += ["expiration_days = 30"]
    secret, path = key(folder / "server.key"), folder / "server.pem"
    certtool("--generate-certificate", "--load-privkey", str(secret), "--load-ca-certificate",
             str(ca), "--load-ca-privkey", str(ca_key), "--no-text", "--outfile", str(path),
             "--template", template(folder, "server", lines))
    return Certificate(ca, path, secret, trusted)


def client(folder, name):
    """A certificate and its key by which a client shows that it is cn=NAME."""
    folder = pathlib.Path(folder)
    secret, path = key(folder / f"{name}.key"), folder / f"{name}.pem"
    certtool("--generate-certificate", "--load-privkey", str(secret), "--load-ca-certificate",
             str(folder / "ca.pem"), "--load-ca-privkey", str(folder / "ca.key"), "--no-text",
             "--outfile", str(path), "--template", template(folder, name, [
                 f'cn = "{name}"', "tls_www_client", "signing_key", "expiration_days = 30"]))
    return path, secret
