/*
 * A queue of the system's that tells of the end of a pipe's last reader, and of
 * nothing else for long.
 */
#ifndef NET_READER_QUEUE_H
#define NET_READER_QUEUE_H

#include <stdbool.h>

/* A descriptor that is readable when there is something; or a negative errno,
 * as for a plain file. Who has one closes it. */
int reader_queue_open(int fd);

/* Takes what there is. */
bool reader_queue_is_gone(int queue);

#endif
