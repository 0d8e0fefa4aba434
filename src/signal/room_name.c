/*
 * Small on purpose: a count that catches "test" and "my-llm", not a judge of
 * passwords.
 */
#include "signal/room_name.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* From how many characters the name is drawn, by those that it has. */
static unsigned alphabet_size(const char *name)
{
    size_t len = strlen(name);
    if (strspn(name, DIGITS "-") == len)
        return 10;
    if (strspn(name, DIGITS "abcdef-") == len)
        return 16;
    return (strpbrk(name, DIGITS) ? 10U : 0) + (strpbrk(name, LOWER) ? 26U : 0) +
           (strpbrk(name, UPPER) ? 26U : 0) + (strspn(name, DIGITS LOWER UPPER) < len ? 33U : 0);
}

/* The logarithm of its size, in tenths of a bit. */
static unsigned tenths_of(unsigned size)
{
    static const struct {
        unsigned size;
        unsigned tenths;
    } steps[] = {{95, 65}, {62, 59}, {52, 57}, {36, 51}, {26, 47}, {16, 40}, {10, 33}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (size >= steps[i].size)
            return steps[i].tenths;
    }
    return 0;
}

unsigned room_name_bits(const char *name)
{
    unsigned size = alphabet_size(name);
    unsigned count = 0;
    for (size_t i = 0; name[i]; i++) {
        bool is_repeated = i > 0 && name[i] == name[i - 1];
        bool is_dash_of_uuid = size <= 16 && name[i] == '-';
        count += !is_repeated && !is_dash_of_uuid;
    }
    return count * tenths_of(size) / 10;
}

/* FNV-1a, folded: it need not hide more than its length does. */
const char *room_name_fingerprint(const char *name, char out[ROOM_FINGERPRINT_LEN])
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(1099511628211);
    hash ^= hash >> 32;
    hash ^= hash >> 16;
    snprintf(out, ROOM_FINGERPRINT_LEN, "%04x", (unsigned)(hash & 0xffff));
    return out;
}
