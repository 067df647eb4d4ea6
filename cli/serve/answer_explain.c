/* POST /explain.json: the tutorial's way on a text of the client's, for the page /how.html. It
 * needs no model. */
#include "explain/explain.h"
#include "serve/service.h"

void recur_answer_explain(void *user, struct http_exchange *exchange)
{
    recur_json_writer json = {0};
    struct refusal refusal;
    recur_error error;
    size_t size;
    const char *body = recur_http_body(exchange, &size);
    (void)user;
    if (explain_answer(body, size, &json, &error) == RECUR_OK) {
        recur_http_answer_json(exchange, 200, &json);
        return;
    }
    recur_json_writer_free(&json);
    if (error.status == RECUR_ERROR_FORMAT)
        recur_refuse(&refusal, 400, "invalid_json", NULL, "%s", error.message);
    else if (error.status == RECUR_ERROR_UNSUPPORTED)
        recur_refuse(&refusal, 422, "unknown_parameter", NULL, "%s", error.message);
    else if (error.status == RECUR_ERROR_DIVERGED)
        recur_refuse(&refusal, 422, "invalid_value", "lr", "%s", error.message);
    else
        recur_refuse_error(&refusal, &error);
    recur_answer_refusal(exchange, &refusal);
}
