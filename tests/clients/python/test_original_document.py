"""The Python client of the original document, as its readers wrote it.

It must work for ever: change the server, not this file.
"""

import asyncio
import json
import re
import unittest

import requests
import websockets

from server import PASSWORD, Server


def get_token(host, username, password=PASSWORD):
    response = requests.post(f"http://{host}/auth/token", data={"username": username, "password": password})
    response.raise_for_status()
    return response.json()["access_token"]


class OriginalDocument(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())
        cls.host = cls.server.host

    def uri(self, token, conversation_id=1):
        return f"ws://{self.host}/conversations/{conversation_id}/ws?token={token}"

    async def receive(self, websocket, kind, content=None, username=None):
        """The document's receive loop, until the frame it waits for."""
        async with asyncio.timeout(10):
            async for text in websocket:
                frame = json.loads(text)
                if (
                    frame["type"] == kind
                    and content in (None, frame.get("content"))
                    and username in (None, frame.get("username"))
                ):
                    return frame
        self.fail(f"closed before a {kind} frame came: {websocket.close_code} {websocket.close_reason}")

    def test_a_form_with_name_and_password_answers_a_bearer_token(self):
        response = requests.post(
            f"http://{self.host}/auth/token", data={"username": "testuser", "password": PASSWORD}
        )
        self.assertEqual(response.status_code, 200)
        answer = response.json()
        self.assertEqual(answer["token_type"], "bearer")
        self.assertEqual(answer["user"]["username"], "testuser")
        self.assertEqual(len(answer["access_token"].split(".")), 3)

    def test_a_wrong_password_is_refused(self):
        response = requests.post(f"http://{self.host}/auth/token", data={"username": "testuser", "password": "wrong"})
        self.assertEqual(response.status_code, 401)
        self.assertEqual(response.headers["www-authenticate"], "Bearer")
        self.assertIsInstance(response.json()["detail"], str)

    async def test_connect_send_and_receive(self):
        token = get_token(self.host, "testuser")
        async with websockets.connect(self.uri(token)) as websocket:
            connection = json.loads(await websocket.recv())
            self.assertEqual(connection["type"], "connection")
            self.assertEqual(connection["status"], "connected")
            self.assertEqual(connection["conversation_id"], 1)
            self.assertIsInstance(connection["user_id"], int)

            await websocket.send(json.dumps({"content": "Hello from Python!"}))
            message = await self.receive(websocket, "message", "Hello from Python!")
            self.assertIsInstance(message["id"], int)
            self.assertEqual(message["sender_id"], connection["user_id"])
            self.assertEqual(message["sender_name"], "testuser")
            self.assertEqual(message["conversation_id"], 1)
            self.assertRegex(message["created_at"], re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"))

    async def test_two_people_talk_and_see_each_other_come_and_go(self):
        first = get_token(self.host, "testuser")
        second = get_token(self.host, "testuser2")
        async with websockets.connect(self.uri(first)) as one:
            await one.recv()
            async with websockets.connect(self.uri(second)) as two:
                connection = json.loads(await two.recv())
                joined = await self.receive(one, "user_joined", username="testuser2")
                self.assertEqual(joined["user_id"], connection["user_id"])
                await two.send(json.dumps({"content": "Hi there"}))
                self.assertEqual((await self.receive(one, "message", "Hi there"))["sender_name"], "testuser2")
                self.assertEqual((await self.receive(two, "message", "Hi there"))["sender_name"], "testuser2")
            left = await self.receive(one, "user_left", username="testuser2")
            self.assertEqual(left["user_id"], connection["user_id"])

    async def test_a_message_over_rest_reaches_the_sockets_and_the_history(self):
        token = get_token(self.host, "testuser")
        headers = {"Authorization": f"Bearer {token}"}
        messages = f"http://{self.host}/conversations/1/messages"
        async with websockets.connect(self.uri(token)) as websocket:
            await websocket.recv()
            response = await asyncio.to_thread(
                requests.post, messages, json={"content": "over REST"}, headers=headers
            )
            self.assertEqual(response.status_code, 201)
            frame = await self.receive(websocket, "message", "over REST")
            self.assertEqual(frame["id"], response.json()["id"])
        history = requests.get(messages, headers=headers).json()
        self.assertEqual(history[-1]["content"], "over REST")
        self.assertEqual([one["id"] for one in history], sorted(one["id"] for one in history))

    async def test_a_bad_frame_is_answered_with_an_error_and_the_socket_lives_on(self):
        token = get_token(self.host, "testuser")
        async with websockets.connect(self.uri(token)) as websocket:
            await websocket.recv()
            for bad in ["not json", "{}", '{"content": ""}', '{"content": "  "}', '{"content": 7}', "[]", "null"]:
                await websocket.send(bad)
                error = await self.receive(websocket, "error")
                self.assertIsInstance(error["message"], str, bad)
            await websocket.send(json.dumps({"content": "still here"}))
            await self.receive(websocket, "message", "still here")

    async def test_close_codes_tell_why_a_socket_may_not_enter(self):
        token = get_token(self.host, "testuser")
        theirs = requests.post(
            f"http://{self.host}/conversations/",
            json={"title": "Not for testuser", "participant_ids": []},
            headers={"Authorization": f"Bearer {get_token(self.host, 'alice')}"},
        )
        self.assertEqual(theirs.status_code, 201, theirs.text)
        for uri, code in [
            (self.uri("not-a-token"), 4001),
            (f"ws://{self.host}/conversations/1/ws", 4001),
            (self.uri(token, 99999), 4004),
            (self.uri(token, theirs.json()["id"]), 4003),
        ]:
            async with websockets.connect(uri) as websocket:
                with self.assertRaises(websockets.ConnectionClosed):
                    async with asyncio.timeout(10):
                        await websocket.recv()
                self.assertEqual(websocket.close_code, code, uri.split("?")[0])


if __name__ == "__main__":
    unittest.main()
