/* Filling: converts a text with marks to ids with blanks, searches group by group, and converts
 * back to text. */
#include "recur/fill.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/config.h"
#include "base/memory.h"
#include "data/token_kind.h"
#include "infer/detokenizer.h"
#include "infer/fill_search.h"

struct recur_filler {
    const recur_model *model;
    size_t alternatives;
    char mark[4]; /* the mark that stands for a blank */
    size_t mark_size;
    struct recur_fill_search search;
};

RECUR_CONFIG(fill, beam, .blank = "_", .alternatives = 1, .beam = 16)

static enum recur_status take_config(recur_filler *filler, const recur_fill_config *config,
                                     recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    utf8proc_int32_t code;
    utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)config->blank, -1, &code);
    if (length < 1 || code == 0 || config->blank[length])
        return recur_fail(
            error, bad, "a blank is marked by one character, got \"%s\"",
            recur_show(config->blank, strlen(config->blank), RECUR_WORD_SHOWN, NULL).text);
    if (!config->alternatives || !config->beam)
        return recur_fail(error, bad, "filling needs at least 1 alternative and a beam of 1");
    filler->alternatives = config->alternatives;
    filler->mark_size = (size_t)length;
    memcpy(filler->mark, config->blank, filler->mark_size);
    return RECUR_OK;
}

static enum recur_status check_model(const recur_model *model, recur_error *error)
{
    RECUR_TRY(recur_task_check_refusal(model->network.task->refuses.fill, error));
    RECUR_TRY(recur_check_writes(model, error));
    if (recur_token_kind_of(recur_vocab_text(model->vocab))->parts)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "a model of byte pairs fills no blanks, because no mark stands for one "
                          "token: train one of words, characters or bytes");
    if (recur_vocab_size(model->vocab) <= recur_vocab_reserved(model->vocab) + 1)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "the model's vocabulary has no token that a blank could be");
    return RECUR_OK;
}

enum recur_status recur_filler_create(const recur_model *model, const recur_fill_config *given,
                                      recur_filler **out, recur_error *error)
{
    recur_filler *filler;
    recur_fill_config config = recur_fill_config_default();
    RECUR_TRY(recur_config_take(&config, given, "recur_fill_config", error));
    RECUR_TRY(check_model(model, error));
    RECUR_TRY(recur_alloc(1, sizeof *filler, "a filler", &filler, error));
    filler->model = model;
    size_t beam = config.beam > config.alternatives ? config.beam : config.alternatives;
    enum recur_status status = take_config(filler, &config, error);
    if (status == RECUR_OK)
        status = recur_fill_search_init(&filler->search, model, beam, error);
    if (status != RECUR_OK) {
        recur_filler_free(filler);
        return status;
    }
    *out = filler;
    return RECUR_OK;
}

void recur_filler_free(recur_filler *filler)
{
    if (!filler)
        return;
    recur_fill_search_free(&filler->search);
    free(filler);
}

/* A text being read. */
struct reading {
    const recur_filler *filler;
    const char *text, *end;
    const char *cursor; /* position in `text`, after the stand-ins that were met so far */
    size_t marks;       /* how many marks the text has */
    char *copy;         /* if the text is cleaned: a copy with stand-ins in place of its marks */
    size_t copy_size;
    recur_token stand_in; /* the token that a mark becomes */
    bool ambiguous;       /* the text may have a letter that becomes the same token */
    int32_t *ids;
    size_t size, ids_capacity;
    size_t *blanks; /* the places of the blanks in `ids` */
    size_t count, blanks_capacity;
};

static bool mark_at(const struct reading *reading, const char *at)
{
    const recur_filler *filler = reading->filler;
    return (size_t)(reading->end - at) >= filler->mark_size &&
           memcmp(at, filler->mark, filler->mark_size) == 0;
}

static bool is_x(char byte)
{
    return byte == 'x' || byte == 'X';
}

static size_t longest_run_of_x(const struct reading *reading)
{
    size_t longest = 0, run = 0;
    for (const char *at = reading->text; at < reading->end; at++) {
        run = is_x(*at) ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

/* Cleaning to letters would remove the marks, and where punctuation is tokens a mark is none of the
 * words that it stands for. So letters stand in for marks: an x where letters are tokens, otherwise
 * a word so long that no other word equals it. */
static enum recur_status put_stand_ins(struct reading *reading, recur_error *error)
{
    const recur_text_config *config = recur_vocab_text(reading->filler->model->vocab);
    reading->stand_in = (recur_token){reading->filler->mark, reading->filler->mark_size};
    const struct recur_token_kind *kind = recur_token_kind_of(config);
    if (config->clean != RECUR_CLEAN_LETTERS && !(kind->words && kind->exact))
        return RECUR_OK;
    reading->ambiguous = !kind->words;
    size_t length = reading->ambiguous ? 1 : longest_run_of_x(reading) + 1;
    size_t room = recur_size_add(recur_size_mul(reading->marks, length),
                                 (size_t)(reading->end - reading->text));
    char *to;
    RECUR_TRY(recur_alloc(recur_size_add(room, length), 1, "a text with blanks", &to, error));
    reading->copy = to;
    memset(to, 'x', length);
    reading->stand_in = (recur_token){to, length};
    to += length;
    for (const char *at = reading->text; at < reading->end;) {
        bool mark = mark_at(reading, at);
        memset(to, mark ? 'x' : *at, mark ? length : 1);
        to += mark ? length : 1;
        at += mark ? reading->filler->mark_size : 1;
    }
    reading->copy_size = (size_t)(to - reading->copy) - length;
    return RECUR_OK;
}

/* Is the next stand-in among the tokens a mark, and not a letter that looks like one? */
static bool next_is_mark(struct reading *reading)
{
    if (!reading->ambiguous)
        return true;
    while (!mark_at(reading, reading->cursor) && !is_x(*reading->cursor))
        reading->cursor++;
    bool mark = mark_at(reading, reading->cursor);
    reading->cursor += mark ? reading->filler->mark_size : 1;
    return mark;
}

static enum recur_status read_line(void *user, const recur_token *tokens, size_t count,
                                   recur_error *error)
{
    struct reading *reading = user;
    RECUR_TRY(recur_grow(&reading->ids, &reading->ids_capacity, reading->size + count,
                         sizeof *reading->ids, "the text's ids", error));
    for (size_t i = 0; i < count; i++) {
        bool stand_in = tokens[i].size == reading->stand_in.size &&
                        memcmp(tokens[i].bytes, reading->stand_in.bytes, tokens[i].size) == 0;
        int32_t id = recur_vocab_id(reading->filler->model->vocab, tokens[i]);
        if (stand_in && next_is_mark(reading)) {
            RECUR_TRY(recur_grow(&reading->blanks, &reading->blanks_capacity, reading->count + 1,
                                 sizeof *reading->blanks, "the text's blanks", error));
            reading->blanks[reading->count++] = reading->size;
            id = RECUR_UNKNOWN;
        }
        reading->ids[reading->size++] = id;
    }
    return RECUR_OK;
}

static enum recur_status read_text(struct reading *reading, recur_error *error)
{
    const recur_filler *filler = reading->filler;
    for (const char *at = reading->text; at < reading->end;) {
        bool mark = mark_at(reading, at);
        reading->marks += mark;
        at += mark ? filler->mark_size : 1;
    }
    RECUR_TRY(put_stand_ins(reading, error));
    const char *bytes = reading->copy ? reading->copy + reading->stand_in.size : reading->text;
    size_t size = reading->copy ? reading->copy_size : (size_t)(reading->end - reading->text);
    const recur_text_config *config = recur_vocab_text(filler->model->vocab);
    RECUR_TRY(recur_text_read_memory(bytes, size, config, read_line, reading, NULL, error));
    if (reading->count != reading->marks)
        return recur_fail(
            error, RECUR_ERROR_DATA, "%zu of the text's %zu blank%s %s not a token: %s",
            reading->marks - reading->count, reading->marks, recur_plural(reading->marks),
            reading->marks - reading->count == 1 ? "is" : "are",
            recur_token_kind_of(config)->blank);
    return RECUR_OK;
}

/* The best ways so far to fill all blanks, best first. */
struct answers {
    size_t count, most;
    double *score;
    int32_t *ids; /* (most, blanks) */
};

static enum recur_status answers_init(struct answers *answers, size_t most, size_t blanks,
                                      recur_error *error)
{
    answers->most = most;
    RECUR_TRY(recur_alloc(most, sizeof *answers->score, "the fillings", &answers->score, error));
    return recur_alloc(recur_size_mul(most, blanks), sizeof *answers->ids, "the fillings",
                       &answers->ids, error);
}

static void answers_free(struct answers *answers)
{
    free(answers->score);
    free(answers->ids);
}

/* One answer with one candidate for the next group of blanks. */
struct pair {
    size_t answer, candidate;
    double score;
};

/* Finds the best pairs, at most `most`; returns how many there are. */
static size_t best_pairs(const struct answers *answers, const struct recur_fill_search *search,
                         struct pair *pairs, size_t most)
{
    size_t count = 0;
    for (size_t a = 0; a < answers->count; a++)
        for (size_t c = 0; c < search->count; c++) {
            struct pair pair = {a, c, answers->score[a] + search->kept[c].score};
            size_t at = count;
            if (at == most && !(pair.score > pairs[at - 1].score))
                continue;
            count += at < most;
            at = count - 1;
            for (; at > 0 && pair.score > pairs[at - 1].score; at--)
                pairs[at] = pairs[at - 1];
            pairs[at] = pair;
        }
    return count;
}

/* `to` becomes the best answers of `from`, each extended by a candidate for blanks [first, first +
 * group). */
static void extend(const struct answers *from, const struct recur_fill_search *search,
                   struct pair *pairs, struct answers *to, size_t blanks, size_t first,
                   size_t group)
{
    to->count = best_pairs(from, search, pairs, to->most);
    for (size_t i = 0; i < to->count; i++) {
        int32_t *ids = to->ids + i * blanks;
        memcpy(ids, from->ids + pairs[i].answer * blanks, first * sizeof *ids);
        memcpy(ids + first, search->kept[pairs[i].candidate].ids, group * sizeof *ids);
        to->score[i] = pairs[i].score;
    }
}

/* How many blanks, from number `first` on, one search fills together. */
static size_t group_size(const struct reading *reading, size_t first)
{
    size_t size = 1;
    while (size < RECUR_FILL_GROUP && first + size < reading->count &&
           reading->blanks[first + size] - reading->blanks[first] < RECUR_FILL_SPAN)
        size++;
    return size;
}

/* Fills group after group, each given the best filling of the groups before it. The result is in
 * answers[0]. */
static enum recur_status search_all(struct recur_fill_search *search, struct reading *reading,
                                    struct pair *pairs, struct answers answers[2],
                                    recur_error *error)
{
    answers[0].count = 1;
    answers[0].score[0] = 0;
    for (size_t first = 0, group; first < reading->count; first += group) {
        group = group_size(reading, first);
        RECUR_TRY(recur_fill_search_run(search, reading->ids, reading->size,
                                        reading->blanks + first, group, error));
        if (!isfinite(search->kept[0].score))
            return recur_fail_overflow("a logit", error);
        for (size_t i = 0; i < group; i++)
            reading->ids[reading->blanks[first + i]] = search->kept[0].ids[i];
        extend(&answers[0], search, pairs, &answers[1], reading->count, first, group);
        struct answers done = answers[1];
        answers[1] = answers[0];
        answers[0] = done;
        recur_model_tell(reading->filler->model, first + group, reading->count);
    }
    return RECUR_OK;
}

/* Writes the text with tokens in place of its marks. */
static enum recur_status write_filling(const struct reading *reading, const int32_t *ids,
                                       double score, recur_filling_fn *filling, void *user,
                                       recur_error *error)
{
    const recur_vocab *vocab = reading->filler->model->vocab;
    size_t room = (size_t)(reading->end - reading->text);
    for (size_t i = 0; i < reading->count; i++)
        room = recur_size_add(room, recur_vocab_token(vocab, ids[i]).size);
    const struct recur_token_kind *kind = recur_token_kind_of(recur_vocab_text(vocab));
    char *text, *to;
    RECUR_TRY(recur_alloc(room, 1, "a filled text", &text, error));
    to = text;
    size_t blank = 0;
    for (const char *at = reading->text; at < reading->end;) {
        bool mark = mark_at(reading, at);
        recur_token piece = mark ? recur_token_written(kind, recur_vocab_token(vocab, ids[blank]))
                                 : (recur_token){at, 1};
        memcpy(to, piece.bytes, piece.size);
        to += piece.size;
        blank += mark;
        at += mark ? reading->filler->mark_size : 1;
    }
    recur_filling made = {text, (size_t)(to - text), reading->count, exp(score)};
    recur_error own = {0};
    enum recur_status status = recur_called_back(filling(user, &made, &own), &own, error);
    free(text);
    return status;
}

static enum recur_status fill_all(recur_filler *filler, struct reading *reading,
                                  recur_filling_fn *filling, void *user, recur_error *error)
{
    struct answers answers[2] = {{0}, {0}};
    struct pair *pairs = NULL;
    enum recur_status status;
    RECUR_TRY_GOTO(recur_alloc(filler->alternatives, sizeof *pairs, "the fillings", &pairs, error),
                   done);
    for (size_t i = 0; i < 2; i++)
        RECUR_TRY_GOTO(answers_init(&answers[i], filler->alternatives, reading->count, error),
                       done);
    RECUR_TRY_GOTO(search_all(&filler->search, reading, pairs, answers, error), done);
    for (size_t i = 0; i < answers[0].count && status == RECUR_OK; i++)
        status = write_filling(reading, answers[0].ids + i * reading->count, answers[0].score[i],
                               filling, user, error);
done:
    answers_free(&answers[0]);
    answers_free(&answers[1]);
    free(pairs);
    return status;
}

enum recur_status recur_fill(recur_filler *filler, const char *text, size_t size,
                             recur_filling_fn *filling, void *user, recur_error *error)
{
    struct reading reading = {.filler = filler, .text = text, .end = text + size, .cursor = text};
    enum recur_status status = read_text(&reading, error);
    if (status == RECUR_OK)
        status = fill_all(filler, &reading, filling, user, error);
    free(reading.copy);
    free(reading.ids);
    free(reading.blanks);
    return status == RECUR_STOP ? RECUR_OK : status;
}
