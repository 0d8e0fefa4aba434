/*
 * Whether somebody still reads what goes into a pipe, also while nothing does:
 * the next write would say so, but may be long in coming.
 */
#ifndef NET_READER_WATCH_H
#define NET_READER_WATCH_H

#include "net/loop.h"

struct reader_watch;

/* Calls on_gone once the last reader of fd, which stays the caller's, is gone;
 * how it blocks stays as it is. NULL for what has no reader, such as a file, or
 * where the system has nothing left for it: then the next write tells. */
struct reader_watch *reader_watch_new(struct loop *loop, int fd, void (*on_gone)(void *arg),
                                      void *arg);

/* NULL is allowed. */
void reader_watch_free(struct reader_watch *watch);

#endif
