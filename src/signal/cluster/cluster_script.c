#include "signal/cluster/cluster_script.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/armor.h"

enum { ID_TEXT_LEN = 2 * CLUSTER_ID_LEN, KEY_MAX = 64 };

#define SERVER_PREFIX "tunnel:1:server:"
#define ROOM_PREFIX   "tunnel:1:room:"
#define TO_PREFIX     "tunnel:1:to:"

/* The home of each room; ours, where there is none that lives. */
static const char claim_script[] =
    "local homes = {}\n"
    "for i, key in ipairs(KEYS) do\n"
    "  local home = redis.call('GET', key)\n"
    "  if not home or home == ARGV[1]\n"
    "     or redis.call('EXISTS', '" SERVER_PREFIX "' .. home) == 0 then\n"
    "    home = ARGV[1]\n"
    "    redis.call('SET', key, home, 'PX', ARGV[2])\n"
    "  end\n"
    "  homes[i] = home\n"
    "end\n"
    "return homes";

static const char release_script[] =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end";

/* Whether our lease, the first, was still there; and those of the others. */
static const char beat_script[] = "local alive = {redis.call('EXISTS', KEYS[1])}\n"
                                  "redis.call('SET', KEYS[1], '', 'PX', ARGV[1])\n"
                                  "for i = 2, #KEYS do\n"
                                  "  alive[i] = redis.call('EXISTS', KEYS[i])\n"
                                  "end\n"
                                  "return alive";

static char *id_write(const char *prefix, const uint8_t *id, char out[KEY_MAX])
{
    size_t len = strlen(prefix);
    memcpy(out, prefix, len);
    armor_encode(ARMOR_HEX, span_of(id, CLUSTER_ID_LEN), out + len);
    return out;
}

static void put_ids(struct redis *redis, const char *prefix, const uint8_t *ids, size_t count)
{
    char key[KEY_MAX];
    for (size_t i = 0; i < count; i++)
        redis_text(redis, id_write(prefix, ids + i * CLUSTER_ID_LEN, key));
}

static void put_ms(struct redis *redis, uint64_t us)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRIu64, us / US_PER_MS);
    redis_text(redis, number);
}

/* Keys and arguments follow. */
static void begin_script(struct redis *redis, const char *script, size_t keys, size_t arguments,
                         void (*on_answer)(const struct redis_value *value, void *arg))
{
    char number[24];
    snprintf(number, sizeof number, "%zu", keys);
    redis_begin(redis, 3 + keys + arguments, on_answer);
    redis_text(redis, "EVAL");
    redis_text(redis, script);
    redis_text(redis, number);
}

void script_subscribe(struct redis *redis, const uint8_t *me)
{
    char channel[KEY_MAX];
    redis_subscribe(redis, id_write(TO_PREFIX, me, channel));
}

void script_publish(struct redis *redis, const uint8_t *to, struct span bytes)
{
    redis_begin(redis, 3, NULL);
    redis_text(redis, "PUBLISH");
    put_ids(redis, TO_PREFIX, to, 1);
    redis_word(redis, bytes);
}

void script_claim(struct redis *redis, const uint8_t *me, const uint8_t *rooms, size_t count,
                  void (*on_answer)(const struct redis_value *value, void *arg))
{
    begin_script(redis, claim_script, count, 2, on_answer);
    put_ids(redis, ROOM_PREFIX, rooms, count);
    put_ids(redis, "", me, 1);
    put_ms(redis, CLUSTER_ROOM_LEASE_US);
}

bool script_read_homes(const struct redis_value *value, size_t count, uint8_t *homes)
{
    if (redis_value_count(value) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct span text = redis_value_text(redis_value_at(value, i));
        if (text.len != ID_TEXT_LEN ||
            armor_decode(ARMOR_HEX, text, homes + i * CLUSTER_ID_LEN) != CLUSTER_ID_LEN)
            return false;
    }
    return true;
}

void script_release(struct redis *redis, const uint8_t *me, const uint8_t *room,
                    void (*on_answer)(const struct redis_value *value, void *arg))
{
    begin_script(redis, release_script, 1, 1, on_answer);
    put_ids(redis, ROOM_PREFIX, room, 1);
    put_ids(redis, "", me, 1);
}

void script_beat(struct redis *redis, const uint8_t *me, const uint8_t *servers, size_t count,
                 void (*on_answer)(const struct redis_value *value, void *arg))
{
    begin_script(redis, beat_script, count + 1, 1, on_answer);
    put_ids(redis, SERVER_PREFIX, me, 1);
    put_ids(redis, SERVER_PREFIX, servers, count);
    put_ms(redis, CLUSTER_LEASE_US);
}

bool script_read_beat(const struct redis_value *value, uint8_t *servers, size_t count, size_t *dead,
                      bool *had_lapsed)
{
    if (redis_value_count(value) != count + 1)
        return false;
    *had_lapsed = redis_value_number(redis_value_at(value, 0)) == 0;
    *dead = 0;
    for (size_t i = 0; i < count; i++) {
        if (redis_value_number(redis_value_at(value, i + 1)) == 0)
            memmove(servers + CLUSTER_ID_LEN * (*dead)++, servers + CLUSTER_ID_LEN * i,
                    CLUSTER_ID_LEN);
    }
    return true;
}

void script_end(struct redis *redis, const uint8_t *me)
{
    redis_begin(redis, 2, NULL);
    redis_text(redis, "DEL");
    put_ids(redis, SERVER_PREFIX, me, 1);
}
