/*
 * Character classes and list fields. A list field (RFC 9110 section 5.6.1)
 * may be spread over several lines, and may hold empty elements, which count
 * as nothing.
 */
#include "http/field.h"

/* tchar of RFC 9110 section 5.6.2: 1 for what is one. */
static const uint8_t token_chars[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1,
    ['-'] = 1, ['.'] = 1, ['^'] = 1, ['_'] = 1, ['`'] = 1, ['|'] = 1,  ['~'] = 1, ['0'] = 1,
    ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1,  ['7'] = 1, ['8'] = 1,
    ['9'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1,  ['F'] = 1, ['G'] = 1,
    ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1,  ['N'] = 1, ['O'] = 1,
    ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1,  ['V'] = 1, ['W'] = 1,
    ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1,  ['d'] = 1, ['e'] = 1,
    ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1,  ['l'] = 1, ['m'] = 1,
    ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1,  ['t'] = 1, ['u'] = 1,
    ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1,
};

size_t http_token_len(struct span bytes)
{
    size_t len = 0;
    while (len < bytes.len && token_chars[bytes.data[len]])
        len++;
    return len;
}

bool http_is_token(struct span bytes)
{
    return bytes.len > 0 && http_token_len(bytes) == bytes.len;
}

/* Whether one of eight bytes is below 0x20, or is 0x7f. What is subtracted sets
 * the highest bit of a byte that is less; one that had it set is left out. */
static bool has_control(const uint8_t *bytes)
{
    static const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t del = word ^ each * 0x7f;
    return (((word - each * 0x20) & ~word) | ((del - each) & ~del)) & each * 0x80;
}

bool http_is_field_value(struct span bytes)
{
    size_t at = 0;
    while (at + 8 <= bytes.len && !has_control(bytes.data + at))
        at += 8;
    /* Of what is left, none where the last eight have none. */
    if (at > 0 && at + 8 > bytes.len && !has_control(bytes.data + bytes.len - 8))
        return true;
    for (; at < bytes.len; at++) {
        uint8_t c = bytes.data[at];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool http_is_target(struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.data[i];
        if (c <= 0x20 || c >= 0x7f || c == '#')
            return false;
    }
    return bytes.len > 0;
}

struct span http_target_authority(struct span target)
{
    struct span none = {0};
    if (target.len > 0 && target.data[0] == '/')
        return none; /* as most are */
    const uint8_t *mark = memmem(target.data, target.len, "://", 3);
    struct span scheme = span_of(target.data, mark ? (size_t)(mark - target.data) : 0);
    if (!span_is_string_nocase(scheme, "http") && !span_is_string_nocase(scheme, "https"))
        return none;
    struct span rest = span_skip(target, scheme.len + 3);
    size_t len = 0;
    while (len < rest.len && rest.data[len] != '/' && rest.data[len] != '?')
        len++;
    return span_of(rest.data, len);
}

struct span http_trim(struct span bytes)
{
    while (bytes.len > 0 && (bytes.data[0] == ' ' || bytes.data[0] == '\t'))
        bytes = span_skip(bytes, 1);
    while (bytes.len > 0 && (bytes.data[bytes.len - 1] == ' ' || bytes.data[bytes.len - 1] == '\t'))
        bytes.len--;
    return bytes;
}

bool http_list_next(struct span *rest, struct span *element)
{
    while (rest->len > 0) {
        const uint8_t *comma = memchr(rest->data, ',', rest->len);
        size_t len = comma ? (size_t)(comma - rest->data) : rest->len;
        *element = http_trim(span_of(rest->data, len));
        *rest = span_skip(*rest, comma ? len + 1 : len);
        if (element->len > 0)
            return true;
    }
    return false;
}

const struct http_field *http_fields_find_span(struct http_fields fields, struct span name)
{
    for (size_t i = 0; i < fields.count; i++) {
        if (span_is_equal_nocase(fields.at[i].name, name))
            return &fields.at[i];
    }
    return NULL;
}

size_t http_fields_count_span(struct http_fields fields, struct span name)
{
    size_t count = 0;
    for (size_t i = 0; i < fields.count; i++)
        count += span_is_equal_nocase(fields.at[i].name, name);
    return count;
}

bool http_fields_list_has_span(struct http_fields fields, struct span name, struct span wanted)
{
    for (size_t i = 0; i < fields.count; i++) {
        struct span rest = fields.at[i].value;
        struct span element;
        if (rest.len < wanted.len || !span_is_equal_nocase(fields.at[i].name, name))
            continue;
        while (http_list_next(&rest, &element)) {
            if (span_is_equal_nocase(element, wanted))
                return true;
        }
    }
    return false;
}

static bool is_connection(struct span name)
{
    return span_is_string_nocase(name, "Connection");
}

struct http_fields http_fields_connection(struct http_fields fields)
{
    for (; fields.count > 0 && !is_connection(fields.at->name); fields.count--)
        fields.at++;
    while (fields.count > 0 && !is_connection(fields.at[fields.count - 1].name))
        fields.count--;
    return fields;
}

/* Asked of every field of every head, so by their length first. */
static bool is_always_hop_by_hop(struct span name)
{
    switch (name.len) {
    case 2:
        return span_is_string_nocase(name, "TE");
    case 7:
        return span_is_string_nocase(name, "Upgrade");
    case 10:
        return is_connection(name) || span_is_string_nocase(name, "Keep-Alive");
    case 16:
        return span_is_string_nocase(name, "Proxy-Connection");
    case 17:
        return span_is_string_nocase(name, "Transfer-Encoding");
    default:
        return false;
    }
}

bool http_field_is_hop_by_hop(struct span name, struct http_fields fields)
{
    if (is_always_hop_by_hop(name))
        return true;
    /* Naming these in Connection is an attack: the message would lose what
     * routes it or what says where it ends. */
    return http_fields_list_has_span(fields, SPAN_LITERAL("Connection"), name) &&
           !span_is_string_nocase(name, "Host") && !span_is_string_nocase(name, "Content-Length");
}

bool http_field_is_barred_from_trailers(struct span name)
{
    static const char *const barred[] = {
        /* framing and routing */
        "Content-Length", "Transfer-Encoding", "Host", "Trailer", "Connection", "Keep-Alive",
        "Proxy-Connection", "TE", "Upgrade", "Via", "Forwarded", "Max-Forwards",
        /* request modifiers */
        "Expect", "Cache-Control", "Pragma", "Range", "If-Match", "If-None-Match",
        "If-Modified-Since", "If-Unmodified-Since", "If-Range",
        /* authentication and cookies */
        "Authorization", "Proxy-Authorization", "WWW-Authenticate", "Proxy-Authenticate",
        "Authentication-Info", "Proxy-Authentication-Info", "Cookie", "Set-Cookie",
        /* response control */
        "Age", "Date", "Expires", "Location", "Retry-After", "Vary", "Warning",
        /* content */
        "Content-Encoding", "Content-Type", "Content-Range"};
    for (size_t i = 0; i < sizeof barred / sizeof *barred; i++) {
        if (span_is_string_nocase(name, barred[i]))
            return true;
    }
    return false;
}

static bool names_other_than_h2c(struct span protocols)
{
    for (struct span protocol; http_list_next(&protocols, &protocol);) {
        if (!span_is_string_nocase(protocol, "h2c"))
            return true;
    }
    return false;
}

bool http_request_asks_upgrade(const struct http_request *request)
{
    const struct http_fields fields = request->fields;
    bool asks = false;
    for (size_t i = 0; !asks && i < fields.count; i++)
        asks = span_is_string_nocase(fields.at[i].name, "Upgrade") &&
               names_other_than_h2c(fields.at[i].value);
    return asks && request->minor_version > 0 &&
           http_fields_list_has(fields, "Connection", "Upgrade");
}

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {102, "Processing"},
        {103, "Early Hints"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {203, "Non-Authoritative Information"},
        {204, "No Content"},
        {205, "Reset Content"},
        {206, "Partial Content"},
        {207, "Multi-Status"},
        {300, "Multiple Choices"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {407, "Proxy Authentication Required"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {423, "Locked"},
        {424, "Failed Dependency"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
        {511, "Network Authentication Required"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "";
}

bool http_method_is_idempotent(struct span method)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (span_is_string(method, methods[i]))
            return true;
    }
    return false;
}
