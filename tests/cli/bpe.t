# Byte pairs through every command that reads or writes text.
$ for i in {1..30}; do printf 'The lowest of 12 low newts: \344\275\240\345\245\275, \344\275\240!\r\n'; done > text; printf '\377' > not; recur vocab --tokens bpe text | sed -n 6,10p; recur vocab --tokens bpe --ids text | uniq
     The lowest of 12 low newts: 你好, 你!
3. Tokens (bpe): 360
     ["The", " lowest", " of", " 12", " low", " newts", ":", " 你好", ",", " 你", "!", "\r\n"]
     ["The", " lowest", " of", " 12", " low", " newts", ":", " 你好", ",", " 你", "!", "\r\n"]
4. Counts, pairs as they were learnt: 280 different tokens
278 279 277 275 261 280 59 274 45 262 34 263
$ recur train text --quiet --tokens bpe --vocab-size 290 --hidden 32 --batch 4 --steps 20 --epochs 30 --lr 0.02 --validation 0 --checkpoint-every 50 --predict 'The' -o m > out; for t in 1 3; do recur train text --quiet --threads $t --tokens bpe --vocab-size 290 --hidden 32 --batch 4 --steps 20 --epochs 30 --lr 0.02 --validation 0 --predict 'The' -o m$t > out; cmp m m$t; done
$ recur train text --quiet --tokens bpe --vocab-size 290 --hidden 32 --batch 4 --steps 20 --epochs 7 --lr 0.02 --validation 0 --checkpoint-every 10 --predict 'The' -o half > out; recur train --resume half.checkpoint.safetensors --epochs 30 > out; cmp m half
$ recur info m | grep ^vocab; recur generate -m m -p 'The' -n 30 --temp 0 | head -c 44 | cmp - <(head -c 44 text)
vocabulary: 281 entries, tokens bpe, clean none
$ recur eval -m m text | head -1; cat text | recur eval -m m - | head -1; cat not | recur eval -m m - 2>&1 | head -1
tokens              359
tokens              359
recur eval: warning: standard input: 1 byte sequence is not UTF-8 and was read as U+FFFD; if it is in another encoding, name that with --encoding
$ cat text | recur vocab --tokens bpe --ids - | cmp - <(recur vocab --tokens bpe --ids text); recur tokenize --tokens bpe --vocab-size 290 -o store text > out; recur train store --quiet --hidden 32 --batch 4 --steps 20 --epochs 30 --lr 0.02 --validation 0 --predict 'The' -o s > out; recur generate -m s -p The -n 9 -s 1 | cmp - <(recur generate -m m -p The -n 9 -s 1)
$ recur train text --quiet --tokens bpe --init-from m --epochs 1 --batch 4 --steps 20 --validation 0 -o n > out; recur info n | grep ^vocab
vocabulary: 281 entries, tokens bpe, clean none
$ recur train text --tokens bpe --vocab-size 256; recur train text --vocab-size 300; recur train text --tokens bpe --task classify; cat text | recur tokenize --tokens bpe -o other -
! recur train: a vocabulary of byte pairs needs at least 257 entries, "<unk>", the reserved tokens and the 256 bytes, got 256
! recur train: --vocab-size needs --tokens bpe, got char
! recur train: labelled texts are read by words, characters or bytes, not by byte pairs
! recur tokenize: byte pairs are learnt from a text before it is encoded, and standard input can be read only once: give a file, or a vocabulary
[2]
$ recur train text --tokens bpe --task fill --bidirectional; recur train store --task fill --bidirectional
! recur train: --task fill needs --tokens char, word or byte, got bpe: a mark in a text stands for one token that is to be filled, and none does for a byte pair
! recur train: --task fill needs --tokens char, word or byte, got bpe: a mark in a text stands for one token that is to be filled, and none does for a byte pair
[2]
# A token has the space before its word: behind a prompt that ends in a space comes a token that begins with one, as behind the same prompt without it.
$ for o in "-m m --temp 0" "-m m -m n --temp 0" "-m m --beam 3" "-m m -i --temp 0"; do for p in "The" "The lowest" "The lowest of 12"; do cmp <(echo | recur generate $o -n 7 -p "$p") <(echo | recur generate $o -n 7 -p "$p "); done; done; recur generate -m m -n 7 --temp 0 -p "The lowest "
The lowest of 12 low newts: 你好,
# One space of several is the next token's; after a line's end none is.
$ printf 'a  b\na  b\na  b\n%.0s' {1..40} > two; recur train two --quiet --tokens bpe --vocab-size 270 --hidden 16 --batch 4 --steps 12 --epochs 20 --lr 0.03 --validation 0 -o t > out; for p in "a " "a  " "a  b "; do recur generate -m t -n 3 --temp 0 -p "$p" | head -1 | tr ' ' _; done
a__b
a__b
a__b__b
# A list of byte pairs, some of them parts of characters, comes back from JSON.
$ recur vocab --tokens bpe --vocab-size 290 --json text > list; recur info --json m > model; python3 -c 'import json; v = json.load(open("list")); print(v["entries"][258]["token"]); json.dump(json.load(open("model"))["vocabulary"]["entries"], open("entries", "w"))'; recur convert --to pytorch m p.safetensors > out; for l in list entries; do recur convert --vocab $l --tokens bpe p.safetensors back > out; recur info --json back | grep -o '"vocabulary".*"origin"' | cmp - <(grep -o '"vocabulary".*"origin"' model); recur generate -m back -n 9 -s 1 -p 'The ' | cmp - <(recur generate -m m -n 9 -s 1 -p 'The '); done
[32, 228]
$ echo '{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}' > tokenizer.json; echo '["<unk>", "!", "a"]' > other; for l in tokenizer.json other; do recur convert --vocab $l --tokens bpe p.safetensors back; done; recur convert --vocab list p.safetensors back
! recur convert: tokenizer.json is not a list of tokens in JSON in the order of their ids, nor what recur vocab --json prints; byte pairs are read as recur vocab --tokens bpe --json prints them, and those of other programs, which divide texts otherwise, not at all
! recur convert: other: a vocabulary of byte pairs has all bytes behind its reserved tokens, and entry 1 is not byte 0; byte pairs are read as recur vocab --tokens bpe --json prints them, and those of other programs, which divide texts otherwise, not at all
! recur convert: token 258 of the vocabulary is not UTF-8, which model files need
[1]
