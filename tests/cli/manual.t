# The manual page has every option of every command with its default, and no others.

$ for c in train generate fill features eval vocab info convert fetch predict bench; do "$CASES/manual" $c; done
$ for c in train generate fill features eval vocab info convert fetch predict bench; do recur help | grep -c "^  $c "; grep -c "^.SS recur $c " "$MANUAL"; done | uniq
1
