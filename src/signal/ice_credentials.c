/*
 * User: EXPIRY:PEER. Password: base64(HMAC-SHA1(secret, user)). The TURN server
 * computes the same and looks at the expiry; it keeps no list of users.
 */
#include "signal/ice_credentials.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/armor.h"

static char *password_of(const char *secret, const char *user)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    HMAC(EVP_sha1(), secret, (int)strlen(secret), (const unsigned char *)user, strlen(user), mac,
         &len);
    char *text = xcalloc(1, ARMOR_LEN(ARMOR_BASE64, len) + 1);
    return armor_encode(ARMOR_BASE64, span_of(mac, len), text);
}

void ice_credentials_make(const struct ice_credentials *config, const char *peer_id, int64_t now_s,
                          struct signal_message *joined)
{
    char *user = xasprintf("%" PRId64 ":%s", now_s + (int64_t)config->lifetime_s, peer_id);
    for (size_t i = 0; i < config->url_count; i++) {
        bool is_turn = strncmp(config->urls[i], "turn", 4) == 0;
        joined->ice_servers[joined->ice_server_count++] = (struct signal_ice_server){
            .url = (char *)(uintptr_t)config->urls[i],
            .user = is_turn ? xstrdup(user) : NULL,
            .password = is_turn ? password_of(config->secret, user) : NULL,
        };
        if (is_turn)
            joined->ice_lifetime_s = config->lifetime_s;
    }
    free(user);
}

void ice_credentials_clear(struct signal_message *joined)
{
    for (size_t i = 0; i < joined->ice_server_count; i++) {
        free(joined->ice_servers[i].user);
        free_secret_string(joined->ice_servers[i].password);
    }
    joined->ice_server_count = 0;
}
