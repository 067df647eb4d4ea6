#include "train/screen.h"

#include <stdio.h>

void recur_screen_clear(struct screen *screen)
{
    if (screen->live)
        fputs("\r\033[K", stderr);
    screen->live = false;
}
