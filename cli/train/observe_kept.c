/* Says which model is kept, and why. If the run was interrupted, also says where, and how to
 * continue it. */
#include <math.h>
#include <stdio.h>

#include "common/interrupt.h"
#include "common/message.h"
#include "common/number_text.h"
#include "train/observer.h"
#include "train/run.h"

static const char *why_the_best(const struct run *run)
{
    return recur_trainer_valid_tokens(run->trainer) ? "the best on the held-out text"
                                                    : "the one of the lowest loss";
}

static int end(struct run *run, void *state)
{
    (void)state;
    const recur_epoch *kept = recur_run_best_epoch(run);
    unsigned long long best = kept ? kept->epoch : 0;
    if (recur_interrupt()) {
        fprintf(stderr, "recur train: interrupted in epoch %llu; the model",
                (unsigned long long)run->step.epoch);
        if (best > 0)
            fprintf(stderr, " of epoch %llu, %s,", best, why_the_best(run));
        fprintf(stderr, " is in %s", recur_path(run->options.out.output).text);
        if (run->checkpoint.path && !run->checkpoint.failed) {
            fputs("; go on with ", stderr);
            recur_run_print_resume(run);
        }
        fputc('\n', stderr);
    } else if (kept && !run->options.out.quiet) {
        fprintf(stderr, "kept epoch %llu, %s", best, why_the_best(run));
        if (isfinite(kept->valid_loss) && !run->options.labels)
            fprintf(stderr, ": perplexity %s", recur_perplexity(kept->valid_loss).text);
        if (recur_run_is_out_of_patience(run) && !recur_trainer_over(run->trainer))
            fprintf(stderr, "; ended after epoch %llu, --patience %llu",
                    (unsigned long long)recur_trainer_epochs(run->trainer),
                    (unsigned long long)run->options.patience);
        fputc('\n', stderr);
        if (recur_run_gained_nothing(run))
            fprintf(stderr,
                    "no epoch was better on the held-out text than what the run went on from, %s: "
                    "that model is the better one for it\n",
                    recur_path(run->options.init_from).text);
    }
    if (run->fit.end > 0 && !run->spliced && !recur_interrupt() && !run->options.out.quiet)
        fprintf(stderr, "the same without --time: %s\n", recur_model_origin(run->model)->command);
    return 0;
}

const struct observer recur_observe_kept = {
    .at = {[MOMENT_END] = end},
};
