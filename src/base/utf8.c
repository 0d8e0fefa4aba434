/*
 * The well-formed byte sequences of RFC 3629 section 4: the lead byte gives
 * the length and the smallest code point that may use it.
 */
#include "base/utf8.h"

size_t utf8_decode(struct span text, uint32_t *code)
{
    uint8_t lead = text.data[0];
    if (lead < 0x80) {
        *code = lead;
        return 1;
    }
    size_t len;
    uint32_t value, least;
    if ((lead & 0xe0) == 0xc0) {
        len = 2, value = lead & 0x1f, least = 0x80;
    } else if ((lead & 0xf0) == 0xe0) {
        len = 3, value = lead & 0x0f, least = 0x800;
    } else if ((lead & 0xf8) == 0xf0) {
        len = 4, value = lead & 0x07, least = 0x10000;
    } else {
        return 0;
    }
    if (text.len < len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((text.data[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (text.data[i] & 0x3f);
    }
    bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < least || value > 0x10ffff || is_surrogate)
        return 0;
    *code = value;
    return len;
}

/* How many bytes at the front are ASCII, four words at a time: most texts are
 * nothing else. */
static size_t ascii_len(struct span text)
{
    uint64_t words[4];
    size_t len = 0;
    for (; text.len - len >= sizeof words; len += sizeof words) {
        memcpy(words, text.data + len, sizeof words);
        if ((words[0] | words[1] | words[2] | words[3]) & UINT64_C(0x8080808080808080))
            break;
    }
    while (len < text.len && text.data[len] < 0x80)
        len++;
    return len;
}

bool utf8_is_valid(struct span text)
{
    while (text.len > 0) {
        text = span_skip(text, ascii_len(text));
        if (text.len == 0)
            break;
        uint32_t code;
        size_t len = utf8_decode(text, &code);
        if (len == 0)
            return false;
        text = span_skip(text, len);
    }
    return true;
}
