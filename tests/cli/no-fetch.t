# A build without libcurl says so, and what can be done.
# needs: ! recur --version | grep -q libcurl

$ RECUR_DATA=none recur fetch time_machine 2>&1 | sed 's/file:[^ ]*:/URL:/'
recur fetch: downloading time_machine
recur fetch: cannot download time_machine from URL: this build has no libcurl; put the file at none/timemachine.txt or set RECUR_DATA to the folder that holds it
