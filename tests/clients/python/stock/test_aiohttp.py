"""The package `aiohttp`: its WebSocket on `/ws`, and its forms for files."""

import hashlib
import unittest

import aiohttp

from story import Reader, Story


class Aiohttp(unittest.IsolatedAsyncioTestCase):
    async def test_each_event_comes_once_and_in_order_over_a_crash_of_the_server(self):
        with Story() as story:
            reader = Reader()

            async def read(socket):
                """Until everything came, or the socket closed."""
                while len(reader.seen) < len(story.said):
                    message = await socket.receive(timeout=30)
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        return False
                    reader.take(message.json())
                return True

            def enter(session):
                protocols = ("chinwag.v1", f"bearer.{story.token}")
                return session.ws_connect(f"ws://{story.host}/ws", protocols=protocols)

            async with aiohttp.ClientSession() as session:
                for goes_down in (True, False):
                    async with enter(session) as socket:
                        self.assertEqual(socket.protocol, "chinwag.v1")
                        await socket.send_json({"type": "hello", "cursors": {"1": reader.cursor}})
                        self.assertTrue(await read(socket))
                        if goes_down:
                            story.goes_on_after_a_crash()
                            self.assertFalse(await read(socket))
            self.assertEqual(reader.seen, story.said)

    async def test_a_file_of_a_form_comes_back_as_it_was(self):
        with Story() as story:
            content = bytes(range(256)) * 1000
            headers = {"Authorization": f"Bearer {story.token}"}
            async with aiohttp.ClientSession(f"http://{story.host}", headers=headers) as session:
                form = aiohttp.FormData()
                form.add_field("file", content, filename="über uns.bin")
                async with session.post("/files", data=form) as answer:
                    self.assertEqual(answer.status, 201, await answer.text())
                    file = await answer.json()
                async with session.get(file["url"]) as answer:
                    self.assertEqual(await answer.read(), content)
            self.assertEqual(file["sha256"], hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    unittest.main()
