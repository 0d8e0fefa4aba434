/*
 * What has failed is not over because another attempt is made: until one
 * succeeds, or fails in another way, it is what a client should know.
 */
#include "tunnel/outage.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* Longer than any backoff: only who is not let in any more waits so long. */
#define LASTING_US (60 * US_PER_S)

/* Without the brackets at the end in which ICE tells of each pair: a page of
 * text in a chat, and addresses that are no business of a page in a browser.
 * The log has them, and so have the errors of the status. */
static size_t brief_len(const char *text)
{
    size_t len = strlen(text);
    size_t at = len;
    int depth = 0;
    while (at > 0) {
        char c = text[--at];
        depth += (c == ')') - (c == '(');
        if (depth == 0)
            break;
    }
    bool is_report = at > 0 && at + 1 < len && text[at - 1] == ' ' && strstr(text + at, ": ");
    return is_report ? at - 1 : len;
}

static bool update_text(struct outage *outage, bool is_provider, const struct keeper_status *status)
{
    const char *const steps[] = {
        [KEEPER_CONNECTING] = "connecting to the signal server",
        [KEEPER_WAITING] =
            is_provider ? "no `tunnel proxy` is in the room" : "`tunnel serve` is not in the room",
        [KEEPER_NEGOTIATING] = "still connecting to the other side",
    };
    if (status->state == KEEPER_UP) {
        *outage = (struct outage){0};
        return false;
    }
    if (!status->problem && (outage->has_failed || status->state == KEEPER_RETRYING))
        return false;
    if (status->is_slow && outage->has_failed)
        return false;
    outage->has_failed = status->problem && !status->is_slow;
    const char *text = status->problem ? status->problem : steps[status->state];
    snprintf(outage->text, sizeof outage->text, "%.*s", (int)brief_len(text), text);
    return true;
}

bool outage_update(struct outage *outage, bool is_provider, const struct keeper_status *status,
                   uint64_t now_us)
{
    bool was_lasting = outage->is_lasting;
    uint64_t before_us = outage->retry_at_us;
    bool is_another = update_text(outage, is_provider, status);
    outage->is_lasting = status->state == KEEPER_RETRYING && status->retry_in_us >= LASTING_US;
    outage->retry_at_us = status->retry_in_us > 0 ? now_us + status->retry_in_us : 0;
    return is_another || outage->is_lasting != was_lasting || outage->retry_at_us != before_us;
}
