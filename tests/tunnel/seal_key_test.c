/*
 * What is derived from a provider id alone, against the vectors of
 * docs/PROTOCOL.md.
 */
#include "tunnel/seal_key.h"

#include "base/armor.h"
#include "testing.h"

static void test_room(void **state)
{
    (void)state;
    static const uint8_t provider_id[PROVIDER_ID_LEN] = {0x68, 0x89, 0x4d, 0x58, 0xf1, 0x8f,
                                                         0x2c, 0x34, 0xd4, 0x9e, 0xb2, 0xf4,
                                                         0xb1, 0x10, 0xe0, 0x42};
    char room[SEAL_ROOM_LEN + 1];
    uint8_t swarm[SEAL_SWARM_LEN];
    char text[2 * SEAL_SWARM_LEN + 1];
    assert_string_equal(seal_room(provider_id, room), "f4cb629b1500409e0ed2f5e9e36ba3d9");
    seal_swarm(room, swarm);
    armor_encode(ARMOR_HEX, span_of(swarm, sizeof swarm), text);
    assert_string_equal(text, "971d7456e00562caf31def58ee8252824cd5268b");
    struct seal_near near;
    seal_near(room, &near);
    assert_string_equal(near.hash, "293aa0a9132f9be2a8724fc480c54ccb");
    assert_string_equal(near.room, "82e7786f16ad99f3ffb982a33123a2c3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
