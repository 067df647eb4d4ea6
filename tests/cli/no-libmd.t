# A build without libmd cannot check what it fetched, and says so each time.
# needs: recur --version | grep -q libcurl && ! recur --version | grep -q libmd

$ mkdir mirror; yes | head -c 178979 > mirror/timemachine.txt; RECUR_DATA=d RECUR_MIRROR=file://$PWD/mirror recur fetch time_machine
d/timemachine.txt
! recur fetch: downloading time_machine
! recur fetch: warning: whether d/timemachine.txt is time_machine is unchecked: this build has no libmd
$ RECUR_DATA=d recur fetch time_machine
d/timemachine.txt
! recur fetch: warning: whether d/timemachine.txt is time_machine is unchecked: this build has no libmd
$ RECUR_DATA=d recur vocab time_machine | head -1
1. Lines: 1
! recur vocab: warning: whether d/timemachine.txt is time_machine is unchecked: this build has no libmd
