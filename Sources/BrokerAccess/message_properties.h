// What an author says of a message beside its payload (MQTT 5, 3.3.2.3).
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "access_rules.h"

struct mqtt5__property;

/// Whether the author may say all this. The message's identity bears its own name: one with that of another machine would make
/// readers drop the other's. The rest of Understudy's is for servers to say, at the door that is theirs alone.
///
/// - bytes: of all properties is added to it.
bool properties_allow(
    const struct mqtt5__property *properties, const struct access_identity *author, size_t *bytes);
