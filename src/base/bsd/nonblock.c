/*
 * In several steps: Darwin has neither accept4(2) nor the flags of socket(2).
 * No other thread of ours starts a program in between.
 */
#include "base/nonblock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

static int set_up(int fd)
{
    int on = 1;
    if (fd < 0)
        return -errno;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0) {
        setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
        return fd;
    }
    int error = -errno;
    close(fd);
    return error;
}

int nonblock_socket(int family, int type)
{
    return set_up(socket(family, type, 0));
}

int nonblock_accept(int listening)
{
    return set_up(accept(listening, NULL, NULL));
}

int nonblock_pair(int type, int fds[2])
{
    if (socketpair(AF_UNIX, type, 0, fds) < 0)
        return -errno;
    int error = set_up(fds[0]);
    if (error < 0) {
        close(fds[1]);
        return error;
    }
    error = set_up(fds[1]);
    if (error < 0) {
        close(fds[0]);
        return error;
    }
    return 0;
}
