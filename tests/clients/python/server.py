"""A real server for the tests: the release binary with a demo workspace of its own, on a free port."""

import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("CHINWAG_BIN", REPOSITORY / "target/release/chinwag")
PASSWORD = "TestPassword123"


class Server:
    """Runs while the `with` block does. `host` is for URLs: `127.0.0.1:PORT`."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="chinwag-test-")
        self.folder = self._folder.name
        self._process = subprocess.Popen(
            [BINARY, "demo", "--listen", "127.0.0.1:0", "--data-dir", f"{self.folder}/data", "--limits", "off"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log = []
        for line in self._process.stderr:
            self.log.append(line)
            if url := _ready_url(line):
                self.host = url.removeprefix("http://").rstrip("/")
                break
        else:
            raise RuntimeError("the server did not start:\n" + "".join(self.log))
        # Whoever writes to a full pipe stands still, so it is read to the end.
        self._reader = threading.Thread(target=lambda: self.log.extend(self._process.stderr))
        self._reader.start()
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(timeout=30)
        self._reader.join()
        self._process.stderr.close()
        self._folder.cleanup()


def _ready_url(line):
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event.get("url") if event.get("event") == "ready" else None
