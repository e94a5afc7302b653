# Names for what one does with this repository. Each target first installs what it needs (tools/bootstrap.sh, at once
# when nothing changed). ARGS="…" goes on to the command, PORT=8080 to `make run`.

install = @tools/bootstrap.sh
python = .venv/bin/python
hotline = .venv/bin/hotline

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.* ## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

install: ## both environments, without the development tools
	$(install) app nlu

run: ## start everything: SQLite, loopback simulators; Ctrl-C stops it
	$(install) app nlu
	@exec $(hotline) up $(if $(PORT),--port $(PORT)) $(ARGS)

test: ## the whole suite; gets itself PostgreSQL and a browser where they are missing
	$(install) app-dev nlu-dev
	@exec $(python) -m tools.test_services -- $(python) -m tools.test_suites $(ARGS)

checks = check-format check-lint check-types check-boundaries check-compose check-content

check: ## format, lint, types, room boundaries, compose file, content packs
	$(install) app-dev nlu-dev
	@$(MAKE) --no-print-directory --jobs --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync) $(checks)

check-format: ; $(python) -m ruff format --check .
check-lint: ; $(python) -m ruff check .
check-types: ; $(python) -m mypy
check-boundaries: ; .venv/bin/lint-imports
check-compose: ; .venv/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
check-content: ; $(hotline) content check

bench: ## the numbers as a table and in var/bench.json, next to the stock Rasa server
	$(install) app-dev nlu stock
	@exec $(python) -m bench $(ARGS)

train: ## train the model, if what it is made of changed
	$(install) app nlu
	@exec $(hotline) train $(ARGS)

evaluate: ## how well the model understands, per slice, in var/evaluation.json
	$(install) app nlu
	@exec $(hotline) evaluate $(ARGS)

clean: ## remove what was installed and cached; var/ (database, model, keys) stays
	rm -rf .venv nlu/.venv bench/stock/.venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help install run test check $(checks) bench train evaluate clean
