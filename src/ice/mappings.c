/*
 * An answer takes the place of the one before; one that shows another port
 * leaves nothing, since then there is nothing to guess.
 */
#include "ice/mappings.h"

#include <string.h>

static size_t find(const struct ice_mappings *m, const struct ice_address *local,
                   const struct ice_address *server)
{
    size_t at = 0;
    while (at < m->count && !(ice_address_is_same_ip(&m->all[at].local, local) &&
                              ice_address_is_equal(&m->all[at].server, server)))
        at++;
    return at;
}

static void remove_at(struct ice_mappings *m, size_t at)
{
    m->count--;
    memmove(&m->all[at], &m->all[at + 1], (m->count - at) * sizeof *m->all);
}

void ice_mappings_note(struct ice_mappings *m, const struct ice_address *local,
                       const struct ice_address *server, const struct ice_address *mapped)
{
    size_t at = find(m, local, server);
    if (at < m->count)
        remove_at(m, at);
    if (mapped->port != local->port || mapped->family != local->family)
        return;
    if (m->count == ICE_MAPPINGS_MAX)
        remove_at(m, 0);
    m->all[m->count++] = (struct ice_mapping){*local, *server, *mapped};
}

bool ice_mappings_guess(const struct ice_mappings *m, const struct ice_address *local,
                        const struct ice_address *server, struct ice_address *mapped)
{
    size_t at = find(m, local, server);
    if (at == m->count)
        return false;
    *mapped = m->all[at].mapped;
    mapped->port = local->port;
    return true;
}
