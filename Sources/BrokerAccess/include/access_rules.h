// Who may do what on a broker: a list of rules in a text file, of which the first that fits counts.
#pragma once
#include <stdbool.h>
#include <stddef.h>

/// Who asks. Where there are no keys nobody can be told from anybody: such an asker has every right and every name.
struct access_identity {
    /// `NULL`: any.
    const char *name;
    /// 1 to 3.
    int level;
    bool is_server;
};

enum access_action { ACCESS_READ = 1, ACCESS_WRITE = 2 };

struct access_rules;

/// Reads a file of lines such as `allow level-2 write show/%u/#`; see broker-config/hub.access.
///
/// Returns `NULL` for a file that cannot be read or has a wrong line; `*wrong_line` is its number then, or 0.
struct access_rules *access_rules_read(const char *path, int *wrong_line);

void access_rules_free(struct access_rules *rules);

/// What no rule allows is denied.
bool access_rules_allow(
    const struct access_rules *rules, const struct access_identity *who, enum access_action action, const char *topic);
