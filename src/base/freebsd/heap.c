/*
 * jemalloc(3) gives back by itself what nobody has taken again for some
 * seconds (opt.dirty_decay_ms), whatever its size: there is nothing to do.
 */
#include "base/alloc.h"

void alloc_keep(size_t kept)
{
    (void)kept;
}

void alloc_trim(void)
{
}
