"""A page's side of a websocket, as little of RFC 6455 as the checks need."""

import base64
import json
import os
import socket
import struct

from host import PATIENCE_SECONDS

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Websocket:
    """One connection. `receive_bytes` makes a page whose network takes little at a time."""

    def __init__(self, address, receive_bytes=None, version=13):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(PATIENCE_SECONDS)
        host, port = address.rsplit(":", 1)
        self.socket.connect((host, int(port)))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self._read()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])

    def say(self, value, opcode=TEXT):
        payload = value if isinstance(value, bytes) else json.dumps(value).encode()
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + struct.pack(">H", size)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def hear(self):
        """The next text as JSON; None when the other side has said goodbye."""
        while True:
            opcode, payload = self._frame()
            if opcode == TEXT:
                return json.loads(payload)
            if opcode == CLOSE:
                return None
            if opcode == PING:
                self.say(payload, PONG)

    def hear_until(self, is_it):
        """Hears on until a message is the one; gives it."""
        while (message := self.hear()) is not None:
            if is_it(message):
                return message
        raise AssertionError("the page was sent away")

    def leave(self):
        """Says goodbye, and waits for the answer."""
        self.say(struct.pack(">H", 1000), CLOSE)
        while self.hear() is not None:
            pass
        self.socket.close()

    def vanish(self):
        """Cuts the connection without a word: a reset, not an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _frame(self):
        first, second = self._take(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self._take(8))
        return first & 0x0F, self._take(size)

    def _take(self, size):
        while len(self.buffer) < size:
            self._read()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def _read(self):
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionError("the other side has closed")
        self.buffer += received
