/*
 * Bytes as text (RFC 4648), for what people copy and what stands in URLs and
 * JSON: hex and base32 in lower case, base64url, none of them padded; and
 * base64, which is, for SDP and HTTP. Nothing is decoded in constant time: what
 * is secret is so to others, not to who holds the text.
 */
#ifndef BASE_ARMOR_H
#define BASE_ARMOR_H

#include "base/span.h"

/* The low bits are how many bits a character holds. */
enum armor { ARMOR_HEX = 4, ARMOR_BASE32 = 5, ARMOR_BASE64URL = 6, ARMOR_BASE64 = 16 + 6 };

#define ARMOR_WIDTH(armor) ((armor)&15)

/* Characters for len bytes, without a NUL. */
#define ARMOR_LEN(armor, len)                      \
    ((armor) == ARMOR_BASE64 ? ((len) + 2) / 3 * 4 \
                             : ((len)*8 + ARMOR_WIDTH(armor) - 1) / ARMOR_WIDTH(armor))

/* Writes ARMOR_LEN() characters and a NUL. Returns out. */
char *armor_encode(enum armor armor, struct span bytes, char *out);

/* Writes at most text.len * ARMOR_WIDTH(armor) / 8 bytes; their number comes
 * back. -EINVAL for a character that is not of the alphabet, a length that no
 * bytes have, or bits behind the last byte that are not 0: so no two texts are
 * the same bytes, but for upper case, which hex and base32 take as well, and
 * the padding of base64, which may be left out. */
long armor_decode(enum armor armor, struct span text, uint8_t *out);

/* Whether the character may stand in such a text. */
bool armor_is_character(enum armor armor, char c);

/* What a hexadecimal digit stands for; -1 for any other character. */
static inline int armor_hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

#endif
