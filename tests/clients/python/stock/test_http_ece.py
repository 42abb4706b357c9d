"""The package `http_ece` decrypts what this server sends to a device."""

import base64
import json
import os
import tempfile
import unittest

import http_ece
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from receiver import Receiver
from server import Server


def text(key):
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


class HttpEce(unittest.TestCase):
    def test_a_device_reads_its_notifications_before_and_after_a_crash_of_the_server(self):
        with tempfile.TemporaryDirectory() as folder, Receiver(folder) as receiver:
            allow = ("--outbound-allow", "127.0.0.1", "--outbound-ca", str(receiver.certificate))
            with Server(*allow) as server:
                reader, writer = server.sign_in("testuser"), server.sign_in("testuser2")
                device, secret = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
                point = device.public_key().public_bytes(
                    serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
                )
                keys = {"p256dh": text(point), "auth": text(secret)}
                server.call(reader, "POST", "/push/subscriptions", {"endpoint": receiver.url, "keys": keys})

                def hear():
                    headers, body = receiver.call()
                    self.assertEqual(headers["content-encoding"], "aes128gcm")
                    self.assertRegex(headers["authorization"], r"^vapid t=[\w.-]+, ?k=[\w-]+$")
                    return json.loads(http_ece.decrypt(body, private_key=device, auth_secret=secret))

                server.say(writer, "Tea?")
                told = hear()
                self.assertEqual((told["body"], told["sender_name"]), ("Tea?", "testuser2"))
                server.restart()
                server.say(writer, "It is ready")
                while (told := hear())["body"] == "Tea?":
                    # It may come twice, if the crash came before it was noted.
                    pass
                self.assertEqual(told["body"], "It is ready")


if __name__ == "__main__":
    unittest.main()
