#include "base/wipe.h"

#include <string.h>

void wipe(void *secret, size_t len)
{
    explicit_bzero(secret, len);
}
