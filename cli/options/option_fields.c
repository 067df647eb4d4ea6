/* Options that are settings of the library: they take their properties from its tables of
 * fields. */
#include <assert.h>
#include <string.h>

#include "options/options.h"

static const recur_field *find_field(const struct option_spec *option)
{
    const recur_field *field;
    for (size_t i = 0; option->fields && (field = option->fields(i)); i++) {
        const char *name = recur_field_option(field);
        if (name && strcmp(name, option->name) == 0)
            return field;
    }
    return NULL;
}

static const char *metavar_of(const recur_field *field)
{
    switch (recur_field_kind(field)) {
    case RECUR_FIELD_FLAG: return NULL;
    case RECUR_FIELD_COUNT: return "N";
    case RECUR_FIELD_NUMBER: return "X";
    case RECUR_FIELD_CHOICE: return "KIND";
    case RECUR_FIELD_WIDTHS: return "N[,N...]";
    }
    return NULL;
}

/* Completes a row with what its field says. */
static void fill_in(struct option_spec *option)
{
    const recur_field *field = option->field = find_field(option);
    assert(field || !option->fields);
    if (!field)
        return;
    recur_range range = recur_field_range(field);
    option->least = range.least;
    option->most = range.most;
    option->low = range.low;
    option->high = range.high;
    option->above_low = range.above_low;
    option->below_high = range.below_high;
    if (!option->metavar)
        option->metavar = metavar_of(field);
    if (!*option->help)
        option->help = recur_field_about(field);
    if (option->kind == OPTION_FIELD && !option->shown)
        option->standard = FIELD_STANDARD;
}

/* Is the field an option without a row of the command? */
static bool is_further(const struct command *command, const char *name)
{
    for (const struct option_spec *o = command->options; name && o->help; o++)
        if (o->name && strcmp(o->name, name) == 0)
            return false;
    return name != NULL;
}

bool recur_option_row(const struct command *command, size_t row, struct option_spec *option)
{
    const struct option_spec *o = command->options;
    const recur_field *field;
    for (; row > 0 && o->help && o->kind != OPTION_FIELDS; o++)
        row--;
    if (o->help && o->kind != OPTION_FIELDS) {
        *option = *o;
        fill_in(option);
        return true;
    }
    for (; o->help; o++)
        for (size_t i = 0; (field = o->fields(i)); i++)
            if (is_further(command, recur_field_option(field)) && row-- == 0) {
                *option = (struct option_spec){.kind = OPTION_FIELD,
                                               .name = recur_field_option(field),
                                               .at = o->at,
                                               .fields = o->fields,
                                               .help = ""};
                fill_in(option);
                return true;
            }
    return false;
}

const char *recur_option_choice(const struct option_spec *option, size_t index)
{
    if (option->choice)
        return option->choice(index);
    return option->field ? recur_field_choice(option->field, index) : NULL;
}

bool recur_option_is_flag(const struct option_spec *option)
{
    return option->kind == OPTION_FLAG ||
           (option->kind == OPTION_FIELD && recur_field_kind(option->field) == RECUR_FIELD_FLAG);
}
