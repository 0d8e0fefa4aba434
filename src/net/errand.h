/*
 * Something that blocks, such as fsync(2), in libuv's thread pool rather than
 * in the loop.
 */
#ifndef NET_ERRAND_H
#define NET_ERRAND_H

#include "net/loop.h"

/* work(arg) runs in another thread, and may touch nothing that this one has,
 * nor log; then done(arg) comes in the loop, at the latest under loop_free(). A
 * process that ends before may leave it half done. */
void errand_run(struct loop *loop, void (*work)(void *arg), void (*done)(void *arg), void *arg);

#endif
