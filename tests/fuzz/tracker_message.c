/*
 * What a tracker sends: ids have their length, and nothing is left behind an
 * error.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signal/tracker_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

/* An answer to what has come says the same ids, so it decodes. */
static void answer(const uint8_t *info_hash, const struct tracker_message *offer)
{
    char *json = tracker_answer_encode(&(struct tracker_answer){.info_hash = info_hash,
                                                                .peer_id = offer->peer_id,
                                                                .to_peer_id = info_hash,
                                                                .offer_id = offer->offer_id,
                                                                .sdp = offer->sdp});
    struct tracker_message back;
    check(tracker_message_decode(span_from_string(json), info_hash, &back) == 0);
    check(back.type == TRACKER_ANSWER && strcmp(back.sdp, offer->sdp) == 0);
    check(memcmp(back.peer_id, offer->peer_id, sizeof back.peer_id) == 0);
    check(memcmp(back.offer_id, offer->offer_id, sizeof back.offer_id) == 0);
    tracker_message_deinit(&back);
    free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t info_hash[TRACKER_ID_LEN] = "aaaaaaaaaaaaaaaaaaaa";
    struct tracker_message message;
    if (tracker_message_decode(span_of(data, size), info_hash, &message) < 0) {
        check(!message.sdp && !message.text);
        return 0;
    }
    check((message.sdp != NULL) ==
          (message.type == TRACKER_OFFER || message.type == TRACKER_ANSWER));
    check((message.text != NULL) == (message.type == TRACKER_FAILURE));
    if (message.sdp)
        answer(info_hash, &message);
    tracker_message_deinit(&message);
    return 0;
}
