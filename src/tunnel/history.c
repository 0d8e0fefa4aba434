/*
 * The ring is one piece of memory, of which the pages that were never needed
 * take no room.
 */
#include "tunnel/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/utf8.h"

void history_init(struct history *history)
{
    *history = (struct history){0};
    list_init(&history->under_way);
}

void history_deinit(struct history *history)
{
    free(history->entries);
}

void history_begin(struct history *history, struct exchange_record *record)
{
    list_append(&history->under_way, &record->link);
    history->under_way_count++;
}

static void add_to_totals(struct exchange_totals *totals, const struct exchange_record *record)
{
    int class = record->status / 100;
    totals->ends[record->end]++;
    totals->statuses[class < HISTORY_STATUS_CLASSES ? class : 0]++;
    totals->request_bytes += record->request_bytes;
    totals->response_bytes += record->response_bytes;
    totals->prompt_tokens += record->tokens.prompt;
    totals->completion_tokens += record->tokens.completion;
    totals->stream_events += record->tokens.events;
    if (record->first_byte_us != TIME_NEVER)
        histogram_add(&totals->first_byte, record->first_byte_us);
    histogram_add(&totals->duration, record->end_us);
}

/* One that is too long ends with "…", between two characters. */
static void copy_reason(const char *reason, char out[HISTORY_REASON_MAX])
{
    static const char more[] = "…";
    size_t len = strlen(reason);
    bool is_cut = len >= HISTORY_REASON_MAX;
    if (is_cut)
        len = HISTORY_REASON_MAX - sizeof more;
    while (is_cut && len > 0 && utf8_is_inside((uint8_t)reason[len]))
        len--;
    memcpy(out, reason, len);
    memcpy(out + len, is_cut ? more : "", is_cut ? sizeof more : 1);
}

void history_end(struct history *history, const struct exchange_record *record)
{
    if (!history->entries)
        history->entries = xcalloc(HISTORY_MAX, sizeof *history->entries);
    struct history_entry *entry = &history->entries[history->count % HISTORY_MAX];
    entry->number = ++history->count;
    entry->record = *record;
    entry->record.watch = NULL;
    entry->record.reason = NULL;
    list_init(&entry->record.link);
    entry->reason[0] = '\0';
    if (record->reason)
        copy_reason(record->reason, entry->reason);
    history->under_way_count--;
    add_to_totals(&history->totals, record);
}

uint64_t history_first(const struct history *history)
{
    return history->count > HISTORY_MAX ? history->count - HISTORY_MAX + 1 : 1;
}

const struct history_entry *history_find(const struct history *history, uint64_t number)
{
    if (number < history_first(history) || number > history->count)
        return NULL;
    return &history->entries[(number - 1) % HISTORY_MAX];
}

uint64_t exchange_totals_count(const struct exchange_totals *totals)
{
    uint64_t count = 0;
    for (int i = 0; i < EXCHANGE_ENDS; i++)
        count += totals->ends[i];
    return count;
}
