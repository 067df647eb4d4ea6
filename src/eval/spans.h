/* Reads the part and the type of a span from a label, by a scheme. */
#ifndef RECUR_EVAL_SPANS_H
#define RECUR_EVAL_SPANS_H

#include "recur/predict.h"

/* One of the labels by which a scheme is recognised. */
struct recur_span_label {
    recur_token name;
    size_t weight;    /* how many words have it as their true label */
    char part;        /* B, I, E or S within a span, O outside of all */
    bool fits;        /* the scheme has this label; otherwise the label counts as O */
    recur_token type; /* the span's type; "_" where the label has none */
};

/* Chooses the scheme where it is RECUR_SCHEME_AUTO, and decides for every scheme whether its
 * letters stand after the types. Then fills in part and type of each label. The scheme becomes
 * RECUR_SCHEME_NONE where the labels are not spans, and nothing is filled in. AUTO never chooses
 * IOB1, which differs from BIO only within sentences. */
void recur_spans_read(struct recur_span_label *labels, size_t count, enum recur_scheme *scheme,
                      bool *suffix);

/* conlleval's rules: does a span begin at `now`, and does a span end before it? Outside of a
 * sequence every label has part O. Numbers tell types apart. */
bool recur_span_begins(char before, char now, bool other_type);
bool recur_span_ends(char before, char now, bool other_type);

#endif
