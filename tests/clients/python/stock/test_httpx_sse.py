"""The packages `httpx` and `httpx-sse`: a conversation's log as Server-Sent Events."""

import unittest

import httpx
from httpx_sse import connect_sse

from story import Reader, Story


class HttpxSse(unittest.TestCase):
    def test_each_event_comes_once_and_in_order_over_a_crash_of_the_server(self):
        with Story() as story:
            reader = Reader()
            ids = []

            def read(events):
                while len(reader.seen) < len(story.said):
                    event = next(events)
                    ids.append(event.id)
                    reader.take(event.json())

            def enter(client):
                headers = {"Authorization": f"Bearer {story.token}"}
                if ids:
                    headers["Last-Event-ID"] = ids[-1]
                return connect_sse(client, "GET", f"http://{story.host}/conversations/1/events", headers=headers)

            with httpx.Client(timeout=30) as client:
                with enter(client) as source:
                    events = source.iter_sse()
                    read(events)
                    story.goes_on_after_a_crash()
                    with self.assertRaises(httpx.HTTPError):
                        read(events)
                with enter(client) as source:
                    events = source.iter_sse()
                    read(events)
                    story.say(2)
                    read(events)
            self.assertEqual(reader.seen, story.said)
            self.assertEqual(ids[-1], reader.cursor)


if __name__ == "__main__":
    unittest.main()
