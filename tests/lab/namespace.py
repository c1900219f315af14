"""Addresses of 127.0.0.0/8 for servers whose port cannot be moved, and a network of their own for
those who may not bind it."""
import ctypes
import errno
import fcntl
import os
import socket
import struct

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1


def can_bind(address, port):
    """Or why not: an errno."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((address, port))
        except OSError as trouble:
            return trouble.errno
    return 0


def own_address(part):
    """The process id, of 22 bits at most, makes up all of it but for what tells apart the three
    that a process may have: no other process of this machine takes it at the same time."""
    pid = os.getpid()
    return f"127.{64 * (part + 1) + (pid >> 16)}.{pid >> 8 & 255}.{pid & 255}"


def free_address(port):
    for part in range(3):
        if can_bind(own_address(part), port) == 0:
            return own_address(part)
    raise OSError(errno.EADDRINUSE, f"no address is left whose port {port} is free")


def enter_if_needed(port):
    """None: the port can be bound, from now on if it could not; else why not."""
    if can_bind(own_address(0), port) != errno.EACCES:
        return None
    uid, gid = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER | CLONE_NEWNET):
        why = os.strerror(ctypes.get_errno())
        return (f"port {port} cannot be bound by this user, and there is no network of its own for "
                f"it either (unshare -Urn: {why})")
    for path, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{path}", "w") as f:
            f.write(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP))
    return None
