/*
 * Numbers by chance, the same in every run.
 */
#ifndef TESTS_SCTP_DRAW_H
#define TESTS_SCTP_DRAW_H

#include <stdint.h>

static uint32_t draw_state = 1;

static inline uint32_t draw(uint32_t below)
{
    draw_state = draw_state * 1664525 + 1013904223;
    return (draw_state >> 8) % below;
}

#endif
