#pragma once
// What Swift's Glibc module leaves out.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>

// <fcntl.h> keeps these two from programs that do not ask for GNU's own.
int sync_file_range(int file, long offset, long count, unsigned int flags);
enum { startWritingRange = 2 };  // SYNC_FILE_RANGE_WRITE

// The same with <sched.h>.
enum { resetOnFork = 0x40000000 };  // SCHED_RESET_ON_FORK

#include <fcntl.h>
#include <sys/ioctl.h>
#include <linux/fs.h>

// Swift sees neither functions with "..." nor, for the same reason as above, the others.
__attribute__((unused)) static inline int set_direct(int file, int isDirect) {
    int flags = fcntl(file, F_GETFL);
    return flags < 0 ? -1 : fcntl(file, F_SETFL, isDirect ? flags | __O_DIRECT : flags & ~__O_DIRECT);
}
static inline int clone_file(int target, int source) { return ioctl(target, FICLONE, source); }
long copy_file_range(int source, long *source_offset, int target, long *target_offset, unsigned long count,
                     unsigned int flags);
