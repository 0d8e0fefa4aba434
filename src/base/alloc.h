/*
 * Allocation for things of a size that we chose. Running out of memory there
 * is not an error that anybody could handle better than by a restart, so
 * these never return NULL: they say so on stderr and abort.
 *
 * What a peer can size goes through struct buf, which has a maximum.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

#include "base/span.h"

/* Memory of any content, for what is filled at once; the caller frees it with
 * free(). */
void *xmalloc(size_t size) __attribute__((returns_nonnull));

/* Zeroed memory; the caller frees it with free(). */
void *xcalloc(size_t count, size_t size) __attribute__((returns_nonnull));

/* Zeroed memory at a multiple of alignment, as size is one; free() as well. */
void *xaligned_alloc(size_t alignment, size_t size) __attribute__((returns_nonnull));

/* Grows or shrinks an array of count elements; contents are kept. */
void *xreallocarray(void *old, size_t count, size_t size) __attribute__((returns_nonnull));

/* A NUL-terminated copy; the caller frees it with free(). */
char *xstrdup(const char *string) __attribute__((returns_nonnull));
char *xstrndup(struct span bytes) __attribute__((returns_nonnull));

/* Formats into a new string; the caller frees it with free(). */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/* As much of what is free at the heap's end stays with the process. For the
 * start of a program; nothing where the C library cannot be told. */
void alloc_keep(size_t kept);

/* Something large is gone for good: its memory goes back to the system, with
 * whatever else lies free between what is in use. Takes milliseconds, and what
 * is allocated next costs page faults. */
void alloc_trim(void);

/* Overwrites the secret with zeros that the compiler may not drop, then
 * frees it. NULL is allowed. */
void free_secret(void *secret, size_t len);
void free_secret_string(char *secret);

#endif
