/*
 * Lists are walked: a room has a few dozen members at most, and they come
 * seldom.
 */
#include "signal/pairing.h"

enum { UNSUITED, LAST_CHOICE, SECOND_CHOICE, FIRST_CHOICE };

static struct room_member *member_at(struct list *link)
{
    return LIST_ENTRY(link, struct room_member, link);
}

bool pairing_shows(const struct room_member *a, const struct room_member *b)
{
    if (a->is_plain || b->is_plain)
        return a->counterpart == b || b->counterpart == a;
    return a->job != b->job;
}

bool pairing_is_free(const struct room_member *plain, const struct room_member *other)
{
    bool is_known = plain->job != SIGNAL_JOB_NONE;
    return plain != other && plain->is_plain && !plain->counterpart &&
           !(is_known && plain->job == other->job);
}

static int suits(const struct room_member *plain, const struct room_member *other,
                 enum signal_job misfit)
{
    enum signal_job best =
        misfit == SIGNAL_JOB_PROVIDER ? SIGNAL_JOB_CONSUMER : SIGNAL_JOB_PROVIDER;
    if (other == plain || !pairing_is_free(plain, other))
        return UNSUITED;
    if (other->is_plain)
        return pairing_is_free(other, plain) ? SECOND_CHOICE : UNSUITED;
    return other->job == best ? FIRST_CHOICE : LAST_CHOICE;
}

static size_t count_plain(const struct list *members, const struct room_member *counterpart)
{
    size_t count = 0;
    LIST_EACH(link, next, members)
        count += member_at(link)->counterpart == counterpart;
    return count;
}

struct room_member *pairing_choose(const struct list *members, const struct room_member *plain,
                                   enum signal_job misfit)
{
    struct room_member *chosen = NULL;
    int suited = UNSUITED;
    size_t fewest = 0;
    LIST_EACH(link, next, members) {
        struct room_member *other = member_at(link);
        int suit = suits(plain, other, misfit);
        if (suit < suited || suit == UNSUITED || (suit == suited && fewest == 0))
            continue; /* not counted: among a thousand plain ones that would take seconds */
        size_t count = count_plain(members, other);
        if (suit == suited && count >= fewest)
            continue;
        chosen = other;
        suited = suit;
        fewest = count;
    }
    return chosen;
}

void pairing_replace(const struct list *members, const struct room_member *before,
                     struct room_member *after)
{
    LIST_EACH(link, next, members) {
        if (member_at(link)->counterpart == before)
            member_at(link)->counterpart = after;
    }
}
