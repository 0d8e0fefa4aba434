#include "tunnel/expectation.h"

void expectations_init(struct expectations *all)
{
    list_init(&all->waiting);
}

void expectation_init(struct expectation *one)
{
    list_init(&one->link);
}

bool expectation_is_in(const struct head *request)
{
    bool has_content =
        request->framing == HTTP_BODY_LENGTH || request->framing == HTTP_BODY_UNKNOWN;
    return has_content && http_fields_list_has(head_fields(request), "Expect", "100-continue");
}

void expectation_begin(struct expectation *one, struct expectations *all, uint64_t now_us)
{
    list_remove(&one->link);
    one->until_us = now_us + EXPECTATION_US;
    list_append(&all->waiting, &one->link);
}

void expectation_end(struct expectation *one)
{
    list_remove(&one->link);
}

static struct expectation *first_of(const struct expectations *all)
{
    struct list *first = list_first(&all->waiting);
    return first ? LIST_ENTRY(first, struct expectation, link) : NULL;
}

struct expectation *expectations_next(struct expectations *all, uint64_t now_us)
{
    struct expectation *first = first_of(all);
    if (!first || now_us < first->until_us)
        return NULL;
    expectation_end(first);
    return first;
}

uint64_t expectations_deadline_us(const struct expectations *all)
{
    const struct expectation *first = first_of(all);
    return first ? first->until_us : TIME_NEVER;
}
