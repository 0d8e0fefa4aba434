/*
 * What a network's proxy says. The first byte chooses what it is asked by, the
 * rest is the answer.
 */
#include <assert.h>
#include <stdint.h>

#include "net/egress_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const urls[] = {"http://proxy", "http://u:p@proxy", "socks5h://proxy",
                                       "socks5h://u:p@proxy"};
    struct egress *egress;
    const char *why;
    if (size == 0)
        return 0;
    int error = egress_new(urls[data[0] & 3], NULL, &egress, &why);
    assert(error == 0);
    (void)error;
    struct egress_talk *talk = egress_talk_new(egress, "example.org", 443);
    struct span answer = span_of(data + 1, size - 1);
    enum egress_status status = EGRESS_ASKING;
    while (answer.len > 0 && status == EGRESS_ASKING) {
        size_t len = egress_talk_wants(talk);
        assert(len > 0 && len <= EGRESS_WANTS_MAX);
        len = len < answer.len ? len : answer.len;
        status = egress_talk_feed(talk, span_of(answer.data, len));
        egress_talk_take(talk);
        answer = span_skip(answer, len);
    }
    assert(status != EGRESS_REFUSED || *egress_talk_error(talk));
    egress_talk_free(talk);
    egress_free(egress);
    return 0;
}
