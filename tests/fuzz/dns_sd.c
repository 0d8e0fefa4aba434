/*
 * A message of the network: to a responder, and to who waits for an answer.
 * What the first answers, the other understands.
 */
#include <stdint.h>
#include <stdlib.h>

#include "signal/dns_sd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char hash[] = "0123456789abcdef0123456789abcdef";
    static const struct dns_sd_host host = {.has_v4 = true, .v4 = {192, 168, 1, 5}};
    struct dns_sd_responder responder;
    struct span message = {data, size};
    dns_sd_answer_port(message, hash);
    for (int is_one_shot = 0; is_one_shot < 2; is_one_shot++) {
        struct buf out;
        buf_init(&out, DNS_SD_MESSAGE_MAX);
        dns_sd_responder_init(&responder, hash, 4242, &host, 0);
        bool is_answered = dns_sd_responder_feed(&responder, message, is_one_shot, 0, &out);
        if (is_answered && dns_sd_answer_port(buf_bytes(&out), hash) != 4242)
            abort();
        if (!is_answered && out.len > 0)
            abort();
        buf_deinit(&out);
    }
    return 0;
}
