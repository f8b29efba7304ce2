// A plugin of Mosquitto: who may come in, and what each may do. Mosquitto's own access rules know a session by its name
// only; the level is in the certificate, and here it counts from the first packet on, whatever program it is.

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access_rules.h"
#include "certificate.h"
#include "client_ids.h"
#include "floods.h"
#include "revocations.h"
#include "slow_readers.h"

static struct {
    struct access_rules *rules;
    /// `NULL`: there are no keys, and everyone may come in and do what the rules do not deny to all.
    char *revocations_path;
    struct revocations *revocations;
    struct client_ids *client_ids;
    struct floods *floods;
    /// The first session has come, so that there are sockets which later ones inherit from.
    bool has_begun;
} access;

/// A program that is stopped for longer than this connects anew, and gets what is retained.
enum { SLOW_READER_MILLISECONDS = 10000 };

// MARK: - Who it is

/// A session's user name, as this plugin sets it when it has seen the certificate: `3s/main-1` is a server of level 3.
/// It stays with a session that has lost its connection, and with what that session has retained.
static int set_user(struct mosquitto *client, const struct certificate *certificate) {
    char user[MACHINE_NAME_LENGTH + 4];
    snprintf(user, sizeof user, "%d%c/%s", certificate->level, certificate->is_server ? 's' : 'c', certificate->name);
    return mosquitto_set_username(client, user);
}

static bool read_user(const struct mosquitto *client, struct access_identity *who) {
    if (!access.revocations_path) {
        *who = (struct access_identity){.name = NULL, .level = 3, .is_server = true};
        return true;
    }
    const char *user = mosquitto_client_username(client);
    if (!user || strlen(user) < 4 || user[2] != '/') return false;
    *who = (struct access_identity){.name = user + 3, .level = user[0] - '0', .is_server = user[1] == 's'};
    return true;
}

/// Called for every session that begins, and again for all when the rules are read anew.
static int authenticate(int event, void *data, void *context) {
    struct mosquitto *client = ((struct mosquitto_evt_basic_auth *)data)->client;
    if (!access.has_begun) give_up_slow_readers_after(SLOW_READER_MILLISECONDS);
    access.has_begun = true;
    if (!access.revocations_path) return MOSQ_ERR_SUCCESS;
    struct certificate certificate;
    switch (certificate_read(client, &certificate)) {
    case CERTIFICATE_OF_MACHINE: break;
    case CERTIFICATE_OF_NO_MACHINE:
        mosquitto_log_printf(
            MOSQ_LOG_NOTICE, "refused a connection from %s: its certificate names no machine",
            mosquitto_client_address(client));
        return MOSQ_ERR_AUTH;
    // No connection comes as far as this without one: it is a session that waits for its program to come back.
    case CERTIFICATE_MISSING: return mosquitto_client_username(client) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
    }
    const char *id = mosquitto_client_id(client);
    if (revocations_name(access.revocations, certificate.name, certificate.issued)) {
        mosquitto_log_printf(MOSQ_LOG_NOTICE, "refused %s: its key was revoked", certificate.name);
        return MOSQ_ERR_AUTH;
    }
    if (!id || !client_ids_claim(access.client_ids, client, id, certificate.name)) {
        mosquitto_log_printf(MOSQ_LOG_NOTICE, "refused %s: the client id is another machine's", certificate.name);
        return MOSQ_ERR_AUTH;
    }
    return set_user(client, &certificate);
}

static int disconnected(int event, void *data, void *context) {
    struct mosquitto *client = ((struct mosquitto_evt_disconnect *)data)->client;
    client_ids_release(access.client_ids, client, !mosquitto_client_clean_session(client));
    return MOSQ_ERR_SUCCESS;
}

// MARK: - What it may do

static int check(int event, void *data, void *context) {
    struct mosquitto_evt_acl_check *asked = data;
    // Whoever may not see a message does not get it; the subscription itself tells nothing.
    if (asked->access == MOSQ_ACL_SUBSCRIBE || asked->access == MOSQ_ACL_UNSUBSCRIBE) return MOSQ_ERR_SUCCESS;
    struct access_identity who;
    if (!read_user(asked->client, &who)) return MOSQ_ERR_ACL_DENIED;
    enum access_action action = asked->access == MOSQ_ACL_WRITE ? ACCESS_WRITE : ACCESS_READ;
    return access_rules_allow(access.rules, &who, action, asked->topic) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
}

/// Whether the author may say this of its message. Its identity bears its own name: a message with that of another one
/// would make readers drop the other's. The rest is for servers to say, at the door that is theirs alone.
static bool may_say(const struct access_identity *who, const char *property, const char *value) {
    if (strncmp(property, "understudy-", 11) != 0 || strcmp(property, "understudy-confirm") == 0) return true;
    if (strcmp(property, "understudy-id") != 0) return false;
    size_t length = strcspn(value, "/");
    return !who->name || (length == strlen(who->name) && strncmp(value, who->name, length) == 0);
}

static bool may_say_all(const struct access_identity *who, const mosquitto_property *properties) {
    for (const mosquitto_property *next = properties; next; next = mosquitto_property_next(next)) {
        if (mosquitto_property_identifier(next) != MQTT_PROP_USER_PROPERTY) continue;
        char *name = NULL, *value = NULL;
        mosquitto_property_read_string_pair(next, MQTT_PROP_USER_PROPERTY, &name, &value, false);
        bool may = name && value && may_say(who, name, value);
        free(name);
        free(value);
        if (!may) return false;
    }
    return true;
}

/// A message that the rules allow.
static int received(int event, void *data, void *context) {
    struct mosquitto_evt_message *message = data;
    struct access_identity who;
    if (!read_user(message->client, &who)) return MOSQ_ERR_ACL_DENIED;
    const char *author = who.name ? who.name : mosquitto_client_address(message->client);
    if (!floods_allow(access.floods, author ? author : "", message->payloadlen)) {
        mosquitto_log_printf(
            MOSQ_LOG_NOTICE, "refused %s: this broker holds all that it can, and it publishes on", author);
        // Its session ends.
        return MOSQ_ERR_NOMEM;
    }
    if (!may_say_all(&who, message->properties)) return MOSQ_ERR_ACL_DENIED;
    // The server decides on a command, and tells why it refuses one.
    if (access.revocations_path && strncmp(message->topic, "commands/", 9) == 0) {
        char level[2] = {(char)('0' + who.level), '\0'};
        return mosquitto_property_add_string_pair(
            &message->properties, MQTT_PROP_USER_PROPERTY, "understudy-permission", level);
    }
    return MOSQ_ERR_SUCCESS;
}

// MARK: - Of the broker's life

/// A list that cannot be read leaves the one before in force.
static int reload(int event, void *data, void *context) {
    if (!access.revocations_path) return MOSQ_ERR_SUCCESS;
    struct revocations *revocations = revocations_read(access.revocations_path);
    if (revocations) {
        revocations_free(access.revocations);
        access.revocations = revocations;
    } else {
        mosquitto_log_printf(MOSQ_LOG_ERR, "the list of revoked keys cannot be read");
    }
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_version(int count, const int *versions) {
    for (int i = 0; i < count; i++)
        if (versions[i] == MOSQ_PLUGIN_VERSION) return MOSQ_PLUGIN_VERSION;
    return -1;
}

int mosquitto_plugin_init(
    mosquitto_plugin_id_t *identifier, void **context, struct mosquitto_opt *options, int option_count) {
    const char *rules_path = NULL;
    size_t memory_limit = 0;
    for (int i = 0; i < option_count; i++) {
        if (strcmp(options[i].key, "rules") == 0) rules_path = options[i].value;
        if (strcmp(options[i].key, "memory_limit") == 0) memory_limit = strtoull(options[i].value, NULL, 10);
        if (strcmp(options[i].key, "revocations") == 0) access.revocations_path = strdup(options[i].value);
    }
    int wrong_line = 0;
    if (rules_path) access.rules = access_rules_read(rules_path, &wrong_line);
    access.client_ids = client_ids_new();
    access.floods = floods_new(memory_limit);
    if (access.revocations_path) access.revocations = revocations_read(access.revocations_path);
    if (!access.rules || !access.client_ids || !access.floods || memory_limit == 0 || (access.revocations_path && !access.revocations)) {
        mosquitto_log_printf(
            MOSQ_LOG_ERR, "the access rules (line %d), the memory limit or the list of revoked keys cannot be used",
            wrong_line);
        return MOSQ_ERR_INVAL;
    }
    const struct {
        int event;
        MOSQ_FUNC_generic_callback callback;
    } callbacks[] = {
        {MOSQ_EVT_BASIC_AUTH, authenticate}, {MOSQ_EVT_DISCONNECT, disconnected}, {MOSQ_EVT_ACL_CHECK, check},
        {MOSQ_EVT_MESSAGE, received},        {MOSQ_EVT_RELOAD, reload},
    };
    for (size_t i = 0; i < sizeof callbacks / sizeof *callbacks; i++) {
        int code = mosquitto_callback_register(identifier, callbacks[i].event, callbacks[i].callback, NULL, NULL);
        if (code != MOSQ_ERR_SUCCESS) return code;
    }
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_cleanup(void *context, struct mosquitto_opt *options, int option_count) {
    access_rules_free(access.rules);
    revocations_free(access.revocations);
    client_ids_free(access.client_ids);
    floods_free(access.floods);
    free(access.revocations_path);
    return MOSQ_ERR_SUCCESS;
}
