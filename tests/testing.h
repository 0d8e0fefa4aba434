/*
 * What every cmocka test needs, in the order that cmocka wants it, and a
 * guard page: bytes placed flush against unmapped memory, so that a decoder
 * that reads one byte too far crashes here rather than in the field.
 */
#ifndef TESTS_TESTING_H
#define TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/span.h"

/* By how much more a test waits that waits for others. */
#ifndef TEST_SLOWER
#define TEST_SLOWER 1
#endif

struct guard {
    uint8_t *map;
    size_t map_len;
    struct span bytes; /* the copy, ending where the unmapped page begins */
};

static inline struct guard guard_new(const void *data, size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t body = (len + page - 1) / page * page;
    struct guard g = {.map_len = body + page};
    void *map = mmap(NULL, g.map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(map != MAP_FAILED);
    g.map = map;
    assert_int_equal(mprotect(g.map + body, page, PROT_NONE), 0);
    uint8_t *start = g.map + body - len;
    if (len > 0)
        memcpy(start, data, len);
    g.bytes = (struct span){start, len};
    return g;
}

static inline void guard_free(struct guard *g)
{
    munmap(g->map, g->map_len);
}

#endif
