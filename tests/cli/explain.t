# The tutorial's whole way in numbers. explain.py computes all numbers of the JSON anew.

$ check() { recur explain --json "$@" | "$CASES/explain.py"; }; declare -f check > check.sh; check --hidden 4 --steps 4
$ . ./check.sh; for cell in rnn lstm gru gru-reset-before; do check "abcab cba" --cell $cell --hidden 3 --steps 3; done
$ . ./check.sh; check "abcab cba" --activation relu --hidden 3,4 --steps 3; check "abcab cba" --activation sigmoid --embed 3 --biases 1 --hidden 3 --steps 2
$ . ./check.sh; check "abcab cba" --cell lstm --hidden 3,2 --steps 3 --sampling random --clip 0.1 --init normal --seed 7; check "abcab cba" --cell gru --embed 2 --hidden 3 --optimizer adam --lr 0.01 --clip 0
$ . ./check.sh; check "我爱北京，北京爱我。" --hidden 3; check "to be or not to be" --tokens word --hidden 2; check "AbA, aba; bab" --clean letters --hidden 2

# Each wrong number is seen.
$ recur explain --json abab --hidden 2 --cell lstm > json; for path in dictionary.entries.1.count text.first_lines.0.ids.0 minibatches.random.first.0.position.0.0 minibatches.sequential.first.0.y.0.0 network.tensors.1.gradient.0 network.tensors.1.gradient_norm network.tensors.2.after.0 forward.layers.0.h.1.0.0 forward.layers.0.c.1.0.0 forward.logits.0.0.0 forward.probability.0.0.0 forward.loss forward.ln_V forward.perplexity step.recurrent.0.0.0 step.sum.0.0.0 step.gate.0.0.0 backward.layers.0.all_losses.h.0 backward.layers.0.all_losses.c.0 backward.layers.0.last_loss.h.0 backward.norm backward.scale backward.norm_after backward.loss_after training.loss.0 prediction.untrained.next.1.probability; do "$CASES/explain.py" $path < json | grep -c . >/dev/null || echo $path; done

# Lines of one byte and of two.
$ printf 'a\nbc\nabcab\n' > short; recur explain short --stage lines
1. Lines                                                         src/data/text.c
   The file short has 3 lines, 11 bytes in UTF-8. The first ones:
     a
     bc

# What people see. Sentences, files, standard input, data sets; other cells; Chinese.
$ recur explain "this is a good story , that is a pen ." --tokens word --clean letters | sed '/^9\./,$d'
1. Lines                                                         src/data/text.c
   Your text has 1 line, 38 bytes in UTF-8.
     this is a good story , that is a pen .
2. Cleaning                                               src/data/text_stream.c
   Everything but A-Z and a-z becomes a single space, spaces at both ends go,
   and letters become lower case (--clean letters).
     this is a good story that is a pen
3. Tokens                                                  src/data/token_kind.c
   Each line is cut into tokens, here words (--tokens word): 9 in all.
     "this" "is" "a" "good" "story" "that" "is" "a" "pen"
4. Counts                                                 src/data/token_table.c
   How often does each token occur? There are 7 different ones; the most
   frequent stand first, and of equals the one that came first.
     "is": 2, "a": 2, "this": 1, "good": 1, "story": 1, "that": 1, "pen": 1
5. Dictionary                                                   src/data/vocab.c
   In this order tokens get numbers, their ids. Id 0, <unk>, is for tokens that
   are not in the dictionary, so there are V = 8.
     "<unk>": 0, "is": 1, "a": 2, "this": 3, "good": 4, "story": 5, "that": 6,
     "pen": 7
6. Ids                                                         src/data/corpus.c
   The text is a row of ids now. This is all that the network will see of it.
     3 1 2 4 5 6 1 2 7
7. One-hot vectors                             src/backend/cpu/kernels/product.h
   A network computes with numbers that can be multiplied. So an id becomes a
   vector of V numbers, all 0 but a 1 at the id's place. Multiplied with a
   matrix it picks out one row, so recur looks that row up.
     x = e_id ∈ {0, 1}^V        x Wᵀ = row id of Wᵀ
      this   3  [0 0 0 1 0 0 0 0]
        is   1  [0 1 0 0 0 0 0 0]
         a   2  [0 0 1 0 0 0 0 0]
      good   4  [0 0 0 0 1 0 0 0]
     story   5  [0 0 0 0 0 1 0 0]
      that   6  [0 0 0 0 0 0 1 0]
8. Minibatches X and Y                                        src/data/batches.c
   A minibatch holds B = 2 sequences of T = 4 tokens, X. For each token Y has
   the one that follows it: what the network is to predict. (Arrays stand in
   memory step by step: (T, B).)
     Y_t = X_{t+1}
   sequential, minibatch 1 of 1          random, minibatch 1 of 1
     0  X  this    is     a  good          0  X story  that    is     a
              3     1     2     4                   5     6     1     2
        Y    is     a  good story             Y  that    is     a   pen
              1     2     4     5                   6     1     2     7
     1  X story  that    is     a          1  X  this    is     a  good
              5     6     1     2                   3     1     2     4
        Y  that    is     a   pen             Y    is     a  good story
              6     1     2     7                   1     2     4     5
   sequential: each sequence goes on in the next minibatch, and so does its
   state. random: sequences come in any order, and states begin at 0. An epoch
   begins at a random token of the first few.
$ recur explain "床前明月光，疑是地上霜。" --stage minibatches
8. Minibatches X and Y                                        src/data/batches.c
   A minibatch holds B = 2 sequences of T = 4 tokens, X. For each token Y has
   the one that follows it: what the network is to predict. (Arrays stand in
   memory step by step: (T, B).)
     Y_t = X_{t+1}
   sequential, minibatch 1 of 1          random, minibatch 1 of 1
     0  X    月    光    ，    疑          0  X    是    地    上    霜
              4     5     6     7                   8     9    10    11
        Y    光    ，    疑    是             Y    地    上    霜    。
              5     6     7     8                   9    10    11    12
     1  X    是    地    上    霜          1  X    月    光    ，    疑
              8     9    10    11                   4     5     6     7
        Y    地    上    霜    。             Y    光    ，    疑    是
              9    10    11    12                   5     6     7     8
   sequential: each sequence goes on in the next minibatch, and so does its
   state. random: sequences come in any order, and states begin at 0. An epoch
   begins at a random token of the first few.
$ recur explain --stage shapes --cell lstm --hidden 4,3 --embed 2 "abcabc"; recur explain --stage network --cell lstm --hidden 4,3 --embed 2 abcabc
10. Shapes on the way                                  src/backend/cpu/forward.c
   What becomes of a minibatch on its way through the network. At each time step
   the network reads one token of each of the B sequences, not one sequence.
     X            (T, B)     (4, 1)        ids
     one-hot      (T, B, V)  (4, 1, 4)     never written out: rows are looked up
     embedding    (T, B, E)  (4, 1, 2)     rows of embedding.weight
     H, layer 1   (T, B, H)  (4, 1, 4)     the state after each step
     H, layer 2   (T, B, H)  (4, 1, 3)     the state after each step
     logits       (T·B, V)   (4, 4)        a score for each token to come
     Y            (T·B)      (4)           the tokens that really come
     loss         ()         one number    the mean over all of them
9. The network's parameters                                     src/nn/network.c
   lstm, 2 layers, with random parameters at first (--init uniform, --seed).
   Time steps share them: a step more costs no parameter more.
     embedding.weight    (V, E)    (4, 2)              8
     rnn.weight_ih_l0    (G·H, E)  (16, 2)            32
     rnn.weight_hh_l0    (G·H, H)  (16, 4)            64
     rnn.bias_ih_l0      (G·H)     (16)               16
     rnn.bias_hh_l0      (G·H)     (16)               16
     rnn.weight_ih_l1    (G·H, H)  (12, 4)            48
     rnn.weight_hh_l1    (G·H, H)  (12, 3)            36
     rnn.bias_ih_l1      (G·H)     (12)               12
     rnn.bias_hh_l1      (G·H)     (12)               12
     linear.weight       (V, H)    (4, 3)             12
     linear.bias         (V)       (4)                 4
     together                                        260
$ recur explain --stage step --cell gru --hidden 2 abcabc | sed 's/-\?[0-9]\.[0-9e+-]\+/N/g; s/  *N/ N/g'
11. One time step                                  src/backend/cpu/kernels/gru.h
   The cell, unrolled. Step t = 1 of sequence 0 reads x = "c" (id 3) and the
   state h' that the step before it left:
     r = σ(x W_irᵀ + b_ir + h' W_hrᵀ + b_hr)
     z = σ(x W_izᵀ + b_iz + h' W_hzᵀ + b_hz)
     m = h' W_hnᵀ + b_hn
     n = tanh(x W_inᵀ + b_in + r ⊙ m)
     h = (1 - z) ⊙ n + z ⊙ h'
                           unit 0  unit 1
     h' N N
     a_r N N
     r = σ(a_r) N N
     a_z N N
     z = σ(a_z) N N
     a_n N N
     n = tanh(a_n) N N
     h N N
$ recur explain --stage state --hidden 3 abcabc | sed 's/-\?[0-9]\.[0-9e+-]\+/N/g; s/  *N/ N/g'
12. The hidden state H                                 src/backend/cpu/forward.c
   What step t leaves for the next one, and all that the network keeps of the
   tokens so far: H numbers for each sequence, here of sequence 0.
     H_t = cell(X_t, H_{t-1})        H_{-1} = 0
              unit 0  unit 1  unit 2
     H_0  b N N N
     H_1  c N N N
     H_2  a N N N
     H_3  b N N N
$ recur explain --stage gradients --hidden 2 abcabc | sed 's/-\?[0-9][0-9.e+-]*/N/g; s/  *N/ N/g; s/ *█*$//' | tail -9
   loss alone (bars):
     dh_t = dy_t W_out + dz_{t+N} W_hh
              all losses  last loss
     H_N N N
     H_N N N
     H_N N N
     start N N
   Each step back multiplies the gradient by N on average: it vanishes. N
   steps back, N of it would be left.
$ recur explain --stage clipping --hidden 2 abcabc --clip 0.01 | tail -2 | sed 's/0\.0[0-9]\+,/N,/'; recur explain --stage clipping --hidden 2 abcabc --clip 0 | tail -1
   θ = 0.01 (--clip), so every gradient is multiplied by N, and the norm
   after clipping is 0.010.
   --clip 0: nothing is clipped.
$ recur explain --stage prediction "abcabcabcabcabcabc" --hidden 6 | grep -m 1 -E '^     trained'
     trained    abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcab…
$ printf 'one\r\ntwo\n' > two; recur explain --stage lines two; recur explain --stage lines - < two; recur explain --stage lines 'two  '; RECUR_DATA=$PWD; ln -s two timemachine.txt; recur explain --stage lines | head -2
1. Lines                                                         src/data/text.c
   The file two has 2 lines, 8 bytes in UTF-8.
     one
     two
1. Lines                                                         src/data/text.c
   The text of standard input has 2 lines, 8 bytes in UTF-8.
     one
     two
1. Lines                                                         src/data/text.c
   Your text has 1 line, 5 bytes in UTF-8.
     two  
1. Lines                                                         src/data/text.c
   The story that is built in has 1 line, 96 bytes in UTF-8.

# Each source file that a stage names is there; the numbers are the same each time.
$ for cell in rnn gru gru-reset-before lstm; do recur explain --cell $cell --json > a; recur explain --cell $cell --json > b; cmp a b; grep -o '"source": "[^"]*"' a | cut -d'"' -f4; done | sort -u | while read -r file; do [ -f "$CASES/../../$file" ] || echo "$file"; done

# A page that needs no other file: it has all of the JSON, nothing of a text ends it, and it names no other host.
$ recur explain --html page.html "<i>b</i> </script><!--data-->" --hidden 2; recur explain --json "<i>b</i> </script><!--data-->" --hidden 2 > json; sed -n 's/^<script type="application.json" id="data">\(.*\)<.script>$/\1/p' page.html | sed 's/\\u003c/</g' | cmp - json; grep -c '<i>b' page.html; grep -oE '(https?:)?//[a-z][^"]*' page.html; grep -cE '(src|href)="[^#d]' page.html; head -1 page.html
0
0
<!doctype html>
! the page is in page.html
$ recur explain --html two two; recur explain --html - --json; recur explain --html x --stage ids; recur explain --html no/where; recur explain --html - | tail -1; cat two
</html>
one
two
! recur explain: --html would overwrite two
! recur explain: --json cannot be combined with --html
! recur explain: --html has all stages, so it cannot be combined with --stage
! recur explain: --html: cannot write no/where: no: No such file or directory

# Nonsense.
$ rm a; recur explain ""; recur explain a; recur explain ab --stage loss >/dev/null; recur explain --stage lost
! recur explain: the text has no tokens (0 bytes were read)
! recur explain: a text of 1 token has nothing to predict: at least 2 are needed
! recur explain: --stage must be one of lines, cleaning, tokens, counts, dictionary, ids, one-hot, minibatches, network, shapes, step, state, logits, loss, gradients, clipping, update, training, prediction, got "lost"
[2]
$ recur explain nothing.txt; recur explain ./nothing; recur explain .; recur explain --json --stage loss; recur explain a b
! recur explain: there is no file nothing.txt; a sentence of one word needs a space
! recur explain: there is no file ./nothing; a sentence of one word needs a space
! recur explain: cannot read .: it is a directory
! recur explain: --json has all stages, so it cannot be combined with --stage
! recur explain: unexpected argument "b"; usage: recur explain [OPTIONS] [TEXT]
[2]
$ recur explain --cell ln-lstm; recur explain --hidden 300; recur explain --hidden 2,2,2,2,2; recur explain --hidden 2,3 --layers 3; recur explain --steps 0; recur explain abc --batch 16 --steps 64; recur explain --lr 0
! recur explain: the cell ln-lstm is not explained
! recur explain: --hidden must be whole numbers from 1 to 256 with commas between them, at most 64, got "300"
! recur explain: --hidden has 5 widths; at most 4 layers are shown
! recur explain: --layers 3 does not go with the 2 widths of --hidden
! recur explain: --steps must be a whole number from 1 to 64, got "0"
! recur explain: the text has 3 tokens, but one minibatch of 16 sequences x 64 steps needs 1025; it takes a longer text, a smaller batch or fewer steps
! recur explain: --lr must be a number above 0, got "0"
[2]
$ printf 'caf\xe9 caf\xe9' > latin; recur explain latin --stage ids; recur explain $'a\xff\x1b[31m' --stage tokens | sed 's/ *src.*//'; recur explain latin --encoding latin1 --stage tokens | tail -1; recur explain latin --tokens byte --stage tokens | tail -1
6. Ids                                                         src/data/corpus.c
   The text is a row of ids now. This is all that the network will see of it.
     1 2 3 4 5 1 2 3 4
3. Tokens
   Each line is cut into tokens, here characters (--tokens char): 7 in all.
     "a" "�" "\x1B" "[" "3" "1" "m"
     "c" "a" "f" "é" " " "c" "a" "f" "é"
     "c" "a" "f" "\xE9" " " "c" "a" "f" "\xE9"
! recur explain: warning: latin: 2 byte sequences are not UTF-8 and were read as U+FFFD; if it is in another encoding, name that with --encoding
! recur explain: warning: the text: 1 byte sequence is not UTF-8 and was read as U+FFFD
$ head -c 100000 /dev/urandom | recur explain - --stage lines; yes | recur explain - --stage lines | head -3; seq 300000 | recur explain - --tokens word --stage loss; printf '%5000s' | tr ' ' x | recur explain - --stage lines
1. Lines                                                         src/data/text.c
   The text of standard input, of which the first 4 MiB are read, has 2097152
   lines, 4194304 bytes in UTF-8. The first ones:
1. Lines                                                         src/data/text.c
   The text of standard input has 1 line, 5000 bytes in UTF-8.
     xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
! recur explain: standard input: not a text in UTF-8 but bytes that are no text: recur train --tokens byte learns any bytes
! recur explain: 5 x 2 tokens and a dictionary of 300002 make 3000020 logits, which are more than the 1048576 that can be shown; --min-freq makes the dictionary smaller
$ recur explain --json | head -c 9; echo; recur explain | head -1
{"setting
1. Lines                                                         src/data/text.c
$ recur explain --lr 1000 --clip 0 --activation relu --stage training | tail -2; recur explain --updates 0 --stage training
   Then the numbers were no longer finite: training exploded. A smaller --lr, or
   a --clip above 0, would help.
18. Training                                                 src/train/trainer.c
   The same again and again, minibatch after minibatch and epoch after epoch: 0
   updates (--updates), sampling sequential.
$ recur explain --updates 0 | recur explain - --stage loss >/dev/null

# Windows, colours, letters.
$ for columns in 40 60 80 200; do COLUMNS=$columns recur explain | wc -L; done; COLUMNS=50 recur explain --stage minibatches | head -12 | tail -4
52
60
80
96
           6  4  9  1  4  1  3 11
        Y  a  s  ␣  a  ␣  r  i  v
           4  9  1  4  1  3 11 12
     1  X  v  e  r  ,  ␣  a  n  d
$ LC_ALL=C recur explain | tail -n +20 | grep -P '[^\x00-\x7f]'
[1]
$ looks() { env TERM=xterm "$@" "$CASES/terminal" recur explain --stage loss | grep -c $'\033\[36m'; }; looks; looks NO_COLOR=1; looks NO_COLOR=; looks TERM=dumb; recur explain | grep -c $'\033'
1
0
1
0
0
[1]
