/*
 * Stream reset (RFC 6525), as data channels use it to close (RFC 8831 section
 * 6.7): each side resets its outgoing half. One request of ours is out at a
 * time, for all streams that were ready when it was made; the peer's are
 * answered in their order, and the answer to the last is kept to be repeated.
 *
 * A reset takes effect when everything that was sent before it has arrived:
 * the request names the last TSN, and until the receiver has it, it answers
 * "in progress" and is asked again. It does so, too, while its application does
 * not read and the window is full.
 *
 * Left out: SSN/TSN reset of the whole association and adding streams, which
 * WebRTC does not use; both are denied.
 */
#include "sctp/reconfig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "sctp/assoc.h"

enum result {
    RESULT_NOTHING = 0,
    RESULT_PERFORMED = 1,
    RESULT_DENIED = 2,
    RESULT_WRONG_SSN = 3,
    RESULT_BUSY = 4,
    RESULT_BAD_SEQUENCE = 5,
    RESULT_IN_PROGRESS = 6,
};

void reconfig_init(struct reconfig *r, uint32_t my_first_tsn, uint32_t peer_first_tsn)
{
    r->next_request = my_first_tsn;
    r->peer_request = peer_first_tsn;
}

void reconfig_deinit(struct reconfig *r)
{
    free(r->wanted);
    free(r->marks);
}

bool reconfig_is_wanted(const struct reconfig *r, uint16_t stream)
{
    return r->marks && (r->marks[stream / 8] & (1u << (stream % 8)));
}

static void mark(struct reconfig *r, uint16_t stream, bool wanted)
{
    uint8_t bit = (uint8_t)(1u << (stream % 8));
    if (wanted)
        r->marks[stream / 8] |= bit;
    else
        r->marks[stream / 8] &= (uint8_t)~bit;
}

int reconfig_want(struct sctp_assoc *a, uint16_t stream)
{
    struct reconfig *r = &a->reconfig;
    if (reconfig_is_wanted(r, stream))
        return -EPIPE;
    if (!r->marks)
        r->marks = xcalloc(((size_t)a->config.streams + 7) / 8, 1);
    if (r->wanted_count == r->wanted_cap) {
        r->wanted_cap = r->wanted_cap ? r->wanted_cap * 2 : 8;
        r->wanted = xreallocarray(r->wanted, r->wanted_cap, sizeof *r->wanted);
    }
    r->wanted[r->wanted_count++] = stream;
    mark(r, stream, true);
    a->is_due = true;
    return 0;
}

/* Moves those whose queue has drained to the front; returns how many. */
static size_t gather_ready(struct sctp_assoc *a)
{
    struct reconfig *r = &a->reconfig;
    size_t ready = 0;
    for (size_t i = 0; i < r->wanted_count && ready < MAX_RESET_STREAMS; i++) {
        uint16_t stream = r->wanted[i];
        if (!sendq_stream_is_empty(&a->sendq, stream))
            continue;
        r->wanted[i] = r->wanted[ready];
        r->wanted[ready++] = stream;
    }
    return ready;
}

/*
 *   | type 13                     | length                      |
 *   | our request number                                        |
 *   | response number: of the peer's request answered last      |
 *   | last TSN that we sent                                     |
 *   | stream                      | stream                      | …
 */
void reconfig_write(struct sctp_assoc *a, uint64_t now_us)
{
    struct reconfig *r = &a->reconfig;
    if (assoc_is_armed(a, TIMER_RECONFIG) || !a->peer.reconfig || r->wanted_count == 0)
        return;
    if (!r->is_outstanding) {
        r->asked = gather_ready(a);
        if (r->asked == 0)
            return;
        r->is_outstanding = true;
        r->request_last_tsn = (uint32_t)(a->flight.next - 1);
        r->retries = 0;
    }
    size_t len = PARAM_HEADER_LEN + 12 + 2 * r->asked;
    uint8_t *p = output_chunk(&a->out, CHUNK_HEADER_LEN + len);
    chunk_put_header(p, CHUNK_RECONFIG, 0, CHUNK_HEADER_LEN + len);
    p += CHUNK_HEADER_LEN;
    param_put_header(p, PARAM_OUTGOING_RESET, len);
    put_u32be(p + 4, r->next_request);
    put_u32be(p + 8, r->peer_request - 1);
    put_u32be(p + 12, r->request_last_tsn);
    for (size_t i = 0; i < r->asked; i++)
        put_u16be(p + 16 + 2 * i, r->wanted[i]);
    assoc_arm(a, TIMER_RECONFIG, now_us + rtt_backed_off_us(&a->rtt, r->retries));
}

void reconfig_on_timer(struct sctp_assoc *a)
{
    a->is_due = true; /* the write finds the timer off and asks again */
    if (++a->reconfig.retries > a->config.max_retransmit)
        assoc_close(a, SCTP_CLOSED_TIMEOUT);
}

static void respond(struct sctp_assoc *a, uint32_t request, uint32_t result)
{
    uint8_t chunk[CHUNK_HEADER_LEN + PARAM_HEADER_LEN + 8];
    chunk_put_header(chunk, CHUNK_RECONFIG, 0, sizeof chunk);
    param_put_header(chunk + 4, PARAM_RECONFIG_RESPONSE, PARAM_HEADER_LEN + 8);
    put_u32be(chunk + 8, request);
    put_u32be(chunk + 12, result);
    assoc_reply(a, span_of(chunk, sizeof chunk));
}

static uint32_t perform_reset(struct sctp_assoc *a, struct span streams)
{
    for (size_t i = 0; i + 2 <= streams.len; i += 2) {
        if (get_u16be(streams.data + i) >= a->in_streams)
            return RESULT_WRONG_SSN;
    }
    if (streams.len < 2) { /* none named: all of them */
        for (size_t id = 0; id < a->in_streams; id++)
            reasm_reset(&a->in.reasm, (uint16_t)id);
    }
    for (size_t i = 0; i + 2 <= streams.len; i += 2)
        reasm_reset(&a->in.reasm, get_u16be(streams.data + i));
    return RESULT_PERFORMED;
}

static void on_outgoing_reset(struct sctp_assoc *a, const struct param *p)
{
    struct reconfig *r = &a->reconfig;
    uint32_t request = get_u32be(p->value.data);
    bool again = request == r->peer_request - 1;
    if (again && !r->in_progress) {
        respond(a, request, r->last_response);
        return;
    }
    if (!again && request != r->peer_request) {
        respond(a, request, RESULT_BAD_SEQUENCE);
        return;
    }
    uint64_t last = serial_extend(a->in.map.cum, get_u32be(p->value.data + 8));
    /* A reset waits for the reader behind the messages before it, and a short
     * request may name all streams. So it has to fit the window as they do. */
    r->in_progress = last > a->in.map.cum || receive_is_full(&a->in);
    r->last_response =
        r->in_progress ? (uint32_t)RESULT_IN_PROGRESS : perform_reset(a, span_skip(p->value, 12));
    if (!again)
        r->peer_request++;
    respond(a, request, r->last_response);
}

/* The incoming half is reset by its sender: the request asks us to. */
static void on_incoming_reset(struct sctp_assoc *a, const struct param *p)
{
    struct reconfig *r = &a->reconfig;
    uint32_t request = get_u32be(p->value.data);
    if (request == r->peer_request - 1) {
        respond(a, request, r->last_response);
        return;
    }
    if (request != r->peer_request) {
        respond(a, request, RESULT_BAD_SEQUENCE);
        return;
    }
    r->peer_request++;
    r->in_progress = false;
    r->last_response = RESULT_PERFORMED;
    for (size_t i = 4; i + 2 <= p->value.len; i += 2) {
        uint16_t stream = get_u16be(p->value.data + i);
        if (stream < a->out_streams)
            reconfig_want(a, stream);
        else
            r->last_response = RESULT_WRONG_SSN;
    }
    respond(a, request, r->last_response);
}

static void on_denied_request(struct sctp_assoc *a, const struct param *p)
{
    struct reconfig *r = &a->reconfig;
    uint32_t request = get_u32be(p->value.data);
    if (request == r->peer_request) {
        r->peer_request++;
        r->in_progress = false;
        r->last_response = RESULT_DENIED;
    }
    respond(a, request, RESULT_DENIED);
}

static void on_response(struct sctp_assoc *a, const struct param *p, uint64_t now_us)
{
    struct reconfig *r = &a->reconfig;
    uint32_t result = get_u32be(p->value.data + 4);
    if (!r->is_outstanding || get_u32be(p->value.data) != r->next_request)
        return;
    if (result == RESULT_IN_PROGRESS || result == RESULT_BUSY) {
        r->retries = 0;
        assoc_arm(a, TIMER_RECONFIG, now_us + a->rtt.srtt_us + SACK_DELAY_US);
        return;
    }
    r->is_outstanding = false;
    r->next_request++;
    assoc_disarm(a, TIMER_RECONFIG);
    size_t asked = r->asked;
    uint16_t done[MAX_RESET_STREAMS];
    memcpy(done, r->wanted, asked * sizeof *done);
    r->wanted_count -= asked;
    memmove(r->wanted, r->wanted + asked, r->wanted_count * sizeof *done);
    r->asked = 0;
    bool performed = result == RESULT_PERFORMED || result == RESULT_NOTHING;
    for (size_t i = 0; i < asked; i++) {
        mark(r, done[i], false);
        if (performed)
            sendq_restart_stream(&a->sendq, done[i]);
        a->handlers.on_stream_reset(a->arg, done[i],
                                    performed ? SCTP_RESET_OUTGOING : SCTP_RESET_REFUSED);
    }
    a->is_due = true;
}

void reconfig_on_chunk(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    struct span rest = c->value;
    struct param p;
    for (int i = 0; i < 2 && param_next(&rest, &p) > 0 && a->state != ASSOC_DONE; i++) {
        if (p.type == PARAM_OUTGOING_RESET && p.value.len >= 12)
            on_outgoing_reset(a, &p);
        else if (p.type == PARAM_INCOMING_RESET && p.value.len >= 4)
            on_incoming_reset(a, &p);
        else if (p.type == PARAM_RECONFIG_RESPONSE && p.value.len >= 8)
            on_response(a, &p, now_us);
        else if ((p.type == PARAM_TSN_RESET || p.type == PARAM_ADD_OUTGOING ||
                  p.type == PARAM_ADD_INCOMING) &&
                 p.value.len >= 4)
            on_denied_request(a, &p);
    }
}
