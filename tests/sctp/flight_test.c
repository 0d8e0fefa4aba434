/*
 * What is in flight, against a slow model of it.
 */
#include "testing.h"

#include "sctp/draw.h"
#include "sctp/flight.h"

enum { FIRST = 1000, MOST = 300 };

struct model {
    struct {
        enum chunk_state state;
        uint64_t changed; /* a count of all changes: the order of the lists */
        uint16_t len;
    } chunk[20000];
    uint64_t changes;
};

static void check_list(const struct flight *f, const struct model *m, const struct chunk_list *l,
                       enum chunk_state state)
{
    size_t expected = 0;
    for (uint64_t tsn = f->first; tsn < f->next; tsn++)
        expected += m->chunk[tsn - FIRST].state == state;
    uint64_t last = 0;
    for (uint64_t tsn = l->oldest; tsn != 0; tsn = flight_at(f, tsn)->newer, expected--) {
        assert_int_equal(m->chunk[tsn - FIRST].state, state);
        assert_true(m->chunk[tsn - FIRST].changed > last);
        last = m->chunk[tsn - FIRST].changed;
    }
    assert_int_equal(expected, 0);
}

static void check(const struct flight *f, const struct model *m)
{
    size_t payload = 0;
    for (uint64_t tsn = f->first; tsn < f->next; tsn++) {
        const struct sent_chunk *c = flight_at(f, tsn);
        assert_int_equal(c->state, m->chunk[tsn - FIRST].state);
        assert_int_equal(*flight_acked_word(f, tsn) >> (tsn & 63) & 1, c->state == CHUNK_ACKED);
        payload += c->state == CHUNK_IN_FLIGHT ? c->len : 0;
    }
    assert_int_equal(f->payload, payload);
    check_list(f, m, &f->by_time, CHUNK_IN_FLIGHT);
    check_list(f, m, &f->lost, CHUNK_LOST);
}

static void set(struct model *m, uint64_t tsn, enum chunk_state state)
{
    m->chunk[tsn - FIRST].state = state;
    m->chunk[tsn - FIRST].changed = ++m->changes;
}

static void push_one(struct flight *f, struct model *m)
{
    uint64_t tsn;
    struct sent_chunk *c = flight_push(f, &tsn);
    c->len = (uint16_t)draw(1000);
    c->wire = (uint16_t)(c->len + 20);
    flight_sent(f, tsn, m->changes);
    set(m, tsn, CHUNK_IN_FLIGHT);
}

static void change_one(struct flight *f, struct model *m, uint64_t tsn)
{
    switch (draw(5)) {
    case 0:
        flight_lose(f, tsn);
        set(m, tsn, CHUNK_LOST);
        break;
    case 1:
        flight_ack(f, tsn);
        set(m, tsn, CHUNK_ACKED);
        break;
    case 2:
        flight_sent(f, tsn, m->changes);
        set(m, tsn, CHUNK_IN_FLIGHT);
        break;
    case 3:
        flight_abandon(f, tsn);
        set(m, tsn, CHUNK_ABANDONED);
        break;
    default:
        while (!flight_is_empty(f) && flight_at(f, f->first)->state >= CHUNK_ACKED)
            flight_pop(f);
    }
}

static void as_the_model(void **state)
{
    (void)state;
    static struct model m;
    struct flight f;
    flight_init(&f, FIRST);
    for (int n = 0; n < 20000; n++) {
        size_t count = (size_t)(f.next - f.first);
        if (count == 0 || (count < MOST && draw(3) == 0))
            push_one(&f, &m);
        else
            change_one(&f, &m, f.first + draw((uint32_t)count));
        if (n % 10 == 0)
            check(&f, &m);
    }
    assert_true(f.cap > FLIGHT_FIRST_CHUNKS); /* it has grown, with all in it */
    flight_deinit(&f);
}

/* The lowest TSN holds up all others, so it goes before what was lost first. */
static void lowest_is_sent_again_first(void **state)
{
    (void)state;
    struct flight f;
    uint64_t tsn;
    flight_init(&f, FIRST);
    for (int i = 0; i < 4; i++) {
        flight_push(&f, &tsn);
        flight_sent(&f, tsn, 1);
    }
    assert_int_equal(flight_next_lost(&f), 0);
    flight_lose(&f, FIRST + 2);
    flight_lose(&f, FIRST + 1);
    assert_int_equal(flight_next_lost(&f), FIRST + 2);
    flight_lose(&f, FIRST);
    assert_int_equal(flight_next_lost(&f), FIRST);
    flight_deinit(&f);
}

static void gives_memory_back_at_rest(void **state)
{
    (void)state;
    struct flight f;
    uint64_t tsn;
    flight_init(&f, FIRST);
    flight_push(&f, &tsn);
    flight_trim(&f);
    assert_true(flight_memory(&f) > 0);
    flight_ack(&f, tsn);
    flight_pop(&f);
    flight_trim(&f);
    assert_int_equal(flight_memory(&f), 0);
    flight_push(&f, &tsn);
    assert_int_equal(tsn, FIRST + 1); /* the count goes on */
    flight_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_model),
        cmocka_unit_test(lowest_is_sent_again_first),
        cmocka_unit_test(gives_memory_back_at_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
