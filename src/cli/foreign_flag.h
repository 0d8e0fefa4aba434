/*
 * Flags that other programs have, and people try here.
 */
#ifndef CLI_FOREIGN_FLAG_H
#define CLI_FOREIGN_FLAG_H

#include "base/span.h"
#include "cli/config.h"

/* What is meant by it in that command, as in "the port of …"; NULL where nobody
 * can tell. */
const char *foreign_flag_explain(enum command command, struct span flag);

#endif
