/*
 * A GMainContext driven by our loop, for libnice. No thread: the context's
 * sources run in the loop's turns.
 */
#ifndef RTC_GLIB_BRIDGE_H
#define RTC_GLIB_BRIDGE_H

#include <glib.h>

#include "net/loop.h"

struct glib_bridge;

struct glib_bridge *glib_bridge_new(struct loop *loop);

/* Detaches from the loop at once. Not to be called from one of the context's
 * sources. NULL is allowed. */
void glib_bridge_free(struct glib_bridge *bridge);

/* The bridge's own; whoever needs it longer takes a reference. */
GMainContext *glib_bridge_context(struct glib_bridge *bridge);

#endif
