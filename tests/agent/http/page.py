#!/usr/bin/env python3
"""The agent by HTTP, as clients, Prometheus and a person with a browser meet it.

usage: page.py HTTP-SERVE

Exit status 77, and a word why, where chromium, chromedriver or promtool is not installed.
"""
import http.client
import shutil
import socket
import subprocess
import sys
import threading
import time

from browser import Browser

PATHS = ["/", "/metrics", "/healthz", "/readyz"]
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                               "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
OF_ONE_ADDRESS = 16
SCRIPT = "<script>document.title='owned'</script>"
IMAGE = "\"><img src=x onerror=\"document.title='owned'\">'"


class Server:
    """http-serve with a listener of its own."""

    def __init__(self, listen="127.0.0.1:0", stall=60):
        self.process = subprocess.Popen([sys.argv[1], listen, str(stall)], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.address = self.process.stdout.readline().strip()
        host, _, port = self.address.rpartition(":")
        self.host, self.port = host.strip("[]"), int(port)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.stdin.close()
        code = self.process.wait(timeout=30)
        assert kind or code == 0, f"http-serve ended with {code}"

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line):
        self.tell(line)
        return self.process.stdout.readline().strip()

    def publish(self, name):
        assert self.ask(f"publish {name}") == "done"

    def connect(self, source="127.0.0.1"):
        return http.client.HTTPConnection(self.host, self.port, timeout=20,
                                          source_address=(source, 0) if ":" not in self.host else None)

    def get(self, path, method="GET", connection=None, body=None, headers=None):
        c = connection or self.connect()
        c.request(method, path, body=body, headers=headers or {})
        r = c.getresponse()
        text = r.read().decode()
        if not connection:
            c.close()
        return r, text

    def half(self):
        """A client that has sent the beginning of a request, and stays."""
        s = socket.create_connection((self.host, self.port), timeout=30)
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Rest: ")
        return s


def until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def expect(got, wanted, what):
    assert got == wanted, f"{what}: {got!r} instead of {wanted!r}"


# ---- where it listens


def refused(listen, *words):
    done = subprocess.run([sys.argv[1], listen, "60"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    expect(done.returncode, 1, f"{listen}: exit status")
    for word in (listen, "agent.listen", *words):
        assert word in done.stderr, f"{listen}: no {word!r} in {done.stderr!r}"


def listening():
    with Server() as s:
        refused(s.address, "another program listens there already")
    refused("192.0.2.1:9464", "this machine has no such address")
    refused("no-such-host.invalid:9464", "cannot listen on")
    refused("nonsense", "is no address and port")
    refused("[]:1", "is no address and port")
    refused("127.0.0.1:", "is no address and port")
    with Server("localhost:0") as s:
        expect(s.get("/healthz")[0].status, 200, "a host's name")
    if socket.has_ipv6 and any(line.startswith("0" * 31 + "1") for line in open("/proc/net/if_inet6")):
        with Server("[::1]:0") as s:
            assert s.address.startswith("[::1]:"), s.address
            expect(s.get("/healthz")[0].status, 200, "IPv6")


def stopped_and_started():
    """The port of one that has just ended, with connections that it closed, can be taken at once."""
    with Server() as s:
        c = s.connect()
        s.get("/healthz", connection=c)
    c.close()
    with Server(s.address) as again:
        expect(again.address, s.address, "the same port")


# ---- requests


def before_the_first():
    with Server() as s:
        for path, status in zip(PATHS, [503, 503, 200, 503]):
            r, text = s.get(path)
            expect(r.status, status, f"{path} before anything was published")
            assert text.strip(), f"{path} says nothing"


def answers():
    types = ["text/html; charset=utf-8", "text/plain; version=0.0.4; charset=utf-8",
             "text/plain; charset=utf-8", "text/plain; charset=utf-8"]
    with Server() as s:
        s.publish("healthy")
        for path, kind in zip(PATHS, types):
            r, text = s.get(path)
            expect((r.status, r.headers["Content-Type"]), (200, kind), path)
            for name, value in HEADERS.items():
                expect(r.headers[name], value, f"{path}: {name}")
            head, nothing = s.get(path, "HEAD")
            expect((head.status, nothing), (200, ""), f"HEAD {path}")
            expect(head.headers["Content-Length"], str(len(text.encode())), f"HEAD {path}: length")
        expect(s.get("/healthz")[1], "ok\n", "/healthz")
        expect(s.get("/readyz")[1], "ok\n", "/readyz")
        expect(s.get("/metrics?x=/healthz")[1], s.get("/metrics")[1], "a query")
        expect(s.ask("unready no plan was made yet"), "done", "unready")
        r, text = s.get("/readyz")
        expect((r.status, text), (503, "no plan was made yet\n"), "/readyz")
        expect(s.get("/metrics")[0].status, 200, "/metrics of one that is not ready")


def refusals():
    with Server() as s:
        s.publish("healthy")
        for path in ("/nothing", "/metrics/", "//", "/../etc/passwd", "/index.html"):
            r, text = s.get(path)
            expect((r.status, r.headers["Content-Type"]), (404, "text/plain; charset=utf-8"), path)
            assert all(p in text for p in PATHS), f"{path}: {text!r} does not name what there is"
        for method, body in (("POST", "x=1"), ("PUT", "x" * 100000), ("DELETE", None), ("OPTIONS", None)):
            r, text = s.get("/", method, body=body)
            expect((r.status, r.headers["Allow"]), (405, "GET, HEAD"), method)
        expect(s.get("/", body="x=1")[0].status, 413, "GET with a body")
        expect(s.get("/", body=iter([b"x"]), headers={"Transfer-Encoding": "chunked"})[0].status, 413,
               "GET with a body of unknown length")
        expect(s.get("/", headers={"X-Large": "x" * 60000})[0].status, 431, "a head too large")
        expect(s.get("/healthz")[0].status, 200, "the server afterwards")


def keep_alive():
    with Server() as s:
        s.publish("trouble")
        c = s.connect()
        c.connect()
        own, before = c.sock, int(s.ask("requests"))
        for method, path in [("GET", "/"), ("HEAD", "/metrics"), ("GET", "/nothing"), ("GET", "/healthz")] * 5:
            s.get(path, method, c)
            assert c.sock is own, f"{method} {path} ended the connection"
        expect(int(s.ask("requests")) - before, 20, "requests counted")
        c.close()


def many_at_once():
    """As many as one address may have, while bodies are swapped; each gets one of them whole."""
    wrong, read = [], []

    def client():
        c = s.connect()
        for _ in range(100):
            r, text = s.get("/", connection=c)
            read.append(text)
            if r.status != 200 or not text.endswith("</html>\n"):
                wrong.append(f"{r.status} {text[-80:]!r}")
        c.close()

    with Server() as s:
        s.publish("healthy")
        threads = [threading.Thread(target=client) for _ in range(OF_ONE_ADDRESS)]
        s.tell("storm")
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        s.tell("calm")
        expect(len(read), 100 * OF_ONE_ADDRESS, "answers")
        assert not wrong, wrong[0]
        assert len(set(read)) == 2, f"{len(set(read))} different bodies of two"


def half_requests():
    """Who sends half a request and stays hinders nobody else, and is cut off in the end."""
    with Server() as s:
        s.publish("healthy")
        halves = [s.half() for _ in range(OF_ONE_ADDRESS)]
        began = time.monotonic()
        for _ in range(50):
            expect(s.get("/healthz", connection=s.connect("127.0.0.2"))[0].status, 200, "another address")
        assert time.monotonic() - began < 5, "others had to wait"
        expect(closed(s.half()), True, "one more of the same address")
        assert time.monotonic() - began < 8, "one more of the same address was let in"
        halves[0].close()
        until(lambda: served(s), "room for another one of the address")
        expect(closed(halves[1]), True, "half a request after a while")
        assert 8 < time.monotonic() - began < 25, f"it was cut off after {time.monotonic() - began:.1f} s"


def closed(s):
    try:
        return s.recv(1) == b""
    except ConnectionError:
        return True


def served(s):
    try:
        return s.get("/healthz")[0].status == 200
    except (ConnectionError, http.client.HTTPException):
        return False


def standing_still():
    with Server(stall=1) as s:
        expect(s.get("/healthz")[0].status, 200, "/healthz while the loop ticks")
        s.tell("silence")
        until(lambda: s.get("/healthz")[0].status == 503, "/healthz notices that the loop stands still")
        text = s.get("/healthz")[1]
        assert text.startswith("the agent stands still since 20") and text.endswith("s)\n"), text
        s.tell("tick")
        until(lambda: s.get("/healthz")[0].status == 200, "/healthz notices that the loop goes on")


def signals():
    """Nothing but the main thread may take a signal."""
    with Server() as s:
        masks = {}
        for task in subprocess.check_output(["ls", f"/proc/{s.process.pid}/task"], text=True).split():
            status = open(f"/proc/{s.process.pid}/task/{task}/status").read().split("\n")
            fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
            masks[fields["Name"]] = int(fields["SigBlk"], 16)
        own = [mask for name, mask in masks.items() if name.startswith("MHD")]
        assert own, f"no thread of libmicrohttpd among {sorted(masks)}"
        for signal in (1, 2, 10, 13, 15):
            assert own[0] >> (signal - 1) & 1, f"signal {signal} may come to the HTTP thread"
            assert not masks["http-serve"] >> (signal - 1) & 1, f"signal {signal} is blocked in the main thread"


def prometheus():
    with Server() as s:
        for name in ("starting", "healthy", "trouble", "hostile", "over-limit"):
            s.publish(name)
            done = subprocess.run(["promtool", "check", "metrics"], input=s.get("/metrics")[1],
                                  capture_output=True, text=True)
            expect((done.returncode, done.stdout + done.stderr), (0, ""), f"promtool about {name}")


# ---- the page, in a browser


def check_structure(browser, name):
    """What holds of every page."""
    expect(browser.run("return document.documentElement.lang"), "en", f"{name}: lang")
    expect(len(browser.texts("h1")), 1, f"{name}: h1")
    expect(browser.texts("script, img, iframe, link, object, form, b, [onerror]"), [], f"{name}: foreign elements")
    expect(browser.run("return performance.getEntriesByType('resource').filter("
                       "e => !e.name.endsWith('/favicon.ico')).length"), 0, f"{name}: things loaded")
    expect(browser.run("return [...document.querySelectorAll('th')].filter(e => !e.scope).length"), 0,
           f"{name}: th without scope")
    expect(browser.run("return [...document.querySelectorAll('time')].filter("
                       "e => isNaN(Date.parse(e.dateTime))).length"), 0, f"{name}: time without a time")
    for width in (400, 1280):
        browser.width(width)
        wide = browser.run("return document.documentElement.scrollWidth")
        assert wide <= width, f"{name}: {wide} pixels wide on a screen of {width}"


def trouble(browser):
    expect(browser.run("return document.title"), "No plan could be made \u2013 mbxctl waiting", "title")
    headings = browser.texts("h2, h3")
    expect(headings, ["Needs attention", "Suspended on request", "Connections", "Purge dates", "Last runs",
                      "Released", "Manifests", "Errors", "Agent"], "headings")
    said = browser.texts(".troubles li strong")
    expect(said, ["No plan could be made:", "The directory is out of reach:", "Mailboxes are about to be purged:",
                  "An account forest or server is out of reach:",
                  "Suspended on request:", "Manifests with errors:", "Outside its windows:"], "troubles")
    rows = browser.texts("section:first-of-type tbody tr")
    expect(len(rows), 8, "rows of what needs attention")
    assert "alias-taken" in rows[0] and "40d ago" in rows[0] and "due since 2026-11-26" in rows[0], rows[0]
    assert "next try in 12m" in rows[3], rows[3]
    # Colour is never the only sign.
    expect(browser.texts("section:first-of-type .badge"),
           ["blocked", "unknown", "held", "failed", "stale", "uncertain", "not-attempted", "update"], "badges")


def hostile(browser):
    expect(browser.run("return document.title"), "No plan could be made \u2013 mbxctl waiting", "title")
    names = browser.texts("section:first-of-type tbody th > bdi")
    expect(names[:3], [SCRIPT, "two\\u000alines\\u000d\\u0009and \\u001b[31mred\\u0007", "caf\\xe9 \\xff"], "names")
    expect(browser.texts("section:first-of-type tbody tr:first-child small bdi")[0], IMAGE, "a manifest's name")
    expect(browser.run("return document.body.innerText.includes('\\u202e')"), False, "marks of direction")


def quiet(browser):
    expect(browser.texts("h1"), ["\u2713 All is well"], "h1")
    expect(browser.texts("h2, h3"), ["Connections", "Last runs", "Manifests", "Agent"], "headings")


def starting(browser):
    expect(browser.texts("h1"), ["! Starting"], "h1")


def in_a_browser():
    browser = Browser()
    with Server() as s:
        for name, check in (("trouble", trouble), ("hostile", hostile), ("healthy", quiet), ("starting", starting)):
            s.publish(name)
            browser.open(f"http://{s.address}/")
            check(browser)
            check_structure(browser, name)
        colours = []
        for dark in (False, True):
            browser.width(400, dark)
            colours.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
        assert colours[0] != colours[1], "light and dark look alike"
        browser.close()


def main():
    missing = [p for p in ("chromium", "chromedriver", "promtool") if not shutil.which(p)]
    if missing:
        print(f"skipped: not installed: {', '.join(missing)} (Debian: chromium, chromium-driver, prometheus)")
        return 77
    failed = []

    def run(test):
        began = time.monotonic()
        try:
            test()
            print(f"{test.__name__}: {time.monotonic() - began:.1f} s")
        except Exception as e:  # told, whatever it is: the others go on
            failed.append(f"{test.__name__}: {type(e).__name__}: {e}")

    slow = [threading.Thread(target=run, args=[t]) for t in (half_requests, in_a_browser)]
    for t in slow:
        t.start()
    for test in (listening, stopped_and_started, before_the_first, answers, refusals, keep_alive, many_at_once,
                 standing_still, signals, prometheus):
        run(test)
    for t in slow:
        t.join()
    print("\n".join(failed) or "all well")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
