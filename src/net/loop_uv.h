/*
 * The libuv loop under a struct loop, for the files of net/ that adapt libuv.
 */
#ifndef NET_LOOP_UV_H
#define NET_LOOP_UV_H

#include <uv.h>

#include "net/loop.h"

uv_loop_t *loop_uv(struct loop *loop);

#endif
