/*
 * Shared rooms: who is told of whom, what reaches whom, and what plain members,
 * of version 1, see of it. As in room_test.c, without sockets.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "signal/room.h"

enum { PLACES = 6, PEERS = 8, TEXT_MAX = 4096 };

struct peer {
    struct room_member member;
    char name; /* stands for its id in what is compared */
    char id[40];
};

/* What all are sent, as it comes: "b<joined a" is that b is told so of a. */
struct fixture {
    struct rooms *rooms;
    struct peer peers[PEERS];
    char told[TEXT_MAX];
};

static char name_of(struct fixture *f, const char *id)
{
    for (int i = 0; i < PEERS; i++) {
        if (id && strcmp(f->peers[i].id, id) == 0)
            return f->peers[i].name;
    }
    return '?';
}

__attribute__((format(printf, 2, 3))) static void tell(struct fixture *f, const char *format, ...)
{
    size_t len = strlen(f->told);
    va_list args;
    va_start(args, format);
    vsnprintf(f->told + len, TEXT_MAX - len, format, args);
    va_end(args);
}

static void on_send(struct room_member *to, const struct signal_message *message, void *arg)
{
    struct fixture *f = arg;
    struct peer *peer = LIST_ENTRY(to, struct peer, member);
    tell(f, "%s%c<%s", f->told[0] ? "; " : "", peer->name, signal_type_name(message->type));
    assert_null(message->to);
    if (to->id)
        snprintf(peer->id, sizeof peer->id, "%s", to->id);
    if (message->type == SIGNAL_ERROR)
        tell(f, " %s", message->text);
    else if (message->type != SIGNAL_JOINED)
        tell(f, " %c%s", name_of(f, message->peer_id), message->was_first ? " first" : "");
    for (size_t i = 0; i < message->peer_count; i++)
        tell(f, " %c", name_of(f, message->peers[i]));
    if (message->type == SIGNAL_JOINED)
        tell(f, "%s%s", message->is_shared ? ", shared" : "", message->is_resumed ? " again" : "");
}

static struct fixture *fixture_new(void)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    f->rooms = rooms_new(PLACES, on_send, f);
    for (int i = 0; i < PEERS; i++)
        f->peers[i].name = (char)('a' + i);
    return f;
}

static struct peer *peer_of(struct fixture *f, char name)
{
    return &f->peers[name - 'a'];
}

static void leave(struct fixture *f, char name)
{
    room_leave(f->rooms, &peer_of(f, name)->member);
}

static void fixture_free(struct fixture *f)
{
    for (int i = 0; i < PEERS; i++)
        room_leave(f->rooms, &f->peers[i].member);
    assert_int_equal(rooms_count(f->rooms), 0);
    assert_int_equal(rooms_member_count(f->rooms), 0);
    rooms_free(f->rooms);
    free(f);
}

static void expect(struct fixture *f, const char *told)
{
    assert_string_equal(f->told, told);
    f->told[0] = '\0';
}

/* By way of the codec, as what travels is what counts. */
static void handle(struct fixture *f, char name, const struct signal_message *message)
{
    struct signal_message decoded;
    char *json = signal_message_encode(message);
    assert_int_equal(signal_message_decode(span_from_string(json), &decoded), 0);
    room_handle(f->rooms, &peer_of(f, name)->member, &decoded);
    signal_message_deinit(&decoded);
    free(json);
}

static void join(struct fixture *f, char name, enum signal_job job, const char *key)
{
    char room[] = "r";
    handle(f, name,
           &(struct signal_message){
               .type = SIGNAL_JOIN, .room = room, .job = job, .key = (char *)(uintptr_t)key});
}

/* How many are shown to each of these. */
static void check_counts(struct fixture *f, const char *names, const char *counts)
{
    for (; *names; names++, counts++)
        assert_int_equal(room_count_others(&peer_of(f, *names)->member), *counts - '0');
}

static void provide(struct fixture *f, char name)
{
    join(f, name, SIGNAL_JOB_PROVIDER, NULL);
}

static void consume(struct fixture *f, char name)
{
    join(f, name, SIGNAL_JOB_CONSUMER, NULL);
}

static void join_plain(struct fixture *f, char name)
{
    join(f, name, SIGNAL_JOB_NONE, NULL);
}

/* to: a name, or 0. */
static void say(struct fixture *f, char name, enum signal_type type, char to)
{
    char text[] = "text";
    handle(f, name,
           &(struct signal_message){
               .type = type, .to = to ? peer_of(f, to)->id : NULL, .sdp = text, .candidate = text});
}

/* ---- those that say their job ---- */

static void test_jobs(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    provide(f, 'a');
    consume(f, 'b');
    provide(f, 'c');
    consume(f, 'd');
    expect(f, "a<joined, shared; b<joined a, shared; a<peer-joined b; c<joined b, shared; "
              "b<peer-joined c; d<joined a c, shared; a<peer-joined d; c<peer-joined d");
    say(f, 'd', SIGNAL_OFFER, 'c');
    say(f, 'c', SIGNAL_ANSWER, 'd');
    say(f, 'c', SIGNAL_CANDIDATE, 'b');
    expect(f, "c<offer d; d<answer c; b<candidate c");
    check_counts(f, "abcde", "22220");
    leave(f, 'a');
    expect(f, "b<peer-left a; d<peer-left a");
    check_counts(f, "abcd", "0121");
    leave(f, 'd');
    expect(f, "c<peer-left d");
    fixture_free(f);
}

static void test_to(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    provide(f, 'a');
    consume(f, 'b');
    say(f, 'b', SIGNAL_OFFER, 0); /* it can only be that one */
    consume(f, 'c');
    f->told[0] = '\0';
    snprintf(peer_of(f, 'h')->id, sizeof f->peers->id, "nobody");
    say(f, 'b', SIGNAL_OFFER, 'c'); /* not told of each other, not heard of each other */
    say(f, 'b', SIGNAL_OFFER, 'b');
    say(f, 'b', SIGNAL_OFFER, 'h');
    expect(f, "");
    say(f, 'a', SIGNAL_OFFER, 0);
    expect(f, "a<error to required: the id of one of those that are in the room");
    fixture_free(f);
}

static void test_full(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    provide(f, 'a');
    for (char name = 'b'; name < 'a' + PLACES; name++)
        consume(f, name);
    f->told[0] = '\0';
    consume(f, 'g');
    join_plain(f, 'g');
    expect(f, "g<error room full: all 6 places are taken; g<error room full: all 6 places are "
              "taken");
    assert_false(room_is_inside(&peer_of(f, 'g')->member));
    assert_int_equal(room_count_others(&peer_of(f, 'a')->member), PLACES - 1);
    leave(f, 'b');
    f->told[0] = '\0';
    consume(f, 'g');
    expect(f, "g<joined a, shared; a<peer-joined g");
    fixture_free(f);
}

/* In its own place, unnoticed, with who is there; not in the one of another
 * job. */
static void test_take_over(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    join(f, 'a', SIGNAL_JOB_PROVIDER, "ka");
    consume(f, 'b');
    join_plain(f, 'c');
    f->told[0] = '\0';
    join(f, 'd', SIGNAL_JOB_PROVIDER, "ka");
    expect(f, "d<joined b c, shared again");
    assert_string_equal(peer_of(f, 'd')->id, peer_of(f, 'a')->id);
    peer_of(f, 'a')->id[0] = '\0';
    say(f, 'c', SIGNAL_OFFER, 0);
    say(f, 'd', SIGNAL_ANSWER, 'c');
    expect(f, "d<offer c; c<answer d");
    join(f, 'e', SIGNAL_JOB_CONSUMER, "ka");
    expect(f, "e<joined d, shared; d<peer-joined e");
    fixture_free(f);
}

/* ---- plain ones ---- */

static void test_plain_ones_at_one_provider(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    provide(f, 'a');
    join_plain(f, 'b');
    join_plain(f, 'c');
    consume(f, 'd');
    expect(f, "a<joined, shared; b<joined a; a<peer-joined b; c<joined a; a<peer-joined c; "
              "d<joined a, shared; a<peer-joined d");
    say(f, 'a', SIGNAL_OFFER, 'b');
    say(f, 'b', SIGNAL_ANSWER, 0);
    say(f, 'c', SIGNAL_CANDIDATE, 'b'); /* of a plain one it means nothing */
    expect(f, "b<offer a; a<answer b; a<candidate c");
    check_counts(f, "abcd", "3111");
    leave(f, 'b');
    expect(f, "a<peer-left b");
    check_counts(f, "acd", "211");
    leave(f, 'a');
    expect(f, "c<peer-left a; d<peer-left a; c<peer-joined d; d<peer-joined c first");
    check_counts(f, "cd", "11");
    leave(f, 'c');
    provide(f, 'e');
    check_counts(f, "de", "11"); /* no plain one is left */
    fixture_free(f);
}

/* Two, as ever. */
static void test_plain_room(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    join_plain(f, 'a');
    join_plain(f, 'b');
    join_plain(f, 'c');
    expect(f, "a<joined; b<joined a; a<peer-joined b; c<error room full: both places are taken");
    provide(f, 'd'); /* nobody is left for it */
    expect(f, "d<joined, shared");
    join_plain(f, 'c');
    expect(f, "c<joined d; d<peer-joined c");
    leave(f, 'b');
    expect(f, "a<peer-left b; a<peer-joined d; d<peer-joined a first");
    fixture_free(f);
}

/* It will offer, as the first, to that one alone. */
static void test_plain_one_was_first(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    join_plain(f, 'a');
    consume(f, 'b');
    consume(f, 'c');
    expect(f, "a<joined; b<joined a, shared; a<peer-joined b; c<joined, shared");
    fixture_free(f);
}

/* To the one with the fewest of them. */
static void test_plain_ones_are_spread(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    provide(f, 'a');
    provide(f, 'b');
    f->told[0] = '\0';
    join_plain(f, 'c');
    join_plain(f, 'd');
    join_plain(f, 'e');
    expect(f, "c<joined a; a<peer-joined c; d<joined b; b<peer-joined d; e<joined a; "
              "a<peer-joined e");
    fixture_free(f);
}

/* A provider of version 1 beside one of ours: it is given to that at first. */
static void test_misfit(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    provide(f, 'a');
    consume(f, 'b');
    join_plain(f, 'c');
    f->told[0] = '\0';
    say(f, 'a', SIGNAL_MISFIT, 'c');
    expect(f, "c<peer-left a; c<peer-joined b; b<peer-joined c first");
    say(f, 'a', SIGNAL_MISFIT, 'b'); /* that one has said what it is */
    say(f, 'c', SIGNAL_MISFIT, 'b'); /* and this one cannot know */
    expect(f, "");
    /* It comes anew instead. */
    leave(f, 'c');
    join_plain(f, 'c');
    join_plain(f, 'd');
    expect(f, "b<peer-left c; c<joined b; b<peer-joined c; d<joined a; a<peer-joined d");
    fixture_free(f);
}

/* It has seen it, too, and was faster. */
static void test_misfit_has_left(void **state)
{
    (void)state;
    char gone[] = "gone";
    struct fixture *f = fixture_new();
    provide(f, 'a');
    consume(f, 'b');
    join_plain(f, 'c');
    leave(f, 'c');
    f->told[0] = '\0';
    handle(f, 'a', &(struct signal_message){.type = SIGNAL_MISFIT, .to = gone});
    join_plain(f, 'c');
    expect(f, "c<joined b; b<peer-joined c");
    fixture_free(f);
}

/* Nobody else is there: it waits, and is shown to who suits. */
static void test_misfit_waits(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    provide(f, 'a');
    join_plain(f, 'b');
    f->told[0] = '\0';
    say(f, 'a', SIGNAL_MISFIT, 'b');
    provide(f, 'c');
    consume(f, 'd');
    expect(f, "b<peer-left a; c<joined, shared; d<joined a b c, shared; a<peer-joined d; "
              "b<peer-joined d; c<peer-joined d");
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_to),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_take_over),
        cmocka_unit_test(test_plain_ones_at_one_provider),
        cmocka_unit_test(test_plain_room),
        cmocka_unit_test(test_plain_one_was_first),
        cmocka_unit_test(test_plain_ones_are_spread),
        cmocka_unit_test(test_misfit),
        cmocka_unit_test(test_misfit_has_left),
        cmocka_unit_test(test_misfit_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
