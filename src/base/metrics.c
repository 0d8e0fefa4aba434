/*
 * OpenMetrics: https://prometheus.io/docs/specs/om/open_metrics_spec/. There a
 * counter's family has no _total, and its sample has; in the older format both
 * have. An info is a gauge there. OpenMetrics has units, and an end.
 */
#include "base/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static const char *const types[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
    [METRIC_INFO] = "info",
};

static const char *const suffixes[] = {
    [METRIC_COUNTER] = "_total",
    [METRIC_GAUGE] = "",
    [METRIC_HISTOGRAM] = "",
    [METRIC_INFO] = "_info",
};

void metrics_init(struct metrics *metrics, struct buf *out, bool is_open)
{
    *metrics = (struct metrics){.out = out, .is_open = is_open};
}

void metrics_family(struct metrics *m, enum metric_type type, const char *name, const char *unit,
                    const char *help)
{
    const char *suffix = m->is_open ? "" : suffixes[type];
    const char *word = !m->is_open && type == METRIC_INFO ? "gauge" : types[type];
    m->family = name;
    m->type = type;
    buf_append_format(m->out, "# TYPE %s%s %s\n", name, suffix, word);
    if (m->is_open && unit)
        buf_append_format(m->out, "# UNIT %s %s\n", name, unit);
    buf_append_format(m->out, "# HELP %s%s %s\n", name, suffix, help);
}

/* ---- samples ---- */

static void write_value_of_label(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            buf_append_string(out, "\\n");
        else if (*text == '\\' || *text == '"')
            buf_append_format(out, "\\%c", *text);
        else
            buf_append(out, (struct span){(const uint8_t *)text, 1});
    }
}

/* more: one more label as it is written, or NULL. */
static void begin_sample(struct metrics *m, const char *suffix, const struct metric_label *labels,
                         const char *more)
{
    const char *between = "";
    buf_append_format(m->out, "%s%s", m->family, suffix);
    bool has_labels = (labels && labels->name) || more;
    buf_append_string(m->out, has_labels ? "{" : "");
    for (; labels && labels->name; labels++) {
        buf_append_format(m->out, "%s%s=\"", between, labels->name);
        write_value_of_label(m->out, labels->value);
        buf_append_string(m->out, "\"");
        between = ",";
    }
    if (more)
        buf_append_format(m->out, "%s%s", between, more);
    buf_append_string(m->out, has_labels ? "} " : " ");
}

static void write_seconds(struct metrics *m, uint64_t us)
{
    buf_append_format(m->out, "%" PRIu64 ".%06" PRIu64, us / US_PER_S, us % US_PER_S);
}

void metrics_count(struct metrics *m, const struct metric_label *labels, uint64_t value)
{
    begin_sample(m, suffixes[m->type], labels, NULL);
    buf_append_format(m->out, "%" PRIu64 "\n", value);
}

void metrics_seconds(struct metrics *m, const struct metric_label *labels, uint64_t us)
{
    begin_sample(m, suffixes[m->type], labels, NULL);
    write_seconds(m, us);
    buf_append_string(m->out, "\n");
}

/* Each bucket holds those before it, too. */
void metrics_histogram(struct metrics *m, const struct histogram *histogram)
{
    uint64_t sum = 0;
    for (int i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        char bound[48] = "le=\"+Inf\"";
        if (i < HISTOGRAM_BOUNDS)
            snprintf(bound, sizeof bound, "le=\"%g\"",
                     (double)histogram_bound_us(i) / (double)US_PER_S);
        if (i < HISTOGRAM_BOUNDS && m->is_open && !strchr(bound, '.'))
            snprintf(bound, sizeof bound, "le=\"%g.0\"",
                     (double)histogram_bound_us(i) / (double)US_PER_S);
        sum += histogram->counts[i];
        begin_sample(m, "_bucket", NULL, bound);
        buf_append_format(m->out, "%" PRIu64 "\n", sum);
    }
    begin_sample(m, "_sum", NULL, NULL);
    write_seconds(m, histogram->sum_us);
    buf_append_string(m->out, "\n");
    begin_sample(m, "_count", NULL, NULL);
    buf_append_format(m->out, "%" PRIu64 "\n", sum);
}

/* ---- a family of one ---- */

void metrics_counter(struct metrics *m, const char *name, const char *unit, const char *help,
                     uint64_t value)
{
    metrics_family(m, METRIC_COUNTER, name, unit, help);
    metrics_count(m, NULL, value);
}

void metrics_gauge(struct metrics *m, const char *name, const char *unit, const char *help,
                   uint64_t value)
{
    metrics_family(m, METRIC_GAUGE, name, unit, help);
    metrics_count(m, NULL, value);
}

void metrics_end(struct metrics *m)
{
    if (m->is_open)
        buf_append_string(m->out, "# EOF\n");
}

const char *metrics_content_type(bool is_open)
{
    return is_open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                   : "text/plain; version=0.0.4; charset=utf-8";
}
