/* Texts of all sorts, and whether they come back from their tokens to the byte. */
#ifndef RECUR_TESTS_ROUND_TRIP_H
#define RECUR_TESTS_ROUND_TRIP_H

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "recur/recur.h"

struct round_trip {
    char *bytes;
    size_t size, capacity;
};

static enum recur_status round_trip_add(void *user, const char *bytes, size_t size,
                                        recur_error *error)
{
    struct round_trip *made = user;
    RECUR_TRY(recur_grow(&made->bytes, &made->capacity, made->size + size, 1, "a text", error));
    memcpy(made->bytes + made->size, bytes, size);
    made->size += size;
    return RECUR_OK;
}

/* The text of the ids that the text has in its vocabulary is the text. */
static void assert_round_trip_of(const recur_vocab *vocab, const char *text, size_t size)
{
    struct round_trip made = {NULL, 0, 0};
    recur_detokenizer *detokenizer;
    size_t count, unknown;
    int32_t *ids;
    assert_int_equal(recur_vocab_encode(vocab, text, size, &ids, &count, &unknown, NULL), RECUR_OK);
    assert_int_equal(unknown, 0);
    assert_int_equal(recur_detokenizer_create(vocab, "", 0, &detokenizer, NULL), RECUR_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(recur_detokenizer_put(detokenizer, ids[i], round_trip_add, &made, NULL),
                         RECUR_OK);
    assert_int_equal(recur_detokenizer_end(detokenizer, round_trip_add, &made, NULL), RECUR_OK);
    assert_int_equal(made.size, size);
    if (size)
        assert_memory_equal(made.bytes, text, size);
    recur_detokenizer_free(detokenizer);
    free(made.bytes);
    free(ids);
}

/* The same in a vocabulary that is made of the text. */
static void assert_round_trip(const recur_text_config *config, const char *text, size_t size)
{
    recur_corpus_config reading = recur_corpus_config_default();
    recur_corpus *corpus;
    recur_vocab *vocab;
    reading.text = config;
    if (!size)
        return;
    assert_int_equal(recur_corpus_build_memory(text, size, &reading, &corpus, &vocab, NULL),
                     RECUR_OK);
    assert_round_trip_of(vocab, text, size);
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
}

/* Writes a text at random, of pieces that are hard to put together again and of any characters, of
 * up to `room` bytes; returns its size. */
static size_t round_trip_text(uint64_t seed, char *text, size_t room)
{
    static const char *const pieces[] = {
        "a",          "word",     "It's",   " ",      " ",
        "  ",         "\t",       "\r\n",   "\n",     "\r",
        ",",          ".",        "(",      ")",      "\"",
        "'",          "\u201c",   "\u201d", "\u2019", "\u2014",
        "-",          "3.14",     "1,000",  "<join>", "<unk>",
        "<",          "\u4f60",   "\u597d", "\u3002", "\u3000",
        "\u30ab",     "\ud55c",   "\u0e44", "\u05d0", "\U0001f469\u200d\U0001f467",
        "\U0001f1e9", "\u0301",   "\ufeff", "\u200d", "\u200b",
        "\u2028",     "\xc2\x85", "\u00e9", "_",      "$",
        "\ufffd",
    };
    struct recur_rng rng;
    recur_rng_seed(&rng, seed, 0);
    size_t size = 0;
    for (;;) {
        char own[4];
        const char *piece = pieces[recur_rng_below(&rng, sizeof pieces / sizeof *pieces)];
        size_t length = strlen(piece);
        if (recur_rng_below(&rng, 4) == 0) { /* any character but surrogates */
            uint32_t code = (uint32_t)recur_rng_below(&rng, seed % 2 ? 0x10f800 : 0x80);
            code += code >= 0xd800 ? 0x800 : 0;
            length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
            for (size_t i = length; i-- > 1; code >>= 6)
                own[i] = (char)(0x80 | (code & 0x3f));
            own[0] = (char)(length == 1 ? code : (0xf00u >> length & 0xffu) | code);
            piece = own;
        }
        if (size + length > room)
            return size;
        memcpy(text + size, piece, length);
        size += length;
    }
}

#endif
