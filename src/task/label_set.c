#include "task/label_set.h"

#include <stdlib.h>

#include "base/memory.h"
#include "task/label_parts.h"

static enum recur_status check(const recur_model *model, const recur_labels *data,
                               recur_error *error)
{
    enum recur_task task = model->config.task;
    if (!model->network.task->labels)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "the model is of the task %s: it labels neither words (tag) nor texts "
                          "(classify)",
                          recur_task_name(task));
    if (!model->vocab || !model->labels)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "the model has no vocabulary, so it can neither read texts nor name "
                          "labels");
    if (recur_labels_task(data) != task)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the model is of the task %s, the data was read for %s",
                          recur_task_name(task), recur_task_name(recur_labels_task(data)));
    return RECUR_OK;
}

/* Where the next character of valid UTF-8 begins. */
static size_t after(recur_token form, size_t at)
{
    for (at++; at < form.size && ((unsigned char)form.bytes[at] & 0xc0) == 0x80;)
        at++;
    return at;
}

static size_t count_characters(recur_token form)
{
    size_t count = 0;
    for (size_t at = 0; at < form.size; at = after(form, at))
        count++;
    return count;
}

/* Appends those characters of a form that the model reads. */
static void read_characters(struct recur_label_set *set, recur_token form, size_t *next)
{
    const size_t half = RECUR_WORD_CHARACTERS / 2;
    size_t count = count_characters(form), index = 0;
    for (size_t at = 0, end; at < form.size; at = end, index++) {
        end = after(form, at);
        if (count > RECUR_WORD_CHARACTERS && index >= half && index + half < count)
            continue;
        set->character[(*next)++] =
            recur_vocab_id(set->model->characters, (recur_token){form.bytes + at, end - at});
    }
}

static enum recur_status encode_characters(struct recur_label_set *set, recur_error *error)
{
    size_t forms = recur_labels_forms(set->data), total = 0;
    RECUR_TRY(recur_alloc(recur_size_add(forms, 1), sizeof *set->characters, "the words",
                          &set->characters, error));
    for (size_t i = 0; i < forms; i++) {
        size_t count = count_characters(recur_labels_form(set->data, i));
        count = count < RECUR_WORD_CHARACTERS ? count : RECUR_WORD_CHARACTERS;
        set->length_of_forms[count]++;
        set->characters[i] = total;
        total += count;
    }
    set->characters[forms] = total;
    RECUR_TRY(recur_alloc(total, sizeof *set->character, "the words", &set->character, error));
    size_t next = 0;
    for (size_t i = 0; i < forms; i++)
        read_characters(set, recur_labels_form(set->data, i), &next);
    return RECUR_OK;
}

enum recur_status recur_label_set_init(struct recur_label_set *set, const recur_model *model,
                                       const recur_labels *data, recur_error *error)
{
    size_t forms = recur_labels_forms(data);
    *set = (struct recur_label_set){.model = model, .data = data};
    RECUR_TRY(check(model, data, error));
    RECUR_TRY(recur_alloc(forms, sizeof *set->id, "the words", &set->id, error));
    RECUR_TRY(recur_alloc(forms, sizeof *set->kind, "the words", &set->kind, error));
    for (size_t i = 0; i < forms; i++) {
        set->id[i] = recur_vocab_id(model->vocab, recur_labels_lower(data, i));
        if (model->network.task->each_word)
            set->kind[i] = (unsigned char)recur_labels_case(data, i);
    }
    return recur_label_parts(&model->network)->chars ? encode_characters(set, error) : RECUR_OK;
}

void recur_label_set_free(struct recur_label_set *set)
{
    free(set->id);
    free(set->kind);
    free(set->characters);
    free(set->character);
    *set = (struct recur_label_set){0};
}

int32_t recur_label_set_label(const struct recur_label_set *set, size_t sequence, size_t token)
{
    recur_token label = recur_labels_label(set->data, sequence, token);
    return label.size ? recur_vocab_id(set->model->labels, label) - 1 : -1;
}

size_t recur_label_set_labels(const struct recur_label_set *set, size_t sequence)
{
    return set->model->network.task->each_word ? recur_labels_length(set->data, sequence) : 1;
}

size_t recur_label_set_most_characters(const struct recur_label_set *set, size_t forms)
{
    size_t most = 0;
    for (size_t length = RECUR_WORD_CHARACTERS; length > 0; length--) {
        size_t taken = set->length_of_forms[length] < forms ? set->length_of_forms[length] : forms;
        most += taken * length;
        forms -= taken;
    }
    return most;
}
