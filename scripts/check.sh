#!/usr/bin/env bash
# make check: everything that can be said about the code without running it. Goes on after a failure and names them all.
set -euo pipefail
# shellcheck source=scripts/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

# What must never reach the browser (docs/adr/0006-lazy-routes.md): each would add a runtime, a database or a random source.
readonly WASM_BLOCKED='tokio|hyper|axum|sea-orm|sqlx|rustls|reqwest|rand|getrandom|chrono-tz'

failed=()
# check "what" command … : the command's own words are the explanation.
check() {
  local what=$1
  shift
  say "$what"
  "$@" || failed+=("$what")
}

lock_is_current() {
  cargo metadata --locked --format-version 1 >/dev/null ||
    { echo "Cargo.lock does not fit the manifests; run cargo metadata and commit Cargo.lock."; return 1; }
}

clippy_server() { cargo clippy "${SERVER_CRATES[@]}" --features app/ssr --all-targets -- -D warnings; }

# tools/site-wasm is no member of the workspace.
format() { cargo fmt --all --check && cargo fmt --manifest-path tools/site-wasm/Cargo.toml --check; }

licences() { licences_of Cargo.toml && licences_of tools/site-wasm/Cargo.toml; }

licences_of() { cargo deny --config deny.toml --manifest-path "$1" --log-level error check licenses bans sources; }

clippy_browser() { cargo clippy --package frontend --target wasm32-unknown-unknown -- -D warnings; }

wasm_block_list() {
  local found
  found="$(cargo tree --package frontend --target wasm32-unknown-unknown --edges normal,no-proc-macro --prefix none |
    cut -d ' ' -f 1 | sort -u | grep -Ex "$WASM_BLOCKED" || true)"
  [[ -z "$found" ]] ||
    { echo "The browser would load ${found//$'\n'/, }; find out who asks for it with: cargo tree -p frontend --target wasm32-unknown-unknown -i ${found%%$'\n'*}"; return 1; }
}

# Leptos 0.8 writes these unescaped into the server's HTML. Each has its component, which escapes.
html_sinks() {
  local bad=0
  if grep -rnE '<textarea' app/src --include='*.rs' | grep -v '^app/src/components/text_area.rs:'; then
    echo "Use components/text_area.rs, which escapes its text, instead of <textarea>."
    bad=1
  fi
  if grep -rnE '<Title([ />]|$)' app/src --include='*.rs' | grep -v '^app/src/components/page_title.rs:'; then
    echo "Use components/page_title.rs, which escapes its text, instead of <Title>."
    bad=1
  fi
  # A literal cannot carry anybody's text. Two places put back what our own components have rendered and escaped: the
  # server's drawing of a page, and the result page's fresh copy of itself.
  if grep -rnE 'inner_html *(=|\()' app/src --include='*.rs' | grep -vE 'inner_html="' |
    grep -vE '^app/src/(components/drawn|pages/pay/live)\.rs:'; then
    echo "inner_html may be given a literal only; render a component instead."
    bad=1
  fi
  return "$bad"
}

# Addresses of one machine's package mirror have no place in a lock file.
npm_lock() {
  ! grep -n '"resolved"' end2end/package-lock.json ||
    { echo "end2end/package-lock.json names download addresses; run npm install in end2end again, with its .npmrc in place."; return 1; }
}

types() { (cd end2end && tsc --noEmit); }

scripts() { shellcheck --external-sources scripts/*.sh .ci/run; }

need_check_tools
need_node
check "Cargo.lock fits" lock_is_current
check "Formatting (cargo fmt)" format
check "Sources: no unescaped HTML" html_sinks
check "npm lock names no addresses" npm_lock
check "Types of the browser tests (tsc)" types
if have shellcheck; then check "Scripts (shellcheck)" scripts; else note "shellcheck is not installed, so the scripts are not checked."; fi
check "Licences, bans and sources (cargo-deny)" licences
check "Nothing of the server in the browser" wasm_block_list
check "Clippy, server side" with_lock clippy_server
check "Clippy, browser side" with_lock clippy_browser

if ((${#failed[@]} > 0)); then
  printf '\nfailed: %s\n' "${failed[@]}"
  fail "${#failed[@]} checks failed; each says above what to do."
fi
note "All checks passed."
