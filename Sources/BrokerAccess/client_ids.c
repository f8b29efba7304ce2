#include "client_ids.h"

#include <stdlib.h>
#include <string.h>

#include "certificate.h"

struct entry {
    struct entry *next;
    /// `NULL`: the session has no connection at present.
    const struct mosquitto *client;
    char machine[MACHINE_NAME_LENGTH + 1];
    char id[];
};

struct client_ids {
    struct entry *first;
    int without_connection;
};

/// Sessions without a connection that are remembered; the oldest are forgotten first.
enum { MOST_WITHOUT_CONNECTION = 1000 };

struct client_ids *client_ids_new(void) { return calloc(1, sizeof(struct client_ids)); }

void client_ids_free(struct client_ids *ids) {
    while (ids && ids->first) {
        struct entry *entry = ids->first;
        ids->first = entry->next;
        free(entry);
    }
    free(ids);
}

static void remove_entry(struct client_ids *ids, struct entry **place) {
    struct entry *entry = *place;
    if (!entry->client) ids->without_connection--;
    *place = entry->next;
    free(entry);
}

bool client_ids_claim(struct client_ids *ids, const struct mosquitto *client, const char *id, const char *machine) {
    const char *slash = strchr(id, '/');
    if (slash) return (size_t)(slash - id) == strlen(machine) && strncmp(id, machine, strlen(machine)) == 0;
    for (struct entry **place = &ids->first; *place;) {
        struct entry *entry = *place;
        if (strcmp(entry->id, id) != 0) {
            place = &entry->next;
            continue;
        }
        if (strcmp(entry->machine, machine) != 0) return false;
        // Asked again, after the access rules were read anew.
        if (entry->client == client) return true;
        if (entry->client) place = &entry->next;
        else remove_entry(ids, place);
    }
    struct entry *entry = malloc(sizeof *entry + strlen(id) + 1);
    if (!entry) return false;
    entry->next = ids->first;
    entry->client = client;
    strcpy(entry->machine, machine);
    strcpy(entry->id, id);
    ids->first = entry;
    return true;
}

static void forget_oldest(struct client_ids *ids) {
    struct entry **oldest = NULL;
    for (struct entry **place = &ids->first; *place; place = &(*place)->next)
        if (!(*place)->client) oldest = place;
    if (oldest) remove_entry(ids, oldest);
}

void client_ids_release(struct client_ids *ids, const struct mosquitto *client, bool outlives) {
    for (struct entry **place = &ids->first; *place; place = &(*place)->next) {
        if ((*place)->client != client) continue;
        if (!outlives) return remove_entry(ids, place);
        (*place)->client = NULL;
        ids->without_connection++;
        if (ids->without_connection > MOST_WITHOUT_CONNECTION) forget_oldest(ids);
        return;
    }
}
