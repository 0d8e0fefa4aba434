#include "signal/workers/workers.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/random.h"
#include "signal/seeded_hash.h"

int worker_of_room(uint64_t seed, struct span room, int count)
{
    return (int)(seeded_hash(seed, room) % (uint64_t)count);
}

static int open_mailboxes(struct workers *workers)
{
    int error = 0;
    for (int i = 0; i < workers->count && error == 0; i++)
        error = mailbox_open(&workers->mailboxes[i]);
    return error;
}

int workers_new(int count, const struct signal_server_config *config, struct workers **out)
{
    struct workers *workers = xcalloc(1, sizeof *workers);
    workers->count = count;
    workers->mailboxes = xcalloc((size_t)count, sizeof *workers->mailboxes);
    workers->listening = xcalloc((size_t)count, sizeof *workers->listening);
    for (int i = 0; i < count; i++)
        workers->mailboxes[i] = (struct mailbox){-1, -1};
    random_bytes(&workers->seed, sizeof workers->seed);
    workers->board = worker_board_new(count);
    int error = workers->board ? open_mailboxes(workers) : -ENOMEM;
    if (error == 0)
        error = listening_open_shared(config->host, config->port, workers->listening, count,
                                      config->per_address_max > 0);
    if (error < 0) {
        workers_free(workers);
        return error;
    }
    *out = workers;
    return 0;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void workers_free(struct workers *workers)
{
    if (!workers)
        return;
    for (int i = 0; i < workers->count; i++) {
        close_one(&workers->mailboxes[i].taking);
        close_one(&workers->mailboxes[i].putting);
        listening_close(&workers->listening[i]);
    }
    worker_board_free(workers->board);
    free(workers->mailboxes);
    free(workers->listening);
    free(workers);
}

uint16_t workers_port(const struct workers *workers)
{
    return listening_port(&workers->listening[0]);
}

void workers_keep_own(struct workers *workers, int index)
{
    for (int i = 0; i < workers->count; i++) {
        if (i == index)
            continue;
        close_one(&workers->mailboxes[i].taking);
        listening_close(&workers->listening[i]);
    }
}

struct listening *worker_listening(const struct worker *worker)
{
    return &worker->workers->listening[worker->index];
}

/* The board tells of it; the letter only wakes who sleeps, and who has so many
 * letters that this finds no place is awake. */
void workers_bury(struct workers *workers, int index)
{
    worker_board_bury(workers->board, index);
    for (int i = 0; i < workers->count; i++) {
        if (i != index)
            mailbox_put_now(&workers->mailboxes[i], SPAN_LITERAL("!"));
    }
}
