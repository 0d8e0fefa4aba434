/*
 * Figures as text for Prometheus: OpenMetrics 1.0, or the older text format
 * 0.0.4, which differ in a few words. Families come one after the other, each
 * with its samples.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/histogram.h"

/* INFO: what is 1, and says something by its labels. */
enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_INFO };

/* Of a list that ends with one without a name. */
struct metric_label {
    const char *name;
    const char *value; /* any text */
};

struct metrics {
    struct buf *out;
    bool is_open; /* OpenMetrics */
    const char *family;
    enum metric_type type;
};

/* What does not fit out is left out. */
void metrics_init(struct metrics *metrics, struct buf *out, bool is_open);

/* name: without _total and _info, but with its unit behind the last '_', or
 * NULL for none. Outlives its samples. */
void metrics_family(struct metrics *metrics, enum metric_type type, const char *name,
                    const char *unit, const char *help);

/* labels: NULL for none. Of a family of INFO the value is 1. */
void metrics_count(struct metrics *metrics, const struct metric_label *labels, uint64_t value);
void metrics_seconds(struct metrics *metrics, const struct metric_label *labels, uint64_t us);
void metrics_histogram(struct metrics *metrics, const struct histogram *histogram);

/* A family of one sample. */
void metrics_counter(struct metrics *metrics, const char *name, const char *unit, const char *help,
                     uint64_t value);
void metrics_gauge(struct metrics *metrics, const char *name, const char *unit, const char *help,
                   uint64_t value);

/* The end. */
void metrics_end(struct metrics *metrics);

/* The type of the text, for Content-Type. */
const char *metrics_content_type(bool is_open);

#endif
