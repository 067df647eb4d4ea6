/* recur/labels.h - texts with labels: one for each text, or one for each word of a sentence.
 *
 *     recur_labels_config config = recur_labels_config_default();
 *     config.task = RECUR_TASK_TAG;
 *     enum recur_status status = recur_labels_read(&path, 1, &config, data, error);
 *     if (status == RECUR_OK)
 *         status = recur_labels_split(*data, 0.1, 1, held_out, error);
 *     if (status == RECUR_OK)
 *         status = recur_model_create_labels(&model_config, *data, NULL, model, error);
 *     if (status == RECUR_OK)
 *         status = recur_trainer_create_labels(*model, *data, *held_out, NULL, &trainer, error);
 *     if (status != RECUR_OK)
 *         return status;
 *
 * and then as recur/trainer.h shows. recur_predict labels texts with such a model, recur_score
 * measures how well it does.
 *
 * Files of RECUR_TASK_CLASSIFY have one text per line, "label<TAB>text". Files of RECUR_TASK_TAG
 * have one word per line, in columns: the word first, its label last (CoNLL). Blank lines end
 * sentences, and so does a line whose first column is -DOCSTART-. Tabs separate the columns of a
 * line that has any, otherwise spaces do. White space around a cell is not part of it. A line
 * before a sentence is a comment if it begins with "# " (or is "#", or begins with "##") and does
 * not have as many columns as the lines with words. A file whose first line with a word has ten
 * columns between tabs and a number in the first is CoNLL-U: column 2 has the word, column 4 the
 * label. There every line that begins with "#" and does not have ten columns is a comment, and
 * lines numbered 1-2 or 1.1 have no word.
 *
 * A sequence is what is labelled at once: a sentence of words, or a text of tokens.
 *
 * Threads: only recur_labels_split changes the data; any number of threads may read it. */
#ifndef RECUR_LABELS_H
#define RECUR_LABELS_H

#include "recur/trainer.h"
#include "recur/vocab.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a file of RECUR_TASK_TAG is laid out. */
enum recur_layout {
    RECUR_LAYOUT_AUTO,       /* as the file looks: see recur_labels_config */
    RECUR_LAYOUT_COLUMNS,    /* a word a line */
    RECUR_LAYOUT_CONLLU,     /* likewise, in CoNLL-U's ten columns */
    RECUR_LAYOUT_SENTENCES,  /* a sentence a line, its words between white space; no labels */
    RECUR_LAYOUT_CHARACTERS, /* likewise, each character but white space a word */
};

/* "auto", "columns", "conllu", "sentences" or "characters". */
RECUR_API const char *recur_layout_name(enum recur_layout layout);

/* The other way round. Errors: ARGUMENT for another name. */
RECUR_API enum recur_status recur_layout_parse(const char *name, enum recur_layout *layout,
                                               recur_error *error);

/* Texts with labels; opaque. */
typedef struct recur_labels recur_labels;

/* What is read, and how. */
typedef struct recur_labels_config {
    size_t size;                    /* as recur_labels_config_default() sets it; leave it alone */
    const recur_text_config *text;  /* of classify: how texts are cut into tokens; NULL: default */
    size_t longest;                 /* tokens of a sequence, at most; memory follows the longest;
                                       default 65536 */
    enum recur_task task;           /* RECUR_TASK_TAG or RECUR_TASK_CLASSIFY, the default */
    unsigned unlabelled;            /* not 0: labels may be missing. Of classify, a line without a
                                       tab is all text, and an empty one an empty text; of tag, one
                                       column is enough; default 0 */
    size_t word_column;             /* which column the word, or of classify the text, stands in,
                                       from 1; 0, the default: of tag the first, of classify all
                                       that stands behind a label in the first, else the first */
    size_t label_column;            /* likewise its label; 0, the default: of tag the last, of
                                       classify the first, or the second beside a text in the first */
    const recur_token *ends;        /* of tag: words that end a sentence, besides blank lines */
    size_t end_count;               /* how many; default 0 */
    const recur_vocab *known_words; /* of tag: a model's words, in lower case, and */
    recur_vocab *known_labels; /* its labels, which the data shares; default NULL, which tells no
                                  plain sentences */
    enum recur_layout layout;  /* of tag; AUTO, the default, tells CoNLL-U from other columns
                                  and, by what a model knows, plain sentences: no line has a
                                  tab, most have several words, in most of these no label of the
                                  model stands where labels do, the first column does not count,
                                  and either lines differ in their number of words or half of
                                  the words in other columns than the word's, or more, are words
                                  of the model. Of words of several letters without case, as
                                  Chinese ones, that a model knows letter by letter alone, each
                                  character is a word */
    unsigned header;           /* not 0: the first line of each file names the columns and is
                                  left out; default 0 */
} recur_labels_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_labels_config_init(recur_labels_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_labels_config recur_labels_config_default(void)
{
    recur_labels_config config;
    recur_labels_config_init(&config, sizeof config);
    return config;
}

/* Reads `count` files ("-" is standard input), each on its own, one behind the other. `*labels`
 * belongs to the caller: recur_labels_free. Byte sequences that are not UTF-8 are read as U+FFFD,
 * but for byte tokens. A label is UTF-8 without control characters or marks that turn the direction
 * of writing, so that it is one name wherever it is written; where labels may be missing, one that
 * is not so is missing. Errors: FILE, MEMORY, ARGUMENT for another task; DATA, the sentence naming
 * the line, where a tab, a label or a column is missing, columns differ in number, a label is <unk>
 * or not as above, or a sequence is too long; DATA where there is no sequence, unless labels may be
 * missing. */
RECUR_API enum recur_status recur_labels_read(const char *const *paths, size_t count,
                                              const recur_labels_config *config,
                                              recur_labels **labels, recur_error *error);

/* The same for a text of `size` bytes in memory, which is not kept. */
RECUR_API enum recur_status recur_labels_read_memory(const char *bytes, size_t size,
                                                     const recur_labels_config *config,
                                                     recur_labels **labels, recur_error *error);

/* Releases data; NULL is fine. */
RECUR_API void recur_labels_free(recur_labels *labels);

/* Moves a share of the sequences, drawn at random from the seed alone, into data of their own; both
 * keep the files' order. `*rest` belongs to the caller, NULL for a share of 0. Errors: MEMORY,
 * ARGUMENT for a share outside [0, 0.9], DATA where there are too few sequences for it. */
RECUR_API enum recur_status recur_labels_split(recur_labels *labels, double share, uint64_t seed,
                                               recur_labels **rest, recur_error *error);

/* The task that the data is for. */
RECUR_API enum recur_task recur_labels_task(const recur_labels *labels);

/* How the data was read, without what belongs to the caller (NULL); belongs to the data. */
RECUR_API const recur_labels_config *recur_labels_get_config(const recur_labels *labels);

/* How the texts were cut; belongs to the data. */
RECUR_API const recur_text_config *recur_labels_text(const recur_labels *labels);

/* What was met while reading, the part that was split off included; belongs to the data. */
RECUR_API const recur_text_stats *recur_labels_stats(const recur_labels *labels);

/* How many byte order marks (U+FEFF) were left out of the files, but for those at their starts:
 * where files were joined. */
RECUR_API uint64_t recur_labels_marks(const recur_labels *labels);

/* How many sequences there are. */
RECUR_API size_t recur_labels_count(const recur_labels *labels);

/* How many tokens number `sequence` has. */
RECUR_API size_t recur_labels_length(const recur_labels *labels, size_t sequence);

/* How many tokens all of them have. */
RECUR_API size_t recur_labels_tokens(const recur_labels *labels);

/* What follows is the data's own. The label of a word, or of a text (`token` is 0), of size 0 where
 * there is none. */
RECUR_API recur_token recur_labels_label(const recur_labels *labels, size_t sequence, size_t token);

/* The line that it stands in, without its end, as it is in the file: it may be no UTF-8. */
RECUR_API recur_token recur_labels_line(const recur_labels *labels, size_t sequence, size_t token);

/* What stands between that line and the one of the label before it: the end of that line, and lines
 * without a word, as blank ones and comments; for the first label all that stands before it. With a
 * sequence past the last one: what stands behind all. */
RECUR_API recur_token recur_labels_before(const recur_labels *labels, size_t sequence,
                                          size_t token);

/* The layout of the last file that was read, never AUTO; of classify columns. */
RECUR_API enum recur_layout recur_labels_layout(const recur_labels *labels);

/* What makes one doubt that a file is what it was read as. Each is true of the data as it stands;
 * whether it is meant so, a user knows. */
enum recur_doubt_kind {
    RECUR_DOUBT_COUNTER,   /* the words, or of classify the labels, are numbers that count up */
    RECUR_DOUBT_HEADER,    /* the first line names the columns: `label` stands in the label's */
    RECUR_DOUBT_SWAPPED,   /* there are more labels, `count`, than words or texts, `of` */
    RECUR_DOUBT_RARE,      /* of classify: `count` labels for `of` texts, fewer than 2 each */
    RECUR_DOUBT_UNBROKEN,  /* of tag: a file of `count` words is one sentence */
    RECUR_DOUBT_SENTENCES, /* of tag: most of the words, `count` of `of`, have spaces in them */
    RECUR_DOUBT_ALIKE,     /* two labels, `label` and `other`, of the data or of those that
                              are known, differ in case or width alone */
};

/* One of them; its tokens belong to the data. */
typedef struct recur_doubt {
    enum recur_doubt_kind kind;
    size_t count, of;
    size_t columns; /* of tag: how many there are */
    recur_token label, other;
} recur_doubt;

enum { RECUR_DOUBTS = 7 };

/* What is doubtful in all that was read, the part that was split off included: `*count` of
 * doubt[RECUR_DOUBTS]. Looks at all of it. Errors: MEMORY. */
RECUR_API enum recur_status recur_labels_doubts(const recur_labels *labels, recur_doubt *doubt,
                                                size_t *count, recur_error *error);

/* A number by which to know the same sequences again: any token, label or end of a sequence that
 * changed gives another one. Reads all of them. */
RECUR_API uint64_t recur_labels_fingerprint(const recur_labels *labels);

/* How many different tokens there are. */
RECUR_API size_t recur_labels_forms(const recur_labels *labels);

/* Different token number `form`. */
RECUR_API recur_token recur_labels_form(const recur_labels *labels, size_t form);

/* Which of them each token of a sequence is. */
RECUR_API const uint32_t *recur_labels_sequence(const recur_labels *labels, size_t sequence);

/* The case of a word. */
enum recur_word_case {
    RECUR_WORD_LOWER,   /* letters, none of them upper case */
    RECUR_WORD_CAPITAL, /* the first letter alone is upper case */
    RECUR_WORD_UPPER,   /* two letters and more, all upper case */
    RECUR_WORD_MIXED,   /* any other mixture */
    RECUR_WORD_NUMBER,  /* digits, and no letter */
    RECUR_WORD_DIGITS,  /* letters and digits */
    RECUR_WORD_OTHER,   /* neither */
};

/* Of tag: a form in lower case, which is what embeddings are looked up by. */
RECUR_API recur_token recur_labels_lower(const recur_labels *labels, size_t form);

/* Of tag: what the case of a form was. */
RECUR_API enum recur_word_case recur_labels_case(const recur_labels *labels, size_t form);

/* Makes a model for the data: its vocabulary, as `vocab` says (may be NULL), its labels and, of
 * tag where config->character_hidden is not 0, its characters are those of the data. `config` may
 * be NULL; its task is the data's. `*model` belongs to the caller. Errors: those of
 * recur_model_create, DATA where no sequence has a label. */
RECUR_API enum recur_status recur_model_create_labels(const recur_model_config *config,
                                                      const recur_labels *data,
                                                      const recur_vocab_config *vocab,
                                                      recur_model **model, recur_error *error);

/* A trainer of such a model, in minibatches of sequences of about equal length (recur/buckets.h).
 * Losses are nats for each label. `valid` (may be NULL) is what is validated on, whatever
 * config->validation says; steps and sampling do not count. A label of `valid` that the model lacks
 * has no loss. Epochs say how well `valid` was labelled (recur_epoch). Model and data must outlive
 * the trainer. Errors: ARGUMENT (a value outside its range, data of another task), DATA where
 * nothing in `train` or nothing in `valid` has a loss: labels that the model knows, with a CRF a
 * sentence of them; MEMORY. */
RECUR_API enum recur_status
recur_trainer_create_labels(recur_model *model, const recur_labels *train,
                            const recur_labels *valid, const recur_trainer_config *config,
                            recur_trainer **trainer, recur_error *error);

/* Are these the run's? `valid` is NULL where nothing is validated on. Errors: DATA where the
 * labelled texts are not those that the run began with. */
RECUR_API enum recur_status recur_trainer_check_labels(const recur_trainer_state *state,
                                                       const recur_labels *train,
                                                       const recur_labels *valid,
                                                       recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
