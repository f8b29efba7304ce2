"""A third party's MQTT client (Eclipse Paho), as the tests use it: publishes, or reads, and says what became of it.

Reads one JSON object from standard input: "port"; "key", the key file of a machine; "id", a client id; "version", 4 or 5;
"publish", a list of topics; "read", a list of filters; "fence", a topic which marks the end: with "waits" somebody else
publishes there, else this client does when it is done; "dies", at the fence and without a DISCONNECT; "will", a topic, with "willPayload", "willUser" (user properties), "willResponse" (a
response topic) and "willDelay" (seconds); "expiry", the seconds that its session goes on. Writes one JSON object: "connected", the reason code; "received", topics in their order.
"""

import json
import os
import ssl
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

job = json.load(sys.stdin)
is_new = job.get("version", 5) == 5
client = mqtt.Client(job.get("id", ""), protocol=mqtt.MQTTv5 if is_new else mqtt.MQTTv311)
if "key" in job:
    client.tls_set(ca_certs=job["key"], certfile=job["key"], keyfile=job["key"], tls_version=ssl.PROTOCOL_TLS_CLIENT)
    # The address is loopback; that it is a server of the site is what the authority says.
    client.tls_insecure_set(True)
if job.get("will"):
    properties = None
    if is_new:
        properties = Properties(PacketTypes.WILLMESSAGE)
        properties.UserProperty = [tuple(pair) for pair in job["willUser"]]
        properties.WillDelayInterval = job["willDelay"]
        if job.get("willResponse"):
            properties.ResponseTopic = job["willResponse"]
    client.will_set(job["will"], job["willPayload"], qos=1, retain=True, properties=properties)
answer = {"connected": None, "received": []}


def finish():
    client.disconnect()
    print(json.dumps(answer), flush=True)
    sys.exit(0)


def on_connect(client, userdata, flags, code, properties=None):
    answer["connected"] = code.value if is_new else code
    if answer["connected"] != 0:
        finish()
    # Its answer tells that everything before it is done.
    client.subscribe([(topic, 1) for topic in job.get("read", [])] + [(job["fence"], 1)])


def on_subscribe(client, userdata, mid, codes, properties=None):
    for topic in job.get("publish", []):
        client.publish(topic, json.dumps({"by": "paho", "topic": topic}), qos=1)
    if not job["waits"]:
        client.publish(job["fence"], "fence", qos=1)


def on_message(client, userdata, message):
    if message.topic == job["fence"] and message.payload == b"fence":
        if job["dies"]:
            print(json.dumps(answer), flush=True)
            os._exit(0)  # The broker gets no DISCONNECT.
        finish()
    answer["received"].append(message.topic)


def on_disconnect(client, userdata, code, properties=None):
    finish()


client.on_connect, client.on_subscribe = on_connect, on_subscribe
client.on_message, client.on_disconnect = on_message, on_disconnect
session = None
if is_new and job["expiry"]:
    session = Properties(PacketTypes.CONNECT)
    session.SessionExpiryInterval = job["expiry"]
client.connect("127.0.0.1", job["port"], properties=session)
client.loop_forever(retry_first_connection=False)
