"""A program that publishes as fast as it can, beside a reader of its own that takes nothing. Arguments: port, the file of
its key or "-", its topic, seconds, and bytes of a payload. Writes one JSON object: "published" bytes, how often it was
"shutOut", and whether the reader was "givenUp" by the broker while it took nothing."""

import json
import select
import socket
import ssl
import sys
import time

port, key, topic, seconds, size = int(sys.argv[1]), sys.argv[2], sys.argv[3].encode(), float(sys.argv[4]), int(sys.argv[5])


def text(value):
    return len(value).to_bytes(2, "big") + value


def packet(kind, body):
    length, head = len(body), bytes([kind])
    while True:
        length, rest = divmod(length, 128)
        head += bytes([rest | (128 if length else 0)])
        if not length:
            return head + body


def connect():
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    if key != "-":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(key)
        context.load_cert_chain(key)
        connection = context.wrap_socket(connection)
    # MQTT 3.1.1, a clean session, and a keep-alive of ten minutes.
    connection.sendall(packet(0x10, text(b"MQTT") + bytes([4, 2, 2, 88]) + text(b"")))
    assert connection.recv(4)[0] == 0x20
    return connection


reader = connect()
reader.sendall(packet(0x82, b"\0\1" + text(topic) + b"\0"))
assert reader.recv(5)[0] == 0x90
poll = select.poll()
poll.register(reader, 0)  # Errors and the end only.
message = packet(0x30, text(topic) + bytes(size))
end = time.monotonic() + seconds
answer = {"published": 0, "shutOut": 0, "givenUp": False}
print("ready", file=sys.stderr, flush=True)
writer = connect()
while time.monotonic() < end:
    try:
        writer.sendall(message)
        answer["published"] += size
    except OSError:
        answer["shutOut"] += 1
        writer = connect()
# It takes its time to be given up, and is not told: only what it says itself is answered with the end.
end = time.monotonic() + 30
while time.monotonic() < end and not answer["givenUp"]:
    try:
        reader.sendall(packet(0xC0, b""))
    except OSError:
        answer["givenUp"] = True
    answer["givenUp"] = answer["givenUp"] or bool(poll.poll(1000))
print(json.dumps(answer))
