/* The command recur. Each subcommand is a file, cmd_NAME.c. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/message.h"
#include "options/options.h"
#include "recur/api.h"

#define ROW(name) &recur_command_##name,
static const struct command *const commands[] = {RECUR_COMMANDS(ROW)};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* The features of this build. All but the first are optional. */
static const char libraries[] = " utf8proc"
#ifdef HAVE_CURL
                                " libcurl"
#endif
#ifdef HAVE_LIBMD
                                " libmd"
#endif
#ifdef HAVE_CAIRO
                                " cairo"
#endif
#ifdef HAVE_LIBEDIT
                                " libedit"
#endif
#ifdef HAVE_MICROHTTPD
                                " libmicrohttpd"
#endif
#ifdef HAVE_PROTOBUF_C
                                " protobuf-c"
#endif
#ifdef HAVE_ZLIB
                                " zlib"
#endif
#ifdef HAVE_LZMA
                                " liblzma"
#endif
#ifdef HAVE_ZSTD
                                " libzstd"
#endif
#ifdef HAVE_CUDA
                                " cuda"
#endif
    ;

static void print_overview(FILE *stream)
{
    fputs("usage: recur COMMAND [OPTIONS] ...\n\n"
          "Trains and runs recurrent neural networks: RNN, GRU, LSTM.\n\n",
          stream);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(stream, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n"
          "recur COMMAND --help describes a command and its options.\n"
          "recur --version prints the version.\n\n"
          "A first run, on the story that is built in:\n"
          "  recur train\n"
          "  recur generate -p \"The \"\n",
          stream);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i]->name;
    if (name[0] == '-')
        return recur_usage_error(NULL, "unknown option %s; recur --help says more",
                                 recur_word(name).text);
    const char *meant = recur_suggestion(name, names, COMMANDS);
    return meant ? recur_usage_error(NULL, "unknown command \"%s\"; did you mean %s?",
                                     recur_word(name).text, meant)
                 : recur_usage_error(NULL, "unknown command \"%s\"; recur --help lists them",
                                     recur_word(name).text);
}

static int help(int argc, char **argv)
{
    if (argc == 0) {
        print_overview(stdout);
        return 0;
    }
    const struct command *command = find_command(argv[0]);
    if (!command)
        return unknown_command(argv[0]);
    recur_help_print(command, stdout);
    return 0;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_overview(stderr);
        return STATUS_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0) {
        printf("recur %s\nwith%s\n", recur_version(), libraries);
        return 0;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argc - 2, argv + 2);
    const struct command *command = find_command(name);
    return command ? command->run(command, argc - 2, argv + 2) : unknown_command(name);
}

/* If a standard stream is closed, the next file that is opened gets its number, and messages would
 * go into that file. So something is opened in its place that cannot be used as the stream is;
 * using it is an error. */
static void hold_standard_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
            exit(STATUS_FAILURE);
}

int main(int argc, char **argv)
{
    hold_standard_streams();
    /* Then exceeding a limit on the size of files is an error of writing, with a sentence. */
    signal(SIGXFSZ, SIG_IGN);
    int status = dispatch(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        /* errno may be from a later call, but most files that refuse bytes refuse an empty write
         * too. */
        ssize_t none = write(STDOUT_FILENO, "", 0);
        (void)none;
        int failure = recur_failure(NULL, "cannot write standard output: %s", strerror(errno));
        return status ? status : failure;
    }
    return status;
}
