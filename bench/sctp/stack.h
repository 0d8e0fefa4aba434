/*
 * Our SCTP and usrsctp behind one face, so that the benchmarks treat both
 * alike.
 */
#ifndef BENCH_SCTP_STACK_H
#define BENCH_SCTP_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "sctp/sctp.h"

struct stack;

struct stack_config {
    bool is_usrsctp;
    enum sctp_cc cc;          /* ours only, as all up to mtu */
    struct sctp_arena *arena; /* with room for the largest packet */
    uint64_t seed;
    size_t mtu;      /* of whole SCTP packets; ours begins at 1200 and looks for it */
    size_t window;   /* usrsctp's buffers, too; 0: the default of each */
    bool sends_bulk; /* messages of 64 KiB without end, once connected */
};

struct stack_handlers {
    void (*on_packets)(void *arg, const struct sctp_packet *packets, size_t count);
    void (*on_message)(void *arg, uint16_t stream, struct span message);
};

/* Copies both structs. */
struct stack *stack_new(const struct stack_config *config, const struct stack_handlers *handlers,
                        void *arg);

/* usrsctp's socket is left: its timers outlive a close. */
void stack_free(struct stack *s);

/* One side connects, the other only listens. usrsctp counts time for itself:
 * call usr_peer_tick(). */
void stack_connect(struct stack *s, uint64_t now_us);
void stack_listen(struct stack *s);

void stack_feed(struct stack *s, struct span packet, uint64_t now_us);

/* After a batch of packets, and when stack_deadline() is reached: sends what
 * may go now. */
void stack_flush(struct stack *s, uint64_t now_us);
uint64_t stack_deadline(const struct stack *s, uint64_t now_us);

/* A message beside the bulk; lost when it cannot be taken now. */
void stack_send(struct stack *s, uint16_t stream, struct span message, uint64_t now_us);

#endif
