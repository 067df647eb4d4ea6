#include "recur/sample_text.h"

#include "base/story.h" /* made from story.txt by the build */

const char *recur_sample_text(size_t *size)
{
    if (size)
        *size = sizeof story - 1;
    return (const char *)story;
}
