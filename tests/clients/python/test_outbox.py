"""An application leaves messages in its own transactions, while the server is killed. Run by scripts/with-postgres."""

import os
import re
import time
import unittest

import psycopg

from server import REPOSITORY, Server

STORE = os.environ["CHINWAG_TEST_STORE"]
SEND = "SELECT chinwag.send(%s, %s, %s, %s)"
ROOM = 1
TESTUSER = 1
MESSAGES = 60
DEADLINE_S = 30


class Outbox(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with psycopg.connect(f"{STORE}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE shop")
            connection.execute("CREATE ROLE shop LOGIN")
        cls.server = cls.enterClassContext(Server("--store", f"{STORE}/shop"))
        cls.token = cls.server.sign_in("testuser")

    def setUp(self):
        self.shop = self.enterContext(psycopg.connect(f"{STORE}/shop"))

    def texts(self):
        path = f"/conversations/{ROOM}/messages?limit=200"
        return [message["content"] for message in self.server.call(self.token, "GET", path)]

    def until(self, is_so):
        """Asks until the history is as wanted."""
        deadline = time.monotonic() + DEADLINE_S
        while not is_so(texts := self.texts()):
            self.assertLess(time.monotonic(), deadline, texts)
        return texts

    def test_what_the_page_shows_works(self):
        page = (REPOSITORY / "docs/postgresql.md").read_text()
        block = re.search(r"```sql\n(.*?)```", page, re.DOTALL).group(1)
        self.shop.execute("CREATE TABLE orders (number BIGINT PRIMARY KEY)")
        self.shop.commit()
        self.shop.execute(block)
        self.until(lambda texts: "Order 4711 has been paid" in texts)

    def test_a_transaction_that_fails_says_nothing(self):
        with self.assertRaises(ZeroDivisionError), self.shop.transaction():
            self.shop.execute(SEND, (ROOM, TESTUSER, "before the mistake", "mistake"))
            _ = 1 / 0
        with self.shop.transaction():
            self.shop.execute(SEND, (ROOM, TESTUSER, "after the mistake", "mistake"))
        texts = self.until(lambda texts: "after the mistake" in texts)
        self.assertNotIn("before the mistake", texts)

    def test_each_message_arrives_once_and_in_order_while_the_server_is_killed(self):
        wanted = [f"message {number}" for number in range(MESSAGES)]
        for number, content in enumerate(wanted):
            # As an application does that has not heard of its commit.
            for _ in range(2):
                with self.shop.transaction():
                    self.shop.execute(SEND, (ROOM, TESTUSER, content, content))
            if number % 20 == 10:
                self.server.restart()
        self.until(lambda texts: wanted[-1] in texts)
        said = [text for text in self.texts() if text.startswith("message ")]
        self.assertEqual(said, wanted)


if __name__ == "__main__":
    unittest.main()
