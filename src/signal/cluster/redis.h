/*
 * A connection to Redis, or to a Sentinel: commands go out, each is answered in
 * its turn (RESP2, the serialization protocol of Redis).
 */
#ifndef SIGNAL_REDIS_H
#define SIGNAL_REDIS_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "net/conn.h"
#include "signal/cluster/redis_reader.h"

/* For a connection, and for the answer to a command. */
#define REDIS_PATIENCE_US (5 * US_PER_S)

struct redis;

struct redis_handlers {
    void (*on_open)(void *arg);
    /* What is no answer: it comes to who has subscribed. */
    void (*on_push)(const struct redis_value *value, void *arg);
    /* Gone, once; text says why, for a person. */
    void (*on_close)(const char *text, void *arg);
};

/* As conn_connect(); *handlers is not copied. */
struct redis *redis_new(struct loop *loop, const char *host, uint16_t port,
                        const struct tls_client *tls, const struct redis_handlers *handlers,
                        void *arg);

/* Sends what is queued, closes, frees. Nobody is called any more. NULL is
 * allowed. */
void redis_close(struct redis *redis);

/* A command of count words, which follow; each of bytes or a text. on_answer
 * gets the answer, which may be an error, and is not called when the
 * connection ends before. NULL: nobody waits, and errors end the connection. */
void redis_begin(struct redis *redis, size_t count,
                 void (*on_answer)(const struct redis_value *value, void *arg));
void redis_word(struct redis *redis, struct span word);
void redis_text(struct redis *redis, const char *word);

/* What comes on that channel is pushed, first that it is subscribed to. Nothing
 * else is asked on this connection then. */
void redis_subscribe(struct redis *redis, const char *channel);

#endif
