// What a broker holds is bounded. When it holds more than it should, whoever just floods it is shut out; when it holds
// twice as much, nobody publishes until it holds less.
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct floods;

/// - memory_limit: bytes that the broker may hold before anybody is shut out.
struct floods *floods_new(size_t memory_limit);
void floods_free(struct floods *floods);

/// Somebody publishes so many bytes now. Returns whether he may.
///
/// - author: the same for all sessions of one machine: who is shut out may connect anew at once.
bool floods_allow(struct floods *floods, const char *author, size_t bytes);
