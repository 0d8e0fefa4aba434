#include "cli/doctor_nat.h"

#include <string.h>

#include "net/interfaces.h"

static bool is_same(const struct address *a, const struct address *b)
{
    return address_is_same_host(a, b) && address_port(a) == address_port(b);
}

static enum doctor_nat compare(const struct nat_answer *first, const struct nat_answer *other)
{
    if (!is_same(&first->mapped, &other->mapped))
        return DOCTOR_NAT_SYMMETRIC;
    bool is_one_host = address_is_same_host(&first->server, &other->server);
    return is_one_host ? DOCTOR_NAT_UNCERTAIN : DOCTOR_NAT_CONE;
}

struct doctor_nat_view doctor_nat_judge(const struct nat_answer *answers, size_t count, int family)
{
    struct doctor_nat_view view = {.kind = DOCTOR_NAT_SILENT};
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
            view.kind = answer->is_ours ? DOCTOR_NAT_OPEN : DOCTOR_NAT_UNCERTAIN;
        } else if (view.kind == DOCTOR_NAT_UNCERTAIN || view.kind == DOCTOR_NAT_CONE) {
            enum doctor_nat kind = compare(first, answer);
            view.kind = kind == DOCTOR_NAT_UNCERTAIN ? view.kind : kind;
        }
    }
    return view;
}
