/*
 * UTF-8 validity (RFC 3629): shortest form, no surrogates, at most U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>

#include "base/span.h"

bool utf8_is_valid(struct span text);

/* Whether a byte of a valid text is not the first of its character. */
static inline bool utf8_is_inside(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Decodes the character at the front of a text that is not empty. Returns its
 * length in bytes and sets *code, or 0 when the text does not begin with a
 * valid character. */
size_t utf8_decode(struct span text, uint32_t *code);

#endif
