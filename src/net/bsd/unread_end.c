/*
 * A filter for more bytes than any socket holds (NOTE_LOWAT): only an end
 * passes it, and comes with the number of bytes in front of it.
 */
#include "net/unread_end.h"

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <sys/event.h>

bool unread_end(int fd, size_t *unread)
{
    const struct timespec now = {0};
    struct kevent filter, event;
    int queue = kqueue();
    if (queue < 0)
        return false;
    EV_SET(&filter, (uintptr_t)fd, EVFILT_READ, EV_ADD, NOTE_LOWAT, INT_MAX, NULL);
    bool has_end = kevent(queue, &filter, 1, &event, 1, &now) == 1 &&
                   (event.flags & (EV_EOF | EV_ERROR)) == EV_EOF;
    close(queue);
    if (has_end)
        *unread = (size_t)event.data;
    return has_end;
}
