#define __STDC_WANT_LIB_EXT1__ 1 /* of C11, annex K: memset_s() */
#include <string.h>

#include "base/wipe.h"

void wipe(void *secret, size_t len)
{
    memset_s(secret, len, 0, len);
}
