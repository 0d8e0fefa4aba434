/*
 * The alphabets differ in how many bits a character holds; a register takes
 * bits at one end and gives them at the other.
 */
#include "base/armor.h"

#include <ctype.h>
#include <errno.h>

static const char *alphabet(enum armor armor)
{
    switch (armor) {
    case ARMOR_HEX:
        return "0123456789abcdef";
    case ARMOR_BASE32:
        return "abcdefghijklmnopqrstuvwxyz234567";
    case ARMOR_BASE64URL:
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    case ARMOR_BASE64:
        break;
    }
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

/* The character's bits, or -1. */
static int value_of(enum armor armor, char c)
{
    const char *characters = alphabet(armor);
    if (ARMOR_WIDTH(armor) < 6)
        c = (char)tolower((unsigned char)c);
    const char *at = c ? strchr(characters, c) : NULL;
    return at ? (int)(at - characters) : -1;
}

char *armor_encode(enum armor armor, struct span bytes, char *out)
{
    const char *characters = alphabet(armor);
    unsigned width = ARMOR_WIDTH((unsigned)armor);
    unsigned mask = (1U << width) - 1;
    unsigned bits = 0;
    unsigned have = 0;
    char *to = out;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = (bits << 8 | bytes.data[i]) & 0xffff;
        for (have += 8; have >= width; have -= width)
            *to++ = characters[bits >> (have - width) & mask];
    }
    if (have > 0)
        *to++ = characters[bits << (width - have) & mask];
    while (armor == ARMOR_BASE64 && (to - out) % 4 != 0)
        *to++ = '=';
    *to = '\0';
    return out;
}

static struct span without_padding(struct span text)
{
    for (int i = 0; i < 2 && text.data[text.len - 1] == '='; i++)
        text.len--;
    return text;
}

long armor_decode(enum armor armor, struct span text, uint8_t *out)
{
    unsigned width = ARMOR_WIDTH((unsigned)armor);
    if (armor == ARMOR_BASE64 && text.len > 0 && text.len % 4 == 0)
        text = without_padding(text);
    unsigned bits = 0;
    unsigned have = 0;
    long len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = value_of(armor, (char)text.data[i]);
        if (value < 0)
            return -EINVAL;
        bits = (bits << width | (unsigned)value) & 0xffff;
        have += width;
        if (have >= 8) {
            have -= 8;
            out[len++] = (uint8_t)(bits >> have);
        }
    }
    bool is_whole = have < width && (bits & ((1U << have) - 1)) == 0;
    return is_whole ? len : -EINVAL;
}

bool armor_is_character(enum armor armor, char c)
{
    return value_of(armor, c) >= 0;
}
