/*
 * Fragments in every order, with DATA and with I-DATA: each message comes out
 * once, whole, and nothing stays behind.
 */
#include "testing.h"

#include <errno.h>

#include "sctp/draw.h"
#include "sctp/reasm.h"

enum { STREAMS = 3, MESSAGES = 40, MAX_MESSAGE = 20000, PLENTY = 1 << 24 };

struct scene {
    struct reasm reasm;
    uint32_t got[STREAMS][2]; /* how many; ordered ones carry their number */
    unsigned resets;
    bool stops; /* reading, at the next message */
};

static void on_message(void *arg, const struct sctp_message_info *info, struct span message)
{
    struct scene *s = arg;
    uint32_t n = s->got[info->stream][info->unordered]++;
    for (size_t i = 0; i < message.len; i++)
        assert_int_equal(message.data[i], (uint8_t)(info->ppid + i));
    assert_int_equal(info->ppid % 100, info->unordered ? info->ppid % 100 : n);
    if (s->stops)
        inbox_set_reading(&s->reasm.inbox, false);
}

static void on_reset(void *arg, uint16_t stream)
{
    (void)stream;
    ((struct scene *)arg)->resets++;
}

static struct scene *scene_new(bool interleaved)
{
    static struct scene s;
    static const struct inbox_handlers handlers = {on_message, on_reset};
    s = (struct scene){0};
    reasm_init(&s.reasm, MAX_MESSAGE, PLENTY, &handlers, &s);
    reasm_start(&s.reasm, STREAMS, interleaved);
    return &s;
}

/* One fragment; the payload shows where in which message it belongs. */
struct piece {
    uint64_t tsn;
    struct chunk_data d;
    uint8_t payload[600];
};

static void shuffle(struct piece *pieces, size_t count, uint32_t reach)
{
    for (size_t i = 0; i < count; i++) {
        size_t j = i + draw(reach);
        if (j >= count)
            continue;
        struct piece swap = pieces[i];
        pieces[i] = pieces[j];
        pieces[j] = swap;
    }
}

/* Writes the fragments of all messages in the order of sending. */
static size_t cut(struct piece *pieces, bool interleaved)
{
    size_t count = 0;
    uint32_t mids[STREAMS][2] = {{0}};
    for (uint32_t n = 0; n < MESSAGES; n++) {
        uint16_t stream = (uint16_t)draw(STREAMS);
        bool unordered = draw(3) == 0;
        uint32_t mid = unordered && !interleaved ? 0 : mids[stream][unordered]++;
        uint32_t ppid = mid + 100 * stream;
        uint32_t fragments = 1 + draw(6);
        for (uint32_t f = 0, at = 0; f < fragments; f++) {
            struct piece *p = &pieces[count];
            uint32_t len = 1 + draw(sizeof p->payload);
            p->tsn = 5000 + count++;
            p->d = (struct chunk_data){
                .stream = stream,
                .interleaved = interleaved,
                .mid = mid,
                .fsn = interleaved ? f : 0,
                .ppid = !interleaved || f == 0 ? ppid : 0,
                .flags = (uint8_t)((f == 0 ? DATA_BEGIN : 0) | (f == fragments - 1 ? DATA_END : 0) |
                                   (unordered ? DATA_UNORDERED : 0)),
                .payload = {NULL, len},
            };
            for (uint32_t i = 0; i < len; i++)
                p->payload[i] = (uint8_t)(ppid + at++);
        }
    }
    return count;
}

static void any_order(void **state)
{
    (void)state;
    static struct piece pieces[MESSAGES * 6];
    for (int run = 0; run < 400; run++) {
        struct scene *s = scene_new(run % 2);
        size_t count = cut(pieces, run % 2);
        shuffle(pieces, count, 1 + draw((uint32_t)count));
        bool pauses = draw(2) == 0;
        for (size_t i = 0; i < count; i++) {
            if (pauses && draw(20) == 0)
                inbox_set_reading(&s->reasm.inbox, draw(2) == 0);
            pieces[i].d.payload.data = pieces[i].payload;
            assert_int_equal(reasm_add(&s->reasm, pieces[i].tsn, &pieces[i].d, PLENTY), 0);
        }
        inbox_set_reading(&s->reasm.inbox, true);
        uint32_t got = 0;
        for (int stream = 0; stream < STREAMS; stream++)
            got += s->got[stream][0] + s->got[stream][1];
        assert_int_equal(got, MESSAGES);
        assert_int_equal(reasm_held(&s->reasm), 0);
        reasm_deinit(&s->reasm);
    }
}

static int add(struct scene *s, uint32_t mid, uint32_t fsn, uint8_t flags, size_t len, size_t limit)
{
    static uint8_t payload[1000];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(mid + fsn * 1000 + i);
    struct chunk_data d = {.interleaved = true,
                           .mid = mid,
                           .fsn = fsn,
                           .flags = flags,
                           .ppid = mid,
                           .payload = {payload, len}};
    return reasm_add(&s->reasm, 1, &d, limit);
}

/* What is ahead of its turn keeps to the limit; what is next gets in while
 * the owner reads, up to the longest message. */
static void keeps_to_its_bounds(void **state)
{
    (void)state;
    struct scene *s = scene_new(true);
    assert_int_equal(add(s, 0, 2, 0, 1000, 500), -ENOBUFS);
    assert_int_equal(add(s, 0, 0, DATA_BEGIN, 1000, 500), 0);
    inbox_set_reading(&s->reasm.inbox, false);
    assert_int_equal(add(s, 0, 1, 0, 1000, 500), -ENOBUFS);
    inbox_set_reading(&s->reasm.inbox, true);
    for (uint32_t fsn = 1; fsn < 20; fsn++)
        assert_int_equal(add(s, 0, fsn, 0, 1000, 500), 0);
    assert_int_equal(add(s, 0, 20, 0, 1, 500), -EMSGSIZE);
    s->reasm.max_held = 1000;
    assert_int_equal(add(s, 0, 20, DATA_END, 0, 500), -EMSGSIZE);
    assert_true(reasm_memory(&s->reasm) > reasm_held(&s->reasm));
    reasm_deinit(&s->reasm);
}

/* The peer gave a message up: those after it do not wait for it. */
static void skipped_ones_hold_up_nothing(void **state)
{
    (void)state;
    struct scene *s = scene_new(true);
    assert_int_equal(add(s, 0, 0, DATA_BEGIN | DATA_END, 10, PLENTY), 0);
    assert_int_equal(add(s, 1, 0, DATA_BEGIN, 10, PLENTY), 0);
    assert_int_equal(add(s, 2, 1, DATA_END, 10, PLENTY), 0);
    s->got[0][0] = 3; /* what the next one to come out has to be */
    assert_int_equal(add(s, 3, 0, DATA_BEGIN | DATA_END, 10, PLENTY), 0);
    assert_int_equal(s->got[0][0], 3);
    reasm_skip(&s->reasm, 0, false, 2);
    assert_int_equal(s->got[0][0], 4);
    assert_int_equal(reasm_held(&s->reasm), 0);
    reasm_skip(&s->reasm, 0, false, 2); /* again: nothing */
    assert_int_equal(add(s, 4, 0, DATA_BEGIN | DATA_END, 10, PLENTY), 0);
    assert_int_equal(s->got[0][0], 5);
    reasm_deinit(&s->reasm);
}

/* A reset is told behind the messages before it, and the count starts anew. */
static void reset_comes_in_turn(void **state)
{
    (void)state;
    struct scene *s = scene_new(true);
    s->stops = true;
    assert_int_equal(add(s, 0, 0, DATA_BEGIN | DATA_END, 10, PLENTY), 0);
    assert_int_equal(add(s, 1, 0, DATA_BEGIN | DATA_END, 10, PLENTY), 0);
    reasm_reset(&s->reasm, 0);
    assert_int_equal(s->resets, 0);
    inbox_set_reading(&s->reasm.inbox, true);
    assert_true(s->got[0][0] == 2 && s->resets == 0); /* it stopped again */
    inbox_set_reading(&s->reasm.inbox, true);
    assert_int_equal(s->resets, 1);
    s->got[0][0] = 0;
    assert_int_equal(add(s, 0, 0, DATA_BEGIN | DATA_END, 10, PLENTY), 0);
    assert_int_equal(s->got[0][0], 1);
    reasm_deinit(&s->reasm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order),
        cmocka_unit_test(keeps_to_its_bounds),
        cmocka_unit_test(skipped_ones_hold_up_nothing),
        cmocka_unit_test(reset_comes_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
