"""MQTT by hand, over TLS with a machine's key. Arguments: port, key file, and what to do: "resume" (a session of TLS is resumed
when the key has ended; the time of its end follows, in seconds since 1970), "announce" (packets that announce far more than
comes), "many" (so many sessions, whose number follows). Writes one JSON object."""

import json
import socket
import ssl
import sys
import time

port, key, kind = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.load_verify_locations(key)
context.load_cert_chain(key)


def connect(session=None):
    """Returns the connection and CONNACK's return code; None where there was none."""
    connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), session=session)
    # MQTT 3.1.1, a clean session, no keep-alive, an id of the broker's choice.
    connection.sendall(bytes([0x10, 12, 0, 4]) + b"MQTT" + bytes([4, 2, 0, 0, 0, 0]))
    try:
        answer = connection.recv(4)
    except (OSError, ssl.SSLError):
        answer = b""
    return connection, answer[3] if len(answer) == 4 else None


if kind == "resume":
    first, code = connect()
    session = first.session
    first.close()
    time.sleep(max(0, float(sys.argv[4]) - time.time()) + 1.5)
    second, later = connect(session)
    print(json.dumps({"first": code, "isResumed": second.session_reused, "later": later}))
elif kind == "announce":
    ended = 0
    connections = [connect()[0] for _ in range(50)]
    for connection in connections:
        connection.sendall(bytes([0x30, 0xFF, 0xFF, 0xFF, 0x7F]))
    for connection in connections:
        try:
            ended += connection.recv(1) == b""
        except OSError:
            ended += 1
    print(json.dumps({"ended": ended}))
else:
    codes = []
    connections = []
    for _ in range(int(sys.argv[4])):
        connection, code = connect()
        connections.append(connection)
        codes.append(code)
    print(json.dumps({"allowed": codes.count(0), "refused": codes.count(5)}))
