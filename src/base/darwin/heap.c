/*
 * The zones of malloc(3) keep what was freed until they are asked for it.
 */
#include <malloc/malloc.h>

#include "base/alloc.h"

void alloc_keep(size_t kept)
{
    (void)kept; /* not to be set */
}

void alloc_trim(void)
{
    malloc_zone_pressure_relief(NULL, 0); /* all of them, all they can */
}
