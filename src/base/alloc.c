/*
 * Allocation that cannot fail: every wrapper goes through check().
 */
#include "base/alloc.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"

enum { SMALL_MAX = 1024 }; /* of what that cache has */

static void *check(void *memory)
{
    if (!memory) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

/* Out of line, since compilers make calloc() of malloc() and memset(). */
__attribute__((noinline)) void *xmalloc(size_t size)
{
    return check(malloc(size));
}

void *xcalloc(size_t count, size_t size)
{
    /* glibc's calloc() goes past the cache that each thread has of small
     * pieces, and costs several times as much as this. */
    if (count > 0 && size > 0 && count <= SMALL_MAX / size)
        return memset(xmalloc(count * size), 0, count * size);
    return check(calloc(count ? count : 1, size ? size : 1));
}

void *xaligned_alloc(size_t alignment, size_t size)
{
    return memset(check(aligned_alloc(alignment, size)), 0, size);
}

void *xreallocarray(void *old, size_t count, size_t size)
{
    bool fits = size == 0 || count <= SIZE_MAX / size;
    return check(fits ? realloc(old, count * size > 0 ? count * size : 1) : NULL);
}

char *xstrdup(const char *string)
{
    return check(strdup(string));
}

char *xstrndup(struct span bytes)
{
    char *copy = xcalloc(bytes.len + 1, 1);
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    return copy;
}

char *xasprintf(const char *format, ...)
{
    char *out = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&out, format, args);
    va_end(args);
    return check(len < 0 ? NULL : out);
}

void free_secret(void *secret, size_t len)
{
    if (secret)
        wipe(secret, len);
    free(secret);
}

void free_secret_string(char *secret)
{
    free_secret(secret, secret ? strlen(secret) : 0);
}
