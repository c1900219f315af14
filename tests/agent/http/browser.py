"""Chromium without a screen, driven over chromedriver's HTTP."""
import json
import re
import subprocess
import tempfile
import urllib.request


class Browser:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        port = None
        for line in self.driver.stdout:
            port = re.search(r"successfully on port (\d+)", line)
            if port:
                break
        assert port, "chromedriver ended without a port"
        self.url = f"http://127.0.0.1:{port[1]}/session"
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                            f"--user-data-dir={self.folder.name}"]}
        always = {"browserName": "chrome", "goog:chromeOptions": options}
        self.url += "/" + self.ask("", {"capabilities": {"alwaysMatch": always}})["sessionId"]

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def width(self, pixels, dark=False):
        """The screen from now on."""
        self.cdp("Emulation.setDeviceMetricsOverride",
                 {"width": pixels, "height": 900, "deviceScaleFactor": 1, "mobile": pixels < 600})
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", {"features": [scheme]})

    def cdp(self, command, parameters):
        return self.ask("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url):
        self.ask("/url", {"url": url})

    def run(self, script):
        """What the body of a function gives."""
        return self.ask("/execute/sync", {"script": script, "args": []})

    def texts(self, selector):
        return self.run(f"return [...document.querySelectorAll({json.dumps(selector)})]"
                        ".map(e => e.textContent.trim())")

    def close(self):
        self.ask("", method="DELETE")
        self.driver.terminate()
        self.driver.wait()
        self.folder.cleanup()
