# What shells complete, made from the tables of options.

$ for shell in bash zsh fish; do recur completion $shell > $shell.script; command -v $shell > path || continue; case $shell in fish) fish --no-execute fish.script ;; *) $shell -n $shell.script ;; esac; done
# Every option of every command is there.
$ for c in $(recur --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do recur $c --help | sed '/^Examples/,$d' | grep -oE '^  (-.,|   ) --[a-z-]+' | grep -oE -- '--[a-z-]+' | sort > help; for shell in zsh bash; do awk -v c="$c)" '/^    [a-z]+\)/ { inside = $1 == c } inside' $shell.script | grep -oE -- '--[a-z-]+' | sort -u | comm -23 help -; done; grep "from $c'" fish.script | grep -oE -- '-l [a-z-]+' | sed 's/-l /--/' | sort -u | comm -23 help -; done
$ cat > t <<< '. ./bash.script; t() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _recur 2> said; echo "${COMPREPLY[@]}"; }'; bash -c '. ./t; t recur tr; t recur train --ce; t recur train --cell l; t recur train --cell = gru-; t recur fetch ti; t recur completion ""; t recur help co; touch a.txt; t recur train a.; t recur train tiny; t recur train --lr ""'
train
--cell
lstm ln-lstm ln-gru
gru-reset-before
time_machine tinyshakespeare
bash zsh fish
convert completion
a.txt
tinyshakespeare

$ command -v fish > path || { printf '%s\n' --cell gru gru-reset-before; exit; }; fish -c "source fish.script; complete -C 'recur train --ce'; complete -C 'recur train --cell gr'" | cut -f 1
--cell
gru
gru-reset-before
$ recur completion tcsh
! recur completion: SHELL must be one of bash, zsh, fish, got "tcsh"
[2]
# The help of recur train begins with six options, which do not stand there twice.
$ recur train --help | sed -n '3p'; recur train --help | sed -n '4,/^$/p' | grep -oE -- '--[a-z]+' | head -6; recur train --help | grep -cE '^      --epochs'
The options that most people need
--output
--time
--resume
--task
--tokens
--hidden
1
