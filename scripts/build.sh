#!/usr/bin/env bash
# Builds the site and the server, and puts what can be started into target/run/<profile>: wisepay, and beside it hash.txt
# and site/, where the server looks for them.
# Usage: scripts/build.sh [release|dev]. The profile is the server's; the site is always the optimised, split one that
# ships, because that is what has to work.
set -euo pipefail
# shellcheck source=scripts/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

# With the locks, which name the tools.
readonly SITE_SOURCES=(
  app crates/domain frontend style public scripts/site.mjs tools/site-wasm end2end/package-lock.json
  Cargo.toml Cargo.lock Leptos.toml rust-toolchain.toml
)

# One number for all that the site is made of. Splitting, optimising and compressing take about half a minute even when
# nothing has changed; with this they are left out then.
site_fingerprint() {
  find "${SITE_SOURCES[@]}" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1
}

build_site() {
  local now
  now="$(site_fingerprint)"
  if [[ -d target/site && "$(cat target/site.made 2>/dev/null)" == "$now" ]]; then
    note "The site is up to date."
    return
  fi
  say "Building the site: WebAssembly, scripts and styles (about 5 minutes the first time) …"
  rm -f target/site.made
  node scripts/site.mjs || fail "The site does not build; the message above says why."
  echo "$now" >target/site.made
}

build_server() {
  local what=(--package server --bin wisepay --release) minutes=10
  # With the tests, exactly as `make test` compiles them: then nothing is compiled twice.
  [[ "$1" == release ]] || what=("${SERVER_CRATES[@]}" --bins --tests) minutes=6
  say "Building the server ($1; about $minutes minutes the first time) …"
  cargo build "${what[@]}" || fail "The server does not build; the compiler's message above says why."
}

# Copies, then renames: a demo that is running keeps its program, and nobody sees half a folder.
assemble() {
  local profile=$1 run="target/run/$1" folder=debug
  [[ "$profile" == release ]] && folder=release
  mkdir -p "$run"
  cp "$CARGO_TARGET_DIR/$folder/wisepay" "$run/wisepay.new"
  mv "$run/wisepay.new" "$run/wisepay"
  if ! cmp -s target/site.made "$run/site.made"; then
    rm -rf "$run/site.new" "$run/site.old"
    cp -r target/site "$run/site.new"
    [[ ! -d "$run/site" ]] || mv "$run/site" "$run/site.old"
    mv "$run/site.new" "$run/site"
    cp target/site.hash "$run/hash.txt"
    cp target/site.made "$run/site.made"
    rm -rf "$run/site.old"
  fi
}

build_all() {
  mkdir -p target
  build_site
  build_server "$1"
  assemble "$1"
}

# build release|dev
build() {
  case "$1" in
  release | dev) with_lock build_all "$1" ;;
  *) fail "WISEPAY_PROFILE is '$1'; set it to release or dev." ;;
  esac
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  need_site_tools
  build "${1:-release}"
fi
