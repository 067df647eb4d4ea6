#include "common/number_text.h"

#include <math.h>
#include <stdio.h>

struct perplexity recur_perplexity(double loss)
{
    struct perplexity shown;
    double value = exp(loss);
    int behind = value < 9.9995 ? 3 : value < 99.995 ? 2 : value < 999.95 ? 1 : 0;
    if (value < 1e6)
        snprintf(shown.text, sizeof shown.text, "%.*f", behind, value);
    else
        snprintf(shown.text, sizeof shown.text, "%.3e", value);
    return shown;
}

struct duration recur_duration(double seconds)
{
    struct duration shown;
    unsigned long whole = seconds < 1e8 ? (unsigned long)(seconds + 0.5) : 99999999;
    if (whole >= 3600)
        snprintf(shown.text, sizeof shown.text, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60,
                 whole % 60);
    else
        snprintf(shown.text, sizeof shown.text, "%lu:%02lu", whole / 60, whole % 60);
    return shown;
}
