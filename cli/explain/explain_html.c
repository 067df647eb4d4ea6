/* An explanation as one HTML file: the page, with the JSON in it. */
#include <stdlib.h>
#include <string.h>

#include "common/output.h"
#include "explain/explain.h"
#include "how_alone.h"

/* Where the data stand in the page. */
static const char mark[] = "<!--data-->";
static const char before[] = "<script type=\"application/json\" id=\"data\">";
static const char after[] = "</script>";

/* Adds JSON in which nothing can end the element: '<' stands in strings alone. */
static enum recur_status add_json(struct grown_text *page, const recur_json_writer *json,
                                  recur_error *error)
{
    for (size_t at = 0; at < json->size;) {
        const char *sign = memchr(json->text + at, '<', json->size - at);
        size_t end = sign ? (size_t)(sign - json->text) : json->size;
        enum recur_status status =
            recur_grow_text(page, json->text + at, end - at, "a page", error);
        if (status == RECUR_OK && sign)
            status = recur_grow_text(page, "\\u003c", 6, "a page", error);
        if (status != RECUR_OK)
            return status;
        at = end + (sign != NULL);
    }
    return RECUR_OK;
}

enum recur_status explain_html(struct grown_text *page, const struct explain *explain,
                               recur_error *error)
{
    const char *whole = (const char *)how_alone, *place = strstr(whole, mark);
    recur_json_writer json = {.pretty = true};
    explain_put(&json, explain);
    enum recur_status status = recur_json_check(&json, "the page's data", error);
    if (status == RECUR_OK)
        status = recur_grow_text(page, whole, (size_t)(place - whole), "a page", error);
    if (status == RECUR_OK)
        status = recur_grow_text(page, before, sizeof before - 1, "a page", error);
    if (status == RECUR_OK)
        status = add_json(page, &json, error);
    if (status == RECUR_OK)
        status = recur_grow_text(page, after, sizeof after - 1, "a page", error);
    place += sizeof mark - 1;
    if (status == RECUR_OK)
        status = recur_grow_text(page, place, strlen(place), "a page", error);
    recur_json_writer_free(&json);
    return status;
}
