#include "cli/doctor_view.h"

#include <jansson.h>
#include <stdio.h>

static void print(const struct doctor_finding *f)
{
    printf("%s: %s%s%s\n", f->what, f->text, f->advice ? "; " : "", f->advice ? f->advice : "");
}

void doctor_view_print(const struct doctor_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        print(&report->findings[i]);
    print(&report->summary);
}

/* What others wrote may be no UTF-8. */
static void set_text(json_t *object, const char *name, const char *text)
{
    json_t *value = json_string(text);
    json_object_set_new(object, name, value ? value : json_string("?"));
}

static void print_json(const struct doctor_finding *f)
{
    json_t *object = json_object();
    set_text(object, "what", f->what);
    set_text(object, "grade", doctor_grade_name(f->grade));
    set_text(object, "finding", f->text);
    if (f->advice)
        set_text(object, "advice", f->advice);
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

void doctor_view_print_json(const struct doctor_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        print_json(&report->findings[i]);
    print_json(&report->summary);
}
