/* Texts of every kind of token and of cleaning, from a file, packed or in another encoding or not,
 * and from memory as it is loaded, which must be the same, and their n-grams. The first byte says
 * the kinds and the encoding, the second how often a token must be met and how many are kept; the
 * rest is the file.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "fuzz.h"
#include "recur/ngrams.h"

struct read {
    enum recur_status status;
    recur_corpus *corpus;
    recur_vocab *vocab;
    recur_error error;
};

static void same(const struct read *a, const struct read *b)
{
    FUZZ_CHECK(a->status == b->status, "status %d from memory, %d from the file", (int)a->status,
               (int)b->status);
    if (a->status != RECUR_OK)
        return;
    FUZZ_CHECK(recur_vocab_size(a->vocab) == recur_vocab_size(b->vocab), "other vocabularies");
    FUZZ_CHECK(recur_corpus_size(a->corpus) == recur_corpus_size(b->corpus), "other sizes");
    FUZZ_CHECK(recur_corpus_fingerprint(a->corpus) == recur_corpus_fingerprint(b->corpus),
               "other ids");
}

/* The counts of all ranks are all n-grams. */
static void count_runs(const recur_corpus *corpus)
{
    for (size_t n = 1; corpus && n <= 3; n++) {
        recur_ngrams *ngrams = NULL;
        size_t sum = 0, size = recur_corpus_size(corpus);
        recur_error error;
        fuzz_check_error(recur_ngrams_count(corpus, n, 2, &ngrams, &error), &error);
        for (size_t rank = 1; ngrams && rank <= recur_ngrams_different(ngrams); rank++)
            sum += recur_ngrams_frequency(ngrams, rank);
        FUZZ_CHECK(!ngrams || sum == (size < n ? 0 : size - n + 1), "%zu %zu-grams", sum, n);
        recur_ngrams_free(ngrams);
    }
}

static void read_free(struct read *read)
{
    recur_corpus_free(read->corpus);
    recur_vocab_free(read->vocab);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    static const char *const encodings[] = {NULL,          NULL,      NULL,       NULL,
                                            "ISO-2022-JP", "GB18030", "UTF-16LE", "UTF-32"};
    struct fuzz_file file = fuzz_file_make(bytes + 2, size - 2);
    const char *path = file.path;
    recur_corpus_config config = recur_corpus_config_default();
    recur_text_config cutting = recur_text_config_default();
    recur_vocab_config counting = recur_vocab_config_default();
    cutting.tokens = bytes[0] & 3;
    cutting.clean = bytes[0] >> 2 & 3;
    cutting.word_rule = bytes[0] >> 4 & 1;
    cutting.encoding = encodings[bytes[0] >> 5];
    counting.min_count = bytes[1] & 7;
    config.text = &cutting;
    config.vocab = &counting;
    config.max_tokens = bytes[1] >> 3;
    struct read memory = {0}, stream = {0};
    ptrdiff_t before = fuzz_memory_begin();
    char *text = NULL;
    size_t length = 0;
    memory.status = recur_text_load(path, &cutting, &text, &length, NULL, &memory.error);
    bool loads = memory.status == RECUR_OK;
    if (memory.status == RECUR_OK)
        memory.status = recur_corpus_build_memory(text, length, &config, &memory.corpus,
                                                  &memory.vocab, &memory.error);
    free(text);
    fuzz_check_error(memory.status, &memory.error);
    stream.status =
        recur_corpus_build(&path, 1, &config, &stream.corpus, &stream.vocab, &stream.error);
    fuzz_check_error(stream.status, &stream.error);
    same(&memory, &stream);
    count_runs(memory.corpus);
    read_free(&memory);
    read_free(&stream);
    /* What was packed counts unpacked, which nobody knows of what is damaged. */
    fuzz_memory_end_within(before, size,
                           loads ? FUZZ_EXTRA + FUZZ_FACTOR * (size + length) : SIZE_MAX);
    fuzz_file_end(&file);
    return 0;
}
