// Whose a client id is. Who connects with the id of a session that is open ends that session (MQTT 5, 3.1.4) and has its
// will published, so an id that is another machine's is refused.
#pragma once
#include <stdbool.h>

struct mosquitto;
struct client_ids;

struct client_ids *client_ids_new(void);
void client_ids_free(struct client_ids *ids);

/// The session asks for its client id. An id with a `/` in it belongs to the machine whose name stands before; any other
/// one to the machine that has a session of that id.
///
/// Returns whether it may have it.
bool client_ids_claim(struct client_ids *ids, const struct mosquitto *client, const char *id, const char *machine);

/// The connection has ended.
///
/// - outlives: the session goes on without it.
void client_ids_release(struct client_ids *ids, const struct mosquitto *client, bool outlives);
