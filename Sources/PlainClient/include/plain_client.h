#ifndef PLAIN_CLIENT_H
#define PLAIN_CLIENT_H

#include <stddef.h>
#include <stdint.h>

/// Publishes `count` messages at QoS 1, each when the one before was confirmed, as a plain program over libmosquitto does
/// it, but not sooner than `period` nanoseconds after the one before, and writes how many nanoseconds each took until its
/// PUBACK. Returns 0, or libmosquitto's error code.
int plain_client_publish(const char *host, int port, const char *topic, const void *payload, int payload_bytes,
                         uint64_t period, uint64_t *nanoseconds, size_t count);

#endif
