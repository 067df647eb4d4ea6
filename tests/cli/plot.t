# The curves as a picture.
# needs: recur --version | grep -q cairo

$ recur train --quiet --hidden 6 --epochs 3 -o m --plot curve.svg > out && grep -c '</svg>' curve.svg
1
$ recur train --quiet --hidden 6 --epochs 1 -o m --plot curve.png > out && head -c 4 curve.png | tail -c 3
PNG
# One epoch is a dot on either curve.
$ recur train --quiet --hidden 6 --epochs 1 -o m --plot curve.svg > out && grep -Eo 'stroke-width[:=]"?8[;"]' curve.svg | wc -l
2
$ recur train --plot missing/curve.svg
! recur train: --plot: cannot write missing/curve.svg: missing: No such file or directory
[1]
$ recur train --report a.svg --plot a.svg
! recur train: --report and --plot are one file, a.svg
[2]
$ ls
curve.png
curve.svg
m
out
