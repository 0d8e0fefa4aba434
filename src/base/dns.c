/*
 *   | id | flags | questions | answers | authorities | additionals |
 *   question: name | type 16 | class 16
 *   record:   name | type 16 | class 16 | ttl 32 | length 16 | data
 *
 * A name may end in a pointer to an earlier place; following only pointers that
 * go backwards makes every walk end.
 */
#include "base/dns.h"

#include <assert.h>
#include <errno.h>

#include "base/bytes.h"

enum { RECORD_LEN = 10, QUESTION_LEN = 4, POINTER = 0xc0 };

int dns_name_encode(const char *name, uint8_t out[DNS_NAME_MAX])
{
    size_t at = 0;
    while (*name) {
        size_t len = strcspn(name, ".");
        if (len == 0 || len > DNS_LABEL_MAX || at + 1 + len + 1 > DNS_NAME_MAX)
            return -EINVAL;
        out[at++] = (uint8_t)len;
        memcpy(out + at, name, len);
        at += len;
        name += len;
        if (*name == '.')
            name++;
    }
    if (at == 0)
        return -EINVAL;
    out[at++] = 0;
    return (int)at;
}

/* ---- reading ---- */

/* Walks the name at *at and leaves *at behind it. name is compared without
 * case: *same says whether it is that one. */
static int walk_name(struct span m, size_t *at, const char *name, bool *same)
{
    size_t pos = *at;
    size_t lowest = pos; /* pointers must go below what was read */
    size_t total = 0;
    bool jumped = false;
    *same = true;
    for (;;) {
        if (pos >= m.len)
            return -EINVAL;
        size_t len = m.data[pos];
        if (len == 0)
            break;
        if ((len & POINTER) == POINTER) {
            if (m.len - pos < 2)
                return -EINVAL;
            size_t target = get_u16be(m.data + pos) & 0x3fff;
            if (target >= lowest)
                return -EINVAL;
            if (!jumped)
                *at = pos + 2;
            jumped = true;
            lowest = pos = target;
            continue;
        }
        total += len + 1;
        if (len > DNS_LABEL_MAX || total >= DNS_NAME_MAX + 1 || m.len - pos - 1 < len)
            return -EINVAL;
        size_t want = strcspn(name, ".");
        if (want != len || strncasecmp(name, (const char *)m.data + pos + 1, len) != 0)
            *same = false;
        name += want;
        if (*name == '.')
            name++;
        pos += 1 + len;
    }
    if (*name != '\0')
        *same = false;
    if (!jumped)
        *at = pos + 1;
    return 0;
}

bool dns_name_is(struct span message, size_t at, const char *name)
{
    bool is_same;
    return walk_name(message, &at, name, &is_same) == 0 && is_same;
}

int dns_reader_init(struct dns_reader *reader, struct span message)
{
    const uint8_t *p = message.data;
    if (message.len < DNS_HEADER_LEN)
        return -EINVAL;
    *reader = (struct dns_reader){
        .message = message,
        .at = DNS_HEADER_LEN,
        .flags = get_u16be(p + 2),
        .questions = get_u16be(p + 4),
        .answers = get_u16be(p + 6),
        .records = (unsigned)get_u16be(p + 6) + get_u16be(p + 8) + get_u16be(p + 10),
    };
    return 0;
}

/* What questions and records begin with. */
static int read_head(struct dns_reader *reader, size_t len, struct dns_record *out)
{
    struct span m = reader->message;
    bool same;
    *out = (struct dns_record){.name_at = reader->at};
    if (walk_name(m, &reader->at, "", &same) < 0 || m.len - reader->at < len)
        return -EINVAL;
    const uint8_t *p = m.data + reader->at;
    unsigned class = get_u16be(p + 2);
    out->type = get_u16be(p);
    out->class = (uint16_t)(class & ~(unsigned)DNS_CLASS_TOP);
    out->has_top_bit = (class & DNS_CLASS_TOP) != 0;
    reader->at += len;
    return 1;
}

int dns_reader_question(struct dns_reader *reader, struct dns_record *out)
{
    if (reader->questions == 0)
        return 0;
    reader->questions--;
    return read_head(reader, QUESTION_LEN, out);
}

int dns_reader_skip_questions(struct dns_reader *reader)
{
    struct dns_record question;
    int more;
    while ((more = dns_reader_question(reader, &question)) > 0)
        continue;
    return more;
}

int dns_reader_record(struct dns_reader *reader, struct dns_record *out)
{
    assert(reader->questions == 0);
    if (reader->records == 0)
        return 0;
    reader->records--;
    if (read_head(reader, RECORD_LEN, out) < 0)
        return -EINVAL;
    const uint8_t *p = reader->message.data + reader->at - RECORD_LEN;
    size_t len = get_u16be(p + 8);
    if (reader->message.len - reader->at < len)
        return -EINVAL;
    out->is_answer = reader->answers > 0;
    reader->answers -= out->is_answer;
    out->ttl = get_u32be(p + 4);
    out->data = span_of(p + RECORD_LEN, len);
    out->data_at = reader->at;
    reader->at += len;
    return 1;
}

/* ---- writing ---- */

static void put(struct buf *out, const void *data, size_t len)
{
    int error = buf_append(out, span_of(data, len));
    assert(error == 0);
    (void)error;
}

static void put_name_and_type(struct buf *out, const char *name, enum dns_type type, unsigned class)
{
    uint8_t labels[DNS_NAME_MAX];
    uint8_t fields[4];
    int len = dns_name_encode(name, labels);
    assert(len > 0);
    put(out, labels, (size_t)len);
    put_u16be(fields, (uint16_t)type);
    put_u16be(fields + 2, (uint16_t) class);
    put(out, fields, sizeof fields);
}

/* One more of what the header counts there. */
static void count(struct buf *out, size_t at)
{
    uint8_t *field = out->data + out->head + at;
    put_u16be(field, (uint16_t)(get_u16be(field) + 1));
}

void dns_write_header(struct buf *out, uint16_t id, unsigned flags)
{
    uint8_t header[DNS_HEADER_LEN] = {0};
    put_u16be(header, id);
    put_u16be(header + 2, (uint16_t)flags);
    put(out, header, sizeof header);
}

void dns_write_question(struct buf *out, const char *name, enum dns_type type, unsigned class)
{
    put_name_and_type(out, name, type, class);
    count(out, 4);
}

void dns_write_record(struct buf *out, int section, const char *name, enum dns_type type,
                      unsigned class, uint32_t ttl, struct span data)
{
    uint8_t fields[6];
    put_name_and_type(out, name, type, class);
    put_u32be(fields, ttl);
    put_u16be(fields + 4, (uint16_t)data.len);
    put(out, fields, sizeof fields);
    put(out, data.data, data.len);
    count(out, 6 + 2 * (size_t)section);
}
