#include "signal/cluster/redis_url.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "http/url.h"

enum { REDIS_PORT = 6379, SENTINEL_PORT = 26379 };

static const char *const not_a_url =
    "must be redis://HOST[:PORT][/DB] or redis+sentinel://HOST[:PORT],…/NAME[/DB], or the same "
    "with rediss for TLS";

/* Cuts off the part in front of a separator, if there is one; else all. */
static struct span cut(struct span *rest, char separator)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
    struct span part = end ? span_of(rest->data, (size_t)(end - rest->data)) : *rest;
    *rest = end ? span_skip(*rest, part.len + 1) : span_of(rest->data + rest->len, 0);
    return part;
}

/* NULL: a '%' without two digits, or of a NUL. */
static char *percent_decode(struct span text)
{
    char *out = xcalloc(1, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '%') {
            out[len++] = (char)text.data[i];
            continue;
        }
        int high = i + 2 < text.len ? armor_hex_value(text.data[i + 1]) : -1;
        int low = high >= 0 ? armor_hex_value(text.data[i + 2]) : -1;
        if (low < 0 || high + low == 0) {
            free_secret_string(out);
            return NULL;
        }
        out[len++] = (char)(high << 4 | low);
        i += 2;
    }
    return out;
}

static const char *take_user(struct span text, struct redis_url *out)
{
    struct span password = text, user = cut(&password, ':');
    bool has_password = user.len < text.len;
    if (user.len > 0)
        out->user = percent_decode(user);
    if (has_password)
        out->password = percent_decode(password);
    if ((user.len > 0 && !out->user) || (has_password && !out->password))
        return "has a '%' without two hexadecimal digits in front of its '@'";
    return NULL;
}

static const char *take_hosts(struct span text, uint16_t port, struct redis_url *out)
{
    size_t most = out->name ? REDIS_HOSTS_MAX : 1;
    while (text.len > 0) {
        if (out->host_count == most)
            return out->name ? "names more than 8 Sentinels"
                             : "names several servers; one is meant";
        char *one = xstrndup(cut(&text, ','));
        struct redis_host *host = &out->hosts[out->host_count];
        const char *why = NULL;
        int error = listen_address_parse(one, "localhost", port, &host->host, &host->port, &why);
        free(one);
        if (error < 0)
            return why;
        out->host_count++;
        if (host->port == 0)
            return "must have a port of 1 to 65535";
    }
    return out->host_count > 0 ? NULL : "has no host";
}

static const char *take_db(struct span text, struct redis_url *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return "must have a number of a database behind its '/'";
        out->db = out->db * 10 + (unsigned)(text.data[i] - '0');
        if (out->db > REDIS_DB_MAX)
            return "must have a database of 0 to 65535";
    }
    return NULL;
}

/* Whether it is of Sentinels; NULL for a scheme of another kind. */
static const char *find_scheme(const char *text, bool *is_tls, bool *has_sentinels)
{
    static const struct {
        const char *prefix;
        bool is_tls, has_sentinels;
    } schemes[] = {{"redis://", false, false},
                   {"rediss://", true, false},
                   {"redis+sentinel://", false, true},
                   {"rediss+sentinel://", true, true}};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i].prefix);
        if (strncmp(text, schemes[i].prefix, len) != 0)
            continue;
        *is_tls = schemes[i].is_tls;
        *has_sentinels = schemes[i].has_sentinels;
        return text + len;
    }
    return NULL;
}

static const char *parse(const char *text, struct redis_url *out)
{
    bool has_sentinels;
    const char *behind = find_scheme(text, &out->is_tls, &has_sentinels);
    if (!behind)
        return not_a_url;
    struct span rest = span_from_string(behind);
    const char *at = strrchr(behind, '@');
    const char *why = NULL;
    if (at) {
        why = take_user(span_of(behind, (size_t)(at - behind)), out);
        rest = span_from_string(at + 1);
    }
    struct span hosts = cut(&rest, '/');
    if (!why && has_sentinels) {
        struct span name = cut(&rest, '/');
        if (name.len == 0)
            return "has no name of a master behind its Sentinels: redis+sentinel://HOST,…/NAME";
        out->name = xstrndup(name);
    }
    if (!why)
        why = take_hosts(hosts, has_sentinels ? SENTINEL_PORT : REDIS_PORT, out);
    return why ? why : take_db(rest, out);
}

int redis_url_parse(const char *text, struct redis_url *out, const char **why)
{
    *out = (struct redis_url){0};
    *why = parse(text, out);
    if (!*why)
        return 0;
    redis_url_deinit(out);
    return -EINVAL;
}

void redis_url_deinit(struct redis_url *url)
{
    for (size_t i = 0; i < REDIS_HOSTS_MAX; i++)
        free(url->hosts[i].host);
    free(url->name);
    free(url->user);
    free_secret_string(url->password);
    *url = (struct redis_url){0};
}
