"""A real server for the tests: the release binary with a demo workspace of its own, on a free port."""

import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path

import requests

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("CHINWAG_BIN", REPOSITORY / "target/release/chinwag")
PASSWORD = "TestPassword123"


class Server:
    """Runs while the `with` block does, with more arguments if wanted. `host` is for URLs: `127.0.0.1:PORT`."""

    def __init__(self, *arguments):
        self._arguments = arguments
        self.host = "127.0.0.1:0"

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="chinwag-test-")
        self.folder = self._folder.name
        self.log = []
        self._start()
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._wait()
        self._folder.cleanup()

    def restart(self):
        """Ends the process the hard way, and starts another one on the same port and folder."""
        self._process.kill()
        self._wait()
        self._start()

    def _start(self):
        self._process = subprocess.Popen(
            [BINARY, "demo", "--listen", self.host, "--data-dir", f"{self.folder}/data", "--limits", "off"]
            + list(self._arguments),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
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

    def _wait(self):
        self._process.wait(timeout=30)
        self._reader.join()
        self._process.stderr.close()

    def sign_in(self, username, password=PASSWORD):
        """The token of a user."""
        form = {"username": username, "password": password}
        answer = requests.post(f"http://{self.host}/auth/token", data=form, timeout=30)
        answer.raise_for_status()
        return answer.json()["access_token"]

    def call(self, token, method, path, body=None):
        """One request of the REST interface; gives what it is answered."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.request(method, f"http://{self.host}{path}", json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def say(self, token, content, conversation_id=1):
        return self.call(token, "POST", f"/conversations/{conversation_id}/messages", {"content": content})


def _ready_url(line):
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event.get("url") if event.get("event") == "ready" else None
