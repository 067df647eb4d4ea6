# The curves as a PNG.
# needs: recur --version | grep -q cairo

$ recur train --quiet --hidden 6 --epochs 3 -o m --plot curve.png > out && head -c 4 curve.png | tail -c 3; od -An -tx1 -j 16 -N 8 curve.png
PNG 00 00 08 70 00 00 04 7c
$ recur train --quiet --hidden 6 --epochs 1 -o m --plot curve.png > out && tail -c 8 curve.png | head -c 4
IEND
