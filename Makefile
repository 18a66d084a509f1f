# The two commands: `make run` shows everything working, `make test` checks everything.

.PHONY: help run cluster test test-rust test-api test-browser operations loadtest chaos check fmt bench screenshots clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */\1\t/' | expand -t 16

run: ## Build and start the gateway with a pretend WeChat, and print the URLs
	cargo build --release --locked --bins
	./target/release/scangate-sandbox demo $(ARGS)

cluster: ## The same with three gateways, Redis and HAProxy: several nodes on one machine
	.ci/install redis-server haproxy
	cargo build --release --locked --bins
	./target/release/scangate-sandbox cluster $(ARGS)

test: test-rust test-api test-browser operations ## Install what is missing, then run every test

test-rust: ## Everything but the browser: units, flows, vectors, properties, real servers
	.ci/install redis-server haproxy nginx php python3 node nc curl
	cargo test --locked --quiet

test-api: ## The server API of a real gateway, on either broker, against docs/openapi.json, with made-up requests
	.ci/install python3 python3-venv redis-server
	cargo build --locked --bins
	python3 -m venv target/api-venv
	target/api-venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/api/requirements.txt
	python3 tests/api/run.py

test-browser: ## The page in a real Chromium, through the real gateway and the sandbox
	.ci/install chromium node
	cargo build --locked --bins
	cd tests/browser && npm ci --no-audit --no-fund --silent && npm test

operations: ## What operators rely on, by their own tools: Prometheus, Grafana's dashboard, Helm, k6 (OPERATIONS=--strict: all of it)
	cargo build --locked --bins
	tests/operations/run $(OPERATIONS)

loadtest: ## Every load scenario of k6 against a cluster on this machine, small and short (ARGS="scan --nodes 3": one, in earnest)
	.ci/install redis-server haproxy prometheus python3
	cargo build --release --locked --bins
	loadtest/run $(or $(ARGS),all --smoke)

chaos: ## The long failure tests too: many minutes
	.ci/install redis-server haproxy nginx
	SCANGATE_CHAOS=1 cargo test --locked --test redis --test nodes -- --nocapture

check: ## What must hold besides the tests: format, lints, a benchmark that runs
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo bench --locked --bench gateway -- --quick

fmt: ## Format the sources
	cargo fmt --all

bench: ## Measure the gateway next to a raw tokio floor, and print the table
	cargo bench --locked --bench gateway -- $(ARGS)

screenshots: ## Take the pictures of docs/images anew
	.ci/install chromium node
	cargo build --locked --bins
	cd tests/browser && npm ci --no-audit --no-fund --silent && npm run screenshots -- --docs

clean: ## Remove what was built
	cargo clean
	rm -rf tests/browser/node_modules tests/browser/output
