#pragma once
// What Swift's Glibc module leaves out.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>

// <fcntl.h> keeps these two from programs that do not ask for GNU's own.
int sync_file_range(int file, long offset, long count, unsigned int flags);
enum { startWritingRange = 2 };  // SYNC_FILE_RANGE_WRITE
