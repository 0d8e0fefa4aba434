/*
 * The three alphabets differ in how many bits a character holds; a register
 * takes bits at one end and gives them at the other.
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
        break;
    }
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
}

/* The character's bits, or -1. */
static int value_of(enum armor armor, char c)
{
    const char *characters = alphabet(armor);
    if (armor != ARMOR_BASE64URL)
        c = (char)tolower((unsigned char)c);
    const char *at = c ? strchr(characters, c) : NULL;
    return at ? (int)(at - characters) : -1;
}

char *armor_encode(enum armor armor, struct span bytes, char *out)
{
    const char *characters = alphabet(armor);
    unsigned width = (unsigned)armor;
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
    *to = '\0';
    return out;
}

long armor_decode(enum armor armor, struct span text, uint8_t *out)
{
    unsigned bits = 0;
    unsigned have = 0;
    long len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = value_of(armor, (char)text.data[i]);
        if (value < 0)
            return -EINVAL;
        bits = (bits << armor | (unsigned)value) & 0xffff;
        have += (unsigned)armor;
        if (have >= 8) {
            have -= 8;
            out[len++] = (uint8_t)(bits >> have);
        }
    }
    bool is_whole = have < (unsigned)armor && (bits & ((1U << have) - 1)) == 0;
    return is_whole ? len : -EINVAL;
}

bool armor_is_character(enum armor armor, char c)
{
    return value_of(armor, c) >= 0;
}
