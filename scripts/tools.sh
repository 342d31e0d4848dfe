#!/usr/bin/env bash
# Installs what a target needs and the machine lacks; says so, and is silent when nothing is missing.
# Sourced by the other scripts. Run by itself (`scripts/tools.sh`) it prepares everything for `make test`.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

CARGO_DENY_VERSION=0.20.2
NEXTEST_VERSION=0.9.151
NEXTEST_OLDEST=0.9.100
# rustup-init as the Rust project serves it, and what it must hash to.
RUSTUP_VERSION=1.28.2
declare -A RUSTUP_SHA256=(
  [x86_64]=20a06e644b0d9bd2fbdbfd52d42540bdde820ea7df86e92e533c073da0cdd43c
  [aarch64]=e3853c5a252fca15252d07cb23a1bdd9377a8c6f3efa01531109281ae47f841c
)
NODE_OLDEST=20
NODE_VERSION=22.23.3 # of the npm package `node`, for machines whose own Node is older

# ---- system packages ------------------------------------------------------------------------------------------------

# need_packages package:command-or-path … installs the packages whose command or file is missing.
need_packages() {
  local missing
  missing="$(missing_packages "$@")"
  [[ -z "$missing" ]] && return
  have apt-get || fail "This machine has no apt-get; install these yourself, then run make again: $missing."
  apt_install "$missing"
}

# The same for what only makes things quicker: nothing is said where apt-get is missing.
want_packages() {
  local missing
  missing="$(missing_packages "$@")"
  [[ -n "$missing" ]] && have apt-get || return 0
  (apt_install "$missing") || note "Going on without $missing; linking takes longer then."
}

missing_packages() {
  local pair sign missing=()
  for pair in "$@"; do
    sign="${pair#*:}"
    if [[ "$sign" == /* ]]; then
      compgen -G "$sign" >/dev/null || missing+=("${pair%%:*}")
    else
      have "$sign" || missing+=("${pair%%:*}")
    fi
  done
  echo "${missing[*]}"
}

apt_install() {
  local packages
  read -ra packages <<<"$1"
  say "Installing system packages: ${packages[*]} …"
  if [[ -z "${APT_UPDATED:-}" ]]; then
    as_root apt-get update -qq || fail "apt-get update failed; check the network, then run make again."
    export APT_UPDATED=1
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
    fail "apt-get could not install ${packages[*]}; install them yourself, then run make again."
}

need_build_packages() {
  need_packages build-essential:cc pkg-config:pkg-config curl:curl ca-certificates:/etc/ssl/certs/ca-certificates.crt
  local had_mold=no
  have mold && have clang && had_mold=yes
  want_packages clang:clang mold:mold
  # lib.sh looked for the linker before it was there.
  if [[ "$had_mold" == no ]]; then source "$ROOT/scripts/lib.sh"; fi
}

need_browser() {
  need_packages chromium:chromium "fonts-liberation:/usr/share/fonts/truetype/liberation*"
  CHROMIUM="${CHROMIUM:-$(command -v chromium)}"
  export CHROMIUM
}

# ---- Rust -----------------------------------------------------------------------------------------------------------

# Into ~/.cargo and ~/.rustup, as https://rustup.rs would; no shell's start-up file is touched.
install_rustup() {
  local machine sum init
  machine="$(uname -m)"
  sum="${RUSTUP_SHA256[$machine]:-}"
  [[ -n "$sum" ]] || fail "Rust is missing: install rustup as https://rustup.rs describes, then run make again."
  say "Installing rustup $RUSTUP_VERSION …"
  init="$(mktemp)"
  curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location --output "$init" \
    "https://static.rust-lang.org/rustup/archive/$RUSTUP_VERSION/$machine-unknown-linux-gnu/rustup-init" ||
    fail "rustup could not be fetched; check the network, then run make again."
  sha256sum --check --status <<<"$sum  $init" || fail "rustup did not arrive whole; run make again."
  chmod +x "$init"
  # The program goes by its name: under any other it would not set itself up.
  (exec -a rustup-init "$init" -y --quiet --no-modify-path --default-toolchain none) ||
    fail "rustup could not be installed; its message above says why."
  rm -f "$init"
}

need_rust() {
  have rustup || install_rustup
  local channel
  channel="$(sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml)"
  if ! rustup toolchain list | grep -q "^$channel"; then
    say "Installing Rust $channel (about 1 minute, once) …"
    rustup toolchain install "$channel" --profile minimal --component rustfmt --component clippy ||
      fail "Rust $channel could not be installed; check the network, then run make again."
  fi
  if ! rustup target list --installed --toolchain "$channel" | grep -q '^wasm32-unknown-unknown$'; then
    say "Installing the WebAssembly target of Rust $channel …"
    rustup target add wasm32-unknown-unknown --toolchain "$channel" ||
      fail "The target wasm32-unknown-unknown could not be installed; check the network, then run make again."
  fi
}

# need_cargo_tool package version minutes "how it says its version" [flags of cargo install …]
need_cargo_tool() {
  local package=$1 version=$2 minutes=$3 ask=$4 found quiet=()
  shift 4
  found="$($ask 2>/dev/null | sed -n '1s/^[^ ]* \([0-9.]*\).*/\1/p')" || true
  [[ "$found" == "$version" ]] && return
  say "Installing $package $version (about $minutes minutes, once) …"
  [[ -t 2 ]] || quiet=(--quiet)
  # A tool is built once and runs for seconds: optimising it fully would cost more than it gives back.
  with_lock env CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_TARGET_DIR="$CACHE/tools-build" \
    cargo install "${quiet[@]}" --root "$CACHE/tools" "$package" --version "$version" --force "$@" ||
    fail "$package $version could not be installed; check the network, then run make again."
}

need_cargo_deny() { need_cargo_tool cargo-deny "$CARGO_DENY_VERSION" 2 "cargo deny --version" --locked; }

# Any recent cargo-nextest will do; one is installed only where there is none.
need_nextest() {
  local found
  found="$(cargo nextest --version 2>/dev/null | sed -n '1s/^[^ ]* \([0-9.]*\).*/\1/p')" || true
  [[ -n "$found" && "$(printf '%s\n' "$NEXTEST_OLDEST" "$found" | sort -V | head -n 1)" == "$NEXTEST_OLDEST" ]] && return
  need_cargo_tool cargo-nextest "$NEXTEST_VERSION" 5 "cargo nextest --version" --locked
}

# ---- Node -----------------------------------------------------------------------------------------------------------

# Node and the packages of end2end: Playwright, axe, and what scripts/site.mjs makes the site small with.
need_node() {
  need_packages nodejs:node npm:npm
  local major
  major="$(node --version | sed 's/^v\([0-9]*\).*/\1/')"
  if ((major < NODE_OLDEST)); then
    if [[ ! -x "$CACHE/node/node_modules/.bin/node" ]]; then
      say "Installing Node $NODE_VERSION, because this machine's is $major …"
      npm install --loglevel=error --no-package-lock --no-save --prefix "$CACHE/node" "node@$NODE_VERSION" ||
        fail "Node $NODE_VERSION could not be installed; install Node $NODE_OLDEST or newer, then run make again."
    fi
    export PATH="$CACHE/node/node_modules/.bin:$PATH"
  fi
  # npm writes this file last, so it is older than the lock after every change of the lock.
  if [[ ! end2end/node_modules/.package-lock.json -nt end2end/package-lock.json ]]; then
    say "Installing the Node packages of end2end (some seconds) …"
    npm ci --prefix end2end --loglevel=error || fail "The Node packages could not be installed; check the network, then run make again."
    touch end2end/node_modules/.package-lock.json
  fi
}

# ---- what the targets ask for ---------------------------------------------------------------------------------------

need_site_tools() {
  need_build_packages
  need_rust
  need_node
}

need_check_tools() {
  need_build_packages
  need_rust
  need_cargo_deny
}

need_test_tools() {
  need_site_tools
  need_cargo_deny
  need_nextest
  need_browser
  need_packages "postgresql:/usr/lib/postgresql/*/bin/initdb"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  need_test_tools
  note "Everything is installed."
fi
