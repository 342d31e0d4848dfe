#!/usr/bin/env bash
# What every script here shares: where things are, how they speak, and one lock. Sourced, never run.
# Installs nothing and starts nothing; that is tools.sh, postgres.sh and demo.sh. Makes the shared folder this clone's.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$ROOT"

# Tools and compiled dependencies outlive a clone: a second clone of the repository finds them ready.
CACHE="${WISEPAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wisepay}"
mkdir -p "$CACHE/target" || { echo "make: $CACHE cannot be written; set WISEPAY_CACHE to a folder that can." >&2; exit 1; }
CACHE="$(cd "$CACHE" && pwd)"

# Two things keep clones apart there. Whoever builds holds the lock until the results are copied into the clone's own
# target/run, and only the copies are ever started, so no clone can run the program of another. And cargo names this
# workspace's crates by their path within it, so that one clone's results would pass for another's: whoever builds after
# another clone throws them away first; compiled dependencies stay.
export CARGO_TARGET_DIR="$CACHE/target"

# Playwright must not fetch a browser of its own: Debian's Chromium is used.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1
export CARGO_TERM_PROGRESS_WHEN=auto

# The tools of this repository come before those of the machine: wasm-opt above all, whose Debian version is years too old.
export PATH="$ROOT/end2end/node_modules/.bin:$CACHE/tools/bin:$HOME/.cargo/bin:$PATH"

# mold links in a fraction of the time. Not in a .cargo/config.toml, which would break machines that have no mold.
if command -v mold >/dev/null && command -v clang >/dev/null; then
  export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=clang
  export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C link-arg=-fuse-ld=mold"
fi

# The server's half of the workspace, always named as a whole: leptos' features ssr and hydrate must never meet in one
# build, so frontend is left out; and a dependency's features are those of all crates that a command names, so that a
# command which named fewer would compile the dependencies once more.
# shellcheck disable=SC2034 # used by those who source this
SERVER_CRATES=(
  --package domain --package migrations --package store --package connectors --package documents --package simulators
  --package engine --package app --package server
)

say() { printf '\n==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }

# Ends the script with one sentence that says what to do.
fail() {
  printf '\nmake: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# 1 min 23 s
duration() {
  local seconds=$1
  if ((seconds < 60)); then printf '%d s' "$seconds"; else printf '%d min %02d s' $((seconds / 60)) $((seconds % 60)); fi
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    fail "Installing system packages needs root: run this as root, or install sudo."
  fi
}

# Makes the shared folder this clone's.
own_target() {
  local mark="$CARGO_TARGET_DIR/.clone" crates=() crate
  [[ "$(cat "$mark" 2>/dev/null)" == "$ROOT" ]] && return
  for crate in "${SERVER_CRATES[@]}" frontend; do
    [[ "$crate" == --package ]] || crates+=(-o -name "$crate-*")
  done
  find "$CARGO_TARGET_DIR" -path '*/.fingerprint/*' -prune -type d \( "${crates[@]:1}" \) -exec rm -rf {} +
  echo "$ROOT" >"$mark"
}

# Runs a command while no other make of this machine builds into the shared folder. Nested calls pass through.
# The name of the mark does not begin with WISEPAY_: the server refuses settings that it does not know.
with_lock() {
  if [[ -n "${BUILD_LOCK_HELD:-}" ]] || ! have flock; then
    "$@"
    return
  fi
  exec 9>"$CACHE/lock"
  if ! flock --nonblock 9; then
    note "Waiting for another build on this machine to finish …"
    flock 9
  fi
  # Not `( … ) || code=$?`: there bash would go on after a command that failed.
  local code
  set +e
  (
    set -e
    export BUILD_LOCK_HELD=1
    own_target
    "$@"
  )
  code=$?
  set -e
  exec 9>&-
  return "$code"
}

# A TCP port on loopback that nothing listens on, from outside the range that the system hands out by itself.
free_port() {
  local port
  for _ in {1..50}; do
    port=$((20000 + RANDOM % 12000))
    if ! port_taken "$port"; then
      echo "$port"
      return
    fi
  done
  fail "No free port was found on 127.0.0.1; stop some servers and try again."
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# For those who call cargo themselves after sourcing this.
[[ "$(cat "$CARGO_TARGET_DIR/.clone" 2>/dev/null)" == "$ROOT" ]] || with_lock true
