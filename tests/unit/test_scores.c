/* Accuracy, confusion and spans against cases counted by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "recur/predict.h"

enum { MOST = 32 };

/* Words between spaces; "|" ends a sequence. */
static size_t cut(const char *text, recur_token *tokens, size_t *lengths, size_t *sequences)
{
    size_t count = 0;
    *sequences = 0;
    lengths[0] = 0;
    while (*text) {
        size_t size = strcspn(text, " ");
        if (*text == '|') {
            lengths[++*sequences] = 0;
        } else {
            tokens[count++] = (recur_token){text, size};
            lengths[*sequences]++;
        }
        text += size + (text[size] == ' ');
    }
    ++*sequences;
    return count;
}

static recur_score_table *compare(const char *truth, const char *predicted, bool spans)
{
    recur_token a[MOST], b[MOST];
    size_t lengths[MOST], sequences;
    recur_score_table *table;
    size_t count = cut(truth, a, lengths, &sequences);
    assert_int_equal(cut(predicted, b, lengths, &sequences), count);
    assert_int_equal(recur_scores_compare(a, b, count, lengths, sequences, spans, &table, NULL),
                     RECUR_OK);
    return table;
}

struct span_case {
    const char *truth, *predicted;
    size_t spans, found, right;
};

/* What conlleval counts: spans of the data, of the prediction, and the same in both. */
static const struct span_case span_cases[] = {
    {"O O", "O O", 0, 0, 0},
    {"B-A I-A O B-B", "B-A I-A O B-B", 2, 2, 2},
    {"B-A I-A O", "B-A O O", 1, 1, 0},           /* too short */
    {"B-A O O", "B-A I-A O", 1, 1, 0},           /* too long */
    {"B-A I-A", "B-B I-B", 1, 1, 0},             /* another type */
    {"O I-A I-A", "O B-A I-A", 1, 1, 1},         /* I- without B- begins a span */
    {"I-A I-A | I-A", "I-A I-A | I-A", 2, 2, 2}, /* sequences end spans */
    {"I-A I-B", "B-A B-B", 2, 2, 2},             /* a change of type begins another */
    {"B-A B-A", "B-A I-A", 2, 1, 0},             /* B- after B- parts, I- does not */
    {"B-A I-B I-B", "B-A B-B I-B", 2, 2, 2},     /* the same after B- */
    {"S-A O B-B E-B", "S-A O B-B E-B", 2, 2, 2}, /* BIOES */
    {"S-A S-A", "B-A B-A", 2, 2, 2},             /* a scheme each */
    {"B-A E-A I-A", "B-A I-A B-A", 2, 2, 2},     /* E- ends, so that I- begins */
    {"B-A I-A E-A", "B-A I-A I-A", 1, 1, 1},     /* the same span */
    {"E-A E-A", "S-A S-A", 2, 2, 2},             /* E- after E- */
    {"B-A I-A O B-A", "O O O B-A", 2, 1, 1},
    {"O B-A I-A", "B-A I-A I-A", 1, 1, 0}, /* begins elsewhere */
    {"NN VB NN", "NN NN NN", 0, 0, 0},     /* no spans at all */
};

static void spans_are_counted_as_conlleval_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof span_cases / sizeof *span_cases; i++) {
        const struct span_case *c = &span_cases[i];
        recur_score_table *table = compare(c->truth, c->predicted, true);
        const recur_scores *scores = recur_score_table_scores(table);
        if (scores->spans != c->spans || scores->predicted != c->found || scores->right != c->right)
            fail_msg("%s against %s: %zu, %zu, %zu; expected %zu, %zu, %zu", c->truth, c->predicted,
                     scores->spans, scores->predicted, scores->right, c->spans, c->found, c->right);
        assert_int_equal(isnan(scores->f1) != 0, c->spans + c->found == 0);
        recur_score_table_free(table);
    }
}

static void spans_are_scored_by_type(void **state)
{
    (void)state;
    recur_score_table *table = compare("B-A I-A O B-B O B-A", "B-A I-A O B-A O B-A", true);
    const recur_scores *scores = recur_score_table_scores(table);
    size_t count;
    const recur_score_cell *span = recur_score_table_spans(table, &count);
    assert_true(fabs(scores->accuracy - 5.0 / 6) < 1e-12);
    assert_true(fabs(scores->precision - 2.0 / 3) < 1e-12);
    assert_true(fabs(scores->recall - 2.0 / 3) < 1e-12);
    assert_int_equal(count, 2);
    assert_memory_equal(span[0].truth.bytes, "A", 1);
    assert_int_equal(span[0].count, 2);
    assert_int_equal(span[0].predictions, 3);
    assert_int_equal(span[0].right, 2);
    assert_int_equal(span[1].count, 1);
    assert_int_equal(span[1].predictions, 0);
    recur_score_table_free(table);
}

struct scheme_case {
    const char *truth, *predicted;
    enum recur_scheme given, scheme;
    unsigned suffix;
    size_t spans, found, right, strays;
};

/* Which scheme labels are of, and what they count for in it. */
static const struct scheme_case scheme_cases[] = {
    /* seqeval's README: f1 is 0.50 by default; and "I-NP I-NP" for "B-NP I-NP", 1.00 by default. */
    {"O O O B-MISC I-MISC I-MISC O | B-PER I-PER O",
     "O O B-MISC I-MISC I-MISC I-MISC O | B-PER I-PER O", RECUR_SCHEME_AUTO, RECUR_SCHEME_BIO, 0, 2,
     2, 1, 0},
    {"B-NP I-NP O", "I-NP I-NP O", RECUR_SCHEME_AUTO, RECUR_SCHEME_BIO, 0, 1, 1, 1, 0},
    /* The head of conlleval's example output; then a chunk missed, one cut in two, one too many. */
    {"B-NP B-NP I-NP I-NP O | B-NP B-VP B-NP I-NP", "B-NP B-NP I-NP I-NP O | B-NP B-VP B-NP I-NP",
     RECUR_SCHEME_AUTO, RECUR_SCHEME_BIO, 0, 5, 5, 5, 0},
    {"B-NP B-NP I-NP I-NP O | B-NP B-VP B-NP I-NP", "O B-NP B-NP I-NP B-PP | B-NP B-VP B-NP I-NP",
     RECUR_SCHEME_AUTO, RECUR_SCHEME_BIO, 0, 5, 6, 3, 0},
    /* IOB1: B- is needed nowhere but between two of one type. Counts are those of BIO. */
    {"I-A I-A B-A O I-B I-A", "I-A I-A I-A O I-B I-A", RECUR_SCHEME_AUTO, RECUR_SCHEME_IOB1, 0, 4,
     3, 2, 0},
    {"I-A O B-A", "I-A O B-A", RECUR_SCHEME_AUTO, RECUR_SCHEME_BIO, 0, 2, 2, 2, 0},
    {"O O", "I-A O", RECUR_SCHEME_AUTO, RECUR_SCHEME_BIO, 0, 0, 1, 0, 0},
    /* IOE1 and IOE2. */
    {"I-A E-A O E-B I-A E-A", "I-A E-A O E-B E-A E-A", RECUR_SCHEME_AUTO, RECUR_SCHEME_IOE, 0, 3, 4,
     2, 0},
    /* The only word of a span. */
    {"S-A S-A O B-B I-B E-B", "S-A O O B-B I-B E-B", RECUR_SCHEME_AUTO, RECUR_SCHEME_BIOES, 0, 3, 2,
     2, 0},
    {"U-A U-A O B-B I-B L-B", "U-A U-A O B-B I-B L-B", RECUR_SCHEME_AUTO, RECUR_SCHEME_BILOU, 0, 3,
     3, 3, 0},
    {"U-A O", "U-A U-A", RECUR_SCHEME_AUTO, RECUR_SCHEME_BILOU, 0, 1, 2, 1, 0},
    {"S-A S-A O B-B M-B E-B", "S-A S-A O B-B E-B S-B", RECUR_SCHEME_AUTO, RECUR_SCHEME_BMES, 0, 3,
     4, 2, 0},
    /* The part behind the type; types have hyphens of their own. */
    {"PER-B PER-I O LOC-B", "PER-B PER-I O O", RECUR_SCHEME_AUTO, RECUR_SCHEME_BIO, 1, 2, 1, 1, 0},
    {"A-B-U O A-C-U", "A-B-U O A-B-U", RECUR_SCHEME_AUTO, RECUR_SCHEME_BILOU, 1, 2, 2, 1, 0},
    {"B-A-B I-A-B B-A-C", "B-A-B I-A-B I-A-C", RECUR_SCHEME_AUTO, RECUR_SCHEME_BIO, 0, 2, 2, 2, 0},
    /* Parts without types; a single letter is no span. */
    {"B I O B", "B I O O", RECUR_SCHEME_AUTO, RECUR_SCHEME_BIO, 0, 2, 1, 1, 0},
    {"B M E S", "B M E S", RECUR_SCHEME_AUTO, RECUR_SCHEME_BMES, 0, 2, 2, 2, 0},
    {"S O S", "S O S", RECUR_SCHEME_AUTO, RECUR_SCHEME_NONE, 0, 0, 0, 0, 0},
    {"B A O", "B A O", RECUR_SCHEME_AUTO, RECUR_SCHEME_NONE, 0, 0, 0, 0, 0},
    /* Hyphens that say nothing of spans. */
    {"-LRB- NN-SG VB", "-LRB- NN-SG VB", RECUR_SCHEME_AUTO, RECUR_SCHEME_NONE, 0, 0, 0, 0, 0},
    {"B-A L-A M-A", "B-A L-A M-A", RECUR_SCHEME_AUTO, RECUR_SCHEME_NONE, 0, 0, 0, 0, 0},
    {"B-A B-A B-A B-A B-A B-A B-A B-A B-A B-A", "O O O O O O O O O B-A", RECUR_SCHEME_NONE,
     RECUR_SCHEME_NONE, 0, 0, 0, 0, 0},
    /* A label in eleven that is none is an error, two in eleven are another kind of labels. */
    {"B-A I-A B-A I-A B-A I-A B-A I-A B-A I-A 0", "B-A I-A B-A I-A B-A I-A B-A I-A B-A I-A O",
     RECUR_SCHEME_AUTO, RECUR_SCHEME_BIO, 0, 5, 5, 5, 1},
    {"B-A I-A B-A I-A B-A I-A B-A I-A B-A 0 0", "B-A I-A B-A I-A B-A I-A B-A I-A B-A O O",
     RECUR_SCHEME_AUTO, RECUR_SCHEME_NONE, 0, 0, 0, 0, 0},
    {"B-A I-A 0 0", "B-A I-A O O", RECUR_SCHEME_BIO, RECUR_SCHEME_BIO, 0, 1, 1, 1, 2},
    {"U-A U-A", "U-A O", RECUR_SCHEME_BILOU, RECUR_SCHEME_BILOU, 0, 2, 1, 1, 0},
    {"B-I B-I", "B-I O", RECUR_SCHEME_BIOES, RECUR_SCHEME_BIOES, 0, 2, 1, 1, 0},
};

static void schemes_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scheme_cases / sizeof *scheme_cases; i++) {
        const struct scheme_case *c = &scheme_cases[i];
        recur_token a[MOST], b[MOST];
        size_t lengths[MOST], sequences;
        recur_score_table *table;
        size_t count = cut(c->truth, a, lengths, &sequences);
        assert_int_equal(cut(c->predicted, b, lengths, &sequences), count);
        assert_int_equal(
            recur_scores_compare_spans(a, b, count, lengths, sequences, c->given, &table, NULL),
            RECUR_OK);
        const recur_scores *s = recur_score_table_scores(table);
        if (s->scheme != c->scheme || s->suffix != c->suffix || s->spans != c->spans ||
            s->predicted != c->found || s->right != c->right || s->strays != c->strays)
            fail_msg("%s: %s, suffix %u, spans %zu, %zu, %zu, strays %zu", c->truth,
                     recur_scheme_name(s->scheme), s->suffix, s->spans, s->predicted, s->right,
                     s->strays);
        assert_int_equal(isnan(s->f1) != 0, c->spans + c->found == 0);
        recur_score_table_free(table);
    }
}

static void schemes_have_names(void **state)
{
    enum recur_scheme scheme;
    recur_score_table *table = NULL;
    recur_error error;
    (void)state;
    assert_int_equal(recur_scheme_parse("bilou", &scheme, NULL), RECUR_OK);
    assert_int_equal(scheme, RECUR_SCHEME_BILOU);
    assert_string_equal(recur_scheme_name(RECUR_SCHEME_IOB1), "iob1");
    assert_int_equal(recur_scheme_parse("iob", &scheme, &error), RECUR_ERROR_ARGUMENT);
    assert_int_equal(
        recur_scores_compare_spans(NULL, NULL, 0, NULL, 0, (enum recur_scheme)99, &table, &error),
        RECUR_ERROR_ARGUMENT);
}

/* By hand: a: p 1, r 2/3; b: p 1/2, r 1; c: p 0, r 0; d, predicted alone: p 0, r 0. */
static void classes_are_averaged(void **state)
{
    (void)state;
    recur_score_table *table = compare("a a a b c", "a a b b d", false);
    const recur_scores *scores = recur_score_table_scores(table);
    size_t count;
    const recur_score_cell *cell = recur_score_table_cells(table, &count);
    assert_true(fabs(scores->accuracy - 3.0 / 5) < 1e-12);
    assert_true(fabs(scores->precision - (1 + 0.5) / 4) < 1e-12);
    assert_true(fabs(scores->recall - (2.0 / 3 + 1) / 4) < 1e-12);
    assert_true(fabs(scores->f1 - (0.8 + 2.0 / 3) / 4) < 1e-12);
    assert_int_equal(count, 4);
    assert_int_equal(cell[0].count, 2); /* a as a */
    assert_int_equal(cell[1].count, 1); /* a as b */
    assert_memory_equal(cell[1].predicted.bytes, "b", 1);
    assert_memory_equal(cell[3].truth.bytes, "c", 1);
    assert_memory_equal(cell[3].predicted.bytes, "d", 1);
    recur_score_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_counted_as_conlleval_does),
        cmocka_unit_test(spans_are_scored_by_type),
        cmocka_unit_test(schemes_are_told_apart),
        cmocka_unit_test(schemes_have_names),
        cmocka_unit_test(classes_are_averaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
