/*
 * A link that parses is written again, and is then the same link.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tunnel/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct link link, back;
    const char *why = NULL;
    char *text = xstrndup(span_of(data, size));
    int error = link_parse(text, &link, &why);
    free(text);
    if (error < 0) {
        if (!why)
            abort();
        return 0;
    }
    text = link_format(link.signal_text, link.provider_id, link.secret);
    if (link_parse(text, &back, &why) < 0)
        abort();
    if (memcmp(link.secret, back.secret, sizeof link.secret) != 0 ||
        memcmp(link.provider_id, back.provider_id, sizeof link.provider_id) != 0 ||
        strcmp(link.signal.host, back.signal.host) != 0 || link.signal.port != back.signal.port ||
        strcmp(link.signal.path, back.signal.path) != 0)
        abort();
    free_secret_string(text);
    link_deinit(&link);
    link_deinit(&back);
    return 0;
}
