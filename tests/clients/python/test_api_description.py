"""The server answers as its own OpenAPI document says, whatever it is asked (schemathesis)."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

from server import Server
from test_original_document import get_token

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# The token of a run must not be ended by that same run.
ENDS_THE_SESSION = r"^/auth/(logout|sessions|refresh)"


class ApiDescription(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())

    def conforms(self, *selection):
        token = get_token(self.server.host, "testuser")
        run = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                *("run", f"http://{self.server.host}/openapi.json"),
                *("--checks", CHECKS, "--max-examples", os.environ.get("API_EXAMPLES", "20")),
                *("--phases", "examples,coverage,fuzzing", "--seed", "1", "--request-timeout", "10"),
                *("--continue-on-failure", "--warnings", "off", "--no-color"),
                *("-H", f"Authorization: Bearer {token}"),
                *selection,
            ],
            cwd=self.server.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.assertEqual(run.returncode, 0, run.stdout + "".join(self.server.log[-20:]))
        print(*run.stdout.splitlines()[-18:], sep="\n")

    def test_operations_answer_as_described(self):
        self.conforms("--exclude-path-regex", ENDS_THE_SESSION)

    def test_operations_that_end_a_session_answer_as_described(self):
        self.conforms("--include-path-regex", ENDS_THE_SESSION)


if __name__ == "__main__":
    unittest.main()
