/*
 * What seals depends on the build and on the processor, so it is asked rather
 * than known.
 */
#include "cli/version.h"

#include <stdio.h>

#include "cli/qr.h"
#include "net/router.h"
#include "rtc/aead.h"

void version_print(void)
{
    static const uint8_t key[AEAD_KEY_MAX] = "";
    struct aead *aead = aead_new(AEAD_AES_128_GCM, key);
    printf("tunnel " TUNNEL_VERSION "\nAES-128-GCM by %s\n", aead->library->version());
    aead_free(aead);
    if (router_libraries())
        printf("ports of the router by %s\n", router_libraries());
    if (qr_library())
        printf("QR codes by %s\n", qr_library());
}
