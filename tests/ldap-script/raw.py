#!/usr/bin/env python3
"""A client that shows what is on the wire.

usage: raw STEP...     (to 127.0.0.1, port $PORT)

  send HEX      these bytes
  bind, search  an anonymous bind with message id 1, a search of the root DSE with 2
  tls           a handshake; what is sent and read from then on goes through TLS
  hello         the first message of a handshake, and no more
  read          until the server closes or resets; all that came
  quiet         until nothing comes for a second
  count         as `read`, but tells how many bytes came, not which
  pieces        as `read`, but tells whether they came one by one, or nearly
  late MS       as `read`, but tells whether the first byte took that long
  close, reset  a FIN, a RST
  touch FILE    says that it is connected, and so on
"""
import os
import socket
import struct
import sys
import time

if {"tls", "hello"} & set(sys.argv):
    import ssl  # which takes its time

BIND = bytes.fromhex("300c020101600702010304008000")
SEARCH = (b"\x30\x25\x02\x01\x02\x63\x20\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00"
          b"\x01\x01\x00\x87\x0bobjectClass\x30\x00")


class Client:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 10)
        self.into = self.out = self.tls = None
        self.records = b""

    def flush(self):
        if self.out.pending:
            self.socket.sendall(self.out.read())

    def take(self, seconds):
        """What comes next; b"" when the server has closed."""
        self.socket.settimeout(seconds)
        data = self.socket.recv(65536)
        self.records += data
        while len(self.records) >= 5:
            end = 5 + int.from_bytes(self.records[3:5], "big")
            if len(self.records) < end:
                break
            self.records = self.records[end:]
        if self.tls:
            self.into.write(data)
        return data

    def hello(self):
        self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=f"{os.environ['DIR']}/cert.pem")
        self.tls = context.wrap_bio(self.into, self.out, server_hostname="127.0.0.1")
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            self.flush()

    def handshake(self):
        self.hello()
        self.records = b""
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush()
                if not self.take(5):
                    raise ConnectionError("closed in the handshake") from None
        self.flush()

    def send(self, data):
        if self.tls:
            self.tls.write(data)
            self.flush()
        else:
            self.socket.sendall(data)

    def plain(self, data):
        if not self.tls:
            return data
        whole = b""
        try:
            while chunk := self.tls.read():
                whole += chunk
        except ssl.SSLError:
            pass
        return whole

    def read(self, seconds=20):
        """(pieces, how it ended, seconds to the first byte)"""
        pieces, began, first = [], time.monotonic(), None
        try:
            while data := self.take(seconds):
                first = first or time.monotonic() - began
                pieces.append(self.plain(data))
            return pieces, "closed", first
        except TimeoutError:
            return pieces, "silent", first
        except ConnectionResetError:
            return pieces, "reset", first

    def show(self, seconds=20, hidden=False):
        pieces, end, _ = self.read(seconds)
        data = b"".join(pieces)
        if data or not self.tls:
            print(f"{len(data)} bytes" + ("" if hidden or not data else ": " + data.hex(" ")))
        if self.tls and self.records:
            print(f"{len(self.records)} bytes of a record")
        print(end)


def play(client, steps):
    for step in steps:
        if step == "send":
            client.send(bytes.fromhex(next(steps)))
        elif step in ("bind", "search"):
            client.send(BIND if step == "bind" else SEARCH)
        elif step == "tls":
            client.handshake()
        elif step == "hello":
            client.hello()
        elif step == "read":
            client.show()
        elif step == "quiet":
            client.show(1)
        elif step == "count":
            client.show(hidden=True)
        elif step == "pieces":
            pieces, _, _ = client.read()
            many = len(pieces) > 3
            print(f"{len(b''.join(pieces))} bytes, " + ("in pieces" if many else "at once"))
        elif step == "late":
            _, _, first = client.read()
            print("late" if first and first * 1000 >= int(next(steps)) else f"early: {first} s")
        elif step == "touch":
            open(next(steps), "w").close()
        elif step == "close":
            client.socket.close()
        elif step == "reset":
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.socket.close()
        else:
            sys.exit(__doc__)


play(Client(), iter(sys.argv[1:]))
