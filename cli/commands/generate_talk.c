#include "commands/generate_talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/interrupt.h"
#include "common/line_editor.h"
#include "common/message.h"
#include "common/need.h"
#include "common/text_out.h"
#include "files/continuation.h"

struct talk {
    const struct command *command;
    const struct talk_config *config;
    recur_stepper *stepper;
    const recur_vocab *vocab;
    recur_session *session;
    recur_sampler *sampler;
    uint64_t forgotten;    /* how often /reset was typed */
    const float *logits;   /* of the next token; NULL: nothing was read yet */
    float *masked;         /* (V) of the first one behind a text */
    bool terminal;         /* a person types */
    struct text_sink sink; /* its last byte is the last that was written or read */
};

/* Lets the session read a text, which follows what it has read before on a line of its own where
 * the model knows lines. */
static enum recur_status read_text(struct talk *talk, const char *text, size_t size,
                                   recur_error *error)
{
    struct prefix_check check = {.vocab = talk->vocab};
    recur_prompt prompt;
    enum recur_status status = recur_prefix_check(&check, text, size, error);
    if (status != RECUR_OK)
        return status;
    recur_prefix_warn(talk->command, "the text", &check);
    int32_t line_feed = recur_vocab_id(talk->vocab, (recur_token){"\n", 1});
    if (talk->logits && talk->sink.last != '\n' && line_feed != RECUR_UNKNOWN)
        recur_stepper_feed(talk->stepper, talk->session, line_feed);
    status = recur_prompt_encode(talk->vocab, text, size, &prompt, error);
    if (status != RECUR_OK)
        return status;
    for (size_t i = 0; i < prompt.count; i++)
        talk->logits = recur_stepper_feed(talk->stepper, talk->session, prompt.ids[i]);
    talk->logits = recur_prompt_mask(talk->vocab, text, size, talk->logits, talk->masked);
    recur_sampler_read(talk->sampler, prompt.ids, prompt.tokens);
    free(prompt.ids);
    if (size > 0)
        talk->sink.last = text[size - 1];
    return RECUR_OK;
}

/* Makes tokens and prints them, until there are enough or Ctrl-C is pressed. */
static enum recur_status make_tokens(struct talk *talk, recur_detokenizer *detokenizer,
                                     recur_error *error)
{
    enum recur_status status = RECUR_OK;
    for (size_t i = 0; i < talk->config->count && status == RECUR_OK && !recur_interrupt(); i++) {
        int32_t id = recur_sample(talk->sampler, talk->logits);
        status = recur_detokenizer_put(detokenizer, id, recur_text_sink_put, &talk->sink, error);
        talk->logits = recur_stepper_feed(talk->stepper, talk->session, id);
    }
    recur_interrupt_take();
    return status == RECUR_OK
               ? recur_detokenizer_end(detokenizer, recur_text_sink_put, &talk->sink, error)
               : status;
}

/* Continues a text; an empty one after others means: go on. */
static enum recur_status continue_text(struct talk *talk, const char *text, size_t size,
                                       recur_error *error)
{
    recur_detokenizer *detokenizer = NULL;
    enum recur_status status = RECUR_OK;
    if (size > 0 || !talk->logits)
        status = read_text(talk, text, size, error);
    if (status == RECUR_OK)
        status = recur_detokenizer_create(talk->vocab, text, size, &detokenizer, error);
    if (status != RECUR_OK)
        return status;
    if (talk->config->shows_texts && !talk->terminal)
        recur_text_sink_put(&talk->sink, text, size, error);
    status = make_tokens(talk, detokenizer, error);
    recur_detokenizer_free(detokenizer);
    recur_text_end(&talk->sink.out);
    putchar('\n');
    fflush(stdout);
    return status == RECUR_STOP ? RECUR_OK : status;
}

/* Forgets what was read and made; the sampler has it too, for its penalties. */
static enum recur_status forget(struct talk *talk, recur_error *error)
{
    recur_sampler_config sampling = *talk->config->sampling;
    recur_sampler *fresh;
    sampling.seed += ++talk->forgotten;
    enum recur_status status = recur_sampler_create(
        &sampling, recur_vocab_size(talk->vocab), recur_vocab_reserved(talk->vocab), &fresh, error);
    if (status != RECUR_OK)
        return status;
    recur_sampler_free(talk->sampler);
    talk->sampler = fresh;
    recur_session_reset(talk->session);
    talk->logits = NULL;
    return RECUR_OK;
}

static void print_help(void)
{
    fputs("Type a text, and it is continued; an empty line goes on with it. Ctrl-C stops\n"
          "a continuation, /reset forgets all that was read, Ctrl-D ends.\n",
          stderr);
}

/* Reads and continues lines until their end. Returns the exit status. */
static int read_lines(struct talk *talk, struct line_editor *editor)
{
    recur_error error;
    while (!talk->sink.failed) {
        const char *line;
        size_t size = 0;
        enum line_kind kind = recur_line_read(editor, &line, &size);
        if (kind == LINE_ABANDONED)
            continue;
        if (kind == LINE_FAILED)
            return recur_failure(talk->command, "cannot read standard input: %s", strerror(errno));
        if (kind == LINE_END)
            return 0;
        if (size == strlen("/reset") && memcmp(line, "/reset", size) == 0) {
            if (forget(talk, &error) != RECUR_OK)
                return recur_library_failure(talk->command, &error);
        } else if (size == strlen("/help") && memcmp(line, "/help", size) == 0) {
            print_help();
        } else if (continue_text(talk, line, size, &error) != RECUR_OK) {
            return recur_library_failure(talk->command, &error);
        }
    }
    return 0;
}

static int begin(struct talk *talk)
{
    recur_error error;
    const char *prompt = talk->config->prompt;
    struct line_editor *editor = recur_line_editor(talk->command);
    talk->terminal = recur_line_editor_is_terminal(editor);
    if (talk->terminal)
        print_help();
    int status = 0;
    if (*prompt && talk->terminal && talk->config->shows_texts)
        recur_text_sink_put(&talk->sink, prompt, strlen(prompt), &error);
    if (*prompt && continue_text(talk, prompt, strlen(prompt), &error) != RECUR_OK)
        status = recur_library_failure(talk->command, &error);
    if (status == 0)
        status = read_lines(talk, editor);
    recur_line_editor_free(editor);
    return status;
}

int recur_generate_talk(const struct command *command, recur_stepper *stepper,
                        const struct talk_config *config)
{
    recur_error error;
    const recur_model *model = recur_stepper_model(stepper);
    struct talk talk = {.command = command,
                        .config = config,
                        .stepper = stepper,
                        .vocab = recur_model_vocab(model),
                        .masked = recur_need(command, recur_vocab_size(recur_model_vocab(model)),
                                             sizeof *talk.masked, "the next token"),
                        .sink = {.out = recur_text_out(stdout), .last = '\n'}};
    int status = 0;
    if (recur_session_create(model, &talk.session, &error) != RECUR_OK ||
        recur_sampler_create(config->sampling, recur_vocab_size(talk.vocab),
                             recur_vocab_reserved(talk.vocab), &talk.sampler, &error) != RECUR_OK)
        status = recur_library_failure(command, &error);
    else
        status = begin(&talk);
    recur_session_free(talk.session);
    recur_sampler_free(talk.sampler);
    free(talk.masked);
    return status;
}
