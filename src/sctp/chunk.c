/*
 * Decoders look at lengths only and leave the meaning to their callers; they
 * allocate nothing and hand out spans into the packet.
 */
#include "sctp/chunk.h"

#include <errno.h>

#include "base/bytes.h"

/* Takes a length-prefixed element off the front; both kinds have the 16-bit
 * length at offset 2, and it counts the 4-byte header. */
static int element_next(struct span *rest, struct span *whole)
{
    if (rest->len == 0)
        return 0;
    if (rest->len < CHUNK_HEADER_LEN)
        return -EBADMSG;
    size_t len = get_u16be(rest->data + 2);
    if (len < CHUNK_HEADER_LEN || len > rest->len)
        return -EBADMSG;
    *whole = (struct span){rest->data, len};
    size_t padded = pad4(len);
    *rest = span_skip(*rest, padded < rest->len ? padded : rest->len);
    return 1;
}

int chunk_next(struct span *rest, struct chunk *out)
{
    int got = element_next(rest, &out->whole);
    if (got <= 0)
        return got;
    out->type = out->whole.data[0];
    out->flags = out->whole.data[1];
    out->value = span_skip(out->whole, CHUNK_HEADER_LEN);
    return 1;
}

int param_next(struct span *rest, struct param *out)
{
    int got = element_next(rest, &out->whole);
    if (got <= 0)
        return got;
    out->type = get_u16be(out->whole.data);
    out->value = span_skip(out->whole, PARAM_HEADER_LEN);
    return 1;
}

/*
 *   DATA                                I-DATA
 *   +---------------------------+       +---------------------------+
 *   | TSN                       |       | TSN                       |
 *   +-------------+-------------+       +-------------+-------------+
 *   | stream      | sequence    |       | stream      | reserved    |
 *   +-------------+-------------+       +-------------+-------------+
 *   | payload protocol id       |       | message id                |
 *   +---------------------------+       +---------------------------+
 *   | payload …                 |       | B: ppid, else fragment no |
 *   +---------------------------+       +---------------------------+
 *                                       | payload …                 |
 */
int chunk_data_decode(const struct chunk *c, struct chunk_data *out)
{
    bool interleaved = c->type == CHUNK_IDATA;
    size_t header = interleaved ? IDATA_HEADER_LEN : DATA_HEADER_LEN;
    if (c->whole.len < header)
        return -EBADMSG;
    const uint8_t *p = c->whole.data;
    *out = (struct chunk_data){
        .tsn = get_u32be(p + 4),
        .stream = get_u16be(p + 8),
        .flags = c->flags,
        .interleaved = interleaved,
        .payload = span_skip(c->whole, header),
    };
    if (!interleaved) {
        out->mid = get_u16be(p + 10);
        out->ppid = get_u32be(p + 12);
        return 0;
    }
    out->mid = get_u32be(p + 12);
    if (c->flags & DATA_BEGIN)
        out->ppid = get_u32be(p + 16);
    else
        out->fsn = get_u32be(p + 16);
    return 0;
}

size_t chunk_data_encode(uint8_t *p, const struct chunk_data *d)
{
    size_t header = d->interleaved ? IDATA_HEADER_LEN : DATA_HEADER_LEN;
    chunk_put_header(p, d->interleaved ? CHUNK_IDATA : CHUNK_DATA, d->flags,
                     header + d->payload.len);
    put_u32be(p + 4, d->tsn);
    put_u16be(p + 8, d->stream);
    if (!d->interleaved) {
        put_u16be(p + 10, (uint16_t)d->mid);
        put_u32be(p + 12, d->ppid);
        return header;
    }
    put_u16be(p + 10, 0);
    put_u32be(p + 12, d->mid);
    put_u32be(p + 16, d->flags & DATA_BEGIN ? d->ppid : d->fsn);
    return header;
}

int chunk_init_decode(const struct chunk *c, struct chunk_init *out)
{
    if (c->whole.len < INIT_HEADER_LEN)
        return -EBADMSG;
    const uint8_t *p = c->whole.data;
    *out = (struct chunk_init){
        .tag = get_u32be(p + 4),
        .window = get_u32be(p + 8),
        .out_streams = get_u16be(p + 12),
        .in_streams = get_u16be(p + 14),
        .first_tsn = get_u32be(p + 16),
        .params = span_skip(c->whole, INIT_HEADER_LEN),
    };
    return 0;
}

int chunk_sack_decode(const struct chunk *c, struct chunk_sack *out)
{
    if (c->whole.len < SACK_HEADER_LEN)
        return -EBADMSG;
    const uint8_t *p = c->whole.data;
    *out = (struct chunk_sack){
        .cum_tsn = get_u32be(p + 4),
        .window = get_u32be(p + 8),
        .gaps = get_u16be(p + 12),
        .duplicates = get_u16be(p + 14),
        .gap_bytes = p + SACK_HEADER_LEN,
    };
    size_t need = SACK_HEADER_LEN + ((size_t)out->gaps + out->duplicates) * 4;
    if (c->whole.len < need)
        return -EBADMSG;
    out->duplicate_bytes = out->gap_bytes + (size_t)out->gaps * 4;
    return 0;
}

void chunk_put_header(uint8_t *p, uint8_t type, uint8_t flags, size_t len)
{
    p[0] = type;
    p[1] = flags;
    put_u16be(p + 2, (uint16_t)len);
}

void param_put_header(uint8_t *p, uint16_t type, size_t len)
{
    put_u16be(p, type);
    put_u16be(p + 2, (uint16_t)len);
}
