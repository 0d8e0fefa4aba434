/*
 * DNS messages (RFC 1035 section 4), as far as multicast DNS needs them
 * (RFC 6762): read with bounds checked, and written without compression.
 */
#ifndef BASE_DNS_H
#define BASE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

enum {
    DNS_HEADER_LEN = 12,
    DNS_NAME_MAX = 255, /* bytes of a name, its last zero included */
    DNS_LABEL_MAX = 63,
    DNS_FLAG_RESPONSE = 0x8000,
    DNS_FLAG_AUTHORITATIVE = 0x0400,
    DNS_CLASS_IN = 1,
    /* The top bit of a class: of a record that it replaces all others of its
     * name and type, of a question that a unicast answer is wanted. */
    DNS_CLASS_TOP = 0x8000
};

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_TXT = 16, DNS_AAAA = 28, DNS_SRV = 33, DNS_ANY = 255 };

/* Writes "a.b.local" as labels. Its length, or -EINVAL when it cannot be a
 * name: a label that is empty or too long, or too much in all. */
int dns_name_encode(const char *name, uint8_t out[DNS_NAME_MAX]);

/* ---- reading ---- */

struct dns_reader {
    struct span message;
    size_t at;
    unsigned flags;
    unsigned questions; /* that are left */
    unsigned answers;   /* records of the first section that are left */
    unsigned records;   /* of all sections */
};

/* Both for a question, whose ttl is 0 and data is empty, and a record. */
struct dns_record {
    size_t name_at; /* in the message, for dns_name_is() */
    uint16_t type;
    uint16_t class;
    bool has_top_bit; /* of the class, which is without it */
    bool is_answer;   /* of the first section */
    uint32_t ttl;
    struct span data;
    size_t data_at;
};

/* 0 or -EINVAL. */
int dns_reader_init(struct dns_reader *reader, struct span message);

/* 1 with *out, 0 behind the last, or -EINVAL. All questions come first. */
int dns_reader_question(struct dns_reader *reader, struct dns_record *out);
int dns_reader_skip_questions(struct dns_reader *reader); /* 0 or -EINVAL */
int dns_reader_record(struct dns_reader *reader, struct dns_record *out);

/* Whether that name stands there; case does not count. False for one that is
 * malformed. */
bool dns_name_is(struct span message, size_t at, const char *name);

/* ---- writing ---- */

/* A name that is none, or too much for the buffer, is a caller's bug. */

/* Counts are filled in by what is added. */
void dns_write_header(struct buf *out, uint16_t id, unsigned flags);
void dns_write_question(struct buf *out, const char *name, enum dns_type type, unsigned class);

/* section: 0 answers, 1 authorities, 2 additional. */
void dns_write_record(struct buf *out, int section, const char *name, enum dns_type type,
                      unsigned class, uint32_t ttl, struct span data);

#endif
