/*
 * What became of one exchange, as this end of the tunnel saw it: kept while it
 * goes on, and told once when it is over, whatever its end was. Both ends tell
 * of each exchange that came so far; requests that are no HTTP are none.
 */
#ifndef TUNNEL_EXCHANGE_H
#define TUNNEL_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/span.h"
#include "tunnel/stream_error.h"
#include "tunnel/token_meter.h"

enum exchange_end {
    EXCHANGE_COMPLETE,  /* the response, or both directions of a pipe */
    EXCHANGE_CANCELLED, /* the client went away */
    EXCHANGE_REFUSED,   /* answered by the tunnel: it does not carry such a request */
    EXCHANGE_DOWN,      /* answered by the tunnel: there is no session */
    EXCHANGE_FAILED,    /* the upstream gave no answer, or broke off */
    EXCHANGE_LOST,      /* the session ended under it */
    EXCHANGE_MALFORMED, /* one of the ends broke the protocol */
    EXCHANGE_ENDS       /* how many there are */
};

/* One word, as in "complete". */
const char *exchange_end_name(enum exchange_end end);

/* Of a stream that the other side, or the session, has ended early. */
enum exchange_end exchange_end_of_request(enum stream_error error);  /* at a provider */
enum exchange_end exchange_end_of_response(enum stream_error error); /* at a consumer */

enum {
    EXCHANGE_DEVICE_MAX = 65,
    EXCHANGE_METHOD_MAX = 24, /* longer ones are cut */
    EXCHANGE_TARGET_MAX = 256 /* the same */
};

struct exchange_record;

/* Who keeps those that are under way, and is told of each that is over, under
 * whatever ended it. */
struct exchange_watch {
    void (*on_begin)(struct exchange_record *record, void *arg);      /* or NULL */
    void (*on_done)(const struct exchange_record *record, void *arg); /* borrowed */
    void *arg;
    const struct loop *loop; /* whose turns tell the time */
};

/* What a provider's number counts, where there is more than the one. */
enum provider_kind { PROVIDER_ALONE, PROVIDER_OF_LINK, PROVIDER_IN_ROOM };

struct exchange_record {
    char device[EXCHANGE_DEVICE_MAX]; /* whose invite it has, at a provider; or empty */
    char method[EXCHANGE_METHOD_MAX];
    /* As the client wrote it, in origin form and without the query, where keys
     * stand. Empty for a form that does not travel. */
    char target[EXCHANGE_TARGET_MAX];
    int status; /* 0: there was no answer */
    bool is_pipe;
    enum exchange_end end;
    const char *reason;      /* why, in words; NULL of COMPLETE. Valid while it is told */
    uint64_t request_bytes;  /* of content, from the client */
    uint64_t response_bytes; /* of content, to the client */
    uint64_t begun_us;       /* of loop_now_us(): the request's head had come */
    /* Since then; TIME_NEVER for what did not come. */
    uint64_t head_us;       /* the response's head */
    uint64_t first_byte_us; /* of the response's content */
    uint64_t end_us;        /* the last was handed on; a client may be reading yet */
    unsigned tries;         /* at a consumer: to how many providers it was sent */
    uint32_t consumer;      /* its number, at a provider; or 0 */
    uint32_t provider;      /* at a consumer: who had it last, the number of a link or of one in
                               the room; or 0 */
    enum provider_kind provider_kind; /* of that number */
    struct token_meter tokens;        /* of the response, where that is an LLM's */
    struct list link;                 /* the watch's, from on_begin to its end */
    const struct exchange_watch *watch;
};

/* The record stays where it is until exchange_finish(), and the watch outlives
 * it. device: NULL for none that is known. target: the origin form, or the
 * authority of CONNECT. */
void exchange_begin(struct exchange_record *record, const struct exchange_watch *watch,
                    const char *device, struct span method, struct span target);

/* The final response's head, from the upstream. */
void exchange_on_head(struct exchange_record *record, int status, struct http_fields fields,
                      bool is_pipe);

/* The next bytes of its content. */
void exchange_on_response(struct exchange_record *record, struct span bytes);

static inline void exchange_on_request(struct exchange_record *record, size_t len)
{
    record->request_bytes += len;
}

/* The last call: tells the watch. */
void exchange_finish(struct exchange_record *record, enum exchange_end end, const char *reason);

#endif
