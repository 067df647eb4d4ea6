#include "options/text_options.h"

#include <string.h>

const char *recur_text_options_rule(const struct text_options *options)
{
    if (options->word_rule)
        return options->word_rule;
    return strcmp(options->clean, "letters") == 0 ? "space" : "unicode"; /* the book's */
}

void recur_text_options_config(const struct text_options *options, struct text_config *config)
{
    config->text = recur_text_config_default();
    config->vocab = recur_vocab_config_default();
    config->corpus = recur_corpus_config_default();
    config->corpus.text = &config->text;
    config->corpus.vocab = &config->vocab;
    /* The table of options has checked the names. */
    recur_tokens_parse(options->tokens, &config->text.tokens, NULL);
    recur_clean_parse(options->clean, &config->text.clean, NULL);
    recur_word_rule_parse(recur_text_options_rule(options), &config->text.word_rule, NULL);
    config->text.encoding = options->encoding;
    config->vocab.min_count = options->min_freq;
    config->vocab.entries = options->vocab_size;
    config->vocab.reserved = options->reserved.items;
    config->vocab.reserved_count = options->reserved.count;
}
