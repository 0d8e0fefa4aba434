/*
 * The exchanges of one end: those under way, the last ones that are over, and
 * what all came to. It is told by an exchange's watch.
 */
#ifndef TUNNEL_HISTORY_H
#define TUNNEL_HISTORY_H

#include "base/histogram.h"
#include "tunnel/exchange.h"

enum {
    HISTORY_MAX = 1000, /* that are over, and remembered */
    HISTORY_REASON_MAX = 120,
    HISTORY_STATUS_CLASSES = 6 /* 1xx to 5xx; the first is of those without an answer */
};

/* One that is over. */
struct history_entry {
    uint64_t number; /* from 1, in the order of their ends */
    struct exchange_record record;
    char reason[HISTORY_REASON_MAX]; /* or ""; the record's own is NULL */
};

/* Of all that are over. */
struct exchange_totals {
    uint64_t ends[EXCHANGE_ENDS];              /* how many ended so */
    uint64_t statuses[HISTORY_STATUS_CLASSES]; /* how many had such an answer */
    uint64_t request_bytes;
    uint64_t response_bytes;
    uint64_t prompt_tokens; /* of LLMs, as far as their answers say */
    uint64_t completion_tokens;
    uint64_t stream_events;      /* of text/event-stream, lines of NDJSON */
    struct histogram first_byte; /* until the response's content began */
    struct histogram duration;
};
uint64_t exchange_totals_count(const struct exchange_totals *totals);

struct history {
    struct list under_way; /* of exchange_record.link, the oldest first */
    size_t under_way_count;
    struct exchange_totals totals;
    uint64_t count;                /* of those that are over */
    struct history_entry *entries; /* a ring of HISTORY_MAX; NULL before the first */
};

void history_init(struct history *history);
void history_deinit(struct history *history);

/* As the handlers of a watch. */
void history_begin(struct history *history, struct exchange_record *record);
void history_end(struct history *history, const struct exchange_record *record);

/* The entry of that number; NULL for one that is forgotten, or not there
 * yet. */
const struct history_entry *history_find(const struct history *history, uint64_t number);

/* The lowest number that is still remembered; 1 more than the last where none
 * is. */
uint64_t history_first(const struct history *history);

#endif
