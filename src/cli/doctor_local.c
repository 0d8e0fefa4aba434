#include "cli/doctor_local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/multicast.h"
#include "signal/dns_sd.h"
#include "tunnel/state.h"
#include "tunnel/state_folder.h"

/* ---- the state folder ---- */

_Static_assert((int)STATE_WHY_MAX >= (int)DOCTOR_TEXT_LEN, "a sentence is cut, not overrun");

static enum doctor_state look_at(const char *folder)
{
    struct stat st;
    if (stat(folder, &st) < 0)
        return errno == ENOENT ? DOCTOR_STATE_NONE : DOCTOR_STATE_BAD;
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return DOCTOR_STATE_PUBLIC;
    return access(folder, W_OK | X_OK) < 0 ? DOCTOR_STATE_FIXED : DOCTOR_STATE_FINE;
}

/* Whether serve could make it: the nearest folder above must let it. False, and
 * says why not. */
static bool can_be_made(const char *folder, char why[DOCTOR_TEXT_LEN])
{
    struct stat st;
    char *above = xstrdup(folder);
    char *slash;
    while (stat(above, &st) < 0 && errno == ENOENT && (slash = strrchr(above, '/')) != NULL)
        *slash = '\0';
    bool is_whole = !*above || strcmp(above, folder) == 0; /* the root; or no slash in it */
    bool can = is_whole || access(above, W_OK | X_OK) == 0;
    if (!can)
        snprintf(why, DOCTOR_TEXT_LEN, "%s cannot be made in %s: %s", folder, above,
                 strerror(errno));
    free(above);
    return can;
}

/* A folder that has no identity, or that is not there. */
static void look_at_bare(struct doctor_facts *facts)
{
    const char *folder = facts->state.folder;
    enum doctor_state state = look_at(folder);
    if (state == DOCTOR_STATE_BAD)
        snprintf(facts->state.why, DOCTOR_TEXT_LEN, "the state folder %s cannot be used: %s",
                 folder, strerror(errno));
    if (state == DOCTOR_STATE_NONE && !can_be_made(folder, facts->state.why))
        state = DOCTOR_STATE_BAD;
    facts->state.state = state == DOCTOR_STATE_FINE ? DOCTOR_STATE_BARE : state;
}

char *doctor_local_state(const struct config *config, struct doctor_facts *facts, char **folder)
{
    char why[STATE_WHY_MAX] = "";
    struct state *state = NULL;
    struct invites invites;
    char *signal = NULL;
    *folder = state_folder_path(config->state_folder);
    facts->state.folder = *folder;
    int error = state_open_kept(config->state_folder, &state, why);
    if (error == 0)
        error = state_read(state, &invites, why);
    if (error == 0) {
        facts->state.state = look_at(*folder);
        facts->state.invites = invites.count;
        signal = invites.signal ? xstrdup(invites.signal) : NULL;
        invites_deinit(&invites);
    } else if (error == -ENOENT && *folder) {
        look_at_bare(facts);
    } else {
        facts->state.state = error == -ENOENT ? DOCTOR_STATE_NONE : DOCTOR_STATE_BAD;
        snprintf(facts->state.why, sizeof facts->state.why, "%.*s", DOCTOR_TEXT_LEN - 1, why);
    }
    state_close(state);
    return signal;
}

/* ---- the local network ---- */

static void ignore(size_t at, struct span bytes, const struct address *from, void *arg)
{
    (void)at, (void)bytes, (void)from, (void)arg;
}

/* One that has a socket for each family counts once. */
static size_t count_interfaces(const struct multicast *multicast)
{
    size_t count = 0;
    for (size_t i = 0; i < multicast_count(multicast); i++) {
        size_t first = 0;
        while (multicast_interface(multicast, first) != multicast_interface(multicast, i))
            first++;
        count += first == i;
    }
    return count;
}

size_t doctor_local_lan(struct loop *loop, const struct config *config)
{
    const struct multicast_config group = {.groups = DNS_SD_GROUPS,
                                           .port = DNS_SD_PORT,
                                           .is_member = true,
                                           .interface = config->interface};
    struct multicast *multicast = multicast_new(loop, &group, ignore, NULL);
    size_t count = count_interfaces(multicast);
    multicast_free(multicast);
    return count;
}
