#include "base/file_time.h"

struct timespec file_time_changed(const struct stat *st)
{
    return st->st_mtim;
}
