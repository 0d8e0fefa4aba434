/*
 * The secret stands in the fragment, which a browser does not send. A person
 * may copy a link by hand, or cut it off: each thing that then goes wrong has
 * its own words. A typo that leaves the length and the alphabet shows in the
 * checksum, in all but one of 65536 cases.
 */
#include "tunnel/link.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "base/wipe.h"
#include "signal/tracker_place.h"

#define VERSION_MARK "t1."
enum {
    VERSION_MARK_LEN = sizeof VERSION_MARK - 1,
    SECRET_LEN = ARMOR_LEN(ARMOR_BASE32, LINK_BYTES)
};

#define NO_PLACE                                                                               \
    "is only the secret: the address before '#' is missing; copy the whole line, with quotes " \
    "around it"

static const struct {
    const char *given, *meant, *shown;
} schemes[] = {
    {"https", "wss", "https"},
    {"wss", "wss", "https"},
    {"http", "ws", "http"},
    {"ws", "ws", "http"},
};
enum { SCHEMES = sizeof schemes / sizeof *schemes };

static int find_scheme(const char *text)
{
    for (int i = 0; i < SCHEMES; i++) {
        size_t len = strlen(schemes[i].given);
        if (strncasecmp(text, schemes[i].given, len) == 0 && strncmp(text + len, "://", 3) == 0)
            return i;
    }
    return -1;
}

/* ---- the fragment ---- */

static void put_check(const uint8_t *bytes, uint8_t check[LINK_CHECK_LEN])
{
    uint8_t hash[CRYPTO_HASH_LEN];
    crypto_hash(span_of(bytes, LINK_BYTES - LINK_CHECK_LEN), hash);
    memcpy(check, hash, LINK_CHECK_LEN);
    wipe(hash, sizeof hash);
}

static const char *find_strange(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)text.data[i];
        if (armor_is_character(ARMOR_BASE32, c))
            continue;
        if (c == '0' || c == '1' || c == '8' || c == '9')
            return "has a typo: behind '#t1.' there are only a to z and 2 to 7, so a 0 is an o, a "
                   "1 "
                   "is an l or i, an 8 is a b, a 9 is a g";
        return "has a character that does not belong there: behind '#t1.' there are only a to z "
               "and 2 to 7";
    }
    return NULL;
}

/* NULL, or what is wrong. */
static const char *read_secret(struct span text, struct link *out)
{
    uint8_t bytes[ARMOR_LEN(8, LINK_BYTES) + 1];
    uint8_t check[LINK_CHECK_LEN];
    const char *strange = find_strange(text);
    if (strange)
        return strange;
    if (text.len != SECRET_LEN)
        return text.len < SECRET_LEN
                   ? "is too short, its end is missing: behind '#t1.' there must be 55 characters"
                   : "is too long: behind '#t1.' there must be 55 characters, and no more";
    bool is_good = armor_decode(ARMOR_BASE32, text, bytes) == LINK_BYTES;
    put_check(bytes, check);
    is_good = is_good && memcmp(check, bytes + LINK_BYTES - LINK_CHECK_LEN, sizeof check) == 0;
    if (is_good) {
        memcpy(out->provider_id, bytes, PROVIDER_ID_LEN);
        memcpy(out->secret, bytes + PROVIDER_ID_LEN, INVITE_SECRET_LEN);
    }
    wipe(bytes, sizeof bytes);
    return is_good ? NULL
                   : "has a typo behind '#t1.': its checksum does not fit; copy it once more, as a "
                     "whole";
}

/* ---- where to meet ---- */

static const char *read_place(struct span text, struct link *out)
{
    const char *why = NULL;
    char *place = xstrndup(text);
    int i = find_scheme(place);
    if (tracker_place_is_meant(place)) {
        out->signal_text = place;
        if (tracker_place_parse(place, &out->signal, &why) < 0)
            free(place);
        return why;
    }
    if (i < 0) {
        free(place);
        return "must begin with https://, wss://, http://, ws:// or tracker:, as `tunnel serve` "
               "prints it";
    }
    out->signal_text = xasprintf("%s%s", schemes[i].meant, place + strlen(schemes[i].given));
    free(place);
    if (url_parse(out->signal_text, &out->signal, &why) == 0)
        return NULL;
    free(out->signal_text);
    return why;
}

static bool ends_with_mark(struct span text)
{
    return text.len >= VERSION_MARK_LEN &&
           span_starts_with(span_skip(text, text.len - VERSION_MARK_LEN), VERSION_MARK);
}

/* Without blanks around it, nor quotes, which not all that read files of
 * variables take off, nor what it stood between in a letter. */
static struct span trim(struct span text)
{
    static const char before[] = " \t\r\n'\"<(`";
    static const char behind[] = " \t\r\n'\">)`.,;";
    while (text.len > 0 && strchr(before, text.data[0]))
        text = span_skip(text, 1);
    while (text.len > 0 && strchr(behind, text.data[text.len - 1]) && !ends_with_mark(text))
        text.len--;
    return text;
}

/* Of a link without '#'. */
static const char *describe_lack(const char *text, struct span all)
{
    if (strcasestr(text, "%23" VERSION_MARK))
        return "has a '%23' where a '#' should be";
    if (span_starts_with(all, VERSION_MARK) || (all.len == SECRET_LEN && !find_strange(all)))
        return NO_PLACE;
    return "has no '#t1.…': that part is the secret; copy the whole line, with quotes around it";
}

int link_parse(const char *text, struct link *out, const char **why)
{
    *out = (struct link){0};
    struct span all = trim(span_from_string(text));
    const uint8_t *hash = all.len > 0 ? memchr(all.data, '#', all.len) : NULL;
    if (!hash) {
        *why = describe_lack(text, all);
        return -EINVAL;
    }
    size_t at = (size_t)(hash - all.data);
    if (at == 0) {
        *why = NO_PLACE;
        return -EINVAL;
    }
    struct span fragment = span_skip(all, at + 1);
    if (!span_starts_with(fragment, VERSION_MARK)) {
        bool is_newer = fragment.len >= VERSION_MARK_LEN && fragment.data[0] == 't' &&
                        fragment.data[1] > '1' && fragment.data[1] <= '9' &&
                        fragment.data[2] == '.';
        *why = is_newer ? "is of a newer kind than this version of tunnel knows"
                        : "must go on with 't1.' behind its '#', as `tunnel serve` prints it";
        return -EINVAL;
    }
    *why = read_secret(span_skip(fragment, VERSION_MARK_LEN), out);
    if (!*why)
        *why = read_place(span_of(all.data, at), out);
    if (!*why)
        return 0;
    wipe(out, sizeof *out);
    return -EINVAL;
}

void link_deinit(struct link *link)
{
    if (link->signal_text)
        url_deinit(&link->signal);
    free(link->signal_text);
    wipe(link, sizeof *link);
}

char *link_format(const char *signal_text, const uint8_t provider_id[PROVIDER_ID_LEN],
                  const uint8_t secret[INVITE_SECRET_LEN])
{
    uint8_t bytes[LINK_BYTES];
    char text[ARMOR_LEN(ARMOR_BASE32, LINK_BYTES) + 1];
    int i = find_scheme(signal_text);
    memcpy(bytes, provider_id, PROVIDER_ID_LEN);
    memcpy(bytes + PROVIDER_ID_LEN, secret, INVITE_SECRET_LEN);
    put_check(bytes, bytes + LINK_BYTES - LINK_CHECK_LEN);
    armor_encode(ARMOR_BASE32, span_of(bytes, sizeof bytes), text);
    bool is_tracker = tracker_place_is_meant(signal_text);
    assert(i >= 0 || is_tracker);
    const char *place = is_tracker ? signal_text : signal_text + strlen(schemes[i].given);
    const char *shown = is_tracker ? "" : schemes[i].shown;
    const char *slash = is_tracker || strpbrk(place + strlen("://"), "/?") ? "" : "/";
    char *link = xasprintf("%s%s%s#" VERSION_MARK "%s", shown, place, slash, text);
    wipe(bytes, sizeof bytes);
    wipe(text, sizeof text);
    return link;
}
