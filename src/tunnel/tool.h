/*
 * What an end calls itself in its session descriptions ("a=tool:"), and what it
 * makes of the other side's.
 */
#ifndef TUNNEL_TOOL_H
#define TUNNEL_TOOL_H

#include "tunnel/mux.h"

/* As in "tunnel-serve/0.1.0"; static. */
const char *tool_name(enum mux_role role);

/* Whether who calls itself so does the job of that role. */
enum mux_likeness tool_likeness(const char *said, enum mux_role role);

#endif
