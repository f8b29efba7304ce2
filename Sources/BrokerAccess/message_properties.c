#include "message_properties.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mqtt_protocol.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool may_say(const struct access_identity *author, const char *property, const char *value) {
    if (strncmp(property, "understudy-", 11) != 0 || strcmp(property, "understudy-confirm") == 0) return true;
    if (strcmp(property, "understudy-id") != 0) return false;
    size_t length = strcspn(value, "/");
    return !author->name || (length == strlen(author->name) && strncmp(value, author->name, length) == 0);
}

bool properties_allow(
    const struct mqtt5__property *properties, const struct access_identity *author, size_t *bytes) {
    for (const mosquitto_property *next = properties; next; next = mosquitto_property_next(next)) {
        char *name = NULL, *value = NULL;
        void *data = NULL;
        uint16_t length = 0;
        bool may = true;
        int kind = mosquitto_property_identifier(next);
        if (kind == MQTT_PROP_USER_PROPERTY) {
            mosquitto_property_read_string_pair(next, kind, &name, &value, false);
            may = name && value && may_say(author, name, value);
        } else if (kind == MQTT_PROP_CONTENT_TYPE || kind == MQTT_PROP_RESPONSE_TOPIC) {
            mosquitto_property_read_string(next, kind, &value, false);
        } else if (kind == MQTT_PROP_CORRELATION_DATA) {
            mosquitto_property_read_binary(next, kind, &data, &length, false);
        }
        *bytes += (name ? strlen(name) : 0) + (value ? strlen(value) : 0) + length;
        free(name);
        free(value);
        free(data);
        if (!may) return false;
    }
    return true;
}
