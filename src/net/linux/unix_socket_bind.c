/*
 * The mode of the path is taken from that of the socket.
 */
#include "net/unix_socket_bind.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>

int unix_socket_bind(int fd, const struct address *address)
{
    fchmod(fd, S_IRUSR | S_IWUSR);
    return bind(fd, (const struct sockaddr *)&address->storage, address->len) < 0 ? -errno : 0;
}
