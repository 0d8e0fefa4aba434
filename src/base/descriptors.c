/*
 * The usual soft limit of 1024 is there for programs that use select(2); one
 * that does not may raise it (getrlimit(2), systemd.exec(5)).
 */
#include "base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

uint64_t descriptors_allow(uint64_t wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return UINT64_MAX;
    /* rlim_t is signed on some systems; "no limit" is its largest value. */
    uint64_t before = (uint64_t)limit.rlim_cur;
    uint64_t most = (uint64_t)limit.rlim_max;
    if (before >= wanted)
        return before;
    limit.rlim_cur = (rlim_t)(wanted < most ? wanted : most);
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? before : (uint64_t)limit.rlim_cur;
}

void descriptors_open_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* What is meant for somebody is not to vanish: to write to stdout stays
         * an error. */
        int mode = fd == STDOUT_FILENO ? O_RDONLY : O_RDWR;
        /* open(2) takes the lowest that is free: this one. */
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", mode) < 0)
            return;
    }
}
