/*
 * A multicast DNS message, as the answer to three names: the first bytes of
 * the input as a name, too.
 */
#include <stdint.h>
#include <stdlib.h>

#include "ice/mdns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_for(const char *name, struct span message)
{
    struct ice_address out[MDNS_ADDRESSES_MAX];
    uint8_t query[MDNS_QUERY_MAX];
    int count = mdns_answer_decode(message, name, out, MDNS_ADDRESSES_MAX);
    if (count > MDNS_ADDRESSES_MAX)
        abort();
    for (int i = 0; i < count; i++) {
        if (out[i].family != ICE_FAMILY_4 && out[i].family != ICE_FAMILY_6)
            abort();
    }
    int len = mdns_query_encode(name, 1, query);
    if (len > MDNS_QUERY_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[400];
    size_t len = size < sizeof name - 1 ? size : sizeof name - 1;
    for (size_t i = 0; i < len; i++)
        name[i] = (char)data[i];
    name[len] = '\0';
    look_for(name, span_of(data, size));
    look_for("host.local", span_of(data, size));
    look_for("4e1c3d6f-7b1e-4c9a-9a59-3b5b54ff6ab2.local", span_of(data, size));
    return 0;
}
