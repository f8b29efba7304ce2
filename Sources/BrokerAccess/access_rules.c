#include "access_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rule {
    bool allows;
    /// The lowest level that it speaks of.
    int level;
    bool servers_only;
    int actions;
    char filter[128];
};

struct access_rules {
    size_t count;
    struct rule rules[64];
};

static bool read_rule(char *line, struct rule *rule) {
    char decision[8], who[12], action[8];
    if (sscanf(line, "%7s %11s %7s %127s", decision, who, action, rule->filter) != 4) return false;
    if (strcmp(decision, "allow") != 0 && strcmp(decision, "deny") != 0) return false;
    rule->allows = strcmp(decision, "allow") == 0;
    rule->servers_only = strcmp(who, "servers") == 0;
    if (rule->servers_only || strcmp(who, "everyone") == 0) rule->level = 1;
    else if (strcmp(who, "level-2") == 0) rule->level = 2;
    else if (strcmp(who, "level-3") == 0) rule->level = 3;
    else return false;
    if (strcmp(action, "read") == 0) rule->actions = ACCESS_READ;
    else if (strcmp(action, "write") == 0) rule->actions = ACCESS_WRITE;
    else if (strcmp(action, "use") == 0) rule->actions = ACCESS_READ | ACCESS_WRITE;
    else return false;
    return true;
}

struct access_rules *access_rules_read(const char *path, int *wrong_line) {
    *wrong_line = 0;
    FILE *file = fopen(path, "r");
    if (!file) return NULL;
    struct access_rules *rules = calloc(1, sizeof *rules);
    char line[256];
    for (int number = 1; rules && fgets(line, sizeof line, file); number++) {
        char *text = line + strspn(line, " \t\r\n");
        if (*text == '\0' || *text == '#') continue;
        if (rules->count < sizeof rules->rules / sizeof *rules->rules
            && read_rule(text, &rules->rules[rules->count])) {
            rules->count++;
        } else {
            *wrong_line = number;
            access_rules_free(rules);
            rules = NULL;
        }
    }
    fclose(file);
    return rules;
}

void access_rules_free(struct access_rules *rules) { free(rules); }

/// The wildcards of MQTT, and `%u` for the asker's own name.
static bool matches(const char *filter, const char *topic, const char *name) {
    // No wildcard at the beginning reaches a topic of the broker's own (MQTT 5, 4.7.2).
    if (*topic == '$' && (*filter == '#' || *filter == '+')) return false;
    for (;;) {
        size_t wanted = strcspn(filter, "/"), found = strcspn(topic, "/");
        if (*filter == '#') return true;
        bool is_any = (wanted == 1 && *filter == '+') || (wanted == 2 && strncmp(filter, "%u", 2) == 0 && !name);
        if (!is_any) {
            const char *level = filter;
            if (wanted == 2 && strncmp(filter, "%u", 2) == 0) {
                level = name;
                wanted = strlen(name);
            }
            if (wanted != found || memcmp(level, topic, found) != 0) return false;
        }
        filter += strcspn(filter, "/");
        topic += found;
        // `show/#` is `show` as well.
        if (*topic == '\0') return *filter == '\0' || strcmp(filter, "/#") == 0;
        if (*filter == '\0') return false;
        filter++;
        topic++;
    }
}

bool access_rules_allow(
    const struct access_rules *rules, const struct access_identity *who, enum access_action action, const char *topic) {
    for (const struct rule *rule = rules->rules; rule < rules->rules + rules->count; rule++) {
        if (!(rule->actions & action) || who->level < rule->level || (rule->servers_only && !who->is_server)) continue;
        if (matches(rule->filter, topic, who->name)) return rule->allows;
    }
    return false;
}
