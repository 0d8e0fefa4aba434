/*
 * Rooms without sockets: what each member is sent, as JSON; and the table
 * under them.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "signal/room.h"
#include "signal/table.h"

enum { PLACES = 5 };

struct peer {
    struct room_member member;
    struct buf inbox; /* one JSON text a line */
};

static void on_send(struct room_member *to, const struct signal_message *message, void *arg)
{
    (*(int *)arg)++;
    struct peer *peer = LIST_ENTRY(to, struct peer, member);
    char *json = signal_message_encode(message);
    buf_append_format(&peer->inbox, "%s\n", json);
    free(json);
}

struct fixture {
    struct rooms *rooms;
    int sent;
    struct peer a, b, c;
};

static struct fixture *fixture_new(void)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    f->rooms = rooms_new(PLACES, on_send, &f->sent);
    buf_init(&f->a.inbox, 1 << 16);
    buf_init(&f->b.inbox, 1 << 16);
    buf_init(&f->c.inbox, 1 << 16);
    return f;
}

static void fixture_free(struct fixture *f)
{
    struct peer *peers[] = {&f->a, &f->b, &f->c};
    for (int i = 0; i < 3; i++) {
        room_leave(f->rooms, &peers[i]->member);
        buf_deinit(&peers[i]->inbox);
    }
    assert_int_equal(rooms_count(f->rooms), 0);
    assert_int_equal(rooms_member_count(f->rooms), 0);
    rooms_free(f->rooms);
    free(f);
}

static void say(struct fixture *f, struct peer *from, const char *json)
{
    struct signal_message message;
    int error = signal_message_decode(span_from_string(json), &message);
    if (error < 0) {
        room_handle_malformed(f->rooms, &from->member, error, message.type);
        return;
    }
    room_handle(f->rooms, &from->member, &message);
    signal_message_deinit(&message);
}

/* What the peer was sent since the last time, exactly. */
static void expect(struct peer *peer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char expected[2048];
    vsnprintf(expected, sizeof expected, format, args);
    va_end(args);
    char *actual = xstrndup(buf_bytes(&peer->inbox));
    assert_string_equal(actual, expected);
    free(actual);
    buf_clear(&peer->inbox);
}

static void test_only_room(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    rooms_set_only(f->rooms, "r");
    say(f, &f->a, "{\"type\":\"join\",\"room\":\"s\"}");
    expect(&f->a,
           "{\"type\":\"error\",\"message\":\"this is the signal server of one `tunnel serve`, and "
           "has no room but that one's\"}\n");
    assert_false(room_is_inside(&f->a.member));
    assert_int_equal(rooms_count(f->rooms), 0);
    say(f, &f->a, "{\"type\":\"join\",\"room\":\"r\"}");
    assert_true(room_is_inside(&f->a.member));
    fixture_free(f);
}

static void test_join_relay_leave(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    say(f, &f->a, "{\"type\":\"join\",\"room\":\"r\"}");
    assert_int_equal(strlen(f->a.member.id), 36);
    assert_string_equal(room_name(&f->a.member), "r");
    expect(&f->a, "{\"type\":\"joined\",\"peerId\":\"%s\",\"peers\":[]}\n", f->a.member.id);
    say(f, &f->b, "{\"type\":\"join\",\"room\":\"r\"}");
    assert_string_not_equal(f->a.member.id, f->b.member.id);
    expect(&f->b, "{\"type\":\"joined\",\"peerId\":\"%s\",\"peers\":[\"%s\"]}\n", f->b.member.id,
           f->a.member.id);
    expect(&f->a, "{\"type\":\"peer-joined\",\"peerId\":\"%s\"}\n", f->b.member.id);
    assert_int_equal(rooms_count(f->rooms), 1);
    assert_int_equal(rooms_member_count(f->rooms), 2);

    /* Verbatim, but for who it is from. */
    say(f, &f->a, "{\"type\":\"offer\",\"sdp\":\"\\u20ac\\r\\n\",\"peerId\":\"forged\",\"x\":1}");
    expect(&f->b, "{\"type\":\"offer\",\"peerId\":\"%s\",\"sdp\":\"\xe2\x82\xac\\r\\n\"}\n",
           f->a.member.id);
    say(f, &f->b, "{\"type\":\"answer\",\"sdp\":\"s\"}");
    expect(&f->a, "{\"type\":\"answer\",\"peerId\":\"%s\",\"sdp\":\"s\"}\n", f->b.member.id);
    say(f, &f->b, "{\"type\":\"candidate\",\"candidate\":\"c\"}");
    expect(&f->a, "{\"type\":\"candidate\",\"peerId\":\"%s\",\"candidate\":\"c\"}\n",
           f->b.member.id);
    expect(&f->b, "");

    char *left = xstrdup(f->a.member.id);
    say(f, &f->a, "{\"type\":\"bye\"}");
    assert_false(room_is_inside(&f->a.member));
    expect(&f->b, "{\"type\":\"peer-left\",\"peerId\":\"%s\"}\n", left);
    expect(&f->a, "");
    free(left);
    say(f, &f->b, "{\"type\":\"offer\",\"sdp\":\"to nobody\"}");
    expect(&f->b, "");
    room_leave(f->rooms, &f->b.member);
    room_leave(f->rooms, &f->b.member); /* harmless */
    assert_int_equal(rooms_count(f->rooms), 0);
    say(f, &f->b, "{\"type\":\"bye\"}"); /* outside: nothing to say */
    expect(&f->b, "");
    fixture_free(f);
}

static void test_full_room(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    say(f, &f->a, "{\"type\":\"join\",\"room\":\"r\"}");
    say(f, &f->b, "{\"type\":\"join\",\"room\":\"r\"}");
    buf_clear(&f->a.inbox);
    buf_clear(&f->b.inbox);
    say(f, &f->c, "{\"type\":\"join\",\"room\":\"r\"}");
    expect(&f->c, "{\"type\":\"error\",\"code\":\"room-full\",\"message\":\"room full: both places "
                  "are taken\"}\n");
    expect(&f->a, "");
    expect(&f->b, "");
    assert_false(room_is_inside(&f->c.member));
    say(f, &f->c, "{\"type\":\"join\",\"room\":\"R\"}");
    assert_int_equal(rooms_count(f->rooms), 2);
    room_leave(f->rooms, &f->c.member);
    room_leave(f->rooms, &f->a.member);
    say(f, &f->c, "{\"type\":\"join\",\"room\":\"r\"}");
    assert_true(room_is_inside(&f->c.member));
    fixture_free(f);
}

/* Whoever has the key of a member takes its place, unnoticed by the other. */
static void test_take_over(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    say(f, &f->a, "{\"type\":\"join\",\"room\":\"r\",\"key\":\"ka\"}");
    say(f, &f->b, "{\"type\":\"join\",\"room\":\"r\"}");
    buf_clear(&f->a.inbox);
    buf_clear(&f->b.inbox);
    char *id = xstrdup(f->a.member.id);
    say(f, &f->c, "{\"type\":\"join\",\"room\":\"r\",\"key\":\"kb\"}");
    expect(&f->c, "{\"type\":\"error\",\"code\":\"room-full\",\"message\":\"room full: both places "
                  "are taken\"}\n");
    say(f, &f->c, "{\"type\":\"join\",\"room\":\"r\",\"key\":\"ka\"}");
    expect(&f->c, "{\"type\":\"joined\",\"peerId\":\"%s\",\"peers\":[\"%s\"],\"resumed\":true}\n",
           id, f->b.member.id);
    expect(&f->a, "");
    expect(&f->b, "");
    assert_false(room_is_inside(&f->a.member));
    assert_int_equal(rooms_member_count(f->rooms), 2);
    say(f, &f->a, "{\"type\":\"bye\"}"); /* late, of the socket that was */
    expect(&f->b, "");
    say(f, &f->b, "{\"type\":\"offer\",\"sdp\":\"s\"}");
    expect(&f->c, "{\"type\":\"offer\",\"peerId\":\"%s\",\"sdp\":\"s\"}\n", f->b.member.id);
    say(f, &f->c, "{\"type\":\"bye\"}");
    expect(&f->b, "{\"type\":\"peer-left\",\"peerId\":\"%s\"}\n", id);
    /* Once it has left, the key opens nothing. */
    say(f, &f->a, "{\"type\":\"join\",\"room\":\"r\",\"key\":\"ka\"}");
    assert_string_not_equal(f->a.member.id, id);
    expect(&f->b, "{\"type\":\"peer-joined\",\"peerId\":\"%s\"}\n", f->a.member.id);
    free(id);
    fixture_free(f);
}

static void expect_error(struct fixture *f, struct peer *peer, const char *json, const char *words)
{
    f->sent = 0;
    buf_clear(&peer->inbox);
    say(f, peer, json);
    assert_int_equal(f->sent, 1);
    char *answer = xstrndup(buf_bytes(&peer->inbox));
    assert_non_null(strstr(answer, "\"type\":\"error\""));
    if (!strstr(answer, words))
        fail_msg("%s: %s", json, answer);
    free(answer);
}

static void test_refusals(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    expect_error(f, &f->a, "{", "invalid JSON");
    expect_error(f, &f->a, "[]", "invalid JSON");
    expect_error(f, &f->a, "{\"type\":\"dance\"}", "unknown type");
    expect_error(f, &f->a, "{}", "unknown type");
    expect_error(f, &f->a, "{\"type\":\"join\"}", "room name required");
    expect_error(f, &f->a, "{\"type\":\"join\",\"room\":\"\"}", "room name required");
    expect_error(f, &f->a, "{\"type\":\"offer\",\"sdp\":\"s\"}", "must join a room first");
    expect_error(f, &f->a, "{\"type\":\"answer\"}", "must join a room first");
    expect_error(f, &f->a, "{\"type\":\"candidate\",\"candidate\":\"c\"}",
                 "must join a room first");
    /* What only a server says, whole or not. */
    expect_error(f, &f->a, "{\"type\":\"error\",\"message\":\"m\"}", "unknown type");
    expect_error(f, &f->a, "{\"type\":\"joined\"}", "unknown type");
    expect_error(f, &f->a, "{\"type\":\"peer-left\",\"peerId\":\"p\"}", "unknown type");

    say(f, &f->a, "{\"type\":\"join\",\"room\":\"r\"}");
    char *id = xstrdup(f->a.member.id);
    expect_error(f, &f->a, "{\"type\":\"join\",\"room\":\"r\"}", "already joined a room");
    expect_error(f, &f->a, "{\"type\":\"join\",\"room\":\"other\"}", "already joined a room");
    assert_string_equal(f->a.member.id, id);
    assert_int_equal(rooms_count(f->rooms), 1);
    expect_error(f, &f->a, "{\"type\":\"offer\"}", "sdp required");
    expect_error(f, &f->a, "{\"type\":\"candidate\",\"candidate\":{}}", "candidate required");
    free(id);
    fixture_free(f);
}

struct element {
    struct table_node node;
    char key[16];
    bool is_in;
};

/* Random inserts and removals against what the elements say themselves. */
static void test_table(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static struct element elements[COUNT];
    struct table table;
    table_init(&table);
    size_t count = 0;
    uint32_t seed = 7;
    for (int i = 0; i < COUNT; i++)
        snprintf(elements[i].key, sizeof elements[i].key, "key %d", i);
    for (int step = 0; step < 20000; step++) {
        seed = seed * 1664525 + 1013904223;
        struct element *e = &elements[(seed >> 8) % COUNT];
        struct table_node *found = table_find(&table, span_from_string(e->key));
        assert_ptr_equal(found, e->is_in ? &e->node : NULL);
        if (e->is_in) {
            table_remove(&table, &e->node);
            count--;
        } else {
            table_insert(&table, &e->node, span_from_string(e->key));
            count++;
        }
        e->is_in = !e->is_in;
        assert_int_equal(table.count, count);
    }
    assert_null(table_find(&table, SPAN_LITERAL("")));
    for (int i = 0; i < COUNT; i++) {
        if (elements[i].is_in)
            table_remove(&table, &elements[i].node);
    }
    table_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join_relay_leave), cmocka_unit_test(test_full_room),
        cmocka_unit_test(test_take_over),        cmocka_unit_test(test_only_room),
        cmocka_unit_test(test_refusals),         cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
