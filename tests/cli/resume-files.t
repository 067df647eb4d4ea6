# What a checkpoint may say about files: which texts of its own folder it reads, and nothing else. Whoever made the checkpoint may be somebody else.

$ printf 'a b c d e f g h\n%.0s' $(seq 40) > text; mkdir run elsewhere; cp text run/text; cd run; recur train text --quiet --hidden 4 --batch 4 --steps 5 --epochs 2 --checkpoint-every 7 -o m.safetensors > ../out; cp m.safetensors ../whole; ls
m.checkpoint.safetensors
m.safetensors
text
# Where the text and the model lie in the checkpoint's folder it is enough to name the checkpoint, from wherever, and wherever the folder is now.
$ rm run/m.safetensors; recur train --resume run/m.checkpoint.safetensors | cmp - out; cmp run/m.safetensors whole; mv run moved; rm moved/m.safetensors; cd elsewhere; recur train --resume ../moved/m.checkpoint.safetensors | cmp - ../out; cmp ../moved/m.safetensors ../whole; rm ../moved/m.safetensors; recur train --resume "$PWD/../moved/m.checkpoint.safetensors" | cmp - ../out; cmp ../moved/m.safetensors ../whole; ls; cd ..; mv moved run
# A text elsewhere is to be given again, by whatever path it was given; then the run goes on as ever.
$ recur train text --quiet --hidden 4 --batch 4 --steps 5 --epochs 2 --checkpoint-every 7 -o run/t.safetensors > out2; recur train --resume run/t.checkpoint.safetensors 2>&1 | sed "s|$PWD|HERE|"; recur train --resume run/t.checkpoint.safetensors text | cmp - out2; cmp run/t.safetensors whole; cd run; recur train --resume t.checkpoint.safetensors 2>&1 | sed "s|${PWD%/*}|HERE|"
recur train: the text HERE/text is not in the checkpoint's folder, and a checkpoint does not decide that other files are read; give the text again, after --resume FILE
recur train: the text HERE/text is not in the checkpoint's folder, and a checkpoint does not decide that other files are read; give the text again, after --resume FILE
# Standard input too.
$ recur train - < text --quiet --hidden 4 --batch 4 --steps 5 --epochs 2 --checkpoint-every 7 -o run/s.safetensors > out2; cp run/s.safetensors whole-s; recur train --resume run/s.checkpoint.safetensors < text; recur train --resume run/s.checkpoint.safetensors - < text | cmp - out2; cmp run/s.safetensors whole-s
! recur train: the run read its text from standard input; give it again, after --resume FILE, as - or in a file
# The command that goes on says all that a checkpoint may not.
$ recur train text --quiet --hidden 8 --batch 4 --steps 5 --epochs 1000000 -o 'run/i.safetensors' --log 'the log' --report r --plot p.svg --checkpoint-every 1000000 > out2 2> err & until [ -s 'the log' ]; do sleep 0.01; done; kill -INT $!; wait $!; sed 's/.*; //' err
go on with recur train --resume run/i.checkpoint.safetensors --log "the log" --report r --plot p.svg text

# No file is written because a checkpoint names it.
$ echo precious > victim; note() { $CASES/renote run/m.checkpoint.safetensors evil.checkpoint.safetensors "--quiet --hidden=4 --batch=4 --steps=5 --epochs=2 --checkpoint-every=7 $1" text; }; for o in log report plot; do note "--output=m.safetensors --$o=$PWD/victim"; recur train --resume evil.checkpoint.safetensors -o m.safetensors 2>&1 > out2 | sed "s|$PWD|HERE|"; done; cat victim
recur train: warning: the run began with --log HERE/victim; a checkpoint does not decide what is written: give --log again to have it
recur train: warning: the run began with --report HERE/victim; a checkpoint does not decide what is written: give --report again to have it
recur train: warning: the run began with --plot HERE/victim; a checkpoint does not decide what is written: give --plot again to have it
precious
$ note() { $CASES/renote run/m.checkpoint.safetensors evil.checkpoint.safetensors "--quiet --hidden=4 --batch=4 --steps=5 --epochs=2 --checkpoint-every=7 $1" text; }; note "--output=$PWD/victim"; recur train --resume evil.checkpoint.safetensors 2>&1 | sed "s|$PWD|HERE|"; note --output=elsewhere/evil; recur train --resume evil.checkpoint.safetensors | wc -l; ls elsewhere; rm evil; cat victim
recur train: --output is needed: the run began with HERE/victim, and a checkpoint does not decide what is written
2
precious
# The model goes beside the checkpoint, in place of no other file and through no link.
$ note() { $CASES/renote run/m.checkpoint.safetensors $1.checkpoint.safetensors "--output=$1 --quiet --hidden=4 --batch=4 --steps=5 --epochs=2" text; }; note victim; recur train --resume victim.checkpoint.safetensors; cat victim; ln -s "$PWD/new" link; note link; recur train --resume link.checkpoint.safetensors; ls new; : > empty; note empty; recur train --resume empty.checkpoint.safetensors > out2; cmp empty whole
precious
! recur train: --output is needed: victim is not a model but another file or a link, and a checkpoint does not decide that it is replaced
! recur train: --output is needed: link is not a model but another file or a link, and a checkpoint does not decide that it is replaced
! ls: cannot access 'new': No such file or directory
# Nor is a file read that does not lie in the folder, or that is no file.
$ mkdir box; ln -s "$PWD/text" box/link; ln -s .. box/up; mkfifo box/pipe; mkdir box/folder; cp text box/text; ln -s text box/inside; for t in /dev/zero "$PWD/text" ../text up/text link pipe folder '' - missing ../box/text inside; do $CASES/renote run/m.checkpoint.safetensors box/m.checkpoint.safetensors "--quiet --hidden=4 --batch=4 --steps=5 --epochs=2 --output=m.safetensors" "$t"; echo "$t:" | sed "s|$PWD|HERE|"; timeout 10 recur train --resume box/m.checkpoint.safetensors 2>&1 < text | sed "s|$PWD|HERE|; s/^perplexity .*/it goes on/" | head -1; done
/dev/zero:
recur train: the text /dev/zero is not in the checkpoint's folder, and a checkpoint does not decide that other files are read; give the text again, after --resume FILE
HERE/text:
recur train: the text HERE/text is not in the checkpoint's folder, and a checkpoint does not decide that other files are read; give the text again, after --resume FILE
../text:
recur train: the text ../text is not in the checkpoint's folder, and a checkpoint does not decide that other files are read; give the text again, after --resume FILE
up/text:
recur train: the text up/text is not in the checkpoint's folder, and a checkpoint does not decide that other files are read; give the text again, after --resume FILE
link:
recur train: the text link is not in the checkpoint's folder, and a checkpoint does not decide that other files are read; give the text again, after --resume FILE
pipe:
recur train: the text pipe is neither a regular file nor a store; give the text again, after --resume FILE
folder:
recur train: the text folder is neither a regular file nor a store; give the text again, after --resume FILE
:
recur train: an argument is empty; usage: recur train [OPTIONS] [TEXT ...]
-:
recur train: the run read its text from standard input; give it again, after --resume FILE, as - or in a file
missing:
recur train: cannot read box/missing: No such file or directory; give the text again, after --resume FILE
../box/text:
it goes on
inside:
it goes on
$ $CASES/renote run/m.checkpoint.safetensors run/e.checkpoint.safetensors '--quiet --hidden=4 --batch=4 --steps=5 --epochs=2 --output=e' text; cd elsewhere; recur train --resume - -o e < ../run/e.checkpoint.safetensors
! recur train: cannot read text: No such file or directory; give the text again, after --resume FILE
[1]
# Nothing is downloaded, and a file of a dataset's name is no dataset.
$ for t in '' time_machine; do $CASES/renote run/m.checkpoint.safetensors p.checkpoint.safetensors '--preset=d2l-rnn --output=p.safetensors' $t; RECUR_DATA=$PWD/data recur train --resume p.checkpoint.safetensors; done; ls data; cd elsewhere; touch time_machine; RECUR_DATA=$PWD/data recur train --resume ../p.checkpoint.safetensors; touch ../time_machine; RECUR_DATA=$PWD/data recur train --resume ../p.checkpoint.safetensors
! recur train: time_machine is not on this machine, and a checkpoint does not decide what is downloaded: recur fetch time_machine does it
! recur train: time_machine is not on this machine, and a checkpoint does not decide what is downloaded: recur fetch time_machine does it
! ls: cannot access 'data': No such file or directory
! recur train: time_machine is not on this machine, and a checkpoint does not decide what is downloaded: recur fetch time_machine does it
! recur train: ../time_machine has no tokens (0 bytes were read)
[1]
