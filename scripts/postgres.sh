#!/usr/bin/env bash
# A private PostgreSQL for the tests: temporary folder, free port, no durability, stopped when the script ends.
# Sourced by test.sh, or run around a command: scripts/postgres.sh cargo nextest run -p store
set -euo pipefail
# shellcheck source=scripts/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

PG_FOLDER=

# PostgreSQL refuses to run as root.
as_postgres() {
  if ((EUID == 0)); then runuser -u postgres -- "$@"; else "$@"; fi
}

# Sets TEST_POSTGRES_URL.
start_postgres() {
  local port
  PG_BIN="$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)"
  [[ -n "$PG_BIN" ]] || PG_BIN="$(command -v initdb)" || fail "PostgreSQL is missing; install the package postgresql, then run make again."
  PG_BIN="$(dirname "$PG_BIN")"
  PG_FOLDER="$(mktemp -d)"
  chmod 711 "$PG_FOLDER"
  ((EUID != 0)) || chown postgres "$PG_FOLDER"
  port="$(free_port)"
  # Started in its own folder: the user postgres may not enter the clone's.
  (
    cd "$PG_FOLDER"
    as_postgres "$PG_BIN/initdb" --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >log.initdb 2>&1
    # What is lost in a crash is a test: nothing is flushed to disk.
    as_postgres "$PG_BIN/pg_ctl" start --pgdata=data --wait --timeout=60 --log=data/log --options="-p $port -k $PG_FOLDER \
      -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=400 \
      -c shared_buffers=128MB" >/dev/null 9>&-
  ) || {
    tail -n 20 "$PG_FOLDER/log.initdb" "$PG_FOLDER/data/log" >&2 2>/dev/null || true
    stop_postgres
    fail "PostgreSQL did not start; its last words stand above."
  }
  export TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
}

stop_postgres() {
  [[ -n "$PG_FOLDER" ]] || return 0
  (cd "$PG_FOLDER" && as_postgres "$PG_BIN/pg_ctl" stop --pgdata=data --mode=immediate >/dev/null 2>&1) || true
  rm -rf "$PG_FOLDER"
  PG_FOLDER=
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  need_packages "postgresql:/usr/lib/postgresql/*/bin/initdb"
  trap stop_postgres EXIT
  start_postgres
  echo "TEST_POSTGRES_URL=$TEST_POSTGRES_URL"
  "$@"
fi
