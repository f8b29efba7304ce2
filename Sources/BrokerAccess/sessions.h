// The sessions of each machine: whose a client id is, which of them have a connection, and how many there may be.
//
// Who connects with the id of a session that is open ends that session (MQTT 5, 3.1.4) and has its will published, so an id
// that is another machine's is refused. Mosquitto asks for a will's topic only, and does not say that it is a will; whoever
// writes without a connection writes one.
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct mosquitto;
struct sessions;

enum session_answer {
    SESSION_ALLOWED,
    /// An id with a `/` in it belongs to the machine whose name stands before; any other one to the machine that used it
    /// last, as long as it has a session of that id, which may go on for a day without a connection.
    SESSION_ID_OF_OTHER,
    SESSION_TOO_MANY,
};

struct sessions *sessions_new(void);
void sessions_free(struct sessions *sessions);

/// A connection begins a session of this id, or goes on with one; what had it before has none from now on.
///
/// - is_crowded: the broker has no room; a machine may not have more than it usually needs.
enum session_answer sessions_begin(
    struct sessions *sessions, const struct mosquitto *client, const char *id, const char *machine, bool is_crowded);

/// Whether this has a connection that was let in, and still has its id.
bool sessions_are_open(const struct sessions *sessions, const struct mosquitto *client);

/// The connection has ended; its session may go on without it, and perhaps has a will to publish.
void sessions_end(struct sessions *sessions, const struct mosquitto *client);
