/* recur completion: what makes a shell complete recur's command lines, from the tables of options.
 */
#include <stdio.h>
#include <string.h>

#include "common/message.h"
#include "files/dataset.h"
#include "options/options.h"

#define ROW(name) &recur_command_##name,
static const struct command *const commands[] = {RECUR_COMMANDS(ROW)};
enum { COMMANDS = sizeof commands / sizeof *commands, SUMMARY = 80 };

static const char *const shells[] = {"bash", "zsh", "fish"};
enum { SHELLS = sizeof shells / sizeof *shells };

/* What an operand of the command may be, beside files; NULL after the last. */
static const char *operand(const struct command *command, size_t index)
{
    const struct dataset *dataset = recur_dataset(index);
    if (strcmp(command->name, "completion") == 0)
        return index < SHELLS ? shells[index] : NULL;
    bool texts = strstr(command->operands, "TEXT") && !command->takes_text;
    bool datasets = texts || strcmp(command->name, "fetch") == 0;
    return datasets && dataset ? dataset->name : NULL;
}

/* Are the command's operands files? */
static bool takes_files(const struct command *command)
{
    return *command->operands && !command->takes_text && strcmp(command->name, "fetch") != 0 &&
           strcmp(command->name, "completion") != 0;
}

static void print_operands(const struct command *command)
{
    for (size_t i = 0; operand(command, i); i++)
        printf("%s%s", i ? " " : "", operand(command, i));
}

static bool has_choices(const struct option_spec *option)
{
    return option->choices || recur_option_choice(option, 0);
}

/* An option's choices with spaces between them. */
static void print_choices(const struct option_spec *option)
{
    char list[CHOICES_TEXT];
    recur_option_choices(option, list, sizeof list);
    for (const char *c = list; *c; c++)
        if (*c != ',')
            putchar(*c);
}

/* Prints what of a text fits a line, up to a semicolon or a bracket, without characters that mean
 * something to shells. */
static void print_summary(const char *text)
{
    size_t size = strcspn(text, ";(");
    size = size < SUMMARY ? size : SUMMARY;
    while (size > 0 && text[size] && !strchr(" ;(", text[size]))
        size--;
    while (size > 0 && text[size - 1] == ' ')
        size--;
    for (size_t i = 0; i < size; i++)
        if (!strchr("'\"[]\\`$", text[i]))
            putchar(text[i]);
}

/* Prints every option's name. */
static void print_names(const struct command *command)
{
    struct option_spec option;
    for (size_t row = 0; recur_option_row(command, row, &option); row++)
        if (option.kind != OPTION_HEADING)
            printf("--%s ", option.name);
    fputs("--help", stdout);
}

static void print_bash_option(const struct option_spec *option)
{
    if (option->kind == OPTION_HEADING || recur_option_is_flag(option))
        return;
    fputs("            ", stdout);
    if (option->letter)
        printf("-%c | ", option->letter);
    printf("--%s) ", option->name);
    if (option->kind == OPTION_FILE) {
        puts("return ;;");
    } else if (has_choices(option)) {
        fputs("COMPREPLY=($(compgen -W \"", stdout);
        print_choices(option);
        puts("\" -- \"$cur\")) && return ;;");
    } else {
        puts("compopt +o default; return ;;");
    }
}

static void print_bash_command(const struct command *command)
{
    struct option_spec option;
    printf("    %s)\n        case $prev in\n", command->name);
    for (size_t row = 0; recur_option_row(command, row, &option); row++)
        print_bash_option(&option);
    fputs("            *) ;;\n        esac\n        options=\"", stdout);
    print_names(command);
    fputs("\"\n        operands=\"", stdout);
    print_operands(command);
    printf("\"\n        files=%s ;;\n", takes_files(command) ? "yes" : "");
}

static void print_bash(void)
{
    puts("# bash completion for recur. Made by: recur completion bash\n"
         "_recur() {\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
         "    local options operands files\n"
         "    COMPREPLY=()\n"
         "    # --option=value is three words.\n"
         "    if [ \"$cur\" = = ]; then\n"
         "        cur=\n"
         "    elif [ \"$prev\" = = ]; then\n"
         "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
         "    fi\n"
         "    if [ \"$COMP_CWORD\" = 1 ]; then");
    fputs("        COMPREPLY=($(compgen -W \"", stdout);
    for (size_t i = 0; i < COMMANDS; i++)
        printf("%s ", commands[i]->name);
    puts("help --help --version\" -- \"$cur\"))\n"
         "        return\n"
         "    fi\n"
         "    case ${COMP_WORDS[1]} in");
    fputs("    help) operands=\"", stdout);
    for (size_t i = 0; i < COMMANDS; i++)
        printf("%s%s", i ? " " : "", commands[i]->name);
    puts("\" ;;");
    for (size_t i = 0; i < COMMANDS; i++)
        print_bash_command(commands[i]);
    puts("    *) return ;;\n"
         "    esac\n"
         "    case $cur in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
         "    *)\n"
         "        COMPREPLY=($(compgen -W \"$operands\" -- \"$cur\"))\n"
         "        [ -n \"$files\" ] || compopt +o default 2>/dev/null\n"
         "        [ -z \"$files\" ] || while IFS= read -r files; do COMPREPLY+=(\"$files\"); done "
         "\\\n"
         "            < <(compgen -f -- \"$cur\") ;;\n"
         "    esac\n"
         "}\n"
         "complete -o filenames -o default -F _recur recur");
}

static void print_zsh_option(const struct option_spec *option)
{
    if (option->kind == OPTION_HEADING)
        return;
    bool flag = recur_option_is_flag(option), again = option->kind == OPTION_TEXTS;
    fputs("            ", stdout);
    if (option->letter)
        printf("'(-%c --%s)'{-%c%s,--%s%s}'", option->letter, option->name, option->letter,
               flag ? "" : "+", option->name, flag ? "" : "=");
    else
        printf("'%s--%s%s", again ? "*" : "", option->name, flag ? "" : "=");
    putchar('[');
    print_summary(option->help);
    putchar(']');
    if (!flag) {
        printf(":%s:", option->metavar ? option->metavar : "value");
        if (option->kind == OPTION_FILE) {
            fputs("_files", stdout);
        } else if (has_choices(option)) {
            putchar('(');
            print_choices(option);
            putchar(')');
        }
    }
    puts("' \\");
}

static void print_zsh_command(const struct command *command)
{
    struct option_spec option;
    printf("    %s)\n        _arguments -s -S \\\n", command->name);
    for (size_t row = 0; recur_option_row(command, row, &option); row++)
        print_zsh_option(&option);
    fputs("            '(- *)'{-h,--help}'[help]'", stdout);
    if (operand(command, 0)) {
        fputs(" \\\n            '*:operand:", stdout);
        fputs(takes_files(command) ? "{_alternative \"files:file:_files\" \"names:name:(" : "(",
              stdout);
        print_operands(command);
        fputs(takes_files(command) ? ")\"}'" : ")'", stdout);
    } else if (takes_files(command)) {
        fputs(" \\\n            '*:file:_files'", stdout);
    }
    puts(" ;;");
}

static void print_zsh(void)
{
    puts("#compdef recur\n"
         "# zsh completion for recur. Made by: recur completion zsh\n"
         "_recur() {\n"
         "    local -a names\n"
         "    names=(");
    for (size_t i = 0; i < COMMANDS; i++) {
        printf("        '%s:", commands[i]->name);
        print_summary(commands[i]->summary);
        puts("'");
    }
    puts("    )\n"
         "    if (( CURRENT == 2 )); then\n"
         "        _describe -t commands command names\n"
         "        return\n"
         "    fi\n"
         "    local command=$words[2]\n"
         "    shift words\n"
         "    (( CURRENT-- ))\n"
         "    case $command in\n"
         "    help) _describe -t commands command names ;;");
    for (size_t i = 0; i < COMMANDS; i++)
        print_zsh_command(commands[i]);
    puts("    esac\n"
         "}\n"
         "if [[ $funcstack[1] == _recur ]]; then\n"
         "    _recur \"$@\"\n"
         "else\n"
         "    compdef _recur recur\n"
         "fi");
}

static void print_fish_option(const struct command *command, const struct option_spec *option)
{
    if (option->kind == OPTION_HEADING)
        return;
    printf("complete -c recur -n '__fish_seen_subcommand_from %s' -l %s", command->name,
           option->name);
    if (option->letter)
        printf(" -s %c", option->letter);
    if (option->kind == OPTION_FILE) {
        fputs(" -r -F", stdout);
    } else if (has_choices(option)) {
        fputs(" -x -a '", stdout);
        print_choices(option);
        putchar('\'');
    } else if (!recur_option_is_flag(option)) {
        fputs(" -x", stdout);
    }
    fputs(" -d '", stdout);
    print_summary(option->help);
    puts("'");
}

static void print_fish_command(const struct command *command)
{
    struct option_spec option;
    printf("complete -c recur -n __fish_use_subcommand -f -a %s -d '", command->name);
    print_summary(command->summary);
    puts("'");
    for (size_t row = 0; recur_option_row(command, row, &option); row++)
        print_fish_option(command, &option);
    printf("complete -c recur -n '__fish_seen_subcommand_from %s' -l help -s h -d 'help'\n",
           command->name);
    for (size_t i = 0; operand(command, i); i++)
        printf("complete -c recur -n '__fish_seen_subcommand_from %s' %s-a %s\n", command->name,
               takes_files(command) ? "" : "-f ", operand(command, i));
}

static void print_fish(void)
{
    puts("# fish completion for recur. Made by: recur completion fish\n"
         "complete -c recur -n __fish_use_subcommand -f -l version -d 'the version'\n"
         "complete -c recur -n __fish_use_subcommand -f -l help -s h -d 'help'");
    for (size_t i = 0; i < COMMANDS; i++)
        print_fish_command(commands[i]);
}

static int completion(const struct command *command, int argc, char **argv)
{
    static void (*const print[SHELLS])(void) = {print_bash, print_zsh, print_fish};
    struct arguments arguments;
    int settings, status;
    if (!recur_options_parse(command, argc, argv, &settings, &arguments, &status))
        return status;
    for (size_t i = 0; i < SHELLS; i++)
        if (strcmp(arguments.operands[0], shells[i]) == 0) {
            print[i]();
            return 0;
        }
    return recur_usage_error(command, "SHELL must be one of bash, zsh, fish, got \"%s\"",
                             recur_word(arguments.operands[0]).text);
}

static const struct option_spec options[] = {{.help = NULL}};

const struct command recur_command_completion = {
    .name = "completion",
    .summary = "print what lets a shell complete command lines",
    .operands = "SHELL",
    .about = "Prints a script that lets a shell, bash, zsh or fish, complete recur's commands, "
             "options and their values when Tab is pressed. make install puts the three where the "
             "shells look for them.",
    .examples = "  eval \"$(recur completion bash)\"\n"
                "  recur completion zsh > ~/.zfunc/_recur\n"
                "  recur completion fish > ~/.config/fish/completions/recur.fish\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = completion,
};
