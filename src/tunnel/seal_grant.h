/*
 * The invites whose seals a process opens, and of each the processes that have
 * used it, so that nothing of theirs is taken twice. Parts of a seal
 * (tunnel/seal.h).
 */
#ifndef TUNNEL_SEAL_GRANT_H
#define TUNNEL_SEAL_GRANT_H

#include "base/list.h"
#include "tunnel/seal_key.h"

/* Processes of one invite that are remembered. When there are more, the one not
 * heard for the longest is forgotten. Its old messages could come once more
 * then, and lead to a negotiation in vain. Nobody without the secret can fill
 * this. */
enum { SEAL_PROCESSES_MAX = 64 };

struct grant_process {
    uint8_t salt[SEAL_SALT_LEN];
    uint64_t last_seq;
    uint64_t heard_at; /* by the count of all that were heard; 0: a free place */
};

struct grant {
    struct list link;
    char name[SEAL_NAME_MAX + 1];
    struct seal_key key;
    bool is_expired; /* who uses it is told so, and no more; it has no name */
    uint64_t heard;
    struct grant_process processes[SEAL_PROCESSES_MAX];
};

void grants_init(struct list *grants);
void grants_deinit(struct list *grants);

void grants_add(struct list *grants, const char *name, const uint8_t provider_id[PROVIDER_ID_LEN],
                const uint8_t secret[INVITE_SECRET_LEN]);

/* The same for one that has expired. */
void grants_add_expired(struct list *grants, const uint8_t provider_id[PROVIDER_ID_LEN],
                        const uint8_t secret[INVITE_SECRET_LEN]);
void grants_forget_expired(struct list *grants);

/* Takes it out, zeroes it. */
void grant_free(struct grant *grant);

/* NULL when there is none. */
struct grant *grants_first(const struct list *grants);
struct grant *grants_find_key(const struct list *grants, const uint8_t id[SEAL_KEY_ID_LEN]);
struct grant *grants_find_name(const struct list *grants, const char *name);

/* The number of the last message that was heard of a process; 0 for none. */
uint64_t grant_last_seq(const struct grant *grant, const uint8_t salt[SEAL_SALT_LEN]);
void grant_hear(struct grant *grant, const uint8_t salt[SEAL_SALT_LEN], uint64_t seq);

#endif
