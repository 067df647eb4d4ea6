#include "options/label_options.h"

#include "common/message.h"
#include "common/quote.h"

bool recur_label_options_fit(const struct command *command, const struct arguments *arguments,
                             enum recur_task task)
{
    static const struct {
        const char *option;
        bool words, texts; /* for models that label words, or texts */
    } needs[] = {{"scheme", true, false},      {"layout", true, false},
                 {"word-column", true, false}, {"sentence-end", true, false},
                 {"text-column", false, true}, {"label-column", true, true},
                 {"header", true, true}};
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        bool fine = (needs[i].words && recur_task_serves(task, RECUR_USE_LABEL_WORDS)) ||
                    (needs[i].texts && recur_task_serves(task, RECUR_USE_LABEL_TEXTS));
        if (fine || !recur_option_given(command, arguments, needs[i].option))
            continue;
        recur_usage_error(command,
                          "--%s is for models that label %s%s%s, and this one is of the "
                          "task %s",
                          needs[i].option, needs[i].words ? "words" : "",
                          needs[i].words && needs[i].texts ? " or " : "",
                          needs[i].texts ? "texts" : "", recur_task_name(task));
        return false;
    }
    return true;
}

void recur_label_options_config(const struct label_options *options, recur_labels_config *config)
{
    bool words = recur_task_serves(config->task, RECUR_USE_LABEL_WORDS);
    uint64_t column = words ? options->word_column : options->text_column;
    if (column)
        config->word_column = (size_t)column;
    if (options->label_column)
        config->label_column = (size_t)options->label_column;
    if (column || options->label_column) /* a column was named, so there are columns */
        config->known_words = NULL;
    config->ends = options->sentence_end.items;
    config->end_count = options->sentence_end.count;
    config->header = options->header;
    if (options->layout) /* the table of options has checked the name */
        recur_layout_parse(options->layout, &config->layout, NULL);
}

static void warn_swapped(const struct command *command, const char *name, const recur_doubt *doubt,
                         bool tags)
{
    if (tags)
        recur_warning(command,
                      "%s: %zu different labels for %zu different word%s: are the columns swapped? "
                      "--word-column %zu --label-column 1 reads them the other way round",
                      name, doubt->count, doubt->of, recur_plural(doubt->of), doubt->columns);
    else
        recur_warning(command,
                      "%s: %zu different labels for %zu different text%s: are the columns swapped? "
                      "--label-column 2 reads them the other way round",
                      name, doubt->count, doubt->of, recur_plural(doubt->of));
}

static void warn_counter(const struct command *command, const char *name, const recur_labels *data,
                         bool tags)
{
    size_t given = recur_labels_get_config(data)->word_column;
    size_t standard = recur_labels_layout(data) == RECUR_LAYOUT_CONLLU ? 2 : 1;
    size_t column = given ? given : standard;
    if (tags)
        recur_warning(command,
                      "%s: column %zu, read as the words, only counts them; --word-column %zu "
                      "takes the words from column %zu",
                      name, column, column + 1, column + 1);
    else
        recur_warning(command,
                      "%s: the labels only count the texts; --label-column 2 --text-column 3 take "
                      "both from the columns behind",
                      name);
}

static void warn(const struct command *command, const char *name, const recur_labels *data,
                 const recur_doubt *doubt)
{
    bool tags = recur_task_serves(recur_labels_task(data), RECUR_USE_LABEL_WORDS);
    switch (doubt->kind) {
    case RECUR_DOUBT_COUNTER: warn_counter(command, name, data, tags); break;
    case RECUR_DOUBT_SWAPPED: warn_swapped(command, name, doubt, tags); break;
    case RECUR_DOUBT_HEADER:
        recur_warning(command,
                      "%s: the first line, whose label is %s, seems to name the columns; --header "
                      "leaves it out",
                      name, recur_quote(doubt->label).text);
        break;
    case RECUR_DOUBT_RARE:
        recur_warning(command,
                      "%s: %zu different labels for %zu texts: hardly one of them comes again; "
                      "--label-column N says which column has the labels",
                      name, doubt->count, doubt->of);
        break;
    case RECUR_DOUBT_UNBROKEN:
        recur_warning(command,
                      "%s: without a blank line its %zu words are one sentence; --sentence-end "
                      ".,!,? ends one behind each of these words",
                      name, doubt->count);
        break;
    case RECUR_DOUBT_SENTENCES:
        recur_warning(command,
                      "%s: %zu of its %zu words have spaces in them, and each has one label; where "
                      "they are texts, --task classify learns them",
                      name, doubt->count, doubt->of);
        break;
    case RECUR_DOUBT_ALIKE:
        recur_warning(command,
                      "%s: the labels %s and %s, which differ in case or width alone, count as two",
                      name, recur_quote(doubt->label).text, recur_quote(doubt->other).text);
        break;
    }
}

bool recur_warn_doubts(const struct command *command, const char *name, const recur_labels *data)
{
    recur_doubt doubt[RECUR_DOUBTS];
    recur_error error;
    size_t count;
    if (recur_labels_doubts(data, doubt, &count, &error) != RECUR_OK) {
        recur_library_failure(command, &error);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        warn(command, name, data, &doubt[i]);
    return true;
}

const char *recur_layout_choice(size_t index)
{
    return recur_option_known(recur_layout_name((enum recur_layout)index));
}
