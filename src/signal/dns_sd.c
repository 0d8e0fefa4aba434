/*
 * All records fit one message, so a reply to all is always the same, and is
 * what an announcement is. To a question of a single name the same comes as an
 * answer to the sender alone, at once: so who looks for a provider waits for
 * nothing.
 */
#include "signal/dns_sd.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"

enum {
    ANNOUNCEMENTS = 2, /* RFC 6762 section 8.3 */
    TTL_HOST_S = 120,  /* section 10: of what holds an address or a host's name */
    TTL_S = 4500,
    TTL_ONE_SHOT_S = 10, /* section 6.7 */
    SRV_LEN = 6,         /* in front of the name */
    NAME_TEXT_MAX = DNS_SD_HASH_LEN + sizeof DNS_SD_SERVICE + 1
};

#define ANNOUNCE_EVERY_US (1 * US_PER_S)
#define REPLY_AFTER_US    (20 * US_PER_MS) /* section 6: 20 to 120 ms, as others may answer, too */
#define REPLY_SPREAD_US   (100 * US_PER_MS)
#define QUIET_US          (1 * US_PER_S) /* section 6: between two to all */

#define SERVICES "_services._dns-sd._udp.local"

static const char *instance_of(const char *hash, char out[NAME_TEXT_MAX])
{
    snprintf(out, NAME_TEXT_MAX, "%.*s." DNS_SD_SERVICE, DNS_SD_HASH_LEN, hash);
    return out;
}

static const char *host_of(const char *hash, char out[NAME_TEXT_MAX])
{
    snprintf(out, NAME_TEXT_MAX, "%.*s.local", DNS_SD_HASH_LEN, hash);
    return out;
}

/* ---- records ---- */

/* How they are said: to all, to one, or for the last time. */
struct manner {
    unsigned flush; /* DNS_CLASS_TOP where the names are ours alone, to all */
    uint32_t ttl_max;
};

static uint32_t ttl_of(const struct manner *manner, uint32_t ttl)
{
    return ttl < manner->ttl_max ? ttl : manner->ttl_max;
}

static void write_pointer(struct buf *out, const char *from, const char *to, uint32_t ttl)
{
    uint8_t name[DNS_NAME_MAX];
    int len = dns_name_encode(to, name);
    assert(len > 0);
    dns_write_record(out, 0, from, DNS_PTR, DNS_CLASS_IN, ttl, span_of(name, (size_t)len));
}

static void write_all(const struct dns_sd_responder *r, const struct manner *manner,
                      struct buf *out)
{
    char instance[NAME_TEXT_MAX], host[NAME_TEXT_MAX];
    uint8_t srv[SRV_LEN + DNS_NAME_MAX] = {0}; /* priority and weight: 0 */
    char txt[1 + sizeof "room=" + DNS_SD_HASH_LEN];
    unsigned class = DNS_CLASS_IN | manner->flush;
    instance_of(r->hash, instance);
    write_pointer(out, SERVICES, DNS_SD_SERVICE, ttl_of(manner, TTL_S));
    write_pointer(out, DNS_SD_SERVICE, instance, ttl_of(manner, TTL_S));
    put_u16be(srv + 4, r->port);
    int len = dns_name_encode(host_of(r->hash, host), srv + SRV_LEN);
    assert(len > 0);
    dns_write_record(out, 0, instance, DNS_SRV, class, ttl_of(manner, TTL_HOST_S),
                     span_of(srv, SRV_LEN + (size_t)len));
    int txt_len = snprintf(txt + 1, sizeof txt - 1, "room=%s", r->hash);
    txt[0] = (char)txt_len;
    dns_write_record(out, 0, instance, DNS_TXT, class, ttl_of(manner, TTL_S),
                     span_of(txt, 1 + (size_t)txt_len));
    if (r->host.has_v4)
        dns_write_record(out, 0, host, DNS_A, class, ttl_of(manner, TTL_HOST_S),
                         span_of(r->host.v4, sizeof r->host.v4));
    if (r->host.has_v6)
        dns_write_record(out, 0, host, DNS_AAAA, class, ttl_of(manner, TTL_HOST_S),
                         span_of(r->host.v6, sizeof r->host.v6));
}

/* ---- questions ---- */

/* What is asked for: first what others may have an answer to, too. */
enum wish { WISH_NONE, WISH_TYPES, WISH_SERVICE, WISH_INSTANCE, WISH_HOST };

static const char *name_of(const struct dns_sd_responder *r, enum wish wish,
                           char out[NAME_TEXT_MAX])
{
    switch (wish) {
    case WISH_TYPES:
        return SERVICES;
    case WISH_SERVICE:
        return DNS_SD_SERVICE;
    case WISH_INSTANCE:
        return instance_of(r->hash, out);
    default:
        return host_of(r->hash, out);
    }
}

static bool has_address(const struct dns_sd_responder *r, uint16_t type)
{
    return (type == DNS_A && r->host.has_v4) || (type == DNS_AAAA && r->host.has_v6);
}

static bool is_of_type(const struct dns_sd_responder *r, const struct dns_record *question,
                       enum wish wish)
{
    bool is_type = wish < WISH_INSTANCE    ? question->type == DNS_PTR
                   : wish == WISH_INSTANCE ? question->type == DNS_SRV || question->type == DNS_TXT
                                           : has_address(r, question->type);
    return is_type || question->type == DNS_ANY;
}

static enum wish wish_of(const struct dns_sd_responder *r, struct span message,
                         const struct dns_record *question)
{
    char name[NAME_TEXT_MAX];
    if (question->class != DNS_CLASS_IN && question->class != DNS_ANY)
        return WISH_NONE;
    for (enum wish wish = WISH_TYPES; wish <= WISH_HOST; wish++) {
        if (is_of_type(r, question, wish) &&
            dns_name_is(message, question->name_at, name_of(r, wish, name)))
            return wish;
    }
    return WISH_NONE;
}

/* Who asks has our pointer already, for at least half of its time (RFC 6762
 * section 7.1). */
static bool is_known(const struct dns_sd_responder *r, struct dns_reader *reader)
{
    char name[NAME_TEXT_MAX];
    struct dns_record record;
    while (dns_reader_record(reader, &record) > 0) {
        if (record.is_answer && record.type == DNS_PTR && record.ttl >= TTL_S / 2 &&
            dns_name_is(reader->message, record.data_at, instance_of(r->hash, name)))
            return true;
    }
    return false;
}

/* Of a query: what is wished most of all, and the first question about it. */
static enum wish read_query(const struct dns_sd_responder *r, struct dns_reader *reader,
                            struct dns_record *asked)
{
    enum wish wish = WISH_NONE;
    struct dns_record question;
    while (dns_reader_question(reader, &question) > 0) {
        enum wish one = wish_of(r, reader->message, &question);
        if (one > wish) { /* what is ours alone is answered at once */
            wish = one;
            *asked = question;
        }
    }
    return wish;
}

static void say_all(const struct dns_sd_responder *r, struct buf *out)
{
    static const struct manner manner = {DNS_CLASS_TOP, TTL_S};
    dns_write_header(out, 0, DNS_FLAG_RESPONSE | DNS_FLAG_AUTHORITATIVE);
    write_all(r, &manner, out);
}

/* Its question comes back in its answer (section 6.7). */
static void answer_one_shot(const struct dns_sd_responder *r, uint16_t id, enum wish wish,
                            const struct dns_record *asked, struct buf *out)
{
    static const struct manner manner = {0, TTL_ONE_SHOT_S};
    char name[NAME_TEXT_MAX];
    dns_write_header(out, id, DNS_FLAG_RESPONSE | DNS_FLAG_AUTHORITATIVE);
    dns_write_question(out, name_of(r, wish, name), (enum dns_type)asked->type, DNS_CLASS_IN);
    write_all(r, &manner, out);
}

static uint64_t spread_us(struct dns_sd_responder *r)
{
    r->dice = r->dice * UINT64_C(6364136223846793005) + 1;
    return (r->dice >> 33) % REPLY_SPREAD_US;
}

/* To all, and not again within a second of the last. */
static void schedule_reply(struct dns_sd_responder *r, enum wish wish, uint64_t now_us)
{
    uint64_t at_us = now_us;
    if (wish == WISH_TYPES || wish == WISH_SERVICE)
        at_us += REPLY_AFTER_US + spread_us(r);
    if (r->sent_us > 0 && at_us < r->sent_us + QUIET_US)
        at_us = r->sent_us + QUIET_US;
    if (at_us < r->reply_us)
        r->reply_us = at_us;
}

bool dns_sd_responder_feed(struct dns_sd_responder *r, struct span message, bool is_one_shot,
                           uint64_t now_us, struct buf *out)
{
    struct dns_reader reader;
    struct dns_record asked = {0};
    if (dns_reader_init(&reader, message) < 0 || reader.flags & DNS_FLAG_RESPONSE)
        return false;
    enum wish wish = read_query(r, &reader, &asked);
    if (wish == WISH_NONE || reader.questions > 0 || is_known(r, &reader))
        return false;
    if (is_one_shot)
        answer_one_shot(r, get_u16be(message.data), wish, &asked, out);
    else if (asked.has_top_bit)
        say_all(r, out);
    else
        schedule_reply(r, wish, now_us);
    return is_one_shot || asked.has_top_bit;
}

/* ---- to all ---- */

void dns_sd_responder_init(struct dns_sd_responder *r, const char *hash, uint16_t port,
                           const struct dns_sd_host *host, uint64_t now_us)
{
    assert(strlen(hash) == DNS_SD_HASH_LEN);
    *r = (struct dns_sd_responder){.port = port,
                                   .host = *host,
                                   .announcements = ANNOUNCEMENTS,
                                   .announce_us = now_us,
                                   .reply_us = TIME_NEVER,
                                   .dice = now_us};
    memcpy(r->hash, hash, DNS_SD_HASH_LEN + 1);
}

bool dns_sd_responder_next(struct dns_sd_responder *r, uint64_t now_us, struct buf *out)
{
    bool announces = r->announce_us <= now_us;
    if (!announces && r->reply_us > now_us)
        return false;
    say_all(r, out);
    r->reply_us = TIME_NEVER;
    r->sent_us = now_us;
    if (announces)
        r->announce_us = --r->announcements > 0 ? now_us + ANNOUNCE_EVERY_US : TIME_NEVER;
    return true;
}

uint64_t dns_sd_responder_due_us(const struct dns_sd_responder *r)
{
    return r->announce_us < r->reply_us ? r->announce_us : r->reply_us;
}

void dns_sd_responder_goodbye(const struct dns_sd_responder *r, struct buf *out)
{
    static const struct manner manner = {DNS_CLASS_TOP, 0};
    dns_write_header(out, 0, DNS_FLAG_RESPONSE | DNS_FLAG_AUTHORITATIVE);
    write_all(r, &manner, out);
}

/* ---- who looks for it ---- */

void dns_sd_query_write(const char *hash, uint16_t id, struct buf *out)
{
    char instance[NAME_TEXT_MAX];
    dns_write_header(out, id, 0);
    dns_write_question(out, instance_of(hash, instance), DNS_SRV, DNS_CLASS_TOP | DNS_CLASS_IN);
}

uint16_t dns_sd_answer_port(struct span message, const char *hash)
{
    char instance[NAME_TEXT_MAX];
    struct dns_reader reader;
    struct dns_record record;
    if (dns_reader_init(&reader, message) < 0 || !(reader.flags & DNS_FLAG_RESPONSE) ||
        dns_reader_skip_questions(&reader) < 0)
        return 0;
    instance_of(hash, instance);
    while (dns_reader_record(&reader, &record) > 0) {
        if (record.type == DNS_SRV && record.class == DNS_CLASS_IN && record.ttl > 0 &&
            record.data.len > SRV_LEN && dns_name_is(message, record.name_at, instance))
            return get_u16be(record.data.data + 4);
    }
    return 0;
}
