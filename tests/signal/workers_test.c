/*
 * What workers share and say: where a room lives, letters, the board.
 */
#include "testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "signal/workers/worker_message.h"
#include "signal/workers/workers.h"

/* ---- rooms ---- */

enum { ROOMS = 3000, WORKERS = 3 };

static void test_rooms(void **state)
{
    int counts[WORKERS] = {0}, moved = 0;
    (void)state;
    for (int i = 0; i < ROOMS; i++) {
        char name[32];
        snprintf(name, sizeof name, "room %d", i);
        struct span room = span_from_string(name);
        int worker = worker_of_room(7, room, WORKERS);
        assert_in_range(worker, 0, WORKERS - 1);
        assert_int_equal(worker_of_room(7, room, WORKERS), worker);
        assert_int_equal(worker_of_room(7, room, 1), 0);
        counts[worker]++;
        moved += worker_of_room(8, room, WORKERS) != worker;
    }
    for (int i = 0; i < WORKERS; i++)
        assert_in_range(counts[i], ROOMS / WORKERS - 150, ROOMS / WORKERS + 150);
    assert_in_range(moved, ROOMS / 2, ROOMS - 1); /* nobody knows without the seed */
}

/* ---- letters ---- */

static struct worker_message a_message(const char *address)
{
    struct worker_message message = {
        .type = WORKER_SOCKET,
        .from = 2,
        .owner = 63,
        .number = 0x89abcdef,
        .lives = 0x01020304,
        .own_lives = 0x05060708,
        .bucket_filled_at = 0xfedcba9876543210,
        .join = SPAN_LITERAL("{\"type\":\"join\",\"room\":\"r\"}"),
        .rest = SPAN_LITERAL("behind"),
    };
    address_parse(address, 0, &message.address);
    return message;
}

static void check_trip(const struct worker_message *message)
{
    uint8_t letter[WORKER_MESSAGE_MAX];
    struct worker_message got;
    char was[ADDRESS_TEXT_LEN], is[ADDRESS_TEXT_LEN];
    size_t len = worker_message_encode(message, letter);
    assert_int_equal(worker_message_decode(span_of(letter, len), &got), 0);
    assert_int_equal(got.type, message->type);
    assert_int_equal(got.from, message->from);
    assert_int_equal(got.owner, message->owner);
    assert_int_equal(got.number, message->number);
    assert_int_equal(got.lives, message->lives);
    assert_int_equal(got.own_lives, message->own_lives);
    assert_true(got.bucket_filled_at == message->bucket_filled_at);
    assert_true(span_is_equal(got.join, message->join));
    assert_true(span_is_equal(got.rest, message->rest));
    assert_string_equal(address_format(&got.address, is), address_format(&message->address, was));
    assert_int_equal(got.address.len, message->address.len);
}

static void test_letters(void **state)
{
    (void)state;
    struct worker_message message = a_message("192.0.2.7");
    check_trip(&message);
    message = a_message("2001:db8::7");
    check_trip(&message);
    static uint8_t most[WORKER_REST_MAX];
    message.rest = span_of(most, sizeof most);
    message.join = span_of(most, WORKER_JOIN_MAX);
    check_trip(&message);
    message = a_message("192.0.2.7");
    message.type = WORKER_GONE;
    message.join = message.rest = (struct span){0};
    check_trip(&message);
}

/* Flush against a page that must not be touched. */
static void test_short_letters(void **state)
{
    (void)state;
    struct worker_message message = a_message("192.0.2.7"), got;
    uint8_t letter[WORKER_MESSAGE_MAX];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    size_t len = worker_message_encode(&message, letter);
    size_t whole = len - message.rest.len;
    for (size_t i = 0; i <= len; i++) {
        memcpy(pages + page - i, letter, i);
        int error = worker_message_decode(span_of(pages + page - i, i), &got);
        assert_int_equal(error, i < whole ? -EBADMSG : 0);
    }
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{0, WORKER_MESSAGE_TYPES}, {1, WORKERS_MAX}, {2, WORKERS_MAX}, {3, 5}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t was = letter[wrong[i].at];
        letter[wrong[i].at] = wrong[i].value;
        assert_int_equal(worker_message_decode(span_of(letter, len), &got), -EBADMSG);
        letter[wrong[i].at] = was;
    }
    munmap(pages, 2 * page);
}

/* ---- the board ---- */

static void test_places(void **state)
{
    (void)state;
    struct worker_board *board = worker_board_new(2);
    struct signal_server_stats sum;
    assert_int_equal(worker_board_number(board), 1);
    assert_int_equal(worker_board_number(board), 2);
    assert_true(worker_board_admit(board, 0, 2));
    assert_true(worker_board_admit(board, 1, 2));
    assert_false(worker_board_admit(board, 0, 2));
    assert_false(worker_board_admit(board, 1, 2));
    worker_board_uncount(board, 0);
    assert_true(worker_board_admit(board, 1, 2));
    worker_board_count(board, 0); /* as who takes a dead one's place may have to */
    worker_board_sum(board, &sum);
    assert_int_equal(sum.sockets, 3);
    worker_board_free(board);
}

/* What a dead worker counted stays, what it had does not. */
static void test_burial(void **state)
{
    (void)state;
    struct worker_board *board = worker_board_new(2);
    struct signal_server_stats sum, figures = {.rooms = 1, .members = 2, .queued_bytes = 3};
    figures.counts.messages_sent = 10;
    figures.counts.limits[SIGNAL_LIMIT_DESCRIPTORS] = 5;
    worker_board_write(board, 0, &figures);
    worker_board_write(board, 1, &figures);
    worker_board_count(board, 0);
    worker_board_count(board, 1);
    worker_board_sum(board, &sum);
    assert_int_equal(sum.rooms, 2);
    assert_int_equal(sum.members, 4);
    assert_int_equal(sum.queued_bytes, 6);
    assert_int_equal(sum.counts.messages_sent, 20);
    assert_int_equal(sum.counts.limits[SIGNAL_LIMIT_DESCRIPTORS], 10);
    worker_board_bury(board, 0);
    assert_int_equal(worker_board_lives(board, 0), 1);
    assert_int_equal(worker_board_lives(board, 1), 0);
    figures.counts.messages_sent = 1; /* of the next */
    worker_board_write(board, 0, &figures);
    worker_board_sum(board, &sum);
    assert_int_equal(sum.sockets, 1);
    assert_int_equal(sum.rooms, 2);
    assert_int_equal(sum.counts.messages_sent, 21);
    worker_board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rooms),  cmocka_unit_test(test_letters),
        cmocka_unit_test(test_places), cmocka_unit_test(test_short_letters),
        cmocka_unit_test(test_burial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
