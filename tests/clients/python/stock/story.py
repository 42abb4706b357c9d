"""What each of these clients is put through: a conversation that goes on while the server dies and comes back."""

from server import Server


class Story:
    """A demo in which `testuser` reads conversation 1 and `testuser2` writes in it."""

    def __enter__(self):
        self.server = Server().__enter__()
        self.token = self.server.sign_in("testuser")
        self._writer = self.server.sign_in("testuser2")
        self.said = [event["content"] for event in self._log()]
        self.say(5)
        return self

    def __exit__(self, *error):
        self.server.__exit__(*error)

    @property
    def host(self):
        return self.server.host

    def say(self, count):
        for _ in range(count):
            content = f"message {len(self.said)}"
            self.server.say(self._writer, content)
            self.said.append(content)

    def goes_on_after_a_crash(self):
        """The server is killed and started again, and has more to say by the time that anybody comes back."""
        self.say(1)
        self.server.restart()
        self.say(5)

    def _log(self):
        return self.server.call(self.token, "GET", "/conversations/1/events")["events"]


class Reader:
    """Keeps what it sees, and the cursor from which it would go on."""

    def __init__(self):
        self.seen = []
        self.cursor = "0"

    def take(self, frame):
        # A replay has several events, a live frame is one; all else has no actor.
        for event in frame.get("events", [frame] if "actor_id" in frame else []):
            self.seen.append(event["content"])
            self.cursor = f"{event['seq']}.{event['stamp']}"
