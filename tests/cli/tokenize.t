# recur tokenize, and stores in place of texts.

$ for i in $(seq 400); do echo "the cat number $i sat on the mat and the dog on the log"; done > text
$ recur tokenize --tokens word --min-freq 2 text -o store
store: a store of 6000 tokens, 400 of them <unk>
shards    1 of up to 16777216 ids, 1 byte each
text      22692 bytes, 400 lines, 1 file
vocabulary: 11 entries, tokens word, word rule unicode, clean none
 "<unk>" "the" "on" "cat" "number" "sat" "mat" "and" "dog" "log" "\n"
$ ls store
00000.ids
store.json
vocabulary.json
$ recur info --check store
store: a store of 6000 tokens, 400 of them <unk>
shards    1 of up to 16777216 ids, 1 byte each
text      22692 bytes, 400 lines, 1 file
vocabulary: 11 entries, tokens word, word rule unicode, clean none
 "<unk>" "the" "on" "cat" "number" "sat" "mat" "and" "dog" "log" "\n"
$ recur info --json store | python3 -c 'import json,sys; s=json.load(sys.stdin); print(sorted(s), s["text"], s["vocabulary"]["entries"])'
['id_bytes', 'shard_ids', 'shards', 'text', 'tokens', 'unknown', 'vocabulary'] {'files': 1, 'bytes': 22692, 'lines': 400, 'characters': 22692, 'invalid': 0} ['<unk>', 'the', 'on', 'cat', 'number', 'sat', 'mat', 'and', 'dog', 'log', '\n']
$ recur train --quiet --tokens word --min-freq 2 --hidden 8 --epochs 2 --sampling random text -o text.st | cut -d, -f1
perplexity 11.41
the cat the number the mat cat↵dog sat cat cat dog dog the mat cat log↵on number mat mat and dog the cat sat dog cat number number dog cat number log mat log on number on cat dog on and and the number dog log mat log
$ recur train --quiet --hidden 8 --epochs 2 --sampling random store/ -o store.st | cut -d, -f1
perplexity 11.41
the cat the number the mat cat↵dog sat cat cat dog dog the mat cat log↵on number mat mat and dog the cat sat dog cat number number dog cat number log mat log on number on cat dog on and and the number dog log mat log
$ python3 -c 'a,b=[open(f"{n}.st","rb").read() for n in ("text","store")]; n=lambda x: 8+int.from_bytes(x[:8],"little"); print(a[n(a):]==b[n(b):])'
True
$ recur eval -m text.st store > ours; recur eval -m text.st text 2> errors | cmp - ours && echo same
same
! recur eval: warning: the model's vocabulary lacks 400 of 6000 tokens of store, read as <unk>
$ recur features -m text.st store -o a.npy && recur features -m text.st text -o b.npy && cmp a.npy b.npy && echo same
same
! recur features: warning: the model's vocabulary lacks 400 of 6000 tokens of store, read as <unk>
! 6000 tokens x 8 numbers of layer 1 in a.npy
! recur features: warning: the model's vocabulary lacks 400 of 6000 tokens of text, read as <unk>
! 6000 tokens x 8 numbers of layer 1 in b.npy

# A pipe, a packed text and a model's vocabulary.
$ cat text | recur tokenize --tokens word --min-freq 2 -o piped - | sed 1d | head -1; gzip -k text; recur tokenize --tokens word --min-freq 2 text.gz -o packed > out; cmp piped/00000.ids store/00000.ids && cmp piped/vocabulary.json store/vocabulary.json; python3 -c 'n=65536; print(open("packed/00000.ids","rb").read()[n:n+5200]==open("store/00000.ids","rb").read()[n:n+5200])'
shards    1 of up to 16777216 ids, 1 byte each
True
$ echo 'the bird' > other; recur tokenize --vocab text.st other -o known; recur eval -m text.st known | head -1
known: a store of 3 tokens, 1 of them <unk>
shards    1 of up to 16777216 ids, 1 byte each
text      9 bytes, 1 line, 1 file
vocabulary: 11 entries, tokens word, word rule unicode, clean none
 "<unk>" "the" "on" "cat" "number" "sat" "mat" "and" "dog" "log" "\n"
tokens              2
! recur eval: warning: the model's vocabulary lacks 1 of 3 tokens of known, read as <unk>
$ recur tokenize --vocab store other -o known2 | head -1
known2: a store of 3 tokens, 1 of them <unk>

# A store decides how its words were cut, and its vocabulary must be that of the model that goes on.
$ recur tokenize --tokens word --word-rule space text -o spaces > out; recur train --quiet --tokens word --hidden 8 --epochs 1 spaces -o out.st | grep -c perplexity; recur train --quiet --epochs 1 --init-from text.st spaces -o out.st
1
! recur train: the store spaces has another vocabulary than the model that the run goes on from; recur tokenize --vocab text.st makes one with the model's
[1]
# A run on a store goes on from its checkpoint, and not with another store or with its text.
$ recur train --quiet --hidden 8 --epochs 2 store -o run.safetensors --checkpoint-every 10 > out; recur train --quiet --resume run.checkpoint.safetensors --epochs 3 | cut -d, -f1 | cmp - <(recur train --quiet --hidden 8 --epochs 3 store -o whole.safetensors | cut -d, -f1) && cmp run.safetensors whole.safetensors; echo $?
0
$ recur train --quiet --resume run.checkpoint.safetensors --epochs 4 text
! recur train: the text is not the one that the run began with: it has 22692 tokens, expected 6000
[1]
$ recur train --quiet --resume run.checkpoint.safetensors --epochs 4 packed/ | cut -d, -f1 | cut -c1-10
perplexity
the cat on

# What does not go together.
$ recur tokenize text
! recur tokenize: --output is needed: the folder of the store
[2]
$ recur tokenize text -o store
! recur tokenize: store holds a store already: give another name, or remove it
[2]
$ recur tokenize text -o .
! recur tokenize: . is not empty and holds no store: give another name
[2]
$ recur tokenize text -o missing/store
! recur tokenize: cannot make the folder missing/store: No such file or directory
[1]
$ recur tokenize text -o new --vocab store --tokens word
! recur tokenize: --tokens does not go with --vocab, whose texts are cut as they were
[2]
$ recur tokenize text -o new --vocab store --vocab-size 300
! recur tokenize: --vocab-size does not go with --vocab, whose texts are cut as they were
[2]
$ recur tokenize --shard 70000 text -o new; ls new
! recur tokenize: shards of 70000 ids are not possible: a multiple of 65536 up to 1073741824 is needed
! ls: cannot access 'new': No such file or directory
[2]
$ recur tokenize missing -o new; recur tokenize - - -o new; recur tokenize /dev/null -o new; ls new
! recur tokenize: cannot read missing: No such file or directory
! recur tokenize: standard input, -, can be read only once
! recur tokenize: /dev/null has no tokens (0 bytes were read)
! ls: cannot access 'new': No such file or directory
[2]
$ recur tokenize --vocab text text -o new; ls new
! recur tokenize: text: not a safetensors file but a text: recur train makes a model of it
! ls: cannot access 'new': No such file or directory
[2]
$ recur train store text
! recur train: a store is a whole text: it goes with no other
[2]
$ recur train --tokens char store
! recur train: the store was made with --tokens word and cannot be read with --tokens char
[2]
$ recur train --clean none --tokens word --min-freq 3 store
! recur train: --min-freq is for texts; a store is as recur tokenize made it
[2]
$ recur train --preset d2l-rnn --epochs 1 --hidden 8 store 2>&1 | grep '^text'
text   store: 6000 tokens (word, word rule unicode), 11 in the vocabulary
$ recur train --task tag store
! recur train: cannot read store: it is a directory
[1]
$ recur eval --encoding GBK -m text.st store
! recur eval: --encoding is for texts, and store is a store of ids
[2]
$ recur info --check text.st
! recur info: --check is for stores
[2]
$ recur tokenize --tokens char text -o chars > out; recur eval -m text.st chars
! recur eval: the store chars has another vocabulary than the model; recur tokenize --vocab text.st makes one with the model's
[1]
$ recur vocab store
! recur vocab: cannot read store: it is a directory
[1]

# Damage.
$ mkdir bad; cp store/* bad; printf '\377' | dd of=bad/00000.ids bs=1 seek=65600 conv=notrunc 2> out; recur info --check bad; recur train bad -o bad.st; ls bad.st; recur eval -m text.st bad
! recur info: bad/00000.ids has the id 255, but the vocabulary has 11 entries
! recur train: bad/00000.ids has the id 255, but the vocabulary has 11 entries
! ls: cannot access 'bad.st': No such file or directory
! recur eval: bad/00000.ids has the id 255, but the vocabulary has 11 entries
[1]
$ cp store/* bad; truncate -s -1 bad/00000.ids; recur info bad; recur train bad
! recur info: bad/00000.ids has 71535 bytes, but 6000 ids of 1 byte each go with 71536
! recur train: bad/00000.ids has 71535 bytes, but 6000 ids of 1 byte each go with 71536
[1]
$ cp chars/00000.ids bad; recur train bad
! recur train: bad/00000.ids belongs to another store: it has 22692 ids of 1 byte, the index says 6000 of 1
[1]
$ cp store/* bad; cp chars/vocabulary.json bad; recur train bad
! recur train: bad/vocabulary.json: it is damaged or belongs to another store: the index has another checksum for it
[1]
$ cp store/* bad; rm bad/00000.ids; recur train bad
! recur train: cannot read bad/00000.ids: No such file or directory
[1]
$ cp store/* bad; rm bad/store.json; recur train bad
! recur train: cannot read bad/store.json: No such file or directory
[1]
$ cp store/* bad; sed -i 's/"version": 1/"version": 2/' bad/store.json; recur train bad
! recur train: bad/store.json: it is the index of a store of version 2, and this build reads version 1
[1]
$ cp store/* bad; sed -i 's/}$//' bad/store.json; recur train bad
! recur train: bad/store.json: the index is not valid JSON at line 1, byte 330: expected a comma or }, got the end
[1]
