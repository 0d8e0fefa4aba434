#include "cli/sparkline.h"

static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const letters[] = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};

enum { LEVELS = sizeof blocks / sizeof *blocks - 1 };

void sparkline_print(const double *values, size_t count, bool has_utf8, struct buf *out)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = values[i] > most ? values[i] : most;
    for (size_t i = 0; i < count; i++) {
        int level = values[i] > 0 ? (int)(values[i] / most * (int)LEVELS + 0.5) : 0;
        if (values[i] > 0 && level == 0)
            level = 1;
        buf_append_string(out, (has_utf8 ? blocks : letters)[level]);
    }
}
