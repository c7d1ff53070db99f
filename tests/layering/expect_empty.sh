#!/bin/sh
# Fails, and shows it, if the file holds anything.
[ ! -s "$1" ] && exit 0
echo "this dependency path is forbidden:"
cat "$1"
exit 1
