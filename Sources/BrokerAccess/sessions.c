#include "sessions.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certificate.h"

enum {
    PLACES = 4096,
    /// Of one machine, at the same time.
    MOST_CONNECTIONS = 250,
    /// Of one machine, where the broker has no room: with a connection and without.
    MOST_IN_A_CROWD = 200,
    /// Of one machine, without a connection, that are remembered; the oldest is forgotten first.
    MOST_ENDED = 1000,
    /// So long a session may go on without a connection (hub.conf), and its id is kept for it.
    SECONDS_OF_AN_ENDED = 24 * 60 * 60,
};

struct machine {
    struct machine *next;
    int open;
    int ended;
    /// Without a connection, the longest first.
    struct session *first_ended, *last_ended;
    char name[MACHINE_NAME_LENGTH + 1];
};

struct session {
    struct session *next_of_id, *next_of_client;
    struct session *before, *after;
    struct machine *machine;
    /// `NULL`: it has no connection.
    const struct mosquitto *client;
    time_t ended_at;
    char id[];
};

struct sessions {
    struct session *by_id[PLACES];
    struct session *by_client[PLACES];
    struct machine *machines[PLACES];
};

/// FNV-1a.
static uint32_t place_of_text(const char *text) {
    uint32_t value = 2166136261;
    for (; *text; text++) value = (value ^ (unsigned char)*text) * 16777619;
    return value % PLACES;
}

static uint32_t place_of_client(const struct mosquitto *client) { return (uint32_t)(((uintptr_t)client >> 6) % PLACES); }

struct sessions *sessions_new(void) { return calloc(1, sizeof(struct sessions)); }

static struct machine *machine_of(struct sessions *sessions, const char *name) {
    struct machine **place = &sessions->machines[place_of_text(name)];
    while (*place && strcmp((*place)->name, name) != 0) place = &(*place)->next;
    if (!*place) {
        *place = calloc(1, sizeof **place);
        if (*place) strcpy((*place)->name, name);
    }
    return *place;
}

static struct session *session_of_id(const struct sessions *sessions, const char *id) {
    struct session *session = sessions->by_id[place_of_text(id)];
    while (session && strcmp(session->id, id) != 0) session = session->next_of_id;
    return session;
}

static struct session *session_of_client(const struct sessions *sessions, const struct mosquitto *client) {
    struct session *session = sessions->by_client[place_of_client(client)];
    while (session && session->client != client) session = session->next_of_client;
    return session;
}

// MARK: - With a connection, and without

static void open_session(struct sessions *sessions, struct session *session, const struct mosquitto *client) {
    struct session **place = &sessions->by_client[place_of_client(client)];
    session->client = client;
    session->next_of_client = *place;
    *place = session;
    session->machine->open++;
}

static void close_session(struct sessions *sessions, struct session *session) {
    struct session **place = &sessions->by_client[place_of_client(session->client)];
    while (*place != session) place = &(*place)->next_of_client;
    *place = session->next_of_client;
    session->client = NULL;
    session->machine->open--;
}

static void add_ended(struct session *session) {
    struct machine *machine = session->machine;
    session->ended_at = time(NULL);
    session->before = machine->last_ended;
    session->after = NULL;
    if (machine->last_ended) machine->last_ended->after = session;
    else machine->first_ended = session;
    machine->last_ended = session;
    machine->ended++;
}

static void remove_ended(struct session *session) {
    struct machine *machine = session->machine;
    if (session->before) session->before->after = session->after;
    else machine->first_ended = session->after;
    if (session->after) session->after->before = session->before;
    else machine->last_ended = session->before;
    machine->ended--;
}

/// One without a connection.
static void forget(struct sessions *sessions, struct session *session) {
    remove_ended(session);
    struct session **place = &sessions->by_id[place_of_text(session->id)];
    while (*place != session) place = &(*place)->next_of_id;
    *place = session->next_of_id;
    free(session);
}

// MARK: - What happens to them

static struct session *new_session(struct sessions *sessions, const char *id, struct machine *machine) {
    struct session *session = calloc(1, sizeof *session + strlen(id) + 1);
    if (!session) return NULL;
    strcpy(session->id, id);
    session->machine = machine;
    struct session **place = &sessions->by_id[place_of_text(id)];
    session->next_of_id = *place;
    *place = session;
    return session;
}

enum session_answer sessions_begin(
    struct sessions *sessions, const struct mosquitto *client, const char *id, const char *name, bool is_crowded) {
    // Asked again, after the list of revoked keys was read anew.
    if (session_of_client(sessions, client)) return SESSION_ALLOWED;
    const char *slash = strchr(id, '/');
    if (slash && ((size_t)(slash - id) != strlen(name) || strncmp(id, name, strlen(name)) != 0))
        return SESSION_ID_OF_OTHER;
    struct machine *machine = machine_of(sessions, name);
    if (!machine || machine->open >= MOST_CONNECTIONS) return SESSION_TOO_MANY;
    if (is_crowded && machine->open + machine->ended >= MOST_IN_A_CROWD) return SESSION_TOO_MANY;
    struct session *session = session_of_id(sessions, id);
    if (session && session->machine != machine) {
        bool is_kept = session->client || time(NULL) - session->ended_at < SECONDS_OF_AN_ENDED;
        if (is_kept) return SESSION_ID_OF_OTHER;
        forget(sessions, session);
        session = NULL;
    }
    if (!session) {
        session = new_session(sessions, id, machine);
        if (!session) return SESSION_TOO_MANY;
    } else if (session->client) {
        close_session(sessions, session);
    } else {
        remove_ended(session);
    }
    open_session(sessions, session, client);
    return SESSION_ALLOWED;
}

bool sessions_are_open(const struct sessions *sessions, const struct mosquitto *client) {
    return session_of_client(sessions, client) != NULL;
}

void sessions_end(struct sessions *sessions, const struct mosquitto *client) {
    struct session *session = session_of_client(sessions, client);
    if (!session) return;
    close_session(sessions, session);
    add_ended(session);
    if (session->machine->ended > MOST_ENDED) forget(sessions, session->machine->first_ended);
}

void sessions_free(struct sessions *sessions) {
    for (int i = 0; sessions && i < PLACES; i++) {
        while (sessions->by_id[i]) {
            struct session *session = sessions->by_id[i];
            sessions->by_id[i] = session->next_of_id;
            free(session);
        }
        while (sessions->machines[i]) {
            struct machine *machine = sessions->machines[i];
            sessions->machines[i] = machine->next;
            free(machine);
        }
    }
    free(sessions);
}
