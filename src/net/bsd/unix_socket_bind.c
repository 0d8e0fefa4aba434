/*
 * A socket has no mode here before it has a path: what the process may not give
 * away is said before, for all that it makes in that moment.
 */
#include "net/unix_socket_bind.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>

int unix_socket_bind(int fd, const struct address *address)
{
    mode_t before = umask(S_IRWXG | S_IRWXO | S_IXUSR);
    int error = bind(fd, (const struct sockaddr *)&address->storage, address->len) < 0 ? -errno : 0;
    umask(before);
    return error;
}
