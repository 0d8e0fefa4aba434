/*
 * What parses can be answered, and our answer parses again with the same
 * sections.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "rtc/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sdp sdp;
    struct sdp answer;
    struct sdp back;
    const char *why = NULL;
    char *text = xstrndup(span_of(data, size));
    int error = sdp_parse(text, &sdp, &why);
    free(text);
    if (error < 0) {
        assert(why);
        return 0;
    }
    sdp_init_answer(&answer, &sdp);
    snprintf(answer.ufrag, sizeof answer.ufrag, "%s", sdp.ufrag);
    snprintf(answer.pwd, sizeof answer.pwd, "%s", sdp.pwd);
    answer.setup = SDP_ACTIVE;
    text = sdp_format(&answer);
    error = sdp_parse(text, &back, &why);
    assert(error == 0);
    assert(back.section_index == sdp.section_index);
    assert(back.section_count == sdp.section_count);
    free(text);
    sdp_deinit(&back);
    sdp_deinit(&answer);
    sdp_deinit(&sdp);
    return 0;
}
