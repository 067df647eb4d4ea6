/* recur/predict.h - labels for texts and words, and how right they are.
 *
 *     recur_score_table *table;
 *     enum recur_status status = recur_score(model, data, 0, &table, error);
 *     if (status != RECUR_OK)
 *         return status;
 *     printf("%.2f of the labels are right\n", recur_score_table_scores(table)->accuracy);
 *     recur_score_table_free(table);
 *
 * recur/labels.h reads the data; recur_score compares predictions with the labels that the data
 * has.
 *
 * Threads: any number may predict with one model at the same time; each call has a team of its
 * own. */
#ifndef RECUR_PREDICT_H
#define RECUR_PREDICT_H

#include "recur/labels.h"
#include "recur/ranks.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a model says of one sequence. */
typedef struct recur_prediction {
    const int32_t *labels;      /* (T) of tag, (1) of classify: each below K; entry l + 1 of
                                   recur_model_labels */
    const float *probabilities; /* (T, K) or (1, K); of a CRF NULL: it weighs whole sentences */
    size_t count;               /* T or 1 */
} recur_prediction;

/* Receives the predictions, which belong to the caller of this function, sequence by sequence in
 * order. It goes on, stops or fails as recur/status.h says. */
typedef enum recur_status recur_prediction_fn(void *user, size_t sequence,
                                              const recur_prediction *prediction,
                                              recur_error *error);

/* Labels all sequences; labels that are there are not looked at. `threads` 0: as many as the
 * process may use; the results are the same with any number. Errors: ARGUMENT for data of another
 * task than the model's, UNSUPPORTED for a model that does not label, MEMORY, DIVERGED where
 * weights are so large that a logit is not finite, and whatever `receive` returns. */
RECUR_API enum recur_status recur_predict(const recur_model *model, const recur_labels *data,
                                          size_t threads, recur_prediction_fn *receive, void *user,
                                          recur_error *error);

/* How labels say where spans are: a part of the span and its type, "B-PER", or with the part behind
 * it, "PER-B"; what belongs to no span is "O". A label may be a part alone, "B". */
enum recur_scheme {
    RECUR_SCHEME_AUTO,  /* told from the labels */
    RECUR_SCHEME_NONE,  /* labels are no spans */
    RECUR_SCHEME_BIO,   /* B the first word, I the others; also called IOB2 */
    RECUR_SCHEME_IOB1,  /* I all words, but B the first one behind a span of the same type */
    RECUR_SCHEME_IOE,   /* I, and E the last word: of all spans (IOE2), or of those before another
                           one of the same type (IOE1) */
    RECUR_SCHEME_BIOES, /* B, I, E the last word, S the only one; also called IOBES */
    RECUR_SCHEME_BILOU, /* the same with L for E and U for S */
    RECUR_SCHEME_BMES,  /* the same with M for I */
};

/* "auto", "none", "bio", "iob1", "ioe", "bioes", "bilou" or "bmes". */
RECUR_API const char *recur_scheme_name(enum recur_scheme scheme);

/* The other way round. Errors: ARGUMENT for another name. */
RECUR_API enum recur_status recur_scheme_parse(const char *name, enum recur_scheme *scheme,
                                               recur_error *error);

/* How well labels were predicted. */
typedef struct recur_scores {
    size_t sequences, labels; /* counted; a text has one label, a sentence as many as words */
    size_t unknown;           /* labels that the model lacks: they cannot be right */
    double loss;              /* nats for each label that the model has; NaN where there is none */
    double accuracy;          /* share of the labels that are right; NaN where there is none */
    double precision;         /* over spans: share of the predicted ones that are right */
    double recall;            /* share of the data's spans that were found */
    double f1;                /* their harmonic mean. All three are NaN where there is no span; of
                                 classify they are means over the labels of the data and of the
                                 predictions (macro) */
    size_t spans, predicted, right; /* of tag: of the data, of the model, the same in both */
    enum recur_scheme scheme;       /* that spans were counted by; NONE: labels are no spans */
    unsigned suffix;                /* not 0: labels have the part behind the type */
    size_t strays;                  /* labels of the data that the scheme lacks; they are O */
} recur_scores;

/* One cell of a confusion matrix or one kind of span. */
typedef struct recur_score_cell {
    recur_token truth, predicted; /* labels; of a kind of span both are its name */
    size_t count;                 /* how often that happened; of a kind of span the data's */
    size_t predictions, right;    /* of a kind of span */
} recur_score_cell;

/* The scores, opaque, with their parts. */
typedef struct recur_score_table recur_score_table;

/* Compares labels: `truth` and `predicted` have `count` labels each, of sequences of lengths[0],
 * lengths[1], ... labels, `sequences` in number. `spans`: labels are of words, and their spans are
 * counted where they have a scheme; else they are of texts. The table belongs to the caller; its
 * tokens are those that were given. Errors: MEMORY.
 *
 * The scheme is the first above that has all parts that stand in the labels, and NONE where one
 * true label in ten, of those that are not O, is no label of spans. Spans are counted as conlleval
 * does (Tjong Kim Sang & Buchholz 2000), which is also seqeval's default mode, whatever the scheme:
 * a span begins at B and S, at I and E behind O, E or S, and wherever the type changes; it ends
 * before each of those and before O (L, U and M count as E, S and I). It is right where begin, end
 * and type are. So labels that break their scheme still make spans: "O I-PER" has one. seqeval's
 * strict mode does not count those. The type is what stands behind the first "-" (before the last
 * one where parts stand behind types), "_" of a part alone. */
RECUR_API enum recur_status recur_scores_compare(const recur_token *truth,
                                                 const recur_token *predicted, size_t count,
                                                 const size_t *lengths, size_t sequences,
                                                 bool spans, recur_score_table **table,
                                                 recur_error *error);

/* The same of words with a scheme of the caller's choice; labels that it lacks are O. With NONE
 * there is accuracy alone. Errors: MEMORY, ARGUMENT for a scheme that is none. */
RECUR_API enum recur_status
recur_scores_compare_spans(const recur_token *truth, const recur_token *predicted, size_t count,
                           const size_t *lengths, size_t sequences, enum recur_scheme scheme,
                           recur_score_table **table, recur_error *error);

/* Predicts all sequences and compares; of words by the scheme of the data's labels and the model's.
 * Labels that are missing are not counted. The table belongs to the caller, and its tokens to model
 * and data, which must outlive it. Errors: those of recur_predict, DATA where there is no label to
 * compare with. */
RECUR_API enum recur_status recur_score(const recur_model *model, const recur_labels *data,
                                        size_t threads, recur_score_table **table,
                                        recur_error *error);

/* The same, of words with a scheme of the caller's choice. Errors: also ARGUMENT for a scheme that
 * is none. */
RECUR_API enum recur_status recur_score_spans(const recur_model *model, const recur_labels *data,
                                              enum recur_scheme scheme, size_t threads,
                                              recur_score_table **table, recur_error *error);

/* The same by several ranks, which share the sequences; all ranks call it, and get the bits of one.
 * `seconds`: after so many without an answer a rank is given up. Where one fails in its part all
 * return its error, whose sentence begins with "rank 2:". Errors: also DATA where ranks have
 * different models or data; FILE, or what the communicator's functions return, where a rank is
 * given up. */
RECUR_API enum recur_status recur_score_ranks(const recur_ranks *ranks, const recur_model *model,
                                              const recur_labels *data, enum recur_scheme scheme,
                                              size_t threads, double seconds,
                                              recur_score_table **table, recur_error *error);

RECUR_API void recur_score_table_free(recur_score_table *table); /* NULL is fine */

/* The sums; belongs to the table. */
RECUR_API const recur_scores *recur_score_table_scores(const recur_score_table *table);

/* The cells of the confusion matrix that are not 0, or the kinds of spans, by name; `*count` of
 * them. They belong to the table. */
RECUR_API const recur_score_cell *recur_score_table_cells(const recur_score_table *table,
                                                          size_t *count);

/* The same of spans. */
RECUR_API const recur_score_cell *recur_score_table_spans(const recur_score_table *table,
                                                          size_t *count);

#ifdef __cplusplus
}
#endif

#endif
