/*
 * A provider has few invites, and each few processes: both are walked.
 */
#include "tunnel/seal_grant.h"

#include <assert.h>

#include "base/alloc.h"

static struct grant *grant_at(struct list *link)
{
    return LIST_ENTRY(link, struct grant, link);
}

void grants_init(struct list *grants)
{
    list_init(grants);
}

void grants_deinit(struct list *grants)
{
    LIST_EACH(at, next, grants)
        grant_free(grant_at(at));
}

void grants_add(struct list *grants, const char *name, const uint8_t provider_id[PROVIDER_ID_LEN],
                const uint8_t secret[INVITE_SECRET_LEN])
{
    size_t len = strlen(name);
    assert(len <= SEAL_NAME_MAX);
    struct grant *grant = xcalloc(1, sizeof *grant);
    memcpy(grant->name, name, len);
    seal_key_init(&grant->key, provider_id, secret);
    list_append(grants, &grant->link);
}

void grants_add_expired(struct list *grants, const uint8_t provider_id[PROVIDER_ID_LEN],
                        const uint8_t secret[INVITE_SECRET_LEN])
{
    struct grant *grant = xcalloc(1, sizeof *grant);
    grant->is_expired = true;
    seal_key_init(&grant->key, provider_id, secret);
    list_append(grants, &grant->link);
}

void grants_forget_expired(struct list *grants)
{
    LIST_EACH(at, next, grants) {
        if (grant_at(at)->is_expired)
            grant_free(grant_at(at));
    }
}

void grant_free(struct grant *grant)
{
    list_remove(&grant->link);
    free_secret(grant, sizeof *grant);
}

struct grant *grants_first(const struct list *grants)
{
    struct list *first = list_first(grants);
    return first ? grant_at(first) : NULL;
}

struct grant *grants_find_key(const struct list *grants, const uint8_t id[SEAL_KEY_ID_LEN])
{
    LIST_EACH(at, next, grants)
        if (memcmp(grant_at(at)->key.id, id, SEAL_KEY_ID_LEN) == 0)
            return grant_at(at);
    return NULL;
}

struct grant *grants_find_name(const struct list *grants, const char *name)
{
    LIST_EACH(at, next, grants)
        if (strcmp(grant_at(at)->name, name) == 0)
            return grant_at(at);
    return NULL;
}

/* ---- processes ---- */

static bool is_process(const struct grant_process *process, const uint8_t salt[SEAL_SALT_LEN])
{
    return process->heard_at > 0 && memcmp(process->salt, salt, SEAL_SALT_LEN) == 0;
}

uint64_t grant_last_seq(const struct grant *grant, const uint8_t salt[SEAL_SALT_LEN])
{
    for (size_t i = 0; i < SEAL_PROCESSES_MAX; i++)
        if (is_process(&grant->processes[i], salt))
            return grant->processes[i].last_seq;
    return 0;
}

void grant_hear(struct grant *grant, const uint8_t salt[SEAL_SALT_LEN], uint64_t seq)
{
    struct grant_process *place = &grant->processes[0];
    for (size_t i = 0; i < SEAL_PROCESSES_MAX && !is_process(place, salt); i++) {
        struct grant_process *process = &grant->processes[i];
        if (is_process(process, salt) || process->heard_at < place->heard_at)
            place = process;
    }
    memcpy(place->salt, salt, SEAL_SALT_LEN);
    place->last_seq = seq;
    place->heard_at = ++grant->heard;
}
