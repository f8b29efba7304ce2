#include "plain_client.h"

#include <mosquitto.h>
#include <sched.h>
#include <stdbool.h>
#include <time.h>

struct progress {
    bool connected;
    int confirmed;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void on_connect(struct mosquitto *client, void *context, int code) {
    (void)client;
    ((struct progress *)context)->connected = code == 0;
}

static void on_publish(struct mosquitto *client, void *context, int message) {
    (void)client;
    ((struct progress *)context)->confirmed = message;
}

int plain_client_publish(const char *host, int port, const char *topic, const void *payload, int payload_bytes,
                         uint64_t period, uint64_t *nanoseconds, size_t count) {
    struct progress progress = {false, 0};
    mosquitto_lib_init();
    struct mosquitto *client = mosquitto_new(NULL, true, &progress);
    if (client == NULL) return MOSQ_ERR_NOMEM;
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_publish_callback_set(client, on_publish);
    int code = mosquitto_connect(client, host, port, 60);
    while (code == MOSQ_ERR_SUCCESS && !progress.connected) code = mosquitto_loop(client, 1000, 1);
    uint64_t last = 0;
    for (size_t index = 0; code == MOSQ_ERR_SUCCESS && index < count; index++) {
        int message = 0;
        while (index > 0 && now() - last < period) sched_yield();
        uint64_t start = last = now();
        code = mosquitto_publish(client, &message, topic, payload_bytes, payload, 1, true);
        while (code == MOSQ_ERR_SUCCESS && progress.confirmed != message) code = mosquitto_loop(client, 1000, 1);
        nanoseconds[index] = now() - start;
    }
    mosquitto_disconnect(client);
    mosquitto_destroy(client);
    return code;
}
