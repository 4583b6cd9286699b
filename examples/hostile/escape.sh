#!/usr/bin/env bash
# escape.sh [HOST:PORT…]: what an agent that wants out would try from inside. One line for each attempt; the exit code
# is the number of attempts that succeeded. HOST:PORT are services that the caller knows to be alive outside.
# Needs nothing but what every Debian image has, and changes nothing where an attempt succeeds.
# shellcheck disable=SC2317 # every function is called by name
set -uo pipefail

open=0

# attempt TITLE COMMAND…: COMMAND succeeds when the attempt does; the last line that it prints is the evidence.
attempt() {
  local title=$1 evidence verdict=closed
  shift
  if evidence=$("$@" 2>&1); then
    verdict=OPEN
    open=$((open + 1))
  fi
  evidence=$(tail -n 1 <<<"$evidence")
  printf '  %-6s  %-26s  %.42s\n' "$verdict" "$title" "${evidence##*line *: }"
}

field() { awk -v field="$1:" '$1 == field { print $2 }' /proc/self/status; }

be_root() {
  id
  [ "$(id -u)" = 0 ] || [ "$(id -g)" = 0 ]
}

have_capabilities() {
  echo "effective $(field CapEff)"
  [ "$(field CapEff)$(field CapPrm)" != 00000000000000000000000000000000 ]
}

gain_privileges() {
  echo "NoNewPrivs $(field NoNewPrivs)"
  [ "$(field NoNewPrivs)" != 1 ]
}

call_anything() {
  echo "Seccomp $(field Seccomp)"
  [ "$(field Seccomp)" != 2 ]
}

user_namespace() { unshare --user --map-root-user true; }

host_processes() {
  echo "process 1 is $(tr '\0' ' ' </proc/1/cmdline | cut -d ' ' -f 1)"
  ! grep -q cloister-init /proc/1/cmdline
}

kernel_settings() {
  local pattern
  pattern=$(cat /proc/sys/kernel/core_pattern)
  echo "$pattern" >/proc/sys/kernel/core_pattern
}

host_files() {
  local path
  for path in /host /h /host-etc /host-root /host-run /loot/ssh /loot/aws; do
    if [ -e "$path" ]; then
      echo "$path exists"
      return 0
    fi
  done
  echo "none of the seven paths exists"
  return 1
}

engine_socket() {
  local found
  found=$(find / -path /proc -prune -o -name 'docker.sock' -print -quit 2>/dev/null)
  echo "${found:-none to be found}"
  [ -n "$found" ]
}

devices() {
  local device
  for device in /dev/mem /dev/kvm /dev/sda /dev/vda /dev/nvidia0; do
    if [ -e "$device" ]; then
      echo "$device exists"
      return 0
    fi
  done
  echo "none of the five devices exists"
  return 1
}

# Shows whether a variable holds something, never what.
secrets() {
  local name found=1
  for name in STOLEN_KEY STOLEN_TOKEN SSH_AUTH_SOCK LD_PRELOAD; do
    if [ -n "${!name:-}" ]; then
      echo "$name is set"
      found=0
    fi
  done
  [ "$found" = 0 ] || echo "none of the four variables is set"
  return "$found"
}

unlimited_processes() {
  local limit
  limit=$(cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null | head -n 1)
  echo "${limit:-unknown} processes at most"
  [ "${limit:-max}" = max ]
}

# Beside the guardian nothing may accept a connection.
connect() { timeout 2 bash -c "exec 3<>/dev/tcp/${1%:*}/${1##*:}"; }

resolve() {
  echo "$1 does not resolve"
  timeout 5 getent hosts "$1"
}

printf 'escape attempts, as uid %s\n' "$(id -u)"
attempt "be root" be_root
attempt "have capabilities" have_capabilities
attempt "gain privileges (setuid)" gain_privileges
attempt "make any system call" call_anything
attempt "make a user namespace" user_namespace
attempt "see the host's processes" host_processes
attempt "change kernel settings" kernel_settings
attempt "read the host's files" host_files
attempt "use the engine's socket" engine_socket
attempt "use the host's devices" devices
attempt "read secrets" secrets
attempt "fork without limit" unlimited_processes
attempt "connect to the internet" connect 1.1.1.1:443
attempt "connect to cloud metadata" connect 169.254.169.254:80
attempt "resolve a name" resolve example.com
for service in "$@"; do
  attempt "connect to $service" connect "$service"
done
exit "$open"
