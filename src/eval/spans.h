/* The part and the type of a span in a label, by a scheme. */
#ifndef RECUR_EVAL_SPANS_H
#define RECUR_EVAL_SPANS_H

#include "recur/predict.h"

/* One of the labels that a scheme is to be told from. */
struct recur_span_label {
    recur_token name;
    size_t weight;    /* of how many words it is the true label */
    char part;        /* B, I, E or S of a span, O outside of all */
    bool fits;        /* the scheme has it; one that it lacks is O */
    recur_token type; /* of a span; "_" where the label has none */
};

/* Chooses the scheme where it is RECUR_SCHEME_AUTO, and for every scheme whether its letters stand
 * behind the types; then fills in what each label says. RECUR_SCHEME_NONE where they are no spans:
 * then nothing is filled in. AUTO never chooses IOB1, which only differs from BIO in sentences. */
void recur_spans_read(struct recur_span_label *labels, size_t count, enum recur_scheme *scheme,
                      bool *suffix);

/* conlleval's rules: does a span begin at `now`, does one end before it? Outside of a sequence is
 * a label of part O. Types are told apart by their numbers. */
bool recur_span_begins(char before, char now, bool other_type);
bool recur_span_ends(char before, char now, bool other_type);

#endif
