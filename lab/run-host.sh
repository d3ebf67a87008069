#!/bin/bash
# run-host.sh CGROUP COMMAND…: moves itself into a cgroup of its own in every hierarchy, because systemd hosts that share one
# collide; then runs the host, again after each reboot (exit code 133), until it powers off or this script is told to end.
set -u
group=$1
shift
join() {
  mkdir -p "$1/$group"
  if [ -f "$1/cpuset.cpus" ]; then
    at=$1
    for part in ${group//\// }; do
      cat "$at/cpuset.cpus" >"$at/$part/cpuset.cpus"
      cat "$at/cpuset.mems" >"$at/$part/cpuset.mems"
      at=$at/$part
    done
  fi
  echo $$ >"$1/$group/cgroup.procs"
}
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  join /sys/fs/cgroup
else
  for hierarchy in /sys/fs/cgroup/*/; do
    hierarchy=${hierarchy%/}
    [ -L "$hierarchy" ] || join "$hierarchy"
  done
fi
child=
trap '[ -n "$child" ] && kill "$child"; wait "$child"; exit 0' TERM
while :; do
  "$@" &
  child=$!
  wait "$child"
  code=$?
  [ "$code" = 133 ] || exit "$code"
done
