/*
 * CRC32C, the checksum of an SCTP packet (RFC 9260 section 6.8 and appendix
 * A): polynomial 0x1EDC6F41, reflected.
 */
#ifndef SCTP_CRC32C_H
#define SCTP_CRC32C_H

#include <stdint.h>

#include "base/span.h"

/* Over the bytes, by the processor's instruction where there is one. For
 * tests. */
uint32_t crc32c(struct span bytes);

/* The same by table; for processors without, and to test the other. For
 * tests. */
uint32_t crc32c_by_table(struct span bytes);

/* Of a packet whose checksum field (bytes 8 to 11) counts as zero. The value
 * goes into the field little-endian. The packet has at least 12 bytes. */
uint32_t crc32c_of_packet(struct span packet);

#endif
