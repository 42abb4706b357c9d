"""The package `standardwebhooks` checks what this server calls webhooks with."""

import unittest

from standardwebhooks import Webhook, WebhookVerificationError

from receiver import Receiver
from server import Server


class StandardWebhooks(unittest.TestCase):
    def test_each_event_is_posted_once_and_signed_over_a_crash_of_the_server(self):
        with Receiver() as receiver, Server("--outbound-allow", "127.0.0.1") as server:
            admin = server.sign_in("admin", "AdminPassword123")
            writer = server.sign_in("testuser")
            hook = server.call(admin, "POST", "/webhooks", {"url": receiver.url, "events": ["message"]})
            webhook = Webhook(hook["secret"])

            told = {}

            def hear(content):
                """The next new event. One may come twice around a crash, under the same id."""
                while True:
                    headers, body = receiver.call()
                    event = webhook.verify(body.decode(), headers)
                    if headers["webhook-id"] not in told:
                        told[headers["webhook-id"]] = event["content"]
                        self.assertEqual(event["content"], content)
                        return headers, body

            server.say(writer, "first")
            hear("first")
            server.say(writer, "second")
            server.restart()
            server.say(writer, "third")
            hear("second")
            headers, body = hear("third")
            with self.assertRaises(WebhookVerificationError):
                webhook.verify(body.decode().replace("third", "other"), headers)


if __name__ == "__main__":
    unittest.main()
