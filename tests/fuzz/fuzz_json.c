/* JSON: what is read, written again and read is written the same. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json_edit.h"

/* The text of a value, for files or for eyes. */
static recur_json_writer write(const recur_json *json, bool pretty)
{
    recur_json_writer writer = {.pretty = pretty};
    json_copy(&writer, json);
    FUZZ_CHECK(writer.status == RECUR_OK, "what was read is not written");
    return writer;
}

static void check(const recur_json *json, bool pretty)
{
    recur_json *again;
    recur_json_writer first = write(json, pretty);
    FUZZ_CHECK(recur_json_parse(first.text, first.size, true, "", &again, NULL) == RECUR_OK,
               "what was written is refused");
    FUZZ_CHECK(again->values == json->values, "%u values, then %u", json->values, again->values);
    recur_json_writer second = write(again, pretty);
    FUZZ_CHECK(strcmp(first.text, second.text) == 0, "it is written in two ways");
    recur_json_writer_free(&first);
    recur_json_writer_free(&second);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    recur_json *json;
    recur_error error;
    ptrdiff_t before = fuzz_memory_begin();
    enum recur_status status =
        recur_json_parse((const char *)bytes, size, true, "the text", &json, &error);
    fuzz_check_error(status, &error);
    if (status == RECUR_OK) {
        check(json, false);
        check(json, true);
        free(json);
    }
    fuzz_memory_end(before, size);
    return 0;
}
