/* Checks the files that a run writes: all differ from each other and from the files that it
 * reads. */
#include "common/message.h"
#include "common/output.h"
#include "recur/file.h"
#include "train/observer.h"
#include "train/run.h"

/* A file that the run writes, and the option that names it. */
struct place {
    const char *option, *path; /* NULL: nothing is written */
};

const char *recur_run_file(const struct option_spec *option, const struct train_options *options)
{
    return *(const char *const *)(const void *)((const char *)options + option->at);
}

/* Place number `index`; false after the last. */
static bool find_place(const struct run *run, size_t index, struct place *place)
{
    for (const struct option_spec *option = run->command->options; option->help; option++) {
        if (option->kind != OPTION_FILE ||
            option->at == offsetof(struct train_options, out.resume) ||
            option->at == offsetof(struct train_options, init_from) ||
            option->at == offsetof(struct train_options, out.tensorboard)) /* a folder */
            continue;
        *place = (struct place){option->name, recur_run_file(option, &run->options)};
        if (index-- == 0)
            return true;
    }
    *place = (struct place){"checkpoint-every", run->checkpoint.path};
    return index == 0;
}

/* Only the next checkpoint of the run may replace the checkpoint that it is resumed from. */
static bool overwrites_run(const struct run *run, const struct place *place)
{
    const char *resume = run->options.out.resume;
    if (!resume || place->path == run->checkpoint.path || !recur_overwrites(place->path, resume))
        return false;
    recur_usage_error(run->command, "--%s would overwrite the checkpoint %s", place->option,
                      recur_path(resume).text);
    return true;
}

static int check_place(const struct run *run, size_t index, const struct place *place)
{
    struct place other;
    const char *from = run->options.init_from;
    if (overwrites_run(run, place))
        return STATUS_USAGE;
    if (from && !run->options.out.resume && recur_overwrites(place->path, from))
        return recur_usage_error(run->command,
                                 "--%s would overwrite %s, which --init-from goes on from",
                                 place->option, recur_path(from).text);
    int status = recur_output_check(run->command, place->option, place->path, OUTPUT_BESIDE);
    if (status != 0)
        return status;
    for (size_t i = 0; i < index && find_place(run, i, &other); i++)
        if (other.path && recur_file_same(place->path, other.path))
            return recur_usage_error(run->command, "--%s and --%s are one file, %s", other.option,
                                     place->option, recur_path(place->path).text);
    return 0;
}

int recur_run_check_outputs(struct run *run)
{
    struct place place;
    int status = 0;
    for (size_t i = 0; status == 0 && find_place(run, i, &place); i++)
        status = place.path ? check_place(run, i, &place) : 0;
    if (status == 0)
        status = recur_observe(run, MOMENT_CHECK);
    if (status == 0 &&
        !recur_model_name_check(run->command, run->options.out.output, RECUR_FORMAT_RECUR))
        status = STATUS_USAGE;
    return status;
}

int recur_run_spare_texts(const struct run *run)
{
    struct place place;
    const struct arguments *texts = &run->texts;
    for (size_t i = 0; find_place(run, i, &place); i++)
        for (size_t t = 0; place.path && t < texts->count; t++)
            if (recur_overwrites(place.path, texts->operands[t]))
                return recur_usage_error(run->command, "--%s would overwrite the text %s",
                                         place.option, recur_path(texts->operands[t]).text);
    return 0;
}
