"""A client that openapi-python-client makes of the server's document is whole, and can be used."""

import importlib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.request import urlopen

from server import Server


class GeneratedClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        document = cls.folder / "openapi.json"
        with urlopen(f"http://{cls.server.host}/openapi.json") as answer:
            document.write_bytes(answer.read())
        cls.generation = subprocess.run(
            [
                *(Path(sys.executable).with_name("openapi-python-client"), "generate", "--meta", "none"),
                *("--path", document, "--output-path", cls.folder / "generated_chat"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        sys.path.insert(0, str(cls.folder))
        cls.addClassCleanup(sys.path.remove, str(cls.folder))

    def test_people_sign_in_write_and_read_the_log(self):
        self.assertEqual(self.generation.returncode, 0, self.generation.stdout)
        # The metrics are a text that no generator has a type for.
        skipped = [line for line in self.generation.stdout.splitlines() if "WARNING" in line and "/metrics" not in line]
        self.assertEqual(skipped, [], self.generation.stdout)
        module = lambda name: importlib.import_module(f"generated_chat.{name}")
        models = module("models")
        url = f"http://{self.server.host}"
        form = models.PasswordForm(username="testuser", password="TestPassword123")
        with module("client").Client(base_url=url) as client:
            token = module("api.auth.sign_in").sync(client=client, body=form)
        self.assertIsInstance(token, models.Token)
        with module("client").AuthenticatedClient(base_url=url, token=token.access_token) as client:
            me = module("api.users.read_own_account").sync(client=client)
            self.assertEqual(me.username, "testuser")
            new = models.NewConversation(title="Generated", participant_ids=[2])
            made = module("api.conversations.create_conversation").sync(
                client=client, body=new, idempotency_key="generated-1"
            )
            self.assertEqual(made.title, "Generated")
            sent = module("api.messages.send_message").sync(made.id, client=client, body=models.NewMessage(content="Hi"))
            self.assertEqual((sent.content, sent.duplicate), ("Hi", False))
            page = module("api.messages.list_events").sync(made.id, client=client)
            self.assertEqual([type(event) for event in page.events], [models.MessageEvent])
            self.assertEqual(page.events[0].content, "Hi")
            refused = module("api.conversations.read_conversation").sync(9999, client=client)
            self.assertIsInstance(refused, models.Detail)
            listed = module("api.webhooks.list_webhooks").sync(client=client)
            self.assertIsInstance(listed, models.Detail, "only an administrator has webhooks")


if __name__ == "__main__":
    unittest.main()
