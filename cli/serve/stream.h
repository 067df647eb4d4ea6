/* Texts that are being made: a prompt and its continuations, token by token. Nothing here knows
 * threads or JSON; the scheduler advances sessions and hands over logits. */
#ifndef RECUR_CLI_SERVE_STREAM_H
#define RECUR_CLI_SERVE_STREAM_H

#include "common/need.h"
#include "recur/generate.h"
#include "serve/models.h"

/* Why a text ended. */
enum finish {
    FINISH_NOT,
    FINISH_LENGTH,   /* it has as many tokens as were asked for */
    FINISH_STOP,     /* one of the request's texts came */
    FINISH_LATE,     /* the request's time is over */
    FINISH_GONE,     /* nobody is there any more */
    FINISH_FAILED,   /* memory was short */
    FINISH_DIVERGED, /* a logit is not finite */
    FINISH_LOST,     /* the GPU failed */
};

/* A token with its probability, natural logarithms under the model's own distribution. */
struct token_chance {
    int32_t id;
    float logprob;
};

/* A token of a text, where probabilities are wanted. */
struct token_note {
    struct token_chance chance;
    size_t begin; /* where it begins in the text, in bytes */
};

/* Tokens with their probabilities, and of each the `tops` most probable ones. */
struct notes {
    struct token_note *note;  /* (room) */
    struct token_chance *top; /* (room, tops), by falling probability; V may be fewer */
    size_t count, room, tops;
};

struct group;

/* A continuation. */
struct stream {
    struct group *group;
    size_t number; /* among the group's */
    recur_session *session;
    recur_sampler *sampler;
    recur_detokenizer *detokenizer;
    struct grown_text text; /* of its tokens, as UTF-8 */
    int32_t *made;          /* (room) */
    size_t count, room, most;
    enum finish finish;
    size_t settled; /* bytes of the text that no stop takes away any more */
    double logprob; /* sum over its tokens, where notes are taken */
    struct notes notes;
    /* Of whoever writes it: */
    size_t told, told_notes;
    double told_at;
};

/* What a group belongs to is told how it gets on, by the thread that advances it. */
struct group_owner {
    /* Should it end? FINISH_NOT: no. */
    enum finish (*check)(struct group *group);
    /* Can more be made of it now? Where its reader is slow, not. */
    bool (*ready)(struct group *group);
    /* There may be more text than it was told of; `now` is a time in seconds. */
    void (*progress)(struct stream *stream, double now);
    /* All streams have ended. The group is the owner's again. */
    void (*end)(struct group *group);
};

/* How the tokens of a group are chosen, and where its texts end. */
struct group_plan {
    const struct served_model *model;
    recur_sampler_config sampling; /* stream number i has this seed + i */
    size_t streams, most;          /* continuations; tokens of each, at most */
    const recur_json *const *stop; /* belong to the request */
    size_t stops;
    bool notes;  /* each token's probability is wanted */
    bool score;  /* of the prompt's tokens, too */
    size_t tops; /* so many alternatives of each */
    bool cache;  /* states may be taken from the cache, and kept there */
};

/* A prompt and its continuations. */
struct group {
    struct group *next; /* in a list of the scheduler's */
    struct group_plan plan;
    const struct group_owner *owner;
    void *of;            /* the owner's */
    recur_prompt prompt; /* its ids */
    const char *text;    /* before the continuations, of `size` bytes; the request's */
    size_t size;
    size_t read, cached;    /* ids that its session has read, and of these by another request */
    recur_session *session; /* until the prompt is read */
    struct notes notes;     /* of the prompt's tokens */
    double begun;           /* when its first token was made; 0: not yet */
    struct stream *stream;  /* (plan.streams) */
    size_t running;         /* streams that go on */
};

/* Makes a group that reads `prompt`, whose ids belong to it then. `text` of `size` bytes is what
 * comes before the continuations; it must outlive them. Errors: MEMORY, and what a sampler refuses;
 * the prompt's ids stay the caller's then. */
enum recur_status recur_group_create(const struct group_plan *plan, const recur_prompt *prompt,
                                     const char *text, size_t size, struct group **group,
                                     recur_error *error);
void recur_group_free(struct group *group);

/* Is the prompt still being read? */
static inline bool recur_group_reads(const struct group *group)
{
    return group->read < group->prompt.count;
}

/* Takes what follows from the logits after the prompt's id number `read` - 1: notes; at the
 * prompt's end the continuations begin. */
void recur_group_step(struct group *group, const float *logits);

/* Chooses a stream's next token. Afterwards it goes on, or it has a reason to have ended. */
void recur_stream_step(struct stream *stream, const float *logits);

/* Ends all streams that go on. */
void recur_group_finish(struct group *group, enum finish finish);

/* Receives text of tokens and adds it to a struct grown_text; bytes that are not UTF-8 come alone
 * and become U+FFFD, because JSON cannot have them. */
enum recur_status recur_add_repaired(void *text, const char *bytes, size_t size,
                                     recur_error *error);

/* The text of an id as JSON can have it: bytes that are not UTF-8 as "bytes:\xE4". */
struct token_text {
    char text[64]; /* a word that is longer is cut */
};
struct token_text recur_token_text(const struct served_model *model, int32_t id);

#endif
