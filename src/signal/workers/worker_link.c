/*
 * Deaths are seen on the board, before any letter is read: what comes from who
 * has taken the place of a dead one so finds it buried.
 */
#include "signal/workers/worker_link.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/log.h"

enum { NUMBER_LEN = 4 };

/* A socket that another worker serves. */
struct loan {
    struct table_node node;
    struct list link; /* of those with the same worker */
    struct source *source;
    uint8_t number[NUMBER_LEN];
};

struct peer {
    struct mailbox_writer *writer; /* NULL: it is this one */
    struct list loans;
    unsigned lives; /* as far as seen */
};

struct worker_link {
    const struct workers *workers;
    int index;
    unsigned lives; /* its own: how many were before it */
    struct sources *sources;
    const struct worker_link_handlers *handlers;
    void *arg;
    struct mailbox_reader *reader;
    struct table loans; /* by number */
    struct peer peers[WORKERS_MAX];
};

/* ---- what is lent ---- */

static void loan_free(struct worker_link *link, struct loan *loan)
{
    table_remove(&link->loans, &loan->node);
    list_remove(&loan->link);
    free(loan);
}

static struct loan *loan_find(struct worker_link *link, unsigned number)
{
    uint8_t key[NUMBER_LEN];
    put_u32be(key, number);
    struct table_node *node = table_find(&link->loans, span_of(key, sizeof key));
    return node ? LIST_ENTRY(node, struct loan, node) : NULL;
}

void worker_link_lend(struct worker_link *link, unsigned number, struct source *source, int to)
{
    struct loan *loan = xcalloc(1, sizeof *loan);
    loan->source = source;
    put_u32be(loan->number, number);
    table_insert(&link->loans, &loan->node, span_of(loan->number, sizeof loan->number));
    list_append(&link->peers[to].loans, &loan->link);
}

struct source *worker_link_take_back(struct worker_link *link, unsigned number)
{
    struct loan *loan = loan_find(link, number);
    if (!loan)
        return NULL;
    struct source *source = loan->source;
    loan_free(link, loan);
    return source;
}

/* It has ended where it was. */
static void loan_end(struct worker_link *link, struct loan *loan)
{
    sources_drop_socket(link->sources, loan->source, clock_now_us());
    worker_board_uncount(link->workers->board, link->index);
    loan_free(link, loan);
}

static void take_claim(struct worker_link *link, const struct worker_message *message)
{
    uint64_t now_us = clock_now_us();
    if (loan_find(link, message->number))
        return;
    worker_board_count(link->workers->board, link->index);
    struct source *source = sources_add_socket(link->sources, &message->address, now_us);
    worker_link_lend(link, message->number, source, message->from);
}

/* ---- the dead ---- */

static void bury(struct worker_link *link, int worker)
{
    LIST_EACH(pos, tmp, &link->peers[worker].loans)
        loan_end(link, LIST_ENTRY(pos, struct loan, link));
    link->handlers->on_death(worker, link->arg);
}

void worker_link_look(struct worker_link *link)
{
    for (int i = 0; i < link->workers->count; i++) {
        unsigned lives = worker_board_lives(link->workers->board, i);
        if (i == link->index || lives == link->peers[i].lives)
            continue;
        link->peers[i].lives = lives;
        bury(link, i);
    }
}

bool worker_link_is_late(const struct worker_link *link, const struct worker_message *message)
{
    return message->lives != link->lives || message->own_lives != link->peers[message->from].lives;
}

/* ---- letters ---- */

static void on_letter(struct span letter, int fd, void *arg)
{
    struct worker_link *link = arg;
    struct worker_message message;
    worker_link_look(link);
    if (worker_message_decode(letter, &message) < 0)
        return; /* it only wakes: see workers_bury() */
    struct loan *loan = NULL;
    switch (message.type) {
    case WORKER_SOCKET:
        link->handlers->on_socket(&message, fd, link->arg);
        break;
    case WORKER_GONE:
        loan = loan_find(link, message.number);
        if (loan)
            loan_end(link, loan);
        break;
    case WORKER_CLAIM:
        take_claim(link, &message);
        break;
    case WORKER_MESSAGE_TYPES:
        break;
    }
}

void worker_link_send(struct worker_link *link, int to, struct worker_message *message, int fd)
{
    uint8_t letter[WORKER_MESSAGE_MAX];
    assert(to != link->index);
    message->from = (uint8_t)link->index;
    message->lives = link->peers[to].lives;
    message->own_lives = link->lives;
    size_t len = worker_message_encode(message, letter);
    mailbox_put(link->peers[to].writer, span_of(letter, len), fd);
}

bool worker_link_is_full(const struct worker_link *link, int to)
{
    return mailbox_is_full(link->peers[to].writer);
}

/* ---- the whole ---- */

int worker_link_index(const struct worker_link *link)
{
    return link->index;
}

struct worker_board *worker_link_board(const struct worker_link *link)
{
    return link->workers->board;
}

int worker_link_find(const struct worker_link *link, const char *room)
{
    return worker_of_room(link->workers->seed, span_from_string(room), link->workers->count);
}

struct worker_link *worker_link_new(struct loop *loop, const struct worker *worker,
                                    struct sources *sources,
                                    const struct worker_link_handlers *handlers, void *arg)
{
    struct worker_link *link = xcalloc(1, sizeof *link);
    const struct workers *workers = worker->workers;
    link->workers = workers;
    link->index = worker->index;
    link->sources = sources;
    link->handlers = handlers;
    link->arg = arg;
    link->lives = worker_board_lives(workers->board, worker->index);
    table_init(&link->loans);
    for (int i = 0; i < workers->count; i++) {
        struct peer *peer = &link->peers[i];
        list_init(&peer->loans);
        peer->lives = worker_board_lives(workers->board, i);
        if (i != worker->index)
            peer->writer = mailbox_writer_new(loop, &workers->mailboxes[i]);
    }
    link->reader = mailbox_reader_new(loop, &workers->mailboxes[worker->index], on_letter, link);
    return link;
}

void worker_link_free(struct worker_link *link)
{
    if (!link)
        return;
    mailbox_reader_free(link->reader);
    for (int i = 0; i < link->workers->count; i++) {
        LIST_EACH(pos, tmp, &link->peers[i].loans)
            loan_end(link, LIST_ENTRY(pos, struct loan, link));
        mailbox_writer_free(link->peers[i].writer);
    }
    table_deinit(&link->loans);
    free(link);
}
