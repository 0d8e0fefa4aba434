/*
 * Ours have one section that counts, and it is the last: so candidates stand at
 * the end of a description (RFC 8839 section 5.1).
 */
#include "tunnel/parcel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rtc/candidate.h"

#define END_OF_CANDIDATES "a=end-of-candidates\r\n"
#define UFRAG             "a=ice-ufrag:"

void parcels_init(struct parcels *all)
{
    list_init(&all->list);
}

static struct parcel *parcel_at(struct list *link)
{
    return LIST_ENTRY(link, struct parcel, link);
}

void parcel_free(struct parcel *parcel)
{
    list_remove(&parcel->link);
    buf_deinit(&parcel->sdp);
    free(parcel->ufrag);
    free(parcel);
}

void parcels_deinit(struct parcels *all)
{
    LIST_EACH(link, next, &all->list)
        parcel_free(parcel_at(link));
}

static struct parcel *find(const struct parcels *all, const char *peer)
{
    LIST_EACH(link, next, &all->list) {
        if (strcmp(parcel_at(link)->peer, peer) == 0)
            return parcel_at(link);
    }
    return NULL;
}

static char *ufrag_of(const char *sdp)
{
    const char *at = strstr(sdp, UFRAG);
    if (!at)
        return xstrdup("");
    at += strlen(UFRAG);
    return xstrndup(span_of(at, strcspn(at, "\r\n")));
}

void parcels_begin(struct parcels *all, const char *peer, enum seal_type type, const char *sdp,
                   uint64_t now_us)
{
    struct parcel *before = find(all, peer);
    if (before)
        parcel_free(before);
    struct parcel *parcel = xcalloc(1, sizeof *parcel);
    snprintf(parcel->peer, sizeof parcel->peer, "%s", peer);
    parcel->type = type;
    buf_init(&parcel->sdp, SEAL_PLAIN_MAX);
    parcel->is_complete =
        buf_append(&parcel->sdp, span_from_string(sdp)) < 0 || strstr(sdp, END_OF_CANDIDATES);
    parcel->ufrag = ufrag_of(sdp);
    parcel->due_us = now_us + PARCEL_PATIENCE_US;
    list_append(&all->list, &parcel->link);
}

void parcels_add(struct parcels *all, const char *peer, const char *candidate_json)
{
    char *candidate;
    char *ufrag;
    struct parcel *parcel = find(all, peer);
    if (!parcel || candidate_json_decode(span_from_string(candidate_json), &candidate, &ufrag) < 0)
        return;
    bool is_other = ufrag && strcmp(ufrag, parcel->ufrag) != 0;
    if (!is_other && candidate)
        buf_append_format(&parcel->sdp, "a=%s\r\n", candidate);
    if (!is_other && !candidate) {
        buf_append(&parcel->sdp, SPAN_LITERAL(END_OF_CANDIDATES));
        parcel->is_complete = true;
    }
    free(candidate);
    free(ufrag);
}

struct parcel *parcels_take(struct parcels *all, uint64_t now_us)
{
    LIST_EACH(link, next, &all->list) {
        struct parcel *parcel = parcel_at(link);
        if (!parcel->is_complete && parcel->due_us > now_us)
            continue;
        list_remove(&parcel->link);
        buf_append(&parcel->sdp, SPAN_LITERAL("\0"));
        return parcel;
    }
    return NULL;
}

uint64_t parcels_due_us(const struct parcels *all)
{
    uint64_t first_us = TIME_NEVER;
    LIST_EACH(link, next, &all->list) {
        uint64_t due_us = parcel_at(link)->is_complete ? 0 : parcel_at(link)->due_us;
        first_us = due_us < first_us ? due_us : first_us;
    }
    return first_us;
}
