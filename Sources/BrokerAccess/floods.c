#include "floods.h"

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/// The broker's own count of its heap, which it also shows in `$SYS/broker/heap/current`. Not in every build.
extern unsigned long mosquitto__memory_used(void) __attribute__((weak));

/// A second in which an author publishes more than this is a flood, where there is no room left.
enum { FLOOD_BYTES = 1 << 20, FLOOD_BYTES_LATER = 1 << 16 };

/// Authors are told apart by a hash of their names: two that share a place are counted as one, which only matters where one
/// of them floods.
enum { PLACES = 4096 };

struct floods {
    size_t memory_limit;
    struct {
        time_t second;
        size_t bytes;
    } places[PLACES];
};

struct floods *floods_new(size_t memory_limit) {
    struct floods *floods = calloc(1, sizeof *floods);
    if (floods) floods->memory_limit = memory_limit;
    return floods;
}

void floods_free(struct floods *floods) { free(floods); }

/// FNV-1a.
static uint32_t hash(const char *text) {
    uint32_t value = 2166136261;
    for (; *text; text++) value = (value ^ (unsigned char)*text) * 16777619;
    return value;
}

static size_t held(void) { return mosquitto__memory_used ? mosquitto__memory_used() : 0; }

bool floods_are_high(const struct floods *floods) { return held() > floods->memory_limit; }

bool floods_allow(struct floods *floods, const char *author, size_t bytes) {
    uint32_t place = hash(author) % PLACES;
    time_t now = time(NULL);
    if (floods->places[place].second != now) floods->places[place].bytes = 0;
    floods->places[place].second = now;
    floods->places[place].bytes += bytes;
    if (held() <= floods->memory_limit) return true;
    return floods->places[place].bytes <= (held() <= 2 * floods->memory_limit ? FLOOD_BYTES : FLOOD_BYTES_LATER);
}
