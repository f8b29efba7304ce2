// Whose keys do not count any more. The server writes the file, and has it read again by a SIGHUP.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct revocations;

/// Reads a file of lines `NAME MILLISECONDS`: every key of that machine that was issued until then.
///
/// Returns `NULL` for a file that cannot be read, or is wrong.
struct revocations *revocations_read(const char *path);

void revocations_free(struct revocations *revocations);

bool revocations_name(const struct revocations *revocations, const char *machine, uint64_t issued);
