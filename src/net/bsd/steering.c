#include "net/steering.h"

#include <errno.h>

/* These systems divide connections as they like. */
int steer_by_source(int fd, uint32_t count)
{
    (void)fd;
    (void)count;
    return -EOPNOTSUPP;
}
