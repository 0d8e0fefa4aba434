#include "base/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/nonblock.h"

/* The length of an abstract name is that of the address: no zero ends it. */
static socklen_t parse_address(const char *text, struct sockaddr_un *out)
{
    size_t len = strlen(text);
    bool is_abstract = text[0] == '@';
    if ((!is_abstract && text[0] != '/') || len < 2 || len >= sizeof out->sun_path)
        return 0;
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(out->sun_path, text, len);
    if (is_abstract)
        out->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (is_abstract ? 0 : 1));
}

int notify_send(const char *address, const char *text)
{
    struct sockaddr_un to;
    socklen_t len = parse_address(address, &to);
    if (len == 0)
        return -EINVAL;
    int fd = nonblock_socket(AF_UNIX, SOCK_DGRAM);
    if (fd < 0)
        return fd;
    int result = 0;
    if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to, len) < 0)
        result = -errno;
    close(fd);
    return result;
}
