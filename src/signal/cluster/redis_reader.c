/*
 * A redis_value is hiredis's redisReply, and a redis_reader its redisReader.
 */
#include "signal/cluster/redis_reader.h"

#include <assert.h>
#include <stdlib.h>

#ifdef TUNNEL_HIREDIS
#include <hiredis/hiredis.h>

#define NUMBER_TEXT(number) #number
#define VERSION_TEXT(major, minor, patch) \
    NUMBER_TEXT(major) "." NUMBER_TEXT(minor) "." NUMBER_TEXT(patch)

const char *redis_library(void)
{
    return "hiredis " VERSION_TEXT(HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
}

struct redis_reader *redis_reader_new(void)
{
    redisReader *reader = redisReaderCreate();
    if (!reader)
        abort(); /* out of memory */
    return (struct redis_reader *)reader;
}

void redis_reader_free(struct redis_reader *reader)
{
    if (reader)
        redisReaderFree((redisReader *)reader);
}

bool redis_reader_feed(struct redis_reader *reader, struct span bytes)
{
    return redisReaderFeed((redisReader *)reader, (const char *)bytes.data, bytes.len) == REDIS_OK;
}

bool redis_reader_next(struct redis_reader *reader, struct redis_value **out)
{
    void *reply = NULL;
    bool is_good = redisReaderGetReply((redisReader *)reader, &reply) == REDIS_OK;
    *out = is_good ? reply : NULL;
    return is_good;
}

void redis_value_free(struct redis_value *value)
{
    if (value)
        freeReplyObject(value);
}

static const redisReply *reply_of(const struct redis_value *value)
{
    return (const redisReply *)value;
}

bool redis_value_is_error(const struct redis_value *value)
{
    return reply_of(value)->type == REDIS_REPLY_ERROR;
}

struct span redis_value_text(const struct redis_value *value)
{
    const redisReply *reply = reply_of(value);
    bool is_text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS ||
                   reply->type == REDIS_REPLY_ERROR;
    return is_text ? span_of(reply->str, (size_t)reply->len) : (struct span){0};
}

int64_t redis_value_number(const struct redis_value *value)
{
    const redisReply *reply = reply_of(value);
    return reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

size_t redis_value_count(const struct redis_value *value)
{
    const redisReply *reply = reply_of(value);
    return reply->type == REDIS_REPLY_ARRAY ? (size_t)reply->elements : 0;
}

const struct redis_value *redis_value_at(const struct redis_value *value, size_t index)
{
    assert(index < redis_value_count(value));
    return (const struct redis_value *)reply_of(value)->element[index];
}

#else

const char *redis_library(void)
{
    return NULL;
}

/* Nobody asks for it: see signal-server's --cluster. */
struct redis_reader *redis_reader_new(void)
{
    abort();
}

void redis_reader_free(struct redis_reader *reader)
{
    (void)reader;
}

bool redis_reader_feed(struct redis_reader *reader, struct span bytes)
{
    (void)reader, (void)bytes;
    return false;
}

bool redis_reader_next(struct redis_reader *reader, struct redis_value **out)
{
    (void)reader;
    *out = NULL;
    return false;
}

void redis_value_free(struct redis_value *value)
{
    (void)value;
}

bool redis_value_is_error(const struct redis_value *value)
{
    (void)value;
    return true;
}

struct span redis_value_text(const struct redis_value *value)
{
    (void)value;
    return (struct span){0};
}

int64_t redis_value_number(const struct redis_value *value)
{
    (void)value;
    return 0;
}

size_t redis_value_count(const struct redis_value *value)
{
    (void)value;
    return 0;
}

const struct redis_value *redis_value_at(const struct redis_value *value, size_t index)
{
    (void)index;
    return value;
}

#endif
