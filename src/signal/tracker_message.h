/*
 * What is said to a WebTorrent tracker, and by it: JSON text, one object each.
 * Pure. There is no RFC; this is what bittorrent-tracker, aquatic and
 * wt-tracker agree on (docs/PROTOCOL.md, "trackers").
 *
 * A tracker hands each offer of an announce to somebody in the swarm of that
 * info_hash, at random, and an answer to whom it names. Ids are 20 bytes, which
 * stand in JSON as a string of as many code points below U+0100.
 */
#ifndef SIGNAL_TRACKER_MESSAGE_H
#define SIGNAL_TRACKER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum {
    TRACKER_ID_LEN = 20,
    TRACKER_OFFERS_MAX = 10, /* of an announce: aquatic passes no more on, wt-tracker 20 */
    /* Bytes of a message to a tracker, which is one frame: aquatic takes 16 KiB
     * of a frame, as it comes, and 64 of a message. */
    TRACKER_SEND_MAX = 15 << 10,
    TRACKER_TEXT_MAX = 512 /* bytes of its words that are kept */
};

enum tracker_event { TRACKER_UPDATE, TRACKER_STARTED, TRACKER_STOPPED };

struct tracker_announce {
    const uint8_t *info_hash; /* TRACKER_ID_LEN bytes, as all ids */
    const uint8_t *peer_id;
    enum tracker_event event;
    bool is_provider; /* is counted among those that are complete */
    const char *sdp;  /* of each offer; NULL: none is made */
};

/* To be freed. It has as many offers of that sdp as may be and fit, at least
 * one, each under a random id. */
char *tracker_announce_encode(const struct tracker_announce *announce);

struct tracker_answer {
    const uint8_t *info_hash;
    const uint8_t *peer_id;
    const uint8_t *to_peer_id;
    const uint8_t *offer_id; /* of its offer */
    bool is_provider;
    const char *sdp;
};

/* To be freed. */
char *tracker_answer_encode(const struct tracker_answer *answer);

enum tracker_type {
    TRACKER_RESPONSE, /* interval_s, providers: to an announce */
    TRACKER_OFFER,    /* peer_id, offer_id, sdp */
    TRACKER_ANSWER,   /* peer_id, offer_id, sdp */
    TRACKER_FAILURE   /* text */
};

struct tracker_message {
    enum tracker_type type;
    uint8_t peer_id[TRACKER_ID_LEN];
    uint8_t offer_id[TRACKER_ID_LEN];
    char *sdp;
    char *text;
    unsigned interval_s; /* until the next announce; 0: it does not say */
    unsigned providers;  /* those that are complete */
};

/* 0 with *out, to be freed by tracker_message_deinit(); -EBADMSG for what is no
 * JSON object; -EPROTO for what is not about info_hash, or of no use;
 * -EINVAL for a member that is missing or has the wrong type. */
int tracker_message_decode(struct span json, const uint8_t info_hash[TRACKER_ID_LEN],
                           struct tracker_message *out);
void tracker_message_deinit(struct tracker_message *message);

#endif
