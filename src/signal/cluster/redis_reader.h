/*
 * What Redis says (RESP2), as values. Adapts the reader of hiredis;
 * connections, names and TLS are net/conn.h's.
 */
#ifndef SIGNAL_REDIS_READER_H
#define SIGNAL_REDIS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct redis_reader;
struct redis_value;

/* "hiredis 0.14.1"; NULL: this build has none, and no reader can be made. */
const char *redis_library(void);

struct redis_reader *redis_reader_new(void);
void redis_reader_free(struct redis_reader *reader); /* NULL is allowed */

/* False: out of step, and of no use any more. */
bool redis_reader_feed(struct redis_reader *reader, struct span bytes);

/* The next value that is complete, to be freed; *out is NULL where there is
 * none. False as above. */
bool redis_reader_next(struct redis_reader *reader, struct redis_value **out);
void redis_value_free(struct redis_value *value);

/* A value of another kind has no text (a NULL one), is 0, has no items. */
bool redis_value_is_error(const struct redis_value *value);
struct span redis_value_text(const struct redis_value *value); /* also of an error */
int64_t redis_value_number(const struct redis_value *value);
size_t redis_value_count(const struct redis_value *value);
const struct redis_value *redis_value_at(const struct redis_value *value, size_t index);

#endif
