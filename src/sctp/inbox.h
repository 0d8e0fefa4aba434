/*
 * Whole messages and resets on their way to the owner, in order. They wait
 * here while it does not read.
 */
#ifndef SCTP_INBOX_H
#define SCTP_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/span.h"
#include "sctp/sctp.h"

struct inbox_handlers {
    void (*on_message)(void *arg, const struct sctp_message_info *info, struct span message);
    void (*on_reset)(void *arg, uint16_t stream);
};

struct inbox {
    bool reading;
    size_t held; /* memory of what waits */
    struct list waiting;
    struct inbox_handlers handlers;
    void *arg;
};

/* The owner reads at first. */
void inbox_init(struct inbox *b, const struct inbox_handlers *handlers, void *arg);
void inbox_deinit(struct inbox *b);

/* Hands out now, or copies. */
void inbox_put_message(struct inbox *b, const struct sctp_message_info *info, struct span message);
void inbox_put_reset(struct inbox *b, uint16_t stream);

/* Hands out what waited until it is all gone or reading is off again. */
void inbox_set_reading(struct inbox *b, bool reading);

#endif
