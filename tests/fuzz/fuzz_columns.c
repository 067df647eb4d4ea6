/* Labelled texts, in columns and as label<TAB>text, from memory and from a file, which must be the
 * same; then a model for them, a step of training, predictions and scores. The first byte says what
 * is read and how and how wide the model is, the second how long a sequence may be, the third what
 * the model is, the fourth what its dictionary keeps and how much is held out, the fifth which
 * columns and layout the text has, the sixth what is known of words; the rest is the text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "recur/predict.h"

/* Data of more than so many tokens is only read. What a model of width 2 takes for the rest follows
 * its length and, by the labels of each token, its square (docs/reliability.md). */
enum { SETTINGS = 6, TOKENS = 200 };
enum { LEARN_EXTRA = 1 << 20, LEARN_BYTE = 1 << 13, LEARN_PAIR = 1 << 9 };

struct settings {
    recur_text_config text;
    recur_labels_config labels;
    recur_model_config model;
    recur_vocab_config vocab;
    double share;
    recur_token ends[2];
    bool known;
};

static struct settings settings_of(const uint8_t *byte)
{
    static const double shares[] = {0, 0.3, 0.9, (double)NAN};
    static const size_t widths[] = {2, 1};
    const size_t *width = &widths[byte[0] >> 6 & 1];
    struct settings s = {.text = recur_text_config_default(),
                         .labels = recur_labels_config_default(),
                         .model = recur_model_config_default(),
                         .vocab = recur_vocab_config_default(),
                         .share = shares[byte[3] & 3]};
    s.labels.task = byte[0] & 1 ? RECUR_TASK_TAG : RECUR_TASK_CLASSIFY;
    s.labels.unlabelled = byte[0] >> 1 & 1;
    s.text.tokens = byte[0] >> 2 & 3;
    s.text.clean = byte[0] >> 4 & 3;
    s.labels.longest = byte[1] ? byte[1] : s.labels.longest;
    s.model.hidden = width;
    s.model.cell = byte[2] & 3;
    s.model.pool = byte[2] >> 2 & 3;
    s.model.bidirectional = byte[2] >> 4 & 1;
    s.model.merge = byte[2] >> 5 & 1;
    s.model.decoder = byte[2] >> 6 & 1 && byte[0] & 1 ? RECUR_DECODER_CRF : RECUR_DECODER_SOFTMAX;
    s.model.character_hidden = s.model.character_embedding = byte[2] >> 7 ? *width : 0;
    s.model.dropout = byte[3] >> 2 & 1 ? 0.5F : 0;
    s.model.embedding = byte[3] >> 3 & 1 ? *width : 0;
    s.vocab.min_count = byte[3] >> 4;
    s.labels.word_column = byte[4] & 3;
    s.labels.label_column = byte[4] >> 2 & 3;
    s.labels.layout = byte[4] >> 4 & 7;
    s.labels.header = byte[4] >> 7;
    s.known = byte[5] & 1;
    s.ends[0] = (recur_token){".", 1};
    s.ends[1] = (recur_token){"\xe3\x80\x82", 3};
    s.labels.end_count = byte[5] >> 1 & 1 ? 2 : 0;
    return s;
}

static size_t touch(recur_token token)
{
    size_t sum = 0;
    for (size_t i = 0; i < token.size; i++)
        sum += (unsigned char)token.bytes[i];
    return sum;
}

/* Whatever can be asked of the data lies within it. */
static void look_at(const recur_labels *labels)
{
    bool tags = recur_labels_task(labels) == RECUR_TASK_TAG;
    size_t tokens = 0, forms = recur_labels_forms(labels);
    const char *next = NULL; /* all of the file stands in lines and between them, one by one */
    enum recur_layout layout = recur_labels_layout(labels);
    FUZZ_CHECK(layout > RECUR_LAYOUT_AUTO && layout <= RECUR_LAYOUT_CHARACTERS, "layout %d",
               (int)layout);
    for (size_t i = 0; i < recur_labels_count(labels); i++) {
        size_t length = recur_labels_length(labels, i);
        const uint32_t *form = recur_labels_sequence(labels, i);
        tokens += length;
        for (size_t t = 0; t < length; t++)
            FUZZ_CHECK(form[t] < forms, "form %u of %zu", form[t], forms);
        for (size_t t = 0; t < (tags ? length : 1); t++) {
            recur_token line = recur_labels_line(labels, i, t);
            recur_token label = recur_labels_label(labels, i, t);
            FUZZ_CHECK(label.size <= line.size, "a label of %zu in a line of %zu", label.size,
                       line.size);
            recur_token before = recur_labels_before(labels, i, t);
            FUZZ_CHECK(!next || before.bytes == next, "bytes before a line are missing");
            FUZZ_CHECK(before.bytes + before.size == line.bytes, "bytes before a line end early");
            next = line.bytes + line.size;
            touch(before);
            touch(line);
            touch(label);
        }
    }
    touch(recur_labels_before(labels, recur_labels_count(labels), 0));
    FUZZ_CHECK(tokens == recur_labels_tokens(labels), "%zu tokens", tokens);
    for (size_t f = 0; f < forms; f++) {
        touch(recur_labels_form(labels, f));
        touch(recur_labels_lower(labels, f));
        FUZZ_CHECK(recur_labels_case(labels, f) <= RECUR_WORD_OTHER, "a case of no name");
    }
}

/* What is doubted are labels of the data, each kind once. */
static size_t doubt(const recur_labels *labels)
{
    recur_doubt doubt[RECUR_DOUBTS];
    recur_error error;
    size_t count = 0, met = 0;
    fuzz_check_error(recur_labels_doubts(labels, doubt, &count, &error), &error);
    FUZZ_CHECK(count <= RECUR_DOUBTS, "%zu doubts", count);
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(!(met >> doubt[i].kind & 1), "doubt %d twice", (int)doubt[i].kind);
        met |= (size_t)1 << doubt[i].kind;
        touch(doubt[i].label);
        touch(doubt[i].other);
    }
    return met;
}

/* What two readings have to agree on. */
struct reading {
    enum recur_status status;
    size_t doubts;
    size_t sequences, forms, tokens;
    uint64_t fingerprint;
};

/* Looks at what was read, parts it and gives it back. */
static struct reading finish(enum recur_status status, recur_labels *labels, double share,
                             recur_error *error)
{
    struct reading r = {.status = status};
    recur_labels *rest = NULL;
    fuzz_check_error(status, error);
    if (status != RECUR_OK)
        return r;
    look_at(labels);
    r.doubts = doubt(labels);
    r.sequences = recur_labels_count(labels);
    r.forms = recur_labels_forms(labels);
    r.tokens = recur_labels_tokens(labels);
    r.fingerprint = recur_labels_fingerprint(labels);
    fuzz_check_error(recur_labels_split(labels, share, 1, &rest, error), error);
    FUZZ_CHECK(recur_labels_count(labels) + (rest ? recur_labels_count(rest) : 0) == r.sequences,
               "the parts are not the whole");
    recur_labels_free(rest);
    recur_labels_free(labels);
    return r;
}

static bool keeps_bytes(const struct settings *s)
{
    return s->labels.task == RECUR_TASK_CLASSIFY && s->text.tokens == RECUR_TOKENS_BYTE;
}

/* Reads it both ways, one after the other. Returns how many tokens there are to go on with, an
 * empty text counted as one; 0 where it is refused. */
static size_t read_both(const char *text, size_t size, const struct settings *s)
{
    struct fuzz_file file = fuzz_file_make((const uint8_t *)text, size);
    const char *path = file.path;
    recur_labels *labels = NULL;
    recur_error error;
    ptrdiff_t before = fuzz_memory_begin();
    recur_text_config bytes = recur_text_config_default();
    bytes.tokens = RECUR_TOKENS_BYTE;
    char *loaded = NULL;
    size_t length = 0;
    enum recur_status status =
        recur_text_load(path, keeps_bytes(s) ? &bytes : NULL, &loaded, &length, NULL, &error);
    bool refused = status != RECUR_OK; /* before the settings were looked at */
    if (status == RECUR_OK)
        status = recur_labels_read_memory(loaded, length, &s->labels, &labels, &error);
    free(loaded);
    const struct reading memory = finish(status, labels, s->share, &error);
    status = recur_labels_read(&path, 1, &s->labels, &labels, &error);
    const struct reading stream = finish(status, labels, s->share, &error);
    /* What was packed counts unpacked, which nobody knows of what is damaged. */
    fuzz_memory_end_within(before, size,
                           !refused ? FUZZ_EXTRA + FUZZ_FACTOR * (size + length) : SIZE_MAX);
    fuzz_file_end(&file);
    FUZZ_CHECK(memory.status == stream.status || (refused && stream.status),
               "status %d from memory, %d from the file", (int)memory.status, (int)stream.status);
    FUZZ_CHECK(memory.sequences == stream.sequences && memory.tokens == stream.tokens &&
                   memory.forms == stream.forms && memory.doubts == stream.doubts &&
                   memory.fingerprint == stream.fingerprint,
               "other contents from the file");
    return memory.tokens + memory.sequences;
}

/* A recur_prediction_fn. */
static enum recur_status check_prediction(void *user, size_t sequence,
                                          const recur_prediction *prediction, recur_error *error)
{
    size_t labels = *(const size_t *)user;
    (void)sequence;
    (void)error;
    for (size_t t = 0; t < prediction->count; t++) {
        double sum = 0;
        FUZZ_CHECK((size_t)prediction->labels[t] < labels, "label %d of %zu", prediction->labels[t],
                   labels);
        for (size_t i = 0; prediction->probabilities && i < labels; i++)
            sum += (double)prediction->probabilities[t * labels + i];
        FUZZ_CHECK(!prediction->probabilities || fabs(sum - 1) < 1e-5, "probabilities of %g", sum);
    }
    return RECUR_OK;
}

static void predict_and_score(const recur_model *model, const recur_labels *data)
{
    recur_error error;
    recur_score_table *table = NULL;
    size_t labels = recur_model_get_config(model)->labels;
    FUZZ_CHECK(recur_predict(model, data, 1, check_prediction, &labels, &error) == RECUR_OK,
               "cannot predict: %s", error.message);
    enum recur_status status = recur_score(model, data, 1, &table, &error);
    fuzz_check_error(status, &error);
    if (status == RECUR_OK) {
        const recur_scores *scores = recur_score_table_scores(table);
        FUZZ_CHECK(scores->accuracy >= 0 && scores->accuracy <= 1 && !(scores->loss < 0),
                   "accuracy %g, loss %g", scores->accuracy, scores->loss);
    }
    recur_score_table_free(table);
}

/* Trains a model for a step, the labels of which it predicts before and after. */
static void learn(const char *text, size_t size, const struct settings *s)
{
    recur_labels *train = NULL, *valid = NULL;
    recur_model *model = NULL;
    recur_trainer *trainer = NULL;
    recur_error error;
    recur_trainer_config config = recur_trainer_config_default();
    config.threads = 1;
    config.batch = 4;
    enum recur_status status = recur_labels_read_memory(text, size, &s->labels, &train, &error);
    if (status == RECUR_OK)
        status = recur_labels_split(train, s->share, 1, &valid, &error);
    if (status == RECUR_OK)
        status = recur_model_create_labels(&s->model, train, &s->vocab, &model, &error);
    fuzz_check_error(status, &error);
    if (status == RECUR_OK) {
        predict_and_score(model, train);
        status = recur_trainer_create_labels(model, train, valid, &config, &trainer, &error);
        fuzz_check_error(status, &error);
    }
    if (status == RECUR_OK) {
        fuzz_check_error(recur_trainer_epoch(trainer, NULL, &error), &error);
        predict_and_score(model, valid ? valid : train);
        FUZZ_CHECK(recur_model_save(model, "/dev/null", &error) == RECUR_OK,
                   "what was read cannot be written: %s", error.message);
    }
    recur_trainer_free(trainer);
    recur_model_free(model);
    recur_labels_free(valid);
    recur_labels_free(train);
}

static recur_vocab *vocab_of(const char *words)
{
    recur_token tokens[16];
    recur_vocab *vocab = NULL;
    size_t count = 0;
    for (const char *at = words, *end; *at; at = end + (*end == ' ')) {
        end = at + strcspn(at, " ");
        tokens[count++] = (recur_token){at, (size_t)(end - at)};
    }
    FUZZ_CHECK(recur_vocab_build(tokens, count, NULL, NULL, &vocab, NULL) == RECUR_OK, "no memory");
    return vocab;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < SETTINGS)
        return 0;
    const char *text = (const char *)bytes + SETTINGS;
    struct settings s = settings_of(bytes);
    s.labels.text = &s.text;
    s.labels.ends = s.ends;
    recur_vocab *words =
        s.known ? vocab_of("the jo lu . new york \xe5\x8c\x97 \xe4\xba\xac") : NULL;
    recur_vocab *labels = s.known ? vocab_of("O B-PER x") : NULL;
    s.labels.known_words = words;
    s.labels.known_labels = labels;
    size_t tokens = read_both(text, size - SETTINGS, &s);
    recur_vocab_free(words);
    recur_vocab_free(labels);
    s.labels.known_words = s.labels.known_labels = NULL;
    if (tokens == 0 || tokens > TOKENS)
        return 0;
    ptrdiff_t before = fuzz_memory_begin();
    learn(text, size - SETTINGS, &s);
    fuzz_memory_end_within(before, size,
                           LEARN_EXTRA + LEARN_BYTE * size + LEARN_PAIR * tokens * tokens);
    return 0;
}
