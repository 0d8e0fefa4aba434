/*
 * Files of the state folder. The check at their end would keep a fuzzer out, so
 * it is put there; the first byte picks the file, and whether it is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/state.h"
#include "tunnel/state_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_invites(struct span text)
{
    struct invites all, again;
    struct buf once, twice;
    if (invites_decode(text, &all) < 0)
        return;
    buf_init(&once, STATE_TEXT_MAX);
    buf_init(&twice, STATE_TEXT_MAX);
    if (!invites_encode(&all, &once) || invites_decode(buf_bytes(&once), &again) < 0)
        abort();
    if (!invites_encode(&again, &twice) || !span_is_equal(buf_bytes(&once), buf_bytes(&twice)))
        abort();
    buf_deinit(&once);
    buf_deinit(&twice);
    invites_deinit(&all);
    invites_deinit(&again);
}

static void check_identity(struct span text)
{
    struct identity identity, again;
    struct buf file;
    if (identity_decode(text, &identity) < 0)
        return;
    buf_init(&file, STATE_TEXT_MAX);
    if (!identity_encode(&identity, &file) || identity_decode(buf_bytes(&file), &again) < 0 ||
        memcmp(&identity, &again, sizeof identity) != 0)
        abort();
    buf_deinit(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text;
    if (size == 0 || size > STATE_TEXT_MAX / 2)
        return 0;
    buf_init(&text, STATE_TEXT_MAX);
    buf_append(&text, span_of(data + 1, size - 1));
    if (data[0] & 1)
        state_text_end(&text);
    if (data[0] & 2)
        check_invites(buf_bytes(&text));
    else
        check_identity(buf_bytes(&text));
    buf_deinit(&text);
    return 0;
}
