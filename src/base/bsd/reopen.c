/*
 * By its name: to open /dev/fd/N is only to dup(2) here. So a terminal can be
 * opened again, and a pipe, which has no name, cannot.
 */
#include "base/reopen.h"

#include <fcntl.h>
#include <unistd.h>

int reopen_for_writing(int fd)
{
    char path[128];
    if (ttyname_r(fd, path, sizeof path) != 0)
        return -1;
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}
