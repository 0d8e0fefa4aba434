/*
 * SDP's base64 differs from that of URLs by two characters and the padding.
 */
#include "rtc/snap.h"

#include <assert.h>
#include <errno.h>

#include "base/armor.h"

static void replace(char *text, size_t len, const char from[2], const char to[2])
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == from[0])
            text[i] = to[0];
        else if (text[i] == from[1])
            text[i] = to[1];
    }
}

void snap_encode(struct span init, char out[SNAP_TEXT_MAX + 1])
{
    assert(init.len <= SCTP_INIT_MAX);
    armor_encode(ARMOR_BASE64URL, init, out);
    size_t len = strlen(out);
    replace(out, len, "-_", "+/");
    while (len % 4 != 0)
        out[len++] = '=';
    out[len] = '\0';
}

/* Without the padding, and with no character of URLs' base64 in it. */
static long copy_url(const char *text, char out[SNAP_TEXT_MAX + 1])
{
    size_t len = strlen(text);
    if (len > SNAP_TEXT_MAX || strpbrk(text, "-_"))
        return -EINVAL;
    memcpy(out, text, len);
    if (len % 4 == 0 && len > 0)
        len -= out[len - 1] != '=' ? 0u : out[len - 2] != '=' ? 1u : 2u;
    replace(out, len, "+/", "-_");
    return (long)len;
}

long snap_decode(const char *text, uint8_t out[SCTP_INIT_MAX])
{
    char url[SNAP_TEXT_MAX + 1];
    uint8_t bytes[SNAP_TEXT_MAX];
    long url_len = copy_url(text, url);
    if (url_len < 0)
        return -EINVAL;
    long len = armor_decode(ARMOR_BASE64URL, span_of(url, (size_t)url_len), bytes);
    if (len < 0 || len > SCTP_INIT_MAX || !sctp_init_is_valid(span_of(bytes, (size_t)len)))
        return -EINVAL;
    memcpy(out, bytes, (size_t)len);
    return len;
}
