#!/usr/bin/env python3
"""What the agent keeps to when things come together badly: each test a promise, seen from outside."""
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

from beside import (MANIFEST, MBXCTL, PATIENCE, Agent, World, ask, attention, main, run_lock,
                    store_lock, until)

NOBODY = 65534


# ---- a directory that is not there ----

# ---- another config ----

# ---- told to write nothing ----

# ---- the store ----

def as_nobody(w):
    """Root may write everywhere; the agent as somebody who may not."""
    if os.getuid() != 0:
        return []
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(w.folder)], check=True)
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def a_store_that_cannot_be_written_any_more_is_told():
    with World(without_mistakes=True) as w:
        w.expect(0, "apply", "--yes", "--held")
        with Agent(w, before=as_nobody(w), program=shutil.copy(MBXCTL, w.folder / "mbxctl")) as agent:
            agent.sync(0)
            w.path.chmod(0o555)
            (w.file("manifests") / "z.yaml").write_text(MANIFEST % ("Laura Bennett", "nobody@contoso.com"))
            status = agent.until_status("the failure", lambda s: s["lastPass"]["result"] == "failed")
            assert "write-protected" in status["lastPass"]["message"], status["lastPass"]
            w.path.chmod(0o755)
            agent.until_status("the pass after it", lambda s: s["lastPass"]["result"] == "done")


# ---- what is answered ----

TESTS = (a_store_that_cannot_be_written_any_more_is_told,)

if __name__ == "__main__":
    sys.exit(main(TESTS, sys.argv[1:]))
