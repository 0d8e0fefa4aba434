/*
 * O_NONBLOCK belongs to the open file, which we share with the shell and with
 * whoever else has our stderr: to set it there would make their writes fail.
 * So a pipe or a terminal is opened once more, which gives an open file of our
 * own. Where that may not be (another user's pipe, any pipe on a BSD), poll(2)
 * comes before each write: it is right for pipes, which have room for a whole
 * line when they have any, and nearly so for terminals.
 */
#include "base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reopen.h"

void log_sink_init(struct log_sink *sink, int fd)
{
    struct stat stat = {0};
    *sink = (struct log_sink){.fd = fd, .is_terminal = isatty(fd) == 1};
    fstat(fd, &stat);
    sink->is_socket = S_ISSOCK(stat.st_mode);
    int own = S_ISFIFO(stat.st_mode) || sink->is_terminal ? reopen_for_writing(fd) : -1;
    sink->is_shared = own < 0;
    if (sink->is_shared)
        own = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (own >= 0)
        sink->fd = own;
}

void log_sink_deinit(struct log_sink *sink)
{
    close(sink->fd);
}

static bool has_room(const struct log_sink *sink)
{
    struct pollfd poll_fd = {.fd = sink->fd, .events = POLLOUT};
    return poll(&poll_fd, 1, 0) != 0;
}

/* A full disk, or one's share of it, may have room again. */
static bool is_for_now(int error)
{
    return error == EAGAIN || error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* What was taken of the bytes: all of them where nobody is there to take any
 * (a terminal that is gone, a pipe without a reader). */
static size_t put_at_once(const struct log_sink *sink, const char *bytes, size_t len)
{
    if (sink->is_shared && !has_room(sink))
        return 0;
    ssize_t taken;
    do
        taken = sink->is_socket ? send(sink->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL)
                                : write(sink->fd, bytes, len);
    while (taken < 0 && errno == EINTR);
    if (taken >= 0)
        return (size_t)taken;
    return is_for_now(errno) ? 0 : len;
}

/* The room that a pipe has when it has any is PIPE_BUF at least, which is less
 * than a line on some systems. */
static size_t put(const struct log_sink *sink, const char *bytes, size_t len)
{
    size_t taken = 0, last = 1;
    while (taken < len && last > 0) {
        size_t part = len - taken;
        if (sink->is_shared && part > PIPE_BUF)
            part = PIPE_BUF;
        last = put_at_once(sink, bytes + taken, part);
        taken += last;
    }
    return taken;
}

bool log_sink_write(struct log_sink *sink, const char *line, size_t len)
{
    size_t taken = put(sink, sink->unsent, sink->unsent_len);
    sink->unsent_len -= taken;
    memmove(sink->unsent, sink->unsent + taken, sink->unsent_len);
    if (sink->unsent_len > 0)
        return false;
    taken = put(sink, line, len);
    if (taken == 0)
        return false;
    sink->unsent_len = len - taken;
    memcpy(sink->unsent, line + taken, sink->unsent_len);
    return true;
}
