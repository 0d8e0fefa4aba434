#include "rtc/nat_kind.h"

#include <string.h>

#include "net/interfaces.h"

static bool is_same(const struct address *a, const struct address *b)
{
    return address_is_same_host(a, b) && address_port(a) == address_port(b);
}

static enum nat_kind compare(const struct nat_answer *first, const struct nat_answer *other)
{
    if (!is_same(&first->mapped, &other->mapped))
        return NAT_SYMMETRIC;
    bool is_one_host = address_is_same_host(&first->server, &other->server);
    return is_one_host ? NAT_UNCERTAIN : NAT_CONE;
}

struct nat_view nat_judge(const struct nat_answer *answers, size_t count, int family)
{
    struct nat_view view = {.kind = NAT_SILENT};
    const struct nat_answer *first = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct nat_answer *answer = &answers[i];
        if (answer->server.storage.ss_family != family)
            continue;
        view.asked++;
        if (answer->mapped.len == 0)
            continue;
        view.answered++;
        if (!first) {
            first = answer;
            view.mapped = &answer->mapped;
            view.kind = answer->is_ours ? NAT_OPEN : NAT_UNCERTAIN;
        } else if (view.kind == NAT_UNCERTAIN || view.kind == NAT_CONE) {
            enum nat_kind kind = compare(first, answer);
            view.kind = kind == NAT_UNCERTAIN ? view.kind : kind;
        }
    }
    return view;
}
