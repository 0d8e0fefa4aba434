/*
 * What glibc's malloc gives back to the kernel. Other C libraries have no such
 * calls, and mostly no need of them.
 */
#include <malloc.h>

#include "base/alloc.h"

/* A block that is mapped by itself would be unmapped as soon as it is free, so
 * none is, but for the largest: this is the most that may be said. */
#define MAPPED_FROM (32 << 20)

void alloc_keep(size_t kept)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, (int)kept);
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
#else
    (void)kept;
#endif
}

void alloc_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
