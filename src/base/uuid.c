/*
 * Hexadecimal digits, with a hyphen behind byte 4, 6, 8 and 10.
 */
#include "base/uuid.h"

#include <stdio.h>
#include <string.h>

#include "base/armor.h"
#include "base/random.h"

void uuid_make(char out[UUID_TEXT_LEN + 1])
{
    uint8_t b[UUID_LEN];
    random_bytes(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4 */
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* variant 10 */
    snprintf(out, UUID_TEXT_LEN + 1,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

static bool has_hyphen_before(int byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

bool uuid_parse(const char *text, uint8_t out[UUID_LEN])
{
    if (strlen(text) != UUID_TEXT_LEN)
        return false;
    for (int i = 0; i < UUID_LEN; i++) {
        if (has_hyphen_before(i) && *text++ != '-')
            return false;
        int high = armor_hex_value((uint8_t)*text++);
        int low = armor_hex_value((uint8_t)*text++);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
