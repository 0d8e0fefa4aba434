/*
 * jemalloc(3) gives back by itself what nobody has taken again for some
 * seconds (opt.dirty_decay_ms), whatever its size: there is nothing to do.
 */
#include "base/alloc.h"

void alloc_keep(size_t kept, size_t mapped_from)
{
    (void)kept, (void)mapped_from;
}

void alloc_trim(void)
{
}
