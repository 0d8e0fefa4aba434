/*
 * Whom an allocation of the simulated server is open to.
 */
#include "sim_internal.h"

static void drop_lapsed(struct sim_allocation *a, uint64_t now_us)
{
    int kept = 0;
    for (int i = 0; i < a->peer_count; i++) {
        if (now_us < a->peers[i].until_us)
            a->peers[kept++] = a->peers[i];
    }
    a->peer_count = kept;
}

int sim_allocation_bind(struct sim_allocation *a, const struct ice_address *peer, uint16_t channel,
                        uint64_t now_us)
{
    drop_lapsed(a, now_us);
    for (int i = 0; i < a->peer_count; i++) {
        bool is_same = ice_address_is_equal(&a->peers[i].peer, peer);
        if (is_same != (a->peers[i].channel == channel))
            return -1;
        if (is_same)
            return i;
    }
    assert_true(a->peer_count < SIM_CHANNELS);
    a->peers[a->peer_count].peer = *peer;
    a->peers[a->peer_count].channel = channel;
    return a->peer_count++;
}

bool sim_allocation_permits(const struct sim_allocation *a, const struct ice_address *peer,
                            uint64_t now_us)
{
    for (int i = 0; i < a->peer_count; i++) {
        if (ice_address_is_same_ip(&a->peers[i].peer, peer) && now_us < a->peers[i].permitted_us)
            return true;
    }
    return false;
}
