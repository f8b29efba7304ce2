#include "revocations.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"

struct revocation {
    char machine[MACHINE_NAME_LENGTH + 1];
    uint64_t until;
};

struct revocations {
    size_t count;
    struct revocation *entries;
};

struct revocations *revocations_read(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) return NULL;
    struct revocations *read = calloc(1, sizeof *read);
    struct revocation next;
    int fields = 0;
    while (read && (fields = fscanf(file, "%64s %" SCNu64, next.machine, &next.until)) == 2) {
        struct revocation *entries = realloc(read->entries, (read->count + 1) * sizeof *entries);
        if (!entries) break;
        read->entries = entries;
        entries[read->count++] = next;
    }
    bool is_whole = read && fields == EOF && !ferror(file);
    fclose(file);
    if (is_whole) return read;
    revocations_free(read);
    return NULL;
}

void revocations_free(struct revocations *revocations) {
    if (revocations) free(revocations->entries);
    free(revocations);
}

bool revocations_name(const struct revocations *revocations, const char *machine, uint64_t issued) {
    for (size_t i = 0; i < revocations->count; i++) {
        const struct revocation *entry = &revocations->entries[i];
        if (issued <= entry->until && strcmp(entry->machine, machine) == 0) return true;
    }
    return false;
}
