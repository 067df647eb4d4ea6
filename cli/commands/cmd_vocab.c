/* recur vocab: the preprocessing of the book, stage by stage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands/vocab_ngrams.h"
#include "common/message.h"
#include "common/need.h"
#include "common/output.h"
#include "common/progress.h"
#include "common/quote.h"
#include "files/dataset.h"
#include "files/reading.h"
#include "options/text_options.h"

struct vocab_options {
    struct text_options text;
    uint64_t ngrams, top;
    bool json, ids, one_hot;
};

/* A text that can be read several times: a path, or bytes in memory. */
struct source {
    const char *path;
    char *bytes; /* NULL: the file is read */
    size_t size;
    uint64_t invalid; /* byte sequences that could not be converted to these bytes */
};

struct job {
    const struct command *command;
    struct vocab_options options;
    struct source source;
    struct text_config config;
    recur_corpus *corpus;
    recur_vocab *vocab;
    struct text_ngrams ngrams;
};

/* Opens a text. If it is read only `once`, even a stream need not be loaded. Returns 0 or the exit
 * status. */
static int open_source(const struct command *command, const char *path, bool once,
                       const recur_text_config *config, struct source *source)
{
    struct stat info;
    recur_error error;
    recur_text_stats stats;
    *source = (struct source){.path = path};
    if (once)
        return 0;
    bool regular = strcmp(path, "-") != 0 &&
                   (stat(path, &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));
    /* Tokens that are bytes are also shown as characters. A file with such bytes could not be read
     * as characters, so it is loaded. */
    if (regular && !recur_tokens_as_they_stand(config->tokens))
        return 0;
    recur_progress_files("reading", &source->path, 1);
    enum recur_status status =
        recur_text_load(path, config, &source->bytes, &source->size, &stats, &error);
    recur_progress_end();
    if (status != RECUR_OK)
        return recur_library_failure(command, &error);
    source->invalid = stats.invalid;
    return 0;
}

/* Who receives lines of pieces as the tokens that the vocabulary makes of them. */
struct divider {
    const struct job *job;
    recur_line_fn *line;
    void *user;
};

static enum recur_status divide(void *user, const recur_token *pieces, size_t count,
                                recur_error *error)
{
    const struct divider *divider = user;
    const struct job *job = divider->job;
    size_t bytes = 0, size;
    int32_t *ids;
    for (size_t i = 0; i < count; i++)
        bytes += pieces[i].size; /* pieces follow each other directly */
    enum recur_status status =
        recur_vocab_encode(job->vocab, count ? pieces->bytes : "", bytes, &ids, &size, NULL, error);
    if (status != RECUR_OK)
        return status;
    recur_token *tokens = recur_need(job->command, size + 1, sizeof *tokens, "a line's tokens");
    recur_vocab_tokens(job->vocab, ids, size, tokens);
    status = divider->line(divider->user, tokens, size, error);
    free(tokens);
    free(ids);
    return status;
}

static enum recur_status read_source(const struct job *job, const recur_text_config *config,
                                     recur_line_fn *line, void *user, recur_error *error)
{
    const struct source *source = &job->source;
    struct divider divider = {job, line, user};
    if (recur_text_parts(config)) {
        line = divide;
        user = &divider;
    }
    return source->bytes ? recur_text_read_memory(source->bytes, source->size, config, line, user,
                                                  NULL, error)
                         : recur_text_read(source->path, config, line, user, NULL, error);
}

static enum recur_status build(struct job *job, recur_error *error)
{
    const struct source *source = &job->source;
    recur_progress_files("reading", &source->path, 1);
    enum recur_status status =
        source->bytes ? recur_corpus_build_memory(source->bytes, source->size, &job->config.corpus,
                                                  &job->corpus, &job->vocab, error)
                      : recur_corpus_build(&source->path, 1, &job->config.corpus, &job->corpus,
                                           &job->vocab, error);
    recur_progress_end();
    return status;
}

static int print_json(const struct job *job)
{
    const recur_text_stats *stats = recur_corpus_stats(job->corpus);
    size_t size = recur_vocab_size(job->vocab);
    recur_json_writer json = RECUR_JSON_SHOWN;
    recur_json_open(&json, NULL, '{');
    recur_json_put_u64(&json, "lines", stats->lines);
    recur_json_put_u64(&json, "tokens", stats->tokens);
    recur_json_put_u64(&json, "size", size);
    recur_json_put_u64(&json, "reserved", recur_vocab_reserved(job->vocab));
    recur_json_open(&json, "entries", '[');
    for (size_t id = 0; id < size; id++) {
        recur_json_open(&json, NULL, '{');
        recur_json_put_entry(&json, "token", recur_vocab_token(job->vocab, (int32_t)id));
        recur_json_put_u64(&json, "id", id);
        recur_json_put_u64(&json, "count", recur_vocab_count(job->vocab, (int32_t)id));
        recur_json_close(&json, '}');
    }
    recur_json_close(&json, ']');
    if (job->options.ngrams > 0)
        recur_text_ngrams_put(&json, "ngrams", &job->ngrams);
    recur_json_close(&json, '}');
    return recur_json_print(job->command, &json);
}

static void print_row(size_t id, size_t size)
{
    putchar('[');
    for (size_t i = 0; i < size; i++) {
        if (i > 0)
            putchar(',');
        putchar(i == id ? '1' : '0');
    }
    fputs("]\n", stdout);
}

static enum recur_status print_ids(void *user, const recur_token *tokens, size_t count,
                                   recur_error *error)
{
    const struct job *job = user;
    (void)error;
    for (size_t i = 0; i < count; i++)
        printf(i ? " %d" : "%d", (int)recur_vocab_id(job->vocab, tokens[i]));
    putchar('\n');
    return RECUR_OK;
}

static enum recur_status print_rows(void *user, const recur_token *tokens, size_t count,
                                    recur_error *error)
{
    const struct job *job = user;
    if (job->options.ids)
        print_ids(user, tokens, count, error);
    for (size_t i = 0; i < count; i++)
        print_row((size_t)recur_vocab_id(job->vocab, tokens[i]), recur_vocab_size(job->vocab));
    if (count > 0)
        putchar('\n');
    return RECUR_OK;
}

/* The presentation by stages shows the first lines of the text that have tokens. */
enum {
    SAMPLE_LINES = 2,
    SAMPLE_TOKENS = 16,
    SAMPLE_ENTRIES = 20,
    SAMPLE_WIDTH = 24,
    SAMPLE_ROWS = 5,
    SAMPLE_CHARACTERS = 70,
    BYTES = 256 /* stand before the pairs that were learnt */
};

enum stage { STAGE_LINES, STAGE_CLEANED, STAGE_TOKENS, STAGE_IDS, STAGE_ROWS };

struct sample {
    const struct job *job;
    size_t lines;
    enum stage stage;
};

/* Prints a line as text. Its tokens are characters here. */
static void print_text(const recur_token *tokens, size_t count)
{
    size_t shown = count < SAMPLE_CHARACTERS ? count : SAMPLE_CHARACTERS;
    fputs("     ", stdout);
    for (size_t i = 0; i < shown; i++)
        if (*tokens[i].bytes != '\n')
            fputs(recur_show(tokens[i].bytes, tokens[i].size, 8, NULL).text, stdout);
    puts(shown < count ? " ..." : "");
}

static void print_one_hot(const struct job *job, const recur_token *tokens, size_t count)
{
    size_t size = recur_vocab_size(job->vocab);
    for (size_t i = 0; i < count; i++) {
        size_t id = (size_t)recur_vocab_id(job->vocab, tokens[i]);
        printf("     %zu: ", id);
        if (size <= SAMPLE_WIDTH)
            print_row(id, size);
        else
            printf("[0 ... 1 ... 0], %zu wide, the 1 at place %zu\n", size, id);
    }
}

static enum recur_status print_sample(void *user, const recur_token *tokens, size_t count,
                                      recur_error *error)
{
    struct sample *sample = user;
    const struct job *job = sample->job;
    (void)error;
    size_t shown = count < SAMPLE_TOKENS ? count : SAMPLE_TOKENS;
    const char *more = shown < count ? " ..." : "";
    if (count == 0 || *tokens[0].bytes == '\n' || *tokens[0].bytes == '\r')
        return RECUR_OK;
    if (sample->stage <= STAGE_CLEANED) {
        print_text(tokens, count);
    } else if (sample->stage == STAGE_TOKENS) {
        for (size_t i = 0; i < shown; i++)
            printf("%s%s", i ? ", " : "     [", recur_quote(tokens[i]).text);
        printf("%s]\n", more);
    } else if (sample->stage == STAGE_IDS) {
        for (size_t i = 0; i < shown; i++)
            printf("%s%d", i ? " " : "     ", (int)recur_vocab_id(job->vocab, tokens[i]));
        puts(more);
    } else {
        print_one_hot(job, tokens, count < SAMPLE_ROWS ? count : SAMPLE_ROWS);
        return RECUR_STOP; /* one line was enough */
    }
    return ++sample->lines < SAMPLE_LINES ? RECUR_OK : RECUR_STOP;
}

static bool print_stage(const struct job *job, enum stage stage)
{
    recur_error error;
    struct sample sample = {.job = job, .stage = stage};
    recur_text_config config = job->config.text;
    if (stage <= STAGE_CLEANED)
        config.tokens = RECUR_TOKENS_CHAR;
    if (stage == STAGE_LINES)
        config.clean = RECUR_CLEAN_NONE;
    if (read_source(job, &config, print_sample, &sample, &error) == RECUR_OK)
        return true;
    recur_library_failure(job->command, &error);
    return false;
}

static void print_entries(const recur_vocab *vocab, size_t first, bool counts)
{
    size_t size = recur_vocab_size(vocab);
    size_t end = size - first > SAMPLE_ENTRIES ? first + SAMPLE_ENTRIES : size;
    for (size_t id = first; id < end; id++) {
        unsigned long long number =
            counts ? (unsigned long long)recur_vocab_count(vocab, (int32_t)id) : id;
        printf("%s%s: %llu",
               id == first        ? "     {"
               : (id - first) % 8 ? ", "
                                  : ",\n      ",
               recur_quote(recur_vocab_token(vocab, (int32_t)id)).text, number);
    }
    printf("%s}\n", end < size ? ", ..." : first == size ? "     {" : "");
}

static int print_stages(const struct job *job)
{
    const recur_text_stats *stats = recur_corpus_stats(job->corpus);
    const struct text_options *text = &job->options.text;
    size_t size = recur_vocab_size(job->vocab), special = recur_vocab_reserved(job->vocab) + 1;
    printf("1. Lines: %llu\n", (unsigned long long)stats->lines);
    if (!print_stage(job, STAGE_LINES))
        return STATUS_FAILURE;
    printf("2. Cleaned (%s)\n", text->clean);
    if (!print_stage(job, STAGE_CLEANED))
        return STATUS_FAILURE;
    printf("3. Tokens (%s): %llu\n", text->tokens, (unsigned long long)stats->tokens);
    if (!print_stage(job, STAGE_TOKENS))
        return STATUS_FAILURE;
    bool parts = recur_text_parts(recur_vocab_text(job->vocab));
    printf("4. Counts, %s: %zu different token%s",
           parts ? "pairs as they were learnt" : "the largest first", size - special,
           recur_plural(size - special));
    unsigned long long dropped = recur_vocab_count(job->vocab, RECUR_UNKNOWN);
    if (dropped > 0)
        printf("; too rare are %llu of the %llu", dropped, (unsigned long long)stats->tokens);
    putchar('\n');
    print_entries(job->vocab, parts ? special + BYTES : special, true);
    printf("5. Dictionary: %zu %s\n", size, size == 1 ? "entry" : "entries");
    print_entries(job->vocab, 0, false);
    puts("6. Ids");
    if (!print_stage(job, STAGE_IDS))
        return STATUS_FAILURE;
    puts("7. One-hot rows of the first line");
    return print_stage(job, STAGE_ROWS) ? 0 : STATUS_FAILURE;
}

static int present(struct job *job)
{
    recur_error error;
    if (build(job, &error) != RECUR_OK)
        return recur_library_failure(job->command, &error);
    recur_warn_read(job->command, recur_path(job->source.path).text, job->options.text.encoding,
                    job->source.invalid + recur_corpus_stats(job->corpus)->invalid,
                    recur_corpus_marks(job->corpus));
    if (job->options.ngrams > 0) {
        job->ngrams = (struct text_ngrams){
            .corpus = job->corpus, .vocab = job->vocab, .longest = (size_t)job->options.ngrams};
        if (recur_text_ngrams_count(&job->ngrams, (size_t)job->options.top, &error) != RECUR_OK)
            return recur_library_failure(job->command, &error);
    }
    if (job->options.json)
        return print_json(job);
    if (job->options.ngrams > 0) {
        recur_text_ngrams_print(&job->ngrams);
        return 0;
    }
    if (!job->options.ids && !job->options.one_hot)
        return print_stages(job);
    recur_line_fn *print = job->options.one_hot ? print_rows : print_ids;
    if (read_source(job, &job->config.text, print, job, &error) != RECUR_OK)
        return recur_library_failure(job->command, &error);
    return 0;
}

static int vocab(const struct command *command, int argc, char **argv)
{
    struct job job = {.command = command};
    struct arguments arguments;
    struct dataset_paths datasets;
    int status;
    if (!recur_options_parse(command, argc, argv, &job.options, &arguments, &status))
        return status;
    if (job.options.json && (job.options.ids || job.options.one_hot))
        return recur_usage_error(command, "--json cannot be combined with --ids or --one-hot");
    if (job.options.ngrams > 0 && (job.options.ids || job.options.one_hot))
        return recur_usage_error(command, "--ngrams cannot be combined with --ids or --one-hot");
    if (job.options.ngrams == 0 && recur_option_given(command, &arguments, "top"))
        return recur_usage_error(command, "--top goes with --ngrams");
    bool once = job.options.json || job.options.ngrams > 0;
    recur_text_options_config(&job.options.text, &job.config);
    const char *path = recur_dataset_resolve(command, arguments.operands[0], &datasets);
    status =
        path ? open_source(command, path, once, &job.config.text, &job.source) : STATUS_FAILURE;
    if (status == 0)
        status = present(&job);
    recur_text_ngrams_free(&job.ngrams);
    recur_corpus_free(job.corpus);
    recur_vocab_free(job.vocab);
    free(job.source.bytes);
    return status;
}

#define AT(field) offsetof(struct vocab_options, field)

static const struct option_spec options[] = {
    TEXT_OPTION_ROWS(struct vocab_options),
    {OPTION_FLAG, 0, "json", NULL, AT(json),
     .help = "one JSON object: lines, tokens, size, reserved, entries"},
    {OPTION_FLAG, 0, "ids", NULL, AT(ids),
     .help = "only the ids, a line for each line of the text"},
    {OPTION_FLAG, 0, "one-hot", NULL, AT(one_hot),
     .help = "only the one-hot rows, a blank line after each line of the text"},
    {OPTION_COUNT, 0, "ngrams", "N", AT(ngrams), .most = RECUR_NGRAMS_LONGEST, .standard = "0",
     .help = "instead of the stages the most frequent runs of 1 to N tokens, their counts by rank "
             "and the exponents of Zipf's law; 0: the stages"},
    {OPTION_COUNT, 0, "top", "K", AT(top), .most = 1000000, .standard = "10",
     .help = "of --ngrams: how many of each length are listed"},
    {.help = NULL},
};

const struct command recur_command_vocab = {
    .name = "vocab",
    .summary = "show how a text becomes tokens, a dictionary, ids",
    .operands = "TEXT",
    .about = "Shows the preprocessing of a text (a file, - for standard input, or a dataset's "
             "name) stage by stage: lines, tokens, counts, dictionary, ids, one-hot rows; or "
             "its most frequent runs of tokens and Zipf's law.",
    .examples = "  recur vocab --tokens word --clean letters book.txt\n"
                "  recur vocab --tokens word --ids book.txt\n"
                "  recur vocab --json time_machine\n"
                "  recur vocab --ngrams 3 --tokens word --clean letters time_machine\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = vocab,
};
