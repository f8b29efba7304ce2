// What a machine's certificate says of it. That the site's authority signed it, TLS has seen to.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct mosquitto;

/// The longest name of a machine, in bytes.
enum { MACHINE_NAME_LENGTH = 64 };

struct certificate {
    char name[MACHINE_NAME_LENGTH + 1];
    /// 1 to 3.
    int level;
    bool is_server;
    /// Milliseconds since 1970; the first half of the serial number.
    uint64_t issued;
    /// It holds at this moment. TLS has looked at that as well, but not where it goes on with an earlier session of its own.
    bool is_valid_now;
};

enum certificate_finding { CERTIFICATE_MISSING, CERTIFICATE_OF_NO_MACHINE, CERTIFICATE_OF_MACHINE };

/// Reads the certificate that the session's connection has shown.
enum certificate_finding certificate_read(const struct mosquitto *client, struct certificate *certificate);
