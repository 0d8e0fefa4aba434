/*
 * Each figure is atomic by itself, and no two have to fit together. Admission
 * counts first and looks at the sum then: of two at the last place, both may be
 * refused, but never both let in.
 */
#include "signal/workers/worker_board.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

/* Of struct signal_counts, as an array. */
enum { COUNTS = sizeof(struct signal_counts) / sizeof(uint64_t) };
_Static_assert(COUNTS == 5 + SIGNAL_LIMITS, "counts are all of 64 bits");

struct figures {
    _Atomic uint64_t rooms;
    _Atomic uint64_t members;
    _Atomic uint64_t queued_bytes;
    _Atomic uint64_t counts[COUNTS];
};

struct place {
    _Atomic uint64_t sockets;
    _Atomic unsigned lives;
    struct figures figures;
    _Atomic uint64_t past[COUNTS]; /* of those that had the place before */
};

struct worker_board {
    int count;
    _Atomic unsigned numbers;
    struct place places[];
};

static size_t board_len(int count)
{
    return sizeof(struct worker_board) + (size_t)count * sizeof(struct place);
}

struct worker_board *worker_board_new(int count)
{
    struct worker_board *board =
        mmap(NULL, board_len(count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED)
        return NULL;
    board->count = count;
    return board;
}

void worker_board_free(struct worker_board *board)
{
    if (board)
        munmap(board, board_len(board->count));
}

unsigned worker_board_number(struct worker_board *board)
{
    return atomic_fetch_add(&board->numbers, 1) + 1;
}

static uint64_t socket_sum(const struct worker_board *board)
{
    uint64_t sum = 0;
    for (int i = 0; i < board->count; i++)
        sum += atomic_load(&board->places[i].sockets);
    return sum;
}

bool worker_board_admit(struct worker_board *board, int worker, size_t sockets_max)
{
    worker_board_count(board, worker);
    if (socket_sum(board) <= sockets_max)
        return true;
    worker_board_uncount(board, worker);
    return false;
}

void worker_board_count(struct worker_board *board, int worker)
{
    atomic_fetch_add(&board->places[worker].sockets, 1);
}

void worker_board_uncount(struct worker_board *board, int worker)
{
    atomic_fetch_sub(&board->places[worker].sockets, 1);
}

static uint64_t get(const _Atomic uint64_t *figure)
{
    return atomic_load_explicit(figure, memory_order_relaxed);
}

static void put(_Atomic uint64_t *figure, uint64_t value)
{
    atomic_store_explicit(figure, value, memory_order_relaxed);
}

void worker_board_write(struct worker_board *board, int worker,
                        const struct signal_server_stats *stats)
{
    struct figures *figures = &board->places[worker].figures;
    uint64_t counts[COUNTS];
    memcpy(counts, &stats->counts, sizeof counts);
    put(&figures->rooms, stats->rooms);
    put(&figures->members, stats->members);
    put(&figures->queued_bytes, stats->queued_bytes);
    for (int i = 0; i < COUNTS; i++)
        put(&figures->counts[i], counts[i]);
}

void worker_board_sum(const struct worker_board *board, struct signal_server_stats *out)
{
    uint64_t counts[COUNTS] = {0};
    *out = (struct signal_server_stats){.sockets = (size_t)socket_sum(board)};
    for (int i = 0; i < board->count; i++) {
        const struct place *place = &board->places[i];
        out->rooms += (size_t)get(&place->figures.rooms);
        out->members += (size_t)get(&place->figures.members);
        out->queued_bytes += (size_t)get(&place->figures.queued_bytes);
        for (int j = 0; j < COUNTS; j++)
            counts[j] += get(&place->figures.counts[j]) + get(&place->past[j]);
    }
    memcpy(&out->counts, counts, sizeof counts);
}

unsigned worker_board_lives(const struct worker_board *board, int worker)
{
    return atomic_load(&board->places[worker].lives);
}

void worker_board_bury(struct worker_board *board, int worker)
{
    struct place *place = &board->places[worker];
    for (int i = 0; i < COUNTS; i++)
        put(&place->past[i], get(&place->past[i]) + get(&place->figures.counts[i]));
    worker_board_write(board, worker, &(struct signal_server_stats){0});
    atomic_store(&place->sockets, 0);
    atomic_fetch_add(&place->lives, 1);
}
