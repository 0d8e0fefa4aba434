/*
 * A kqueue(2) that tells of what ends a connection (an error, the peer's FIN),
 * each once, and of no bytes.
 */
#ifndef NET_BSD_ERROR_QUEUE_H
#define NET_BSD_ERROR_QUEUE_H

#include <stdbool.h>

/* A descriptor that is readable when there is something; or a negative errno.
 * Who has one closes it. */
int error_queue_open(void);

/* Whether it tells of that socket. */
void error_queue_set(int queue, int socket, bool is_on);

/* Takes what there is; false when there was nothing. */
bool error_queue_read(int queue);

#endif
