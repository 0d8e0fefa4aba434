/*
 * What glibc's malloc gives back to the kernel. Other C libraries have no such
 * calls, and mostly no need of them.
 */
#include <malloc.h>

#include "base/alloc.h"

void alloc_keep(size_t kept, size_t mapped_from)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, (int)kept);
    mallopt(M_MMAP_THRESHOLD, (int)mapped_from);
#else
    (void)kept, (void)mapped_from;
#endif
}

void alloc_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
