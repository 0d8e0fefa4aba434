/*
 * What is taken for the plain form is what the decoder, by jansson, takes it
 * for; and what is passed on of it decodes to the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signal/message_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

static void check_same(const char *a, const char *b)
{
    check(!a == !b && (!a || strcmp(a, b) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char id[] = "27f05af4";
    struct signal_message scanned, decoded, passed_on;
    if (!message_scan(span_of(data, size), &scanned))
        return 0;
    check(signal_message_decode(span_of(data, size), &decoded) == 0);
    check(scanned.type == decoded.type);
    check_same(scanned.to, decoded.to);
    struct signal_message relayed = scanned;
    relayed.peer_id = id;
    char *text = signal_message_encode(&relayed);
    check(signal_message_decode(span_from_string(text), &passed_on) == 0);
    check(passed_on.type == decoded.type && strcmp(passed_on.peer_id, id) == 0);
    check_same(passed_on.sdp, decoded.type == SIGNAL_CANDIDATE ? NULL : decoded.sdp);
    check_same(passed_on.candidate, decoded.type == SIGNAL_CANDIDATE ? decoded.candidate : NULL);
    free(text);
    signal_message_deinit(&scanned);
    signal_message_deinit(&decoded);
    signal_message_deinit(&passed_on);
    return 0;
}
