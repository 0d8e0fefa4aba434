/*
 * SPED (draft-hancke-webrtc-sped): while ICE looks for a path, the DTLS
 * handshake travels in its checks and their answers, as two attributes that
 * MESSAGE-INTEGRITY covers:
 *
 *   0xC070   one datagram of the handshake, or empty: this side speaks SPED
 *   0xC071   CRC-32 of up to four datagrams that have come this way
 *
 *            our description has it          so has theirs
 *   OFFERED ────────────────────────► settle() ──────────► ON ──► OVER
 *                                        └───────────────► OFF
 *
 * DTLS knows nothing of STUN, ICE nothing of DTLS: the owner hands datagrams in
 * and out, and messages to be filled and read. What is not acknowledged goes
 * by turns; a new flight takes the place of the last.
 */
#ifndef RTC_SPED_H
#define RTC_SPED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "ice/stun.h"

enum {
    SPED_DATAGRAM_MAX = 900, /* with what ICE needs it goes through most paths */
    SPED_FLIGHT_MAX = 4,     /* of datagrams; more of them go when there is a path */
    SPED_ACKS_MAX = 4
};

enum sped_state { SPED_OFFERED, SPED_OFF, SPED_ON, SPED_OVER };

struct sped_datagram {
    size_t len;
    uint32_t crc;
    uint8_t data[SPED_DATAGRAM_MAX];
};

struct sped {
    enum sped_state state;
    bool is_heard;         /* attributes have come */
    bool is_flight_ending; /* the next datagram begins another */
    size_t count;
    size_t next;                  /* whose turn it is */
    struct sped_datagram *flight; /* SPED_FLIGHT_MAX, from the first one on to the end */
    size_t ack_count;
    uint32_t acks[SPED_ACKS_MAX]; /* the oldest first */
};

void sped_init(struct sped *sped);
void sped_deinit(struct sped *sped);

/* Both descriptions are known: do they have it? */
void sped_settle(struct sped *sped, bool is_spoken);
bool sped_is_on(const struct sped *sped);

/* The handshake is done. */
void sped_end(struct sped *sped);

/* What is queued from now on is an answer to what is fed to DTLS now. */
void sped_end_flight(struct sped *sped);

/* A datagram of ours, copied. One that is too long, or too many, does not
 * ride. */
void sped_queue(struct sped *sped, struct span datagram);

/* Adds to a check, or to an answer. carries: also a datagram; it should not
 * where the same message has been sent before, since it may be that which made
 * it too large for the path. Before settle() only who has sent attributes gets
 * any. */
void sped_fill(struct sped *sped, struct stun_writer *w, bool carries);

/* Reads an authenticated check or answer: the datagram in it, of its bytes, or
 * nothing. */
struct span sped_take(struct sped *sped, const struct stun_message *m);

#endif
