"""Connections that mean no good. Arguments: port, number, and what they do: "silent" (connect and say nothing), "hello"
(half a TLS greeting), "connect" (half an MQTT CONNECT), "garbage" (random bytes, again and again). Says "ready" on
standard error when all of them are under way, and keeps them for as long as its standard input is open."""

import os
import select
import socket
import sys

port, number, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
beginnings = {
    "silent": b"",
    "hello": bytes([0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3]),
    "connect": bytes([0x10, 0x7F, 0, 4]) + b"MQTT",
    "garbage": None,
}
connections = []
# Of those that come again; more would only take this machine's processors.
more = 2000


def open_one():
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    beginning = beginnings[kind]
    try:
        connection.sendall(os.urandom(512) if beginning is None else beginning)
    except OSError:
        pass  # Shut out already.
    connections.append(connection)


for _ in range(number):
    open_one()
print("ready", file=sys.stderr, flush=True)
while True:
    readable, _, _ = select.select([sys.stdin] + connections, [], [], 1)
    if sys.stdin in readable and not sys.stdin.read(1):
        break
    for connection in readable:
        if connection is sys.stdin:
            continue
        try:
            ended = not connection.recv(4096)
        except OSError:
            ended = True
        if ended:
            connections.remove(connection)
            connection.close()
            if kind == "garbage" and more > 0:
                more -= 1
                open_one()
