/*
 * A description and its candidates become one.
 */
#include "tunnel/parcel.h"

#include <stdlib.h>

#include "rtc/candidate.h"
#include "testing.h"

#define SDP "v=0\r\na=ice-ufrag:abcd\r\n"

static void add(struct parcels *all, const char *peer, const char *candidate, const char *ufrag)
{
    char *json = candidate_json_encode(candidate, "0", 0, ufrag);
    parcels_add(all, peer, json);
    free(json);
}

static void expect(struct parcels *all, uint64_t now_us, const char *peer, const char *sdp)
{
    struct parcel *parcel = parcels_take(all, now_us);
    assert_non_null(parcel);
    assert_string_equal(parcel->peer, peer);
    assert_string_equal((const char *)parcel->sdp.data, sdp);
    parcel_free(parcel);
}

static void test_complete(void **state)
{
    (void)state;
    struct parcels all;
    parcels_init(&all);
    parcels_begin(&all, "p", SEAL_OFFER, SDP, 0);
    add(&all, "p", "candidate:1", "abcd");
    add(&all, "p", "candidate:of another description", "efgh");
    add(&all, "q", "candidate:for nobody", "abcd");
    parcels_add(&all, "p", "not JSON");
    assert_null(parcels_take(&all, 0));
    add(&all, "p", "", "efgh");
    assert_int_equal(parcels_due_us(&all), PARCEL_PATIENCE_US);
    add(&all, "p", "", "abcd");
    assert_int_equal(parcels_due_us(&all), 0);
    expect(&all, 0, "p", SDP "a=candidate:1\r\na=end-of-candidates\r\n");
    assert_int_equal(parcels_due_us(&all), TIME_NEVER);
    parcels_deinit(&all);
}

static void test_due(void **state)
{
    (void)state;
    struct parcels all;
    parcels_init(&all);
    parcels_begin(&all, "p", SEAL_ANSWER, SDP, 7);
    parcels_begin(&all, "q", SEAL_OFFER, SDP, 5);
    add(&all, "q", "candidate:1", "abcd");
    assert_int_equal(parcels_due_us(&all), 5 + PARCEL_PATIENCE_US);
    expect(&all, 5 + PARCEL_PATIENCE_US, "q", SDP "a=candidate:1\r\n");
    assert_null(parcels_take(&all, 5 + PARCEL_PATIENCE_US));
    expect(&all, 7 + PARCEL_PATIENCE_US, "p", SDP);
    parcels_deinit(&all);
}

/* A newer description takes the place of one that waits; one that has all
 * candidates does not. */
static void test_replaced(void **state)
{
    (void)state;
    struct parcels all;
    parcels_init(&all);
    parcels_begin(&all, "p", SEAL_OFFER, "old\r\n", 0);
    parcels_begin(&all, "p", SEAL_OFFER, SDP "a=end-of-candidates\r\n", 1);
    expect(&all, 1, "p", SDP "a=end-of-candidates\r\n");
    assert_null(parcels_take(&all, TIME_NEVER));
    parcels_deinit(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
