/*
 * Whatever decodes must encode to something that decodes to the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signal/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct signal_message message;
    if (signal_message_decode(span_of(data, size), &message) < 0) {
        check(!message.room && !message.peer_id && !message.sdp && !message.candidate &&
              !message.text && !message.key && !message.peers);
        return 0;
    }
    char *json = signal_message_encode(&message);
    struct signal_message back;
    check(signal_message_decode(span_from_string(json), &back) == 0);
    check(back.type == message.type);
    char *again = signal_message_encode(&back);
    check(strcmp(json, again) == 0);
    free(json);
    free(again);
    signal_message_deinit(&back);
    signal_message_deinit(&message);
    return 0;
}
