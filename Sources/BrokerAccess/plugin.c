// A plugin of Mosquitto: who may come in, and what each may do. Mosquitto's own access rules know a session by its name
// only; the level is in the certificate, and here it counts from the first packet on, whatever program it is.

#include <inttypes.h>
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access_rules.h"
#include "certificate.h"
#include "floods.h"
#include "message_properties.h"
#include "revocations.h"
#include "sessions.h"
#include "slow_readers.h"

static struct {
    struct access_rules *rules;
    /// `NULL`: there are no keys, and everyone may come in and do what the rules do not deny to all.
    char *revocations_path;
    struct revocations *revocations;
    struct sessions *sessions;
    struct floods *floods;
    /// The first session has come, so that there are sockets which later ones inherit from.
    bool has_begun;
} access;

/// A program that is stopped for longer than this connects anew, and gets what is retained.
enum { SLOW_READER_MILLISECONDS = 10000 };

/// Of one session. Each costs the broker memory, and time with every message.
enum { MOST_SUBSCRIPTIONS = 500 };

// MARK: - Who it is

/// A session's user name, as this plugin sets it when it has seen the certificate: `3s/0000019b1c2d3e4f/main-1` is a server
/// of level 3, whose key was issued then. It stays with a session that has lost its connection, and with what that session
/// has retained.
enum { USER_NAME_BEGIN = 20 };

static int set_user(struct mosquitto *client, const struct certificate *certificate) {
    char user[USER_NAME_BEGIN + MACHINE_NAME_LENGTH + 1];
    snprintf(
        user, sizeof user, "%d%c/%016" PRIx64 "/%s", certificate->level, certificate->is_server ? 's' : 'c',
        certificate->issued, certificate->name);
    return mosquitto_set_username(client, user);
}

static bool has_keys(void) { return access.revocations_path != NULL; }

static bool read_user(const struct mosquitto *client, struct access_identity *who) {
    if (!has_keys()) {
        *who = (struct access_identity){.name = NULL, .level = 3, .is_server = true};
        return true;
    }
    const char *user = mosquitto_client_username(client);
    if (!user || strlen(user) <= USER_NAME_BEGIN || user[2] != '/' || user[USER_NAME_BEGIN - 1] != '/') return false;
    *who = (struct access_identity){
        .name = user + USER_NAME_BEGIN, .level = user[0] - '0', .is_server = user[1] == 's'};
    return true;
}

static bool is_revoked(const struct mosquitto *client, const struct access_identity *who) {
    return revocations_name(access.revocations, who->name, strtoull(mosquitto_client_username(client) + 3, NULL, 16));
}

static int refuse(const char *machine, const char *cause) {
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "refused %s: %s", machine, cause);
    return MOSQ_ERR_AUTH;
}

/// Called for every session that begins, and again for all when the list of revoked keys is read anew.
static int authenticate(int event, void *data, void *context) {
    struct mosquitto *client = ((struct mosquitto_evt_basic_auth *)data)->client;
    if (!access.has_begun) give_up_slow_readers_after(SLOW_READER_MILLISECONDS);
    access.has_begun = true;
    if (!has_keys()) return MOSQ_ERR_SUCCESS;
    struct certificate certificate;
    switch (certificate_read(client, &certificate)) {
    case CERTIFICATE_OF_MACHINE: break;
    case CERTIFICATE_OF_NO_MACHINE:
        return refuse(mosquitto_client_address(client), "the certificate names no machine");
    // No connection comes as far as this without one: it is a session that waits for its program to come back. What it may
    // do meanwhile is looked at when it does it.
    case CERTIFICATE_MISSING: return mosquitto_client_username(client) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
    }
    if (revocations_name(access.revocations, certificate.name, certificate.issued))
        return refuse(certificate.name, "its key was revoked");
    // A session that is open outlives its key.
    if (sessions_are_open(access.sessions, client)) return MOSQ_ERR_SUCCESS;
    if (!certificate.is_valid_now) return refuse(certificate.name, "its key has ended, or is not valid yet");
    const char *id = mosquitto_client_id(client);
    if (!id) return MOSQ_ERR_AUTH;
    int code = set_user(client, &certificate);
    if (code != MOSQ_ERR_SUCCESS) return code;
    switch (sessions_begin(access.sessions, client, id, certificate.name, floods_are_high(access.floods))) {
    case SESSION_ALLOWED: return MOSQ_ERR_SUCCESS;
    case SESSION_ID_OF_OTHER: return refuse(certificate.name, "the client id is another machine's");
    case SESSION_TOO_MANY: return refuse(certificate.name, "it has too many sessions");
    }
    return MOSQ_ERR_AUTH;
}

static int disconnected(int event, void *data, void *context) {
    sessions_end(access.sessions, ((struct mosquitto_evt_disconnect *)data)->client);
    return MOSQ_ERR_SUCCESS;
}

// MARK: - What it may do

/// What one may not see is not delivered; the subscription itself tells nothing. But a shared one takes messages away from
/// the others of its group, so that all that its filter names must be for this reader.
static bool may_subscribe(
    const struct mosquitto *client, const struct access_identity *who, const char *filter) {
    if (has_keys() && mosquitto_client_sub_count(client) >= MOST_SUBSCRIPTIONS) return false;
    if (strncmp(filter, "$share/", 7) != 0) return true;
    const char *shared = strchr(filter + 7, '/');
    if (!shared || shared[1] == '+' || shared[1] == '#') return !has_keys();
    return access_rules_allow(access.rules, who, ACCESS_READ, shared + 1);
}

/// A will is published when its author has no connection any more, with properties that nobody has looked at. It goes out
/// without them, and is no command.
static int publish_will(const struct mosquitto_evt_acl_check *will) {
    if (strncmp(will->topic, "commands/", 9) == 0) return MOSQ_ERR_ACL_DENIED;
    // What no program takes for a message of the show.
    if (strncmp(will->topic, "machines/", 9) == 0 || strncmp(will->topic, "election/", 9) == 0) return MOSQ_ERR_SUCCESS;
    mosquitto_broker_publish_copy(
        NULL, will->topic, (int)will->payloadlen, will->payload, will->qos, will->retain, NULL);
    return MOSQ_ERR_ACL_DENIED;
}

static int check(int event, void *data, void *context) {
    struct mosquitto_evt_acl_check *asked = data;
    struct access_identity who;
    if (asked->access == MOSQ_ACL_UNSUBSCRIBE) return MOSQ_ERR_SUCCESS;
    if (!read_user(asked->client, &who)) return MOSQ_ERR_ACL_DENIED;
    if (asked->access == MOSQ_ACL_SUBSCRIBE)
        return may_subscribe(asked->client, &who, asked->topic) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
    bool is_writing = asked->access == MOSQ_ACL_WRITE;
    if (!access_rules_allow(access.rules, &who, is_writing ? ACCESS_WRITE : ACCESS_READ, asked->topic))
        return MOSQ_ERR_ACL_DENIED;
    if (!has_keys() || sessions_are_open(access.sessions, asked->client)) return MOSQ_ERR_SUCCESS;
    // Of a retained message Mosquitto asks once more whether its author may write, and knows nothing but the name of it.
    if (mosquitto_client_address(asked->client) == NULL) return MOSQ_ERR_SUCCESS;
    if (is_revoked(asked->client, &who)) return MOSQ_ERR_ACL_DENIED;
    return is_writing ? publish_will(asked) : MOSQ_ERR_SUCCESS;
}

/// A message that the rules allow.
static int received(int event, void *data, void *context) {
    struct mosquitto_evt_message *message = data;
    struct access_identity who;
    size_t bytes = message->payloadlen + strlen(message->topic);
    if (!read_user(message->client, &who) || !properties_allow(message->properties, &who, &bytes)) return MOSQ_ERR_ACL_DENIED;
    const char *author = who.name ? who.name : mosquitto_client_address(message->client);
    if (!author) author = "somebody";
    if (!floods_allow(access.floods, author, bytes)) {
        refuse(author, "this broker holds all that it can, and it publishes on");
        // Its session ends.
        return MOSQ_ERR_NOMEM;
    }
    // The server decides on a command, and tells why it refuses one.
    if (has_keys() && strncmp(message->topic, "commands/", 9) == 0) {
        char level[2] = {(char)('0' + who.level), '\0'};
        return mosquitto_property_add_string_pair(
            &message->properties, MQTT_PROP_USER_PROPERTY, "understudy-permission", level);
    }
    return MOSQ_ERR_SUCCESS;
}

// MARK: - Of the broker's life

/// A list that cannot be read leaves the one before in force.
static int reload(int event, void *data, void *context) {
    if (!has_keys()) return MOSQ_ERR_SUCCESS;
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
    access.sessions = sessions_new();
    access.floods = floods_new(memory_limit);
    if (access.revocations_path) access.revocations = revocations_read(access.revocations_path);
    if (!access.rules || !access.sessions || !access.floods || memory_limit == 0 || (access.revocations_path && !access.revocations)) {
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
    sessions_free(access.sessions);
    floods_free(access.floods);
    free(access.revocations_path);
    return MOSQ_ERR_SUCCESS;
}
