#include "options/options.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/message.h"
#include "recur/model.h"

enum { HUGE_COUNT = 1000000000 };

/* The value of a flag that --no-NAME takes back. */
static const char OPTION_OFF[] = "no";

void recur_option_choices(const struct option_spec *option, char *text, size_t size)
{
    const char *choices = option->choices ? option->choices : "", *name;
    size_t used = 0;
    for (size_t i = 0; (name = recur_option_choice(option, i)) && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", name);
    for (; *choices && used + 3 < size; choices++) {
        text[used++] = *choices == '|' ? ',' : *choices;
        if (*choices == '|')
            text[used++] = ' ';
    }
    text[used < size ? used : size - 1] = '\0';
}

static bool is_choice(const struct option_spec *option, const char *value)
{
    const char *choices = option->choices, *name;
    size_t length = strlen(value);
    for (size_t i = 0; (name = recur_option_choice(option, i)); i++)
        if (strcmp(name, value) == 0)
            return true;
    while (choices) {
        size_t span = strcspn(choices, "|");
        if (span == length && memcmp(choices, value, length) == 0)
            return true;
        choices = choices[span] ? choices + span + 1 : NULL;
    }
    return false;
}

static bool set_choice(const struct command *command, const struct option_spec *option,
                       const char *value, const char **out)
{
    if (is_choice(option, value)) {
        *out = value;
        return true;
    }
    char list[CHOICES_TEXT];
    recur_option_choices(option, list, sizeof list);
    recur_usage_error(command, "--%s must be one of %s, got \"%s\"", option->name, list,
                      recur_word(value).text);
    return false;
}

/* Reads digits up to `end`; false where there is another character or the number is too large. */
static bool read_count(const char *text, const char *end, uint64_t *value)
{
    uint64_t sum = 0;
    for (const char *c = text; c < end; c++) {
        uint64_t digit = (uint64_t)(*c - '0');
        if (*c < '0' || *c > '9' || sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return text < end;
}

static bool set_count(const struct command *command, const struct option_spec *option,
                      const char *value, uint64_t *out)
{
    uint64_t count;
    if (read_count(value, value + strlen(value), &count) && count >= option->least &&
        count <= option->most) {
        *out = count;
        return true;
    }
    /* The sentence mentions a bound that nobody reaches only if the value is beyond it. */
    bool bounded = option->most < HUGE_COUNT || !value[strspn(value, "0123456789")];
    char most[40] = "";
    if (bounded)
        snprintf(most, sizeof most, " to %llu", (unsigned long long)option->most);
    recur_usage_error(command, "--%s must be a whole number %s %llu%s, got \"%s\"", option->name,
                      bounded ? "from" : "of at least", (unsigned long long)option->least, most,
                      recur_word(value).text);
    return false;
}

static bool set_counts(const struct command *command, const struct option_spec *option,
                       const char *value, struct count_list *list)
{
    list->count = 0;
    for (const char *piece = value;; piece++) {
        const char *end = piece + strcspn(piece, ",");
        uint64_t count;
        if (!read_count(piece, end, &count) || count < option->least || count > option->most ||
            list->count == OPTION_LIST_MOST) {
            recur_usage_error(command,
                              "--%s must be whole numbers from %llu to %llu with commas between "
                              "them, at most %d, got \"%s\"",
                              option->name, (unsigned long long)option->least,
                              (unsigned long long)option->most, OPTION_LIST_MOST,
                              recur_word(value).text);
            return false;
        }
        list->items[list->count++] = (size_t)count;
        piece = end;
        if (!*piece)
            return true;
    }
}

static bool set_tokens(const struct command *command, const struct option_spec *option,
                       const char *value, struct token_list *list)
{
    list->count = 0;
    for (const char *piece = value;; piece++) {
        size_t size = strcspn(piece, ",");
        if (list->count == OPTION_LIST_MOST) {
            recur_usage_error(command, "--%s takes at most %d tokens", option->name,
                              OPTION_LIST_MOST);
            return false;
        }
        list->items[list->count++] = (recur_token){piece, size};
        piece += size;
        if (!*piece)
            return true;
    }
}

static void describe_range(const struct option_spec *option, char *text, size_t size)
{
    const char *low = option->above_low ? "above" : "of at least";
    if (isinf(option->high))
        snprintf(text, size, "%s %g", low, option->low);
    else if (!option->above_low && !option->below_high)
        snprintf(text, size, "from %g to %g", option->low, option->high);
    else
        snprintf(text, size, "%s %g and %s %g", low, option->low,
                 option->below_high ? "below" : "at most", option->high);
}

static bool in_range(const struct option_spec *option, double number)
{
    return isfinite(number) && (option->above_low ? number > option->low : number >= option->low) &&
           (option->below_high ? number < option->high : number <= option->high);
}

/* The library computes in 32 bits, where a number may become infinite, NaN or a bound that is
 * excluded. In that case prints this and returns false. */
static bool survives(const struct command *command, const struct option_spec *option,
                     const char *value, double number)
{
    float stored = (float)number;
    char range[80], most[60] = "";
    if (in_range(option, (double)stored) && (fabsf(stored) >= FLT_MIN || number == 0))
        return true;
    describe_range(option, range, sizeof range);
    if (isfinite(stored) && fabsf(stored) >= FLT_MIN)
        snprintf(most, sizeof most, "at most %.8g", (double)nextafterf((float)option->high, 0));
    else
        snprintf(most, sizeof most, "from %.3g to %.3g", (double)FLT_MIN, (double)FLT_MAX);
    recur_usage_error(command, "--%s must be a number %s that 32 bits hold, %s, got \"%s\"",
                      option->name, range, most, recur_word(value).text);
    return false;
}

static bool set_number(const struct command *command, const struct option_spec *option,
                       const char *value, double *out)
{
    char *end;
    double number = strtod(value, &end);
    /* No white space, no hexadecimal digits, no names. */
    bool plain = !value[strspn(value, "0123456789.eE+-")];
    if (plain && end != value && !*end && in_range(option, number)) {
        *out = number;
        return survives(command, option, value, number);
    }
    char range[80];
    describe_range(option, range, sizeof range);
    recur_usage_error(command, "--%s must be a number %s, got \"%s\"", option->name, range,
                      recur_word(value).text);
    return false;
}

/* Reads a time: numbers with units, the last of which may lack its unit, seconds. */
static bool set_time(const struct command *command, const struct option_spec *option,
                     const char *value, double *out)
{
    double seconds = 0;
    const char *at = value;
    bool good = *value;
    while (good && *at) {
        char *end;
        double number = strtod(at, &end);
        double unit = *end == 'h' ? 3600 : *end == 'm' ? 60 : *end == 's' || !*end ? 1 : 0;
        good = end != at && !at[strspn(at, "0123456789.hms")] && unit > 0;
        seconds += number * unit;
        at = *end ? end + 1 : end;
    }
    if (good && in_range(option, seconds)) {
        *out = seconds;
        return true;
    }
    recur_usage_error(command,
                      "--%s must be a time of at least %gs and at most 30 days, as 90s, 10m "
                      "or 1h30m, got \"%s\"",
                      option->name, option->low, recur_word(value).text);
    return false;
}

static bool add_text(const struct command *command, const struct option_spec *option,
                     const char *value, struct text_list *list)
{
    if (list->count == OPTION_LIST_MOST) {
        recur_usage_error(command, "--%s may be given %d times at most", option->name,
                          OPTION_LIST_MOST);
        return false;
    }
    list->items[list->count++] = value;
    return true;
}

static bool set_field(const struct command *command, const struct option_spec *option,
                      const char *text, void *config)
{
    const recur_field *field = option->field;
    recur_value value = {.name = NULL};
    recur_error error;
    bool good = true;
    switch (recur_field_kind(field)) {
    case RECUR_FIELD_FLAG: value.count = strcmp(text, OPTION_OFF) != 0; break;
    case RECUR_FIELD_COUNT: good = set_count(command, option, text, &value.count); break;
    case RECUR_FIELD_NUMBER: good = set_number(command, option, text, &value.number); break;
    case RECUR_FIELD_CHOICE: good = set_choice(command, option, text, &value.name); break;
    case RECUR_FIELD_WIDTHS: break;
    }
    if (good && recur_field_set(field, config, value, &error) != RECUR_OK) {
        recur_usage_error(command, "--%s: %s", option->name, error.message);
        return false;
    }
    return good;
}

static bool set_value(const struct command *command, const struct option_spec *option,
                      const char *value, void *settings)
{
    void *field = (char *)settings + option->at;
    switch (option->kind) {
    case OPTION_HEADING:
    case OPTION_FIELDS: return true;
    case OPTION_FIELD: return set_field(command, option, value, field);
    case OPTION_FLAG: *(bool *)field = strcmp(value, OPTION_OFF) != 0; return true;
    case OPTION_TEXT: *(const char **)field = value; return true;
    case OPTION_FILE:
        *(const char **)field = value;
        if (!*value)
            recur_usage_error(command, "--%s must be a file's name, got \"\"", option->name);
        return *value;
    case OPTION_CHOICE: return set_choice(command, option, value, field);
    case OPTION_TEXTS: return add_text(command, option, value, field);
    case OPTION_COUNT: return set_count(command, option, value, field);
    case OPTION_COUNTS: return set_counts(command, option, value, field);
    case OPTION_TOKENS: return set_tokens(command, option, value, field);
    case OPTION_NUMBER: return set_number(command, option, value, field);
    case OPTION_TIME: return set_time(command, option, value, field);
    }
    return false;
}

/* Finds an option. The table's own rows are searched first, without the library's fields. */
static bool find(const struct command *command, const char *name, size_t length, size_t *row,
                 struct option_spec *option)
{
    const struct option_spec *o = command->options;
    for (; o->help && o->kind != OPTION_FIELDS; o++)
        if (o->name && strlen(o->name) == length && memcmp(o->name, name, length) == 0)
            break;
    *row = (size_t)(o - command->options);
    while (recur_option_row(command, *row, option)) {
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0)
            return true;
        ++*row;
    }
    return false;
}

static bool find_letter(const struct command *command, char letter, size_t *row,
                        struct option_spec *option)
{
    for (*row = 0; recur_option_row(command, *row, option); ++*row)
        if (option->letter && option->letter == letter)
            return true;
    return false;
}

static void unknown_name(const struct command *command, const char *name, size_t length)
{
    const char *names[OPTION_ROWS + 1] = {"help"};
    size_t count = 1;
    struct option_spec option;
    for (size_t row = 0; recur_option_row(command, row, &option) && count <= OPTION_ROWS; row++)
        if (option.name)
            names[count++] = option.name;
    recur_printable word = recur_show(name, length, 60, NULL);
    const char *meant = recur_suggestion(word.text, names, count);
    if (meant)
        recur_usage_error(command, "unknown option --%s; did you mean --%s?", word.text, meant);
    else
        recur_usage_error(command, "unknown option --%s; recur %s --help lists them", word.text,
                          command->name);
}

/* Finds the flag that a word of the form --no-NAME takes back. */
static bool find_off(const struct command *command, const char *name, size_t length, size_t *row,
                     struct option_spec *option)
{
    return length > 3 && memcmp(name, "no-", 3) == 0 &&
           find(command, name + 3, length - 3, row, option) && recur_option_is_flag(option);
}

/* Splits a word into its option and, if the word has one, its value; --no-NAME gives OPTION_OFF. */
static bool split(const struct command *command, const char *word, size_t *row,
                  struct option_spec *option, const char **value)
{
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        *value = word[2 + length] ? word + 2 + length + 1 : NULL;
        if (find(command, word + 2, length, row, option))
            return true;
        if (find_off(command, word + 2, length, row, option)) {
            *value = *value ? *value : OPTION_OFF;
            return true;
        }
        unknown_name(command, word + 2, length);
        return false;
    }
    *value = word[2] ? word + 2 : NULL;
    if (find_letter(command, word[1], row, option))
        return true;
    recur_usage_error(command, "unknown option %s; recur %s --help lists them",
                      recur_word(word).text, command->name);
    return false;
}

/* The value of the option at argv[*i], if it is a word of its own; NULL: there is none. */
static const char *next_value(const struct option_spec *option, int argc, char **argv, int *i)
{
    const char *next = *i + 1 < argc ? argv[*i + 1] : NULL;
    if (option->alone && !(next && *next && next[strspn(next, "0123456789")] == '\0'))
        return option->alone;
    *i += next != NULL;
    return next;
}

/* Reads the option at argv[*i], and its value if that is the next word. */
static bool parse_option(const struct command *command, int argc, char **argv, int *i,
                         void *settings, struct arguments *arguments)
{
    const char *value;
    struct option_spec option;
    size_t row;
    if (!split(command, argv[*i], &row, &option, &value))
        return false;
    bool flag = recur_option_is_flag(&option);
    if (flag && value && value != OPTION_OFF) {
        recur_usage_error(command, "--%s takes no value, got \"%s\"", option.name,
                          recur_word(value).text);
        return false;
    }
    if (!flag && !value && !(value = next_value(&option, argc, argv, i))) {
        recur_usage_error(command, "--%s needs a value: --%s %s", option.name, option.name,
                          option.metavar);
        return false;
    }
    recur_option_add(&arguments->given, row, value);
    return set_value(command, &option, value ? value : "", settings);
}

/* If a command needs a model and none was named, the only model among its arguments is taken. */
static void take_model(const struct command *command, void *settings, struct arguments *arguments)
{
    struct option_spec option;
    size_t models = 0, at = 0, row;
    if (!find(command, "model", strlen("model"), &row, &option) ||
        recur_option_in(&arguments->given, row))
        return;
    for (size_t i = 0; i < arguments->count; i++)
        if (recur_model_recognise(arguments->operands[i])) {
            models++;
            at = i;
        }
    if (models != 1)
        return;
    recur_option_add(&arguments->given, row, arguments->operands[at]);
    set_value(command, &option, arguments->operands[at], settings);
    arguments->count--;
    memmove(arguments->operands + at, arguments->operands + at + 1,
            (arguments->count - at) * sizeof *arguments->operands);
}

static bool check_operands(const struct command *command, const struct arguments *arguments)
{
    const char *options = command->options->help ? " [OPTIONS]" : "";
    const char *gap = *command->operands ? " " : "";
    size_t empty = 0;
    while (empty < arguments->count && *arguments->operands[empty])
        empty++;
    if (arguments->count < command->least)
        recur_usage_error(command, "%s is missing; usage: recur %s%s%s%s", command->operands,
                          command->name, options, gap, command->operands);
    else if (arguments->count > command->most && command->stray &&
             access(arguments->operands[command->most], F_OK) == 0)
        recur_usage_error(command,
                          "%s is a file, but not a model's; --%s - reads a text from standard "
                          "input",
                          recur_path(arguments->operands[command->most]).text, command->stray);
    else if (arguments->count > command->most && command->stray &&
             !recur_option_given(command, arguments, command->stray))
        recur_usage_error(command, "unexpected argument \"%s\"; did you mean --%s \"%s\"?",
                          recur_word(arguments->operands[command->most]).text, command->stray,
                          recur_word(arguments->operands[command->most]).text);
    else if (arguments->count > command->most)
        recur_usage_error(command, "unexpected argument \"%s\"; usage: recur %s%s%s%s",
                          recur_word(arguments->operands[command->most]).text, command->name,
                          options, gap, command->operands);
    else if (empty < arguments->count && !command->takes_text)
        recur_usage_error(command, "an argument is empty; usage: recur %s%s%s%s", command->name,
                          options, gap, command->operands);
    else
        return true;
    return false;
}

bool recur_options_parse(const struct command *command, int argc, char **argv, void *settings,
                         struct arguments *arguments, int *status)
{
    *arguments = (struct arguments){.operands = (const char **)argv};
    *status = STATUS_USAGE;
    struct option_spec option;
    for (size_t row = 0; recur_option_row(command, row, &option); row++)
        if (option.kind != OPTION_FIELD && option.standard &&
            !set_value(command, &option, option.standard, settings))
            return false;
    bool options_end = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (options_end || word[0] != '-' || !word[1]) {
            arguments->operands[arguments->count++] = word;
        } else if (strncmp(word, "--help=", 7) == 0) {
            recur_usage_error(command, "--help takes no value, got \"%s\"",
                              recur_word(word + 7).text);
            return false;
        } else if (strcmp(word, "--") == 0) {
            options_end = true;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            recur_help_print(command, stdout);
            *status = 0;
            return false;
        } else if (!parse_option(command, argc, argv, &i, settings, arguments)) {
            return false;
        }
    }
    take_model(command, settings, arguments);
    return check_operands(command, arguments);
}

const char *recur_option_known(const char *name)
{
    return strcmp(name, "unknown") != 0 ? name : NULL;
}

bool recur_option_given(const struct command *command, const struct arguments *arguments,
                        const char *name)
{
    struct option_spec option;
    size_t row;
    return find(command, name, strlen(name), &row, &option) &&
           recur_option_in(&arguments->given, row);
}

bool recur_none_given(const struct command *command, const struct arguments *arguments,
                      recur_fields *fields, const char *needed)
{
    for (size_t i = 0; fields(i); i++) {
        const char *option = recur_field_option(fields(i));
        if (!option || !recur_option_given(command, arguments, option))
            continue;
        recur_usage_error(command, "--%s needs --%s", option, needed);
        return false;
    }
    return true;
}

void recur_option_preset(const struct command *command, struct arguments *arguments,
                         const char *name, const char *value, void *settings)
{
    struct option_spec option;
    size_t row;
    if (!find(command, name, strlen(name), &row, &option) ||
        recur_option_in(&arguments->given, row))
        return;
    recur_option_add(&arguments->given, row, value);
    set_value(command, &option, value, settings);
}

void recur_option_forget(const struct command *command, struct arguments *arguments,
                         const char *name)
{
    struct option_spec option;
    size_t row;
    if (find(command, name, strlen(name), &row, &option))
        recur_option_remove(&arguments->given, row);
}

double recur_option_number(const struct command *command, const struct arguments *arguments,
                           const char *name, const void *settings)
{
    struct option_spec option;
    size_t row;
    if (!find(command, name, strlen(name), &row, &option))
        return 0;
    return recur_option_exact(&option, arguments->given.value[row], settings);
}

const char *recur_option_chosen(const struct command *command, const char *name,
                                const void *settings)
{
    struct option_spec option;
    size_t row;
    if (!find(command, name, strlen(name), &row, &option))
        return "";
    const void *at = (const char *)settings + option.at;
    return option.kind == OPTION_FIELD ? recur_field_get(option.field, at).name
                                       : *(const char *const *)at;
}
