# A build without libmicrohttpd says so.
# needs: ! recur --version | grep -q libmicrohttpd

$ recur train --quiet --hidden 4 --epochs 1 > out; recur serve
! recur serve: this build of recur has no libmicrohttpd, with which it serves; make installs it on Debian and Ubuntu
[1]
