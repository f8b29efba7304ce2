// What a broker holds is bounded. When it holds more than it should, whoever just floods it is shut out.
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct floods;

/// - memory_limit: bytes that the broker may hold before anybody is shut out.
struct floods *floods_new(size_t memory_limit);
void floods_free(struct floods *floods);

/// Whether the broker holds more than it should.
bool floods_are_high(const struct floods *floods);

/// Somebody publishes so many bytes now. Returns whether he may: where the broker holds more than it should, at most a
/// megabyte a second; where it holds twice as much, a sixteenth of that, so that quiet machines work on.
///
/// - author: the same for all sessions of one machine: who is shut out may connect anew at once.
bool floods_allow(struct floods *floods, const char *author, size_t bytes);
