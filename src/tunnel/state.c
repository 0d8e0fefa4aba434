/*
 * Two files, because one of them is never written again:
 *
 *   identity   seed BASE32
 *   invites    see tunnel/invites.c
 */
#include "tunnel/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/wipe.h"
#include "tunnel/state_folder.h"
#include "tunnel/state_text.h"

#define IDENTITY_FILE "identity"

/* Who changes something is done in a moment, on the slowest of disks in some
 * seconds. Who has stopped meanwhile (Ctrl-Z) is not waited for. */
#define LOCK_PATIENCE_US (10 * US_PER_S)

struct state {
    struct state_folder *folder;
    struct identity identity;
};

/* ---- what went wrong ---- */

static int fail(char why[STATE_WHY_MAX], const char *folder, const char *file, int error)
{
    char path[STATE_WHY_MAX / 2];
    snprintf(path, sizeof path, "%s%s%s", folder, file ? "/" : "", file ? file : "");
    if (error == -EBADMSG)
        snprintf(why, STATE_WHY_MAX,
                 "the state file %s is damaged; it is left as it is: bring it back from a backup, "
                 "or move it away to begin anew, with new links",
                 path);
    else if (error == -EPROTONOSUPPORT)
        snprintf(why, STATE_WHY_MAX, "the state file %s was written by a newer version of tunnel",
                 path);
    else if (error == -EAGAIN)
        snprintf(why, STATE_WHY_MAX,
                 "another `tunnel` has had the state folder %.*s locked for %d s; if it was "
                 "stopped, as by Ctrl-Z, let it go on or end it",
                 STATE_WHY_MAX / 2, folder, (int)(LOCK_PATIENCE_US / US_PER_S));
    else if (error == -ENOTSUP)
        snprintf(why, STATE_WHY_MAX,
                 "the state file %s must be a plain file, and is a link, a folder, a pipe or a "
                 "device",
                 path);
    else
        snprintf(why, STATE_WHY_MAX, "the state %s %s cannot be used: %s", file ? "file" : "folder",
                 path, file ? strerror(-error) : state_folder_explain(error));
    return error;
}

static int fail_file(const struct state *state, const char *file, int error, char *why)
{
    return fail(why, state_folder_name(state->folder), file, error);
}

/* ---- files ---- */

/* Its memory is had at once: one that grows leaves secrets behind. */
static void init_secret_buf(struct buf *buf)
{
    buf_init(buf, STATE_TEXT_MAX);
    buf_reserve(buf, STATE_TEXT_MAX);
}

static void deinit_secret_buf(struct buf *buf)
{
    wipe(buf->data, buf->cap);
    buf_deinit(buf);
}

/* A file that is too long is no less damaged. What a decoder calls malformed is
 * so, too. */
static int as_damage(int error)
{
    return error == -ENOBUFS || error == -EINVAL ? -EBADMSG : error;
}

bool identity_encode(const struct identity *identity, struct buf *out)
{
    return state_text_begin(out, IDENTITY_FILE) &&
           state_text_put_bytes(out, "seed", span_of(identity->seed, CRYPTO_SEED_LEN)) &&
           state_text_end(out);
}

int identity_decode(struct span text, struct identity *out)
{
    uint8_t seed[CRYPTO_SEED_LEN];
    struct span lines, key, value;
    int error = state_text_open(text, IDENTITY_FILE, &lines);
    if (error < 0)
        return error;
    bool is_good = state_text_next(&lines, &key, &value) && span_is_string(key, "seed") &&
                   state_text_get_bytes(value, seed, sizeof seed);
    if (is_good)
        identity_init_seed(out, seed);
    wipe(seed, sizeof seed);
    return is_good ? 0 : -EINVAL;
}

static int read_identity(struct state *state)
{
    struct buf text;
    init_secret_buf(&text);
    int error = state_folder_read(state->folder, IDENTITY_FILE, &text);
    if (error == 0)
        error = identity_decode(buf_bytes(&text), &state->identity);
    deinit_secret_buf(&text);
    return as_damage(error);
}

static int write_identity(struct state *state)
{
    struct buf text;
    init_secret_buf(&text);
    identity_init(&state->identity);
    bool is_put = identity_encode(&state->identity, &text);
    int error =
        is_put ? state_folder_replace(state->folder, IDENTITY_FILE, buf_bytes(&text)) : -ENOBUFS;
    deinit_secret_buf(&text);
    return error;
}

/* Two that start at once must not both make one. */
static int make_identity(struct state *state)
{
    int error = state_folder_lock(state->folder, LOCK_PATIENCE_US);
    if (error < 0)
        return error;
    error = read_identity(state);
    if (error == -ENOENT)
        error = write_identity(state);
    state_folder_unlock(state->folder);
    return error;
}

/* None yet is an empty one. */
static int read_invites(const struct state *state, struct invites *out)
{
    struct buf text;
    invites_init(out);
    init_secret_buf(&text);
    int error = state_folder_read(state->folder, STATE_INVITES_FILE, &text);
    if (error == 0)
        error = invites_decode(buf_bytes(&text), out);
    deinit_secret_buf(&text);
    return error == -ENOENT ? 0 : as_damage(error);
}

static int write_invites(struct state *state, const struct invites *all)
{
    struct buf text;
    init_secret_buf(&text);
    int error = invites_encode(all, &text)
                    ? state_folder_replace(state->folder, STATE_INVITES_FILE, buf_bytes(&text))
                    : -ENOBUFS;
    deinit_secret_buf(&text);
    return error;
}

/* ---- the state ---- */

/* makes: what is missing. */
static int open_path(const char *path, bool makes, struct state *state, char *why)
{
    int error = state_folder_open(path, makes, &state->folder);
    bool has_folder = error == 0;
    if (has_folder)
        error = read_identity(state);
    if (has_folder && error == -ENOENT && makes)
        error = make_identity(state);
    if (error == -ENOENT && !makes)
        snprintf(why, STATE_WHY_MAX,
                 "there are no invites in %s: `tunnel serve` makes the first, and `tunnel invite "
                 "NAME --signal URL`, too; or is another --state meant?",
                 path);
    else if (error < 0)
        fail(why, path, has_folder ? IDENTITY_FILE : NULL, error);
    return error;
}

static int open_state(const char *folder, bool makes, struct state **out, char *why)
{
    char *path = state_folder_path(folder);
    if (!path) {
        snprintf(why, STATE_WHY_MAX,
                 "there is no place for state: set HOME, or name a folder by --state");
        return -ENOENT;
    }
    struct state *state = xcalloc(1, sizeof *state);
    int error = open_path(path, makes, state, why);
    free(path);
    if (error < 0) {
        state_close(state);
        return error;
    }
    *out = state;
    return 0;
}

int state_open(const char *folder, struct state **out, char why[STATE_WHY_MAX])
{
    return open_state(folder, true, out, why);
}

int state_open_kept(const char *folder, struct state **out, char why[STATE_WHY_MAX])
{
    return open_state(folder, false, out, why);
}

void state_close(struct state *state)
{
    if (!state)
        return;
    state_folder_close(state->folder);
    identity_deinit(&state->identity);
    free(state);
}

const char *state_folder_of(const struct state *state)
{
    return state_folder_name(state->folder);
}

const struct identity *state_identity(const struct state *state)
{
    return &state->identity;
}

int state_claim(struct state *state, char why[STATE_WHY_MAX])
{
    int error = state_folder_claim(state->folder);
    if (error == -EAGAIN)
        snprintf(why, STATE_WHY_MAX, "another `tunnel serve` uses the state folder %.*s",
                 STATE_WHY_MAX / 2, state_folder_name(state->folder));
    else if (error < 0)
        fail_file(state, "serving", error, why);
    return error;
}

int state_read(const struct state *state, struct invites *out, char why[STATE_WHY_MAX])
{
    int error = read_invites(state, out);
    return error < 0 ? fail_file(state, STATE_INVITES_FILE, error, why) : 0;
}

int state_edit(struct state *state, int (*edit)(struct invites *all, void *arg), void *arg,
               char why[STATE_WHY_MAX])
{
    struct invites all;
    int error = state_folder_lock(state->folder, LOCK_PATIENCE_US);
    if (error < 0)
        return fail_file(state, "lock", error, why);
    int result = 0;
    error = read_invites(state, &all);
    if (error == 0) {
        result = edit(&all, arg);
        if (result == 0)
            error = write_invites(state, &all);
        invites_deinit(&all);
    }
    state_folder_unlock(state->folder);
    return error < 0 ? fail_file(state, STATE_INVITES_FILE, error, why) : result;
}
