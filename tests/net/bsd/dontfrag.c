/*
 * The option IP_DONTFRAG of the BSDs, for a test on Linux: what Linux has in
 * its place.
 */
#include <netinet/in.h>
#include <sys/socket.h>

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);

/* The linker calls it in the place of setsockopt(2). */
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    if (level != IPPROTO_IP || name != IP_DONTFRAG)
        return __real_setsockopt(fd, level, name, value, len);
    int discover = *(const int *)value ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;
    return __real_setsockopt(fd, level, IP_MTU_DISCOVER, &discover, sizeof discover);
}
