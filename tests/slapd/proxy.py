"""A TCP proxy before a server, and what can go wrong on the way."""
import select
import socket
import threading
import time

PIECE = 65536
MODIFY = 0x66  # the tag of a ModifyRequest (RFC 4511, 4.6)


def is_modify(piece):
    """Does a message of LDAP begin here, and is it a write?"""
    if len(piece) < 8 or piece[0] != 0x30:
        return False
    at = 2 + (piece[1] & 0x7f if piece[1] & 0x80 else 0)
    return piece[at] == 2 and len(piece) > at + 2 + piece[at + 1] and piece[
        at + 2 + piece[at + 1]] == MODIFY


class Proxy:
    """Listens on 127.0.0.1 and forwards to where `upstream` says (a path, a port, or an address and a
    port) at the time. `tap` is given each piece, and whether it is a client's, and gives what is
    forwarded instead.

    From the moment that `strike` is called, until `heal`, of every connection, old or new:
      silent    nothing is forwarded any more, nothing closed
      cut       it is closed
      refused   it is closed, and nobody listens
      pause     nothing is forwarded until `heal`, and then what was held back
      half-answer, half-request
                half of the next piece in that direction is forwarded, then nothing in any
      half-cut  half of the next answer, then it is closed
    """

    def __init__(self, upstream, gate=None, tap=lambda piece, of_client: piece):
        self.tap = tap
        self.gate = gate  # asked, with each piece of a client, before it is forwarded
        self.upstream, self.fault, self.lock = upstream, None, threading.Lock()
        self.pairs, self.ended = [], False
        self.pieces, self.at, self.then, self.after = 0, None, None, False
        self.listen()
        self.port = self.listener.getsockname()[1]

    def listen(self, port=0):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while not self.ended:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        to = self.upstream()
        server = socket.socket(socket.AF_UNIX if isinstance(to, str) else socket.AF_INET)
        pair = (client, server)
        try:
            if self.fault in ("cut", "refused"):
                raise OSError
            if self.fault is None:
                server.connect(("127.0.0.1", to) if isinstance(to, int) else to)
            with self.lock:
                self.pairs.append(pair)
            self.forward(client, server, to)
        except OSError:
            pass
        finally:
            for s in pair:
                s.close()

    def forward(self, client, server, to):
        connected, halved = self.fault is None, False
        while not self.ended:
            if self.fault in ("cut", "refused"):
                return
            if halved or self.fault in ("silent", "pause"):
                if halved and self.fault is None:
                    return  # half a message can never become whole
                time.sleep(0.01)
                continue
            if not connected:  # it came while nothing was forwarded
                server.connect(("127.0.0.1", to) if isinstance(to, int) else to)
                connected = True
            for s in select.select([client, server], [], [], 0.05)[0]:
                due = self.count()
                if due and not self.after:
                    self.then()
                if self.fault in ("silent", "pause", "cut", "refused"):
                    break
                piece, other = s.recv(PIECE), server if s is client else client
                if not piece:
                    return
                if self.gate and s is client:
                    self.gate(piece)
                piece = self.tap(piece, s is client)
                wanted = {"half-answer": server, "half-cut": server, "half-request": client}
                if s is wanted.get(self.fault):
                    other.sendall(piece[:max(1, len(piece) // 2)])
                    if self.fault == "half-cut":
                        return
                    halved = True
                    break
                other.sendall(piece)
                if due and self.after:
                    self.then()

    def count(self):
        """Of what is read from either side, the piece that comes next; is it the one?"""
        with self.lock:
            self.pieces += 1
            return self.pieces == self.at

    def arm(self, at, then, after=False):
        """From now on pieces are counted; right before that one is read, or right after it was
        forwarded, `then` is called."""
        with self.lock:
            self.pieces, self.at, self.then, self.after = 0, at, then, after

    def strike(self, fault):
        self.fault = fault
        if fault in ("cut", "refused"):
            self.shut()
        if fault == "refused":
            self.close_listener()

    def heal(self):
        refused, self.fault = self.fault == "refused", None
        if refused:
            self.listen(self.port)

    def shut(self):
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for s in pair:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close_listener(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def close(self):
        self.ended = True
        self.close_listener()
        self.shut()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()
