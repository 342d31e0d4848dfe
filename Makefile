# Every command of the project. The work is done by scripts/*.sh; each installs what it needs and is missing.
.DEFAULT_GOAL := help
.PHONY: help run test check e2e sdk size bench soak planted fuzz demo-reset

help: ## Show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

run: ## Start the demo: portal on http://127.0.0.1:3000, vendor simulators on http://127.0.0.1:3900
	@scripts/run.sh

test: ## Run everything: checks, Rust tests on SQLite and PostgreSQL, browser tests, sizes
	@scripts/test.sh

check: ## Check without running: format, clippy, licences, what the browser may load
	@scripts/check.sh

e2e: ## Run the browser tests against a demo of their own
	@scripts/e2e.sh

sdk: ## Let the vendors' own SDKs judge the simulators
	@scripts/sdk.sh

size: ## Show the weight of the site and of Pay Now; fails over budget
	@scripts/size.sh

bench: ## Measure pages and payments a second on both databases, up to a million payments; fails below the targets
	@scripts/bench.sh

soak: ## Pay 2,000 invoices while processes are killed and vendors fail; all books must agree
	@scripts/soak.sh

planted: ## Show that planted bugs are found, each by a test
	@scripts/planted.sh

fuzz: ## Fuzz what vendors and programs send, a minute for each target, with a nightly compiler
	@scripts/fuzz.sh

demo-reset: ## Start the demo from fresh data
	@scripts/demo-reset.sh
