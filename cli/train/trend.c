#include "train/trend.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* A difference of less than LEAST nats, 1 % of a perplexity, is not worth a sentence; nor is one of
 * less than ERRORS standard errors. A fall from one epoch to the next is plain from PLAIN, 6 %,
 * on. */
#define LEAST 0.01
#define ERRORS 3
#define PLAIN 0.06

static double mean(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

/* The standard deviation of noise on a slowly bending curve, from its second differences. */
static double noise(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 2; i < count; i++) {
        double bend = values[i] - 2 * values[i - 1] + values[i - 2];
        sum += bend * bend;
    }
    return count > 2 ? sqrt(sum / (6 * (double)(count - 2))) : 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The lowest epoch was chosen because its loss is low, so the level there is taken from its
 * neighbours. */
static bool has_risen(const double *losses, size_t count, size_t lowest)
{
    size_t after = count - 1 - lowest, wide = after / 2;
    if (after < 4)
        return false;
    size_t before = least(wide / 2, lowest), behind = wide - before;
    double around =
        (mean(losses + lowest - before, before + 1 + behind) * (double)(before + 1 + behind) -
         losses[lowest]) /
        (double)(before + behind);
    double late = mean(losses + count - wide, wide);
    double middle = mean(losses + count - 2 * wide, wide);
    size_t judged = least(count, 2 * after);
    double error = noise(losses + count - judged, judged) * sqrt(2 / (double)wide);
    return late > middle && late - around > fmax(LEAST, ERRORS * error);
}

/* Are there three stretches at the end, each lower than the one before, with the lowest loss in the
 * last one? */
static bool still_falls(const double *losses, size_t count, size_t lowest)
{
    size_t wide = count < 3 ? 0 : count / 12 + 1;
    if (!wide || count < 3 * wide || lowest < count - wide)
        return false;
    const double *tail = losses + count - 3 * wide;
    double first = mean(tail, wide), middle = mean(tail + wide, wide),
           last = mean(tail + 2 * wide, wide);
    /* With few epochs the curve's bend counts as noise. So less than the usual multiple of it is
     * enough, or a plain fall. */
    size_t judged = least(count, 3 * wide + 2);
    double error = noise(losses + count - judged, judged) * sqrt(2 / (double)wide);
    double needed = fmax(LEAST, wide < 3 ? fmin(error, PLAIN) : ERRORS * error);
    return first - middle > needed / 2 && middle - last > needed;
}

enum trend recur_trend(const double *losses, size_t count, size_t lowest)
{
    return has_risen(losses, count, lowest)     ? TREND_RISEN
           : still_falls(losses, count, lowest) ? TREND_FALLING
                                                : TREND_NONE;
}

void recur_course_add(struct course *course, size_t index, size_t count, double loss)
{
    if (index == 0)
        memset(course, 0, sizeof *course);
    size_t part = index * TREND_PARTS / count;
    course->sum[part] += loss;
    course->squares[part] += loss * loss;
    course->count[part]++;
}

/* The mean of a part; `*error` becomes the square of its standard error. */
static double part_mean(const struct course *course, size_t part, double *error)
{
    double n = (double)course->count[part], middle = course->sum[part] / n;
    *error = fmax(0, course->squares[part] / n - middle * middle) / (n - 1);
    return middle;
}

enum trend recur_course_trend(const struct course *course)
{
    double means[TREND_PARTS], errors[TREND_PARTS];
    for (size_t part = 0; part < TREND_PARTS; part++) {
        if (course->count[part] < 10) /* too few, or begun in another process */
            return TREND_NONE;
        means[part] = part_mean(course, part, &errors[part]);
    }
    double fall = means[TREND_PARTS - 2] - means[TREND_PARTS - 1];
    double error = sqrt(errors[TREND_PARTS - 2] + errors[TREND_PARTS - 1]);
    bool falls =
        means[TREND_PARTS - 3] > means[TREND_PARTS - 2] && fall > fmax(LEAST, ERRORS * error);
    return falls ? TREND_FALLING : TREND_NONE;
}
