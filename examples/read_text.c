/* Turns a text into minibatches step by step and shows its tokens, its dictionary, its most
 * frequent pairs and its ids:
 *
 *     read_text TEXT */
#include <recur/recur.h>

#include <stdio.h>

/* Receives the tokens of one line. */
static enum recur_status print_line(void *user, const recur_token *tokens, size_t count,
                                    recur_error *error)
{
    (void)user;
    (void)error;
    for (size_t i = 0; i < count; i++)
        printf("[%.*s]", (int)tokens[i].size, tokens[i].bytes);
    putchar('\n');
    return RECUR_OK;
}

static enum recur_status print_tokens(const char *path, recur_error *error)
{
    recur_text_config config = recur_text_config_default();
    recur_text_stats stats;
    config.tokens = RECUR_TOKENS_WORD;
    config.clean = RECUR_CLEAN_LETTERS;
    enum recur_status status = recur_text_read(path, &config, print_line, NULL, &stats, error);
    if (status == RECUR_OK)
        printf("%llu tokens in %llu lines\n", (unsigned long long)stats.tokens,
               (unsigned long long)stats.lines);
    return status;
}

static void print_dictionary(const recur_vocab *vocab)
{
    for (int32_t id = 0; (size_t)id < recur_vocab_size(vocab); id++) {
        recur_token token = recur_vocab_token(vocab, id);
        printf("%.*s: id %d, count %llu\n", (int)token.size, token.bytes, (int)id,
               (unsigned long long)recur_vocab_count(vocab, id));
    }
}

static void print_tokens_at(const recur_corpus *corpus, const recur_vocab *vocab, size_t first,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int32_t id;
        recur_corpus_read(corpus, first + i, 1, &id);
        recur_token token = recur_vocab_token(vocab, id);
        printf("%s%.*s", i > 0 ? " " : "", (int)token.size, token.bytes);
    }
}

static enum recur_status print_pairs(const recur_corpus *corpus, const recur_vocab *vocab,
                                     recur_error *error)
{
    recur_ngrams *pairs;
    enum recur_status status = recur_ngrams_count(corpus, 2, 3, &pairs, error);
    if (status != RECUR_OK)
        return status;
    size_t count;
    const recur_ngram *top = recur_ngrams_top(pairs, &count);
    for (size_t i = 0; i < count; i++) {
        print_tokens_at(corpus, vocab, top[i].first, 2);
        printf(": %llu times\n", (unsigned long long)top[i].count);
    }
    recur_ngrams_free(pairs);
    return RECUR_OK;
}

enum { BATCH = 2, STEPS = 3 };

static enum recur_status print_minibatches(const recur_corpus *corpus, recur_error *error)
{
    recur_batches *batches;
    recur_batches_config config = recur_batches_config_default();
    config.batch = BATCH;
    config.steps = STEPS;
    enum recur_status status = recur_batches_create(corpus, &config, &batches, error);
    if (status != RECUR_OK)
        return status;
    int32_t x[STEPS * BATCH], y[STEPS * BATCH]; /* (T, B) */
    for (uint64_t epoch = 0; epoch < 2; epoch++) {
        size_t count = recur_batches_start(batches, epoch);
        printf("epoch %d, minibatches: %zu\n", (int)epoch, count);
        while (recur_batches_next(batches, x, y))
            for (size_t b = 0; b < BATCH; b++)
                for (size_t t = 0; t < STEPS; t++)
                    printf("%d -> %d%s", (int)x[t * BATCH + b], (int)y[t * BATCH + b],
                           t + 1 < STEPS ? ", " : "\n");
    }
    recur_batches_free(batches);
    return RECUR_OK;
}

static enum recur_status print_corpus(const char *path, recur_error *error)
{
    const char *paths[] = {path};
    recur_corpus *corpus = NULL;
    recur_vocab *vocab = NULL;
    recur_text_config text = recur_text_config_default();
    recur_corpus_config config = recur_corpus_config_default();
    text.tokens = RECUR_TOKENS_WORD;
    text.clean = RECUR_CLEAN_LETTERS;
    config.text = &text;
    enum recur_status status = recur_corpus_build(paths, 1, &config, &corpus, &vocab, error);
    if (status == RECUR_OK) {
        print_dictionary(vocab);
        status = print_pairs(corpus, vocab, error);
    }
    if (status == RECUR_OK)
        status = print_minibatches(corpus, error);
    recur_vocab_free(vocab);
    recur_corpus_free(corpus);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: read_text TEXT\n", stderr);
        return 2;
    }
    recur_error error;
    if (print_tokens(argv[1], &error) != RECUR_OK || print_corpus(argv[1], &error) != RECUR_OK) {
        fprintf(stderr, "read_text: %s\n", error.message);
        return 1;
    }
    return 0;
}
