#include "tunnel/repeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "signal/message.h"

struct word {
    struct list link;
    enum seal_type type;
    char *wire;
};

/* An offer and its candidates. */
struct repeat {
    struct list link;
    char peer[SIGNAL_PEER_ID_MAX + 1];
    struct list words;
    int times; /* that it was said again */
    uint64_t due_us;
};

static struct repeat *repeat_at(struct list *link)
{
    return LIST_ENTRY(link, struct repeat, link);
}

static struct word *word_at(struct list *link)
{
    return LIST_ENTRY(link, struct word, link);
}

void repeats_init(struct repeats *all)
{
    *all = (struct repeats){0};
    list_init(&all->list);
}

void repeats_deinit(struct repeats *all)
{
    repeats_clear(all);
}

static void drop(struct repeats *all, struct repeat *repeat)
{
    LIST_EACH(link, next, &repeat->words) {
        struct word *word = word_at(link);
        all->bytes -= strlen(word->wire);
        free(word->wire);
        free(word);
    }
    list_remove(&repeat->link);
    free(repeat);
}

static struct repeat *find(const struct repeats *all, const char *peer)
{
    LIST_EACH(link, next, &all->list) {
        if (strcmp(repeat_at(link)->peer, peer ? peer : "") == 0)
            return repeat_at(link);
    }
    return NULL;
}

static struct repeat *begin(struct repeats *all, const char *peer, uint64_t now_us)
{
    struct repeat *repeat = xcalloc(1, sizeof *repeat);
    snprintf(repeat->peer, sizeof repeat->peer, "%s", peer ? peer : "");
    list_init(&repeat->words);
    repeat->due_us = now_us + REPEAT_FIRST_US;
    list_append(&all->list, &repeat->link);
    return repeat;
}

void repeats_add(struct repeats *all, const char *peer, enum seal_type type, const char *wire,
                 uint64_t now_us)
{
    if (type == SEAL_OFFER)
        repeats_forget(all, peer);
    struct repeat *repeat = type == SEAL_OFFER ? begin(all, peer, now_us) : find(all, peer);
    if (!repeat || (type != SEAL_OFFER && type != SEAL_CANDIDATE))
        return;
    if (all->bytes + strlen(wire) > REPEAT_BYTES_MAX) {
        drop(all, repeat); /* a part of it would be of little use */
        return;
    }
    struct word *word = xcalloc(1, sizeof *word);
    word->type = type;
    word->wire = xstrdup(wire);
    all->bytes += strlen(wire);
    list_append(&repeat->words, &word->link);
}

void repeats_forget(struct repeats *all, const char *peer)
{
    struct repeat *repeat = find(all, peer);
    if (repeat)
        drop(all, repeat);
}

void repeats_clear(struct repeats *all)
{
    LIST_EACH(link, next, &all->list)
        drop(all, repeat_at(link));
}

uint64_t repeats_due_us(const struct repeats *all)
{
    uint64_t due_us = TIME_NEVER;
    LIST_EACH(link, next, &all->list) {
        if (repeat_at(link)->due_us < due_us)
            due_us = repeat_at(link)->due_us;
    }
    return due_us;
}

void repeats_run(struct repeats *all, uint64_t now_us,
                 void (*say)(const char *peer, enum seal_type type, const char *wire, void *arg),
                 void *arg)
{
    LIST_EACH(link, next, &all->list) {
        struct repeat *repeat = repeat_at(link);
        if (repeat->due_us > now_us)
            continue;
        LIST_EACH(at, next_word, &repeat->words)
            say(repeat->peer, word_at(at)->type, word_at(at)->wire, arg);
        repeat->times++;
        repeat->due_us = now_us + (REPEAT_FIRST_US << repeat->times);
        if (repeat->times == REPEAT_TIMES)
            drop(all, repeat);
    }
}
