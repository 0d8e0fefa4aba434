/*
 * Universally unique identifiers (RFC 9562), as bytes and as text.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

enum { UUID_LEN = 16, UUID_TEXT_LEN = 36 };

/* A version 4 UUID (section 5.4) as text, in lower case. */
void uuid_make(char out[UUID_TEXT_LEN + 1]);

/* The bytes of a text; false where it is none. */
bool uuid_parse(const char *text, uint8_t out[UUID_LEN]);

#endif
