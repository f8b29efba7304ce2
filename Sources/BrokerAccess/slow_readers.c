#include "slow_readers.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

void give_up_slow_readers_after(unsigned milliseconds) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    // The broker has few descriptors when this is called, and they are the lowest ones.
    int most = limit.rlim_cur < 1024 ? (int)limit.rlim_cur : 1024;
    for (int descriptor = 0; descriptor < most; descriptor++)
        // RFC 5482; of no effect on what is no TCP socket. A window that stays closed counts as well.
        setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
}
