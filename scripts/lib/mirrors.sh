# shellcheck shell=bash
# What this machine's own package sources mean for a sandbox: which hosts its clients talk to, and which of them have
# addresses that the guardian refuses unless the user says otherwise (mirrors in private networks). Sourced, never run.
# Every name is read from the machine or from the clients themselves; none is written here. Needs common.sh.

# host_of: URLs on standard input, their hosts on standard output, each once.
host_of() { sed -nE 's#^[a-z+]+://([^/@]*@)?([^/:]+).*#\2#p' | sort -u; }

# The URLs of apt's sources on this machine.
apt_sources() {
  # shellcheck disable=SC2016 # the dollar is apt's
  apt_targets '$(REPO_URI)' | sort -u
}

# client_hosts IMAGE: where pip and npm go by default, as they say themselves inside IMAGE; and Cargo on this machine.
client_hosts() {
  docker run --rm --network none "$1" sh -c '
    python3 -c "from pip._internal.models.index import PyPI; print(PyPI.netloc, PyPI.file_storage_domain, sep=chr(10))"
    npm config get registry' 2>/dev/null | sed -E 's#^[a-z]+://##; s#[/:].*##'
  local index
  for index in "${CARGO_HOME:-$HOME/.cargo}"/registry/index/*/config.json; do
    [ -e "$index" ] || continue
    sed -nE 's#.*"dl": *"([^"]*)".*#\1#p' "$index" | host_of
  done
}

# special_addresses HOST…: their addresses out of private, documentation and other special ranges, as networks.
special_addresses() {
  local host address
  for host in "$@"; do
    getent ahosts "$host" | awk '{ print $1 }' | sort -u
  done | sort -u | while read -r address; do
    case $address in
      127.* | ::1) ;; # the guardian's own loopback is never what was meant
      10.* | 192.168.* | 172.1[6-9].* | 172.2?.* | 172.3[01].*) echo "$address/32" ;;
      100.6[4-9].* | 100.[7-9]?.* | 100.1[01]?.* | 100.12[0-7].*) echo "$address/32" ;;
      192.0.2.* | 198.51.100.* | 203.0.113.* | 198.1[89].*) echo "$address/32" ;;
      f[cd]??:*) echo "$address/128" ;;
    esac
  done
}

# The certificates that this machine trusts: a sandbox needs them where TLS is re-signed on the way.
ca_bundle() {
  local file
  for file in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt; do
    if [ -n "$file" ] && [ -s "$file" ]; then
      echo "$file"
      return
    fi
  done
}
