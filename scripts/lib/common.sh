# shellcheck shell=bash
# What every script here shares. Sourced, never run.

# The folder that holds Cargo.toml.
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# The script that people see in messages.
script=scripts/$(basename "$0")

say() { printf '%s: %s\n' "$script" "$*" >&2; }

# fail MESSAGE [HINT]
fail() {
  printf 'error: %s: %s\n' "$script" "$1" >&2
  [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }

engine_answers() { command -v docker >/dev/null && docker info >/dev/null 2>&1; }

have_image() { docker image inspect "$1" >/dev/null 2>&1; }

# install PACKAGE…: from the machine's own mirror, without recommended packages.
install_packages() {
  is_root || fail "$* must be installed, and that needs root" "run as root: apt-get install --no-install-recommends $*"
  say "installs with apt: $*"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Rust, and the C compiler's linker and static libc that it links with.
need_rust() {
  command -v cargo >/dev/null || fail "there is no cargo on PATH" "install Rust 1.95 or later"
  command -v cc >/dev/null || install_packages gcc libc6-dev
}

# What the tests of the page drive: Chromium, without a screen.
need_browser() {
  command -v chromium >/dev/null && command -v chromedriver >/dev/null || install_packages chromium chromium-driver
}

# What reads the metrics in tests: Prometheus' own tool.
need_promtool() {
  command -v promtool >/dev/null || install_packages prometheus
}

# apt_targets FORMAT: what apt knows of its sources; asked anew, in a folder of its own, where its lists are empty.
apt_targets() {
  local found lists
  found=$(apt-get indextargets --format "$1" 'Created-By: Packages' 2>/dev/null)
  if [ -z "$found" ]; then
    lists=$(mktemp -d)
    mkdir "$lists/partial"
    apt-get -qq -o Dir::State::lists="$lists" -o Debug::NoLocking=1 update >/dev/null 2>&1 || true
    found=$(apt-get -o Dir::State::lists="$lists" indextargets --format "$1" 'Created-By: Packages')
    rm -rf "$lists"
  fi
  printf '%s\n' "$found"
}

# debian_mirror: the mirror that this machine takes Debian's main archive from.
debian_mirror() {
  # shellcheck disable=SC2016 # the dollars are apt's
  apt_targets '$(LABEL) $(REPO_URI)' | awk '$1 == "Debian" && !seen++ { print $2 }'
}

# cargo_output PROFILE: the folder that `cargo build` leaves its programs in (one level down: a target is named).
cargo_output() {
  printf '%s/%s/%s\n' "${CARGO_TARGET_DIR:-$repository/target}" "$(rustc -vV | sed -n 's/^host: //p')" "$1"
}
