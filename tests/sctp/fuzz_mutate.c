/*
 * libFuzzer's mutator for scripts: it works on whole steps, so that what made
 * one interesting is moved, repeated and joined with others instead of being
 * cut apart. New arguments are mostly near the edges: TSNs, message ids and
 * counts are relative to what the association expects.
 */
#include "fuzz_script.h"

#include <string.h>

enum { STEPS_MAX = 1024, STEP_LEN_MAX = 3 + 255 + 1, RUN_MAX = 8, RAW_MAX = 40 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_len, const uint8_t *two,
                                 size_t two_len, uint8_t *out, size_t max_len, unsigned seed);

struct script {
    uint8_t *data;
    size_t len;
    size_t max;
    uint64_t random;
    size_t starts[STEPS_MAX + 1]; /* of each step; then where the last ends */
    size_t steps;
};

/* splitmix64 */
static uint32_t draw(struct script *s, uint32_t below)
{
    uint64_t z = s->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ (z >> 31)) >> 32) % below;
}

static void find_steps(struct script *s)
{
    size_t at = 1;
    s->steps = 0;
    while (at < s->len && s->steps < STEPS_MAX) {
        s->starts[s->steps++] = at;
        at += script_step_len(s->data + at, s->len - at);
    }
    s->starts[s->steps] = at < s->len ? at : s->len;
}

/* A run of whole steps, as bytes. */
static size_t draw_run(struct script *s, size_t *len)
{
    size_t first = draw(s, (uint32_t)s->steps);
    size_t count = 1 + draw(s, RUN_MAX);
    if (count > s->steps - first)
        count = s->steps - first;
    *len = s->starts[first + count] - s->starts[first];
    return s->starts[first];
}

static size_t draw_boundary(struct script *s)
{
    return s->starts[draw(s, (uint32_t)s->steps + 1)];
}

/* Puts bytes in; too long a script stays as it is. */
static void insert(struct script *s, size_t at, const uint8_t *bytes, size_t len)
{
    if (len > s->max - s->len)
        return;
    memmove(s->data + at + len, s->data + at, s->len - at);
    memcpy(s->data + at, bytes, len);
    s->len += len;
}

static void erase(struct script *s, size_t at, size_t len)
{
    memmove(s->data + at, s->data + at + len, s->len - at - len);
    s->len -= len;
}

static uint8_t draw_argument(struct script *s)
{
    static const uint8_t edges[] = {0, 1, 2, 3, 4, 7, 8, 0x7F, 0x80, 0xFC, 0xFE, 0xFF};
    return draw(s, 4) == 0 ? (uint8_t)draw(s, 256) : edges[draw(s, sizeof edges)];
}

static void insert_new_step(struct script *s)
{
    static const uint8_t types[] = {0,  1,  2,  3,    4,    5,    6,    7,    8,    9,
                                    10, 11, 14, 0x40, 0x82, 0x84, 0xC0, 0xC2, 0x3F, 0xFF};
    uint8_t step[STEP_LEN_MAX];
    for (size_t i = 0; i < sizeof step; i++)
        step[i] = draw_argument(s);
    step[0] = (uint8_t)(draw(s, SCRIPT_OPS) | (draw(s, 2) ? SCRIPT_VARIANT : 0) |
                        (draw(s, 3) ? 0 : SCRIPT_SETTLE) | (draw(s, 3) ? 0 : SCRIPT_HOLD) |
                        (draw(s, 8) ? 0 : SCRIPT_TWICE));
    if (step[0] % SCRIPT_OPS == SCRIPT_RAW) {
        step[1] = types[draw(s, sizeof types)];
        step[3] = (uint8_t)draw(s, RAW_MAX);
    }
    insert(s, draw_boundary(s), step, script_step_len(step, sizeof step));
}

static void repeat_run(struct script *s)
{
    size_t len;
    size_t from = draw_run(s, &len);
    uint8_t run[RUN_MAX * STEP_LEN_MAX];
    memcpy(run, s->data + from, len);
    size_t at = draw(s, 2) ? from : draw_boundary(s);
    for (unsigned times = 1 + draw(s, 3); times > 0; times--)
        insert(s, at, run, len);
}

static void move_run(struct script *s)
{
    size_t len;
    size_t from = draw_run(s, &len);
    uint8_t run[RUN_MAX * STEP_LEN_MAX];
    memcpy(run, s->data + from, len);
    erase(s, from, len);
    find_steps(s);
    insert(s, draw_boundary(s), run, len);
}

static void erase_run(struct script *s)
{
    size_t len;
    size_t from = draw_run(s, &len);
    erase(s, from, len);
}

static void change_argument(struct script *s)
{
    size_t step = draw(s, (uint32_t)s->steps);
    size_t len = s->starts[step + 1] - s->starts[step];
    uint8_t *p = s->data + s->starts[step] + draw(s, (uint32_t)len);
    if (draw(s, 2))
        *p = draw_argument(s);
    else
        *p = (uint8_t)(*p + draw(s, 9) - 4);
}

static void change_flags(struct script *s)
{
    size_t step = draw(s, (uint32_t)s->steps);
    s->data[s->starts[step]] ^= (uint8_t)(SCRIPT_VARIANT << draw(s, 4));
}

/* libFuzzer's own mutations, of one step: they know what the code compared
 * input with. */
static void mutate_bytes(struct script *s)
{
    size_t step = draw(s, (uint32_t)s->steps);
    size_t at = s->starts[step];
    size_t len = s->starts[step + 1] - at;
    uint8_t bytes[STEP_LEN_MAX];
    memcpy(bytes, s->data + at, len);
    size_t changed = LLVMFuzzerMutate(bytes, len, len);
    erase(s, at, len);
    insert(s, at, bytes, changed);
}

static void mutate_once(struct script *s)
{
    find_steps(s);
    if (s->steps == 0) {
        insert_new_step(s);
        return;
    }
    switch (draw(s, 12)) {
    case 0:
    case 1:
    case 2:
        insert_new_step(s);
        break;
    case 3:
    case 4:
        repeat_run(s);
        break;
    case 5:
        move_run(s);
        break;
    case 6:
        erase_run(s);
        break;
    case 7:
    case 8:
        change_argument(s);
        break;
    case 9:
        change_flags(s);
        break;
    case 10:
        mutate_bytes(s);
        break;
    default:
        s->data[0] ^= (uint8_t)(1u << draw(s, 8));
        break;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct script s = {.data = data, .len = size, .max = max_size, .random = seed};
    if (s.len == 0 && s.max > 0)
        s.data[s.len++] = 0; /* the options */
    if (s.len == 0)
        return 0;
    for (unsigned times = 1 + draw(&s, 4); times > 0; times--)
        mutate_once(&s);
    return s.len;
}

/* The beginning of one and the end of the other, each cut between steps. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_len, const uint8_t *two,
                                 size_t two_len, uint8_t *out, size_t max_len, unsigned seed)
{
    if (one_len == 0 || two_len == 0 || one_len > max_len || two_len > max_len)
        return 0;
    struct script s = {.data = out, .len = two_len, .max = max_len, .random = seed};
    memcpy(out, two, two_len);
    find_steps(&s);
    size_t tail = draw_boundary(&s);
    memcpy(out, one, one_len);
    s.len = one_len;
    find_steps(&s);
    s.len = draw_boundary(&s);
    insert(&s, s.len, two + tail, two_len - tail);
    return s.len;
}
