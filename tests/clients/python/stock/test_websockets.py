"""The package `websockets`, in one conversation's socket."""

import json
import unittest

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from story import Reader, Story


class Websockets(unittest.TestCase):
    def test_each_event_comes_once_and_in_order_over_a_crash_of_the_server(self):
        with Story() as story:
            reader = Reader()

            def read(socket):
                while len(reader.seen) < len(story.said):
                    reader.take(json.loads(socket.recv(timeout=30)))

            def enter():
                query = f"v=1&token={story.token}&after={reader.cursor}"
                return connect(f"ws://{story.host}/conversations/1/ws?{query}")

            with enter() as socket:
                read(socket)
                story.goes_on_after_a_crash()
                with self.assertRaises(ConnectionClosed):
                    read(socket)
            with enter() as socket:
                read(socket)
                story.say(2)
                read(socket)
            self.assertEqual(reader.seen, story.said)


if __name__ == "__main__":
    unittest.main()
