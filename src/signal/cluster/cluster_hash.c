#include "signal/cluster/cluster_hash.h"

#include <openssl/evp.h>
#include <stdlib.h>

void cluster_hash(const char *what, struct span data, uint8_t out[CLUSTER_HASH_LEN])
{
    static const char label[] = "httptunnel cluster 1 ";
    uint8_t digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                   EVP_DigestUpdate(context, label, sizeof label) == 1 &&
                   EVP_DigestUpdate(context, what, strlen(what) + 1) == 1 &&
                   EVP_DigestUpdate(context, data.data, data.len) == 1 &&
                   EVP_DigestFinal_ex(context, digest, NULL) == 1;
    if (!is_done)
        abort(); /* out of memory */
    EVP_MD_CTX_free(context);
    memcpy(out, digest, CLUSTER_HASH_LEN);
}
