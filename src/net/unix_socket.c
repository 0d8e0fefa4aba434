/*
 * The path outlives its process when that is killed. Whether somebody listens
 * there, a connect(2) tells, which does not wait.
 */
#include "net/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/nonblock.h"
#include "net/unix_socket_bind.h"

int unix_socket_address(const char *path, struct address *out)
{
    *out = (struct address){.len = sizeof(struct sockaddr_un)};
    struct sockaddr_un *un = (void *)&out->storage;
    size_t len = strlen(path);
    if (len >= sizeof un->sun_path)
        return -ENAMETOOLONG;
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, len + 1);
    return 0;
}

static bool is_abandoned(const char *path, const struct address *address)
{
    struct stat st;
    if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;
    int fd = nonblock_socket(AF_UNIX, SOCK_STREAM);
    if (fd < 0)
        return false;
    int status = connect(fd, (const struct sockaddr *)&address->storage, address->len);
    bool is_refused = status < 0 && errno == ECONNREFUSED;
    close(fd);
    return is_refused;
}

bool unix_socket_clean(const char *path)
{
    struct address address;
    return unix_socket_address(path, &address) == 0 && is_abandoned(path, &address) &&
           unlink(path) == 0;
}

static int bind_and_listen(int fd, const struct address *address, int backlog)
{
    int error = unix_socket_bind(fd, address);
    if (error < 0)
        return error;
    return listen(fd, backlog) < 0 ? -errno : 0;
}

int unix_socket_listen(const char *path, int backlog)
{
    struct address address;
    int error = unix_socket_address(path, &address);
    int fd = error < 0 ? error : nonblock_socket(AF_UNIX, SOCK_STREAM);
    if (fd < 0)
        return fd;
    error = bind_and_listen(fd, &address, backlog);
    if (error == -EADDRINUSE && unix_socket_clean(path))
        error = bind_and_listen(fd, &address, backlog);
    if (error < 0)
        close(fd);
    return error < 0 ? error : fd;
}
