# The manual page has every option of every command with its default and says the same of it, and no
# others.

$ for c in train tune generate fill features predict eval vocab tokenize explain plot info convert fetch serve bench completion; do "$CASES/manual" $c; done
$ for c in train tune generate fill features predict eval vocab tokenize explain plot info convert fetch serve bench completion; do recur help | grep -c "^  $c "; grep -c "^.SS recur $c " "$MANUAL"; done | uniq
1
