/*
 * Which TSNs came, against a plain array.
 */
#include "testing.h"

#include <errno.h>

#include "sctp/draw.h"
#include "sctp/tsnmap.h"

/* Against a plain array: the same answers for TSNs in any order. */
static void tsnmap_model(void **state)
{
    (void)state;
    enum { SPAN_TSNS = 3000, BASE = 1000 };
    for (int run = 0; run < 200; run++) {
        static bool has[SPAN_TSNS + 2];
        memset(has, 0, sizeof has);
        struct tsnmap m;
        tsnmap_init(&m, BASE);
        uint32_t reach = 1 + draw(SPAN_TSNS - 1);
        for (int n = 0; n < 2000; n++) {
            uint64_t cum = m.cum;
            if (draw(400) == 0) {
                uint64_t to = cum + draw(50);
                if (to > BASE + reach)
                    continue;
                tsnmap_forward(&m, to);
                for (uint64_t t = BASE; t <= to; t++)
                    has[t - BASE] = true;
            } else {
                uint64_t tsn = BASE + 1 + draw(reach);
                assert_int_equal(tsnmap_add(&m, tsn), !has[tsn - BASE] && tsn > cum);
                has[tsn - BASE] = true;
            }
            uint64_t expect = m.cum - BASE;
            has[0] = true;
            for (uint64_t t = 0; t <= expect; t++)
                assert_true(has[t]);
            assert_false(has[expect + 1]);
        }
        struct tsn_gap gaps[SPAN_TSNS];
        size_t count = tsnmap_gaps(&m, gaps, SPAN_TSNS);
        size_t at = 0;
        for (uint64_t t = m.cum + 1; t <= BASE + reach; t++) {
            bool inside = at < count && t >= m.cum + gaps[at].start && t <= m.cum + gaps[at].end;
            assert_int_equal(inside, has[t - BASE]);
            if (at < count && t == m.cum + gaps[at].end)
                at++;
        }
        assert_int_equal(at, count);
        tsnmap_deinit(&m);
    }
}

static void tsnmap_is_bounded(void **state)
{
    (void)state;
    struct tsnmap m;
    tsnmap_init(&m, 7);
    assert_int_equal(tsnmap_add(&m, 7 + TSNMAP_MAX_AHEAD), 1);
    assert_int_equal(tsnmap_add(&m, 8 + TSNMAP_MAX_AHEAD), -ENOBUFS);
    assert_int_equal(tsnmap_add(&m, UINT64_C(1) << 40), -ENOBUFS);
    assert_true(m.words * 8 <= 8192);
    tsnmap_deinit(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tsnmap_model),
        cmocka_unit_test(tsnmap_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
