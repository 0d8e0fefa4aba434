#include "rtc/snap.h"

#include <assert.h>
#include <errno.h>

#include "base/armor.h"

void snap_encode(struct span init, char out[SNAP_TEXT_MAX + 1])
{
    assert(init.len <= SCTP_INIT_MAX);
    armor_encode(ARMOR_BASE64, init, out);
}

long snap_decode(const char *text, uint8_t out[SCTP_INIT_MAX])
{
    uint8_t bytes[SNAP_TEXT_MAX];
    size_t text_len = strlen(text);
    if (text_len > SNAP_TEXT_MAX)
        return -EINVAL;
    long len = armor_decode(ARMOR_BASE64, span_of(text, text_len), bytes);
    if (len < 0 || len > SCTP_INIT_MAX || !sctp_init_is_valid(span_of(bytes, (size_t)len)))
        return -EINVAL;
    memcpy(out, bytes, (size_t)len);
    return len;
}
