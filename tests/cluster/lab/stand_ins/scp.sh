#!/bin/sh
# Stand-in for scp on a lab's machine: files go to an outbox, from where the lab takes them to the other machine.
for last; do :; done
box=/run/lab/scp/${last%%:*}
mkdir -p "$box" || exit 1
while [ $# -gt 1 ]; do
	cp -p "$1" "$box/" || exit 1
	shift
done
