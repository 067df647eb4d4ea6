/* A request for completions while its texts are made, and the JSON of its answer. */
#ifndef RECUR_CLI_SERVE_COMPLETION_H
#define RECUR_CLI_SERVE_COMPLETION_H

#include "serve/service.h"

/* A request while its texts are made. Threads of the scheduler share it. */
struct completion {
    struct service *service;
    struct http_exchange *exchange;
    struct completion_request request;
    const struct served_model *model;
    bool llama; /* it is answered with llama.cpp's members */
    char id[40];
    uint64_t created;
    double begun;
    pthread_mutex_t lock; /* of what follows */
    struct group **group; /* (prompts), as they were asked for */
    size_t left;          /* groups that have not ended */
    bool begun_events, failed;
    /* Threads alone: */
    struct grown_text *prompt; /* (prompts): their texts, where they are echoed */
};

/* The number of a group's prompt. */
size_t recur_completion_number(const struct group *group);

/* Puts what every answer begins with: id, kind, model. */
void recur_completion_put_head(recur_json_writer *json, const struct completion *work);

/* Puts the text of a stream that was not told yet, up to byte `upto`, with the notes up to
 * `last_note`; before the first of it the prompt, where it is echoed. */
void recur_completion_put_choice(recur_json_writer *json, const struct completion *work,
                                 const struct stream *stream, size_t index, size_t upto,
                                 size_t last_note);

/* Puts the texts of all prompts. */
void recur_completion_put_choices(recur_json_writer *json, const struct completion *work);
void recur_completion_put_usage(recur_json_writer *json, const struct completion *work);

/* How many of a stream's notes belong to its first `upto` bytes. */
size_t recur_completion_notes(const struct stream *stream, size_t upto);

/* The same for POST /completion (completion_llama.c). Refuses what is more than one text. */
bool recur_llama_check(const struct completion *work, struct refusal *refusal);
void recur_llama_put_piece(recur_json_writer *json, const struct completion *work,
                           const struct stream *stream, size_t upto, size_t last_note);
/* Puts the whole answer, or the last event: what was not told yet, and how it ended. */
void recur_llama_put_whole(recur_json_writer *json, const struct completion *work);

#endif
