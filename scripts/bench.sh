#!/usr/bin/env bash
# make bench: pages and payments a second on SQLite and on PostgreSQL, beside bare handlers on the same databases in the
# same run, and payments with up to a million others in the database. Prints tables, keeps them in docs/benchmarks.md, and
# fails when a target is missed. About twelve minutes once everything is built; with `--quick`, which leaves the large
# databases out, five. With `--only sync`, the reading of books of a million invoices into either database and nothing else:
# some three minutes; what follows goes to the load program (`--invoices 100000`).
set -euo pipefail
# shellcheck source=scripts/postgres.sh
source "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"
# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/build.sh"

readonly RUN="$ROOT/target/run/release" DATA="$ROOT/target/bench"

# Like build.sh's `build release`, with the load program. In one command, because the load program's dependencies bring
# features of their own: asked for apart, cargo would compile and link the server twice.
build_bench() {
  local program
  mkdir -p "$DATA"
  build_site
  say "Building server and load program (release; about 15 minutes the first time) …"
  program="$(cargo build --package server --bin wisepay --bench load --release --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*\/load-[^"]*\)".*/\1/p')" || fail "The server does not build; the compiler's message above says why."
  assemble release
  cp "${program:?cargo built no load program}" "$RUN/load"
}

# The tests' PostgreSQL flushes nothing. Here durability is part of what is measured, so it starts again with its own
# defaults: fsync, synchronous_commit and full_page_writes on.
make_durable() {
  local port="${TEST_POSTGRES_URL##*:}"
  (
    cd "$PG_FOLDER"
    as_postgres "$PG_BIN/pg_ctl" restart --pgdata=data --wait --timeout=60 --log=data/log --options="-p ${port%%/*} -k $PG_FOLDER \
      -c listen_addresses=127.0.0.1 -c shared_buffers=128MB" >/dev/null 9>&-
  ) || fail "PostgreSQL did not start again with fsync on; its log is $PG_FOLDER/data/log."
  # By its socket, as one connects to a database on the same machine.
  BENCH_POSTGRES_URL="postgres://postgres@localhost:${port%%/*}/postgres?host=$PG_FOLDER"
}

# The commit that was measured, and whether more than that was.
commit() {
  local changed=""
  [[ -z "$(git status --porcelain -- ':!docs/benchmarks.md')" ]] || changed=" with changes"
  echo "$(git rev-parse --short HEAD)$changed"
}

# Each database by a process of its own, because its memory is part of what is measured.
measure_sync() {
  local missed=0
  rm -f "$DATA"/sync.db*
  for database in "sqlite://$DATA/sync.db" "$BENCH_POSTGRES_URL"; do
    "$RUN/load" sync --database "$database" "$@" || missed=1
  done
  rm -f "$DATA"/sync.db*
  ((missed == 0)) || fail "A figure is below its goal, or the run broke off; the lines above say which."
}

need_site_tools
need_packages wrk:wrk "postgresql:/usr/lib/postgresql/*/bin/initdb"
with_lock build_bench

trap stop_postgres EXIT
start_postgres
make_durable
if [[ "${1:-} ${2:-}" == "--only sync" ]]; then
  say "Reading a million invoices twice (compile nothing meanwhile) …"
  measure_sync "${@:3}"
  exit
fi
say "Measuring (about twelve minutes, on 12 GB of disk; compile nothing meanwhile) …"
"$RUN/load" run --wisepay "$RUN/wisepay" --postgres "$BENCH_POSTGRES_URL" --postmaster "$(head -n 1 "$PG_FOLDER/data/postmaster.pid")" \
  --document docs/benchmarks.md --folder "$DATA" --commit "$(commit)" "$@" ||
  fail "A figure is below its target, or the run broke off; the lines above say which."
