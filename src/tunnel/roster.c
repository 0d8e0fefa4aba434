/*
 * A list: there are a few dozen at most, and they come seldom.
 */
#include "tunnel/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static struct roster_entry *entry_at(struct list *link)
{
    return LIST_ENTRY(link, struct roster_entry, link);
}

void roster_init(struct roster *roster)
{
    *roster = (struct roster){0};
    list_init(&roster->entries);
}

void roster_deinit(struct roster *roster)
{
    LIST_EACH(link, next, &roster->entries)
        free(entry_at(link));
}

struct roster_entry *roster_find(const struct roster *roster, uint32_t partner)
{
    LIST_EACH(link, next, &roster->entries) {
        if (entry_at(link)->partner == partner)
            return entry_at(link);
    }
    return NULL;
}

void roster_name(uint32_t partner, const char *device, char out[MUX_DEVICE_MAX + 1])
{
    if (device)
        snprintf(out, MUX_DEVICE_MAX + 1, "%s", device);
    else
        snprintf(out, MUX_DEVICE_MAX + 1, "#%u", partner);
}

void roster_enter(struct roster *roster, uint32_t partner, unsigned session, const char *device,
                  uint64_t now_us)
{
    struct roster_entry *entry = roster_find(roster, partner);
    if (!entry) {
        entry = xcalloc(1, sizeof *entry);
        list_init(&entry->link);
        entry->partner = partner;
        roster_name(partner, device, entry->name);
    }
    list_remove(&entry->link);
    list_append(&roster->entries, &entry->link);
    roster->up += entry->session == 0;
    entry->session = session;
    entry->told = (struct peer_path){0};
    entry->up_us = now_us;
    entry->news_us = TIME_NEVER;
}

void roster_strike(struct roster *roster, uint32_t partner)
{
    struct roster_entry *entry = roster_find(roster, partner);
    if (!entry || entry->session == 0)
        return;
    entry->session = 0;
    entry->news_us = TIME_NEVER;
    roster->up--;
}

void roster_forget(struct roster *roster, uint32_t partner)
{
    struct roster_entry *entry = roster_find(roster, partner);
    roster_strike(roster, partner);
    if (!entry)
        return;
    list_remove(&entry->link);
    free(entry);
}

void roster_change_path(struct roster_entry *entry, bool was_broken, uint64_t now_us)
{
    bool is_first = entry->news_us == TIME_NEVER;
    entry->was_broken = was_broken || (!is_first && entry->was_broken);
    if (!is_first)
        return;
    entry->is_settling = now_us < entry->up_us + ROSTER_PATH_SETTLES_US;
    entry->news_us = now_us + ROSTER_PATH_SETTLES_US;
}

void roster_settle(struct roster *roster)
{
    LIST_EACH(link, next, &roster->entries)
        entry_at(link)->up_us = 0;
}

uint64_t roster_news_us(const struct roster *roster)
{
    uint64_t first_us = TIME_NEVER;
    LIST_EACH(link, next, &roster->entries)
        first_us = entry_at(link)->news_us < first_us ? entry_at(link)->news_us : first_us;
    return first_us;
}

struct roster_entry *roster_next_news(struct roster *roster, uint64_t now_us)
{
    LIST_EACH(link, next, &roster->entries) {
        if (now_us >= entry_at(link)->news_us) {
            entry_at(link)->news_us = TIME_NEVER;
            return entry_at(link);
        }
    }
    return NULL;
}

bool roster_tell_path(struct roster_entry *entry, const struct peer_path *path)
{
    const struct peer_path told = entry->told;
    if (!path->local[0] || !told.local[0])
        return false;
    entry->told = *path;
    if (entry->was_broken || path->is_relayed != told.is_relayed)
        return true;
    /* The other side's address changes its name now and then (prflx, srflx);
     * and a better path of the same kind, right behind the first, goes without
     * saying. */
    return strcmp(path->local, told.local) != 0 && !entry->is_settling;
}

unsigned roster_last(const struct roster *roster)
{
    unsigned last = 0;
    LIST_EACH(link, next, &roster->entries)
        last = entry_at(link)->session ? entry_at(link)->session : last;
    return last;
}
