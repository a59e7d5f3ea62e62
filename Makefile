# The line of upstream releases every manifest follows; `make test` proves that they do.
OTELCOL_VERSION := 0.152.1

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# The workspace is for editors. Builds take every module's own go.mod, as releases do.
export GOWORK := off
# Releases are built with the newest patched Go that the module proxy serves; any Go from 1.26.7 on
# fetches it. The toolchain lines of distributions name the same version.
export GOTOOLCHAIN := go1.27.4

DISTRIBUTIONS := otelcol-tracecore otelcol-tracecore-node
MODULES := $(patsubst %/go.mod,%,$(sort $(wildcard confmap/*/go.mod processor/*/go.mod receiver/*/go.mod exporter/*/go.mod exporter/*/internal/*/go.mod extension/*/go.mod extension/*/telemetry/go.mod extension/*/internal/*/go.mod internal/*/go.mod internal/tools/*/go.mod)))
UNIT_MODULES := $(filter-out internal/e2e internal/tools internal/tools/%,$(MODULES))

# Stamps the revision where there is one; a source archive builds without.
BUILDVCS := $(shell git rev-parse --quiet --verify HEAD >/dev/null 2>&1 && echo true || echo false)
BUILD_FLAGS := -trimpath -buildvcs=$(BUILDVCS) -tags netgo,osusergo,grpcnotrace
# libdcgm is looked up when it is called. Linked BIND_NOW, the binary would die at start on
# every machine without it.
LDFLAGS_CGO := -s -w -linkmode=external -extldflags=-Wl,-z,lazy
LDFLAGS_STATIC := -s -w

.PHONY: help
help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-20s %s\n", $$1, $$2}' Makefile

.PHONY: build build-node build-static
build: ## Build the full distribution into bin/ (cgo, dynamic glibc).
	@echo 'building bin/otelcol-tracecore' >&2
	@CGO_ENABLED=1 go -C distribution/otelcol-tracecore build $(BUILD_FLAGS) -ldflags '$(LDFLAGS_CGO)' -o ../../bin/otelcol-tracecore . >&2
build-node: ## Build the slim node agent into bin/ (cgo, dynamic glibc).
	@echo 'building bin/otelcol-tracecore-node' >&2
	@CGO_ENABLED=1 go -C distribution/otelcol-tracecore-node build $(BUILD_FLAGS) -ldflags '$(LDFLAGS_CGO)' -o ../../bin/otelcol-tracecore-node . >&2
build-static: ## Build the full distribution without cgo into bin/.
	@echo 'building bin/otelcol-tracecore-static' >&2
	@CGO_ENABLED=0 go -C distribution/otelcol-tracecore build $(BUILD_FLAGS) -ldflags '$(LDFLAGS_STATIC)' -o ../../bin/otelcol-tracecore-static . >&2

DEMO := distribution/otelcol-tracecore-node/config/demo.yaml
# A host engine's endpoint, such as DCGM=localhost:5555; without one, GPUs are simulated.
DCGM :=
SCENARIO := h100x8
SIM_ENV := LD_LIBRARY_PATH=$(CURDIR)/bin/sim DCGMSIM_SCENARIO=$(CURDIR)/internal/dcgmsim/scenarios/$(SCENARIO).scenario DCGMSIM_CONTROL=$(CURDIR)/bin/sim/control
RUN_ENV := $(if $(DCGM),DCGM_ENDPOINT=$(DCGM),$(SIM_ENV))
RUN_GPUS := $(if $(DCGM),the GPUs of the host engine at $(DCGM),SIMULATED GPUs (scenario $(SCENARIO); DCGM=localhost:5555 for a real host engine))
.PHONY: run
run: build-node $(if $(DCGM),,sim) ## Run the node agent in the foreground (DCGM=localhost:5555 for real GPUs).
	@printf '%s\n' \
		'Running bin/otelcol-tracecore-node with $(DEMO): host clock, host metrics and $(RUN_GPUS), to stdout as JSON, a line for each value.' \
		'Look: http://localhost:13134/ in a browser ; curl localhost:13134/readyz ; curl 127.0.0.1:9464/metrics' \
		$(if $(DCGM),,'Break a GPU: make demo-fault FAULT=gpu-lost GPU=3') \
		'Stop: Ctrl-C' >&2
	@$(if $(DCGM),:,: >bin/sim/control)
	@exec env $(RUN_ENV) bin/otelcol-tracecore-node --config $(DEMO)

include internal/dcgmsim/sim.mk
.PHONY: sim demo-fault
sim: bin/sim/libdcgm.so.4 ## Build the simulated libdcgm into bin/sim/ (needs gcc, no GPU).
demo-fault: ## Break a simulated GPU of `make run` (FAULT=xid GPU=3).
	@DCGMSIM_SCENARIO=internal/dcgmsim/scenarios/$(SCENARIO).scenario $(SIM)/demo-fault '$(FAULT)' '$(GPU)'

# Two simulated nodes, Prometheus and Alertmanager. PORT is the first of eight ports in a row, 0 for free ones; SPEED=2 halves the tour.
PORT := 0
SPEED := 1
.PHONY: demo
demo: bin/demo ## Break one thing after the other on two simulated nodes: a tour of five minutes (PORT=9100 SPEED=2).
	@bin/demo -check
	@$(MAKE) --silent build-node sim
	@exec bin/demo -port '$(PORT)' -speed '$(SPEED)'
bin/demo: $(wildcard internal/tools/demo/*.go internal/tools/demo/*.yaml) internal/tools/demo/go.mod
	@go -C internal/tools/demo build -o ../../../$@ .

.PHONY: test test-unit test-go-dcgm test-e2e
test: test-unit test-e2e ## Run every test: units of all modules, then the real node agent.
# Go keeps results of tests although files outside of their module have changed, which some of these are about.
test-unit: sim check-sim ## Run the units of all modules under the race detector.
	@for m in $(UNIT_MODULES); do echo "== $$m" >&2; (cd $$m && go test -race ./...); done
	@cd internal/tools/release && go test ./...
	@cd internal/tools && go test -count=1 ./changelog ./docgen ./mutants
	@cd internal/tools/bench && go test ./...
	@cd internal/tools/alerts && go test -count=1 ./...
	@cd internal/tools/repository && go test -count=1 ./...
	@cd internal/tools/configschema && go test -count=1 ./...
	@cd internal/tools/dashboards && go test -count=1 ./...
	@cd internal/tools/demo && go test ./...
	@echo '== receiver/dcgmreceiver without cgo' >&2
	@cd receiver/dcgmreceiver && CGO_ENABLED=0 go test ./...
test-go-dcgm: sim ## Run go-dcgm's own tests on the simulated libdcgm.
	@$(SIM)/test/go-dcgm/run
test-e2e: build-node sim bin/kafka ## Run the tests of the real binary (BINARY=bin/... for another flavour).
	cd internal/e2e && BINARY="$(abspath $(or $(BINARY),bin/otelcol-tracecore-node))" KAFKA_BROKER="$(abspath bin/kafka)" go test -count=1 -timeout 30m ./...
bin/kafka: $(wildcard internal/tools/kafka/*.go) internal/tools/kafka/go.mod
	go -C internal/tools/kafka build -o ../../../$@ .

.PHONY: test-dropin test-stock
test-dropin: test-stock test-packages test-images test-kubernetes ## Test all that users of otelcol-contrib rely on (docs/compatibility.md).
	@$(MAKE) --no-print-directory test-e2e BINARY=bin/otelcol-tracecore
test-stock: build ## Compare the full distribution with a stock Collector of the same upstream modules.
	cd internal/e2e && $(STOCK_ENV) go test -count=1 -timeout 45m -parallel 8 -run DropIn .
STOCK_ENV := STOCK="$(CURDIR)/bin/.stock" BINARY="$(CURDIR)/bin/otelcol-tracecore"

# MODULES='receiver/clockreceiver' takes the benchmarks of these modules alone.
CHOSEN_MODULES = $(if $(filter command line,$(origin MODULES)),$(MODULES))
BENCH = BINARY="$(abspath bin/otelcol-tracecore-node)" go -C internal/tools/bench run .
.PHONY: bench bench-check bench-baseline bench-stock
bench: build-node sim ## Run all benchmarks and write their tables into docs/performance.md (MODULES=...).
	@$(BENCH) run ../../.. $(CHOSEN_MODULES)
bench-check: build-node sim ## Fail where a benchmark costs more than its committed baseline by THRESHOLD=10 percent (MODULES=... ROUNDS=8).
	@$(BENCH) -threshold $(or $(THRESHOLD),10) -rounds $(or $(ROUNDS),8) check ../../.. $(CHOSEN_MODULES)
bench-baseline: build-node sim ## Measure the baselines that bench-check compares with (MODULES=... ROUNDS=8).
	@$(BENCH) -rounds $(or $(ROUNDS),8) baseline ../../.. $(CHOSEN_MODULES)
bench-stock: test-stock ## Compare memory and size of the full distribution with a stock Collector's.
	cd internal/e2e && $(STOCK_ENV) go test -run '^$$' -bench DropIn -benchtime 1x .

.PHONY: mutants
mutants: sim ## Lay each known fault over its module and report those that no test notices (MODULES=receiver/clockreceiver).
	@go -C internal/tools run ./mutants ../.. $(CHOSEN_MODULES)

.PHONY: lint tidy
lint: .tools/golangci-lint ## Lint all modules, and compile what other platforms compile.
	@for m in $(UNIT_MODULES) internal/e2e internal/tools internal/tools/alerts internal/tools/bench internal/tools/configschema internal/tools/dashboards internal/tools/demo internal/tools/images internal/tools/kafka internal/tools/kubernetes internal/tools/release internal/tools/repository; do echo "== $$m" >&2; (cd $$m && $(CURDIR)/.tools/golangci-lint run ./...); done
	@for m in processor/gpuattributionprocessor receiver/clockreceiver receiver/dcgmreceiver receiver/kerneleventsreceiver exporter/stdoutexporter extension/healthsloextension; do \
		for os in darwin windows; do (cd $$m && GOOS=$$os CGO_ENABLED=0 go vet ./...); done; done
tidy: ## Tidy all modules but the generated ones.
	@for m in $(MODULES); do (cd $$m && go mod tidy); done

.PHONY: generate generate-names generate-alerts check-generated
generate: generate-components generate-distributions generate-images generate-names generate-docs generate-alerts generate-dashboards ## Regenerate everything generated: OCB, mdatagen, Dockerfiles, lists of names, document tables, alert rules, dashboards.
generate-components: .tools/mdatagen
	@for m in $(UNIT_MODULES); do $(MAKE) --no-print-directory -C $$m generate; done
generate-distributions: $(DISTRIBUTIONS:%=generate-%)
generate-otelcol-tracecore: MANIFEST := builder-config.yaml
generate-otelcol-tracecore-node: MANIFEST := distribution/otelcol-tracecore-node/builder-config.yaml
# OCB merges every environment variable into the manifest, so it gets none but these.
GO_ENV := PATH HOME GOWORK GOFLAGS GOPROXY GOAUTH GOSUMDB GONOSUMDB GOTOOLCHAIN GOMODCACHE GOCACHE
# OCB writes its sources before it calls Go, and would leave them half made where Go has no toolchain.
.PHONY: can-use-toolchain
can-use-toolchain:
	@go version >/dev/null || { echo 'Go cannot use the toolchain $(GOTOOLCHAIN). Where GOSUMDB is off, set GONOSUMDB instead (CONTRIBUTING.md, "Add or move a dependency")' >&2; exit 1; }
generate-otelcol-tracecore generate-otelcol-tracecore-node: generate-%: can-use-toolchain .tools/builder
	env -i $(foreach v,$(GO_ENV),$(if $($(v)),$(v)='$($(v))')) \
		.tools/builder --config $(MANIFEST) --skip-compilation --skip-strict-versioning=false >&2
	internal/tools/use-distcmd distribution/$*
# From the changelog of a later release of contrib, which the module proxy serves.
generate-names:
	go -C internal/tools run ./changelog ../..
generate-docs:
	go -C internal/tools run ./docgen ../..
	go -C internal/tools/bench run . docs ../../..
	go -C internal/tools/configschema run . ../../..
generate-alerts:
	go -C internal/tools/alerts run . ../../..
generate-dashboards:
	go -C internal/tools/dashboards run . ../../..
check-generated: ## Prove that regeneration changes nothing, in a copy of the tree.
	internal/tools/check-generated

.PHONY: test-browser test-prometheus test-alerts test-dashboards test-health-checks
test-browser: ## Test the status page in Debian's Chromium, installed if absent.
	@internal/tools/apt-install chromium chromium-driver
	cd extension/healthsloextension && CHROMEDRIVER="$$(command -v chromedriver)" go test -count=1 -run Chromium ./internal/statuspage
test-prometheus: build-node sim ## Test metrics and alert rules with Debian's Prometheus, installed if absent.
	@internal/tools/apt-install prometheus
	cd extension/healthsloextension && PROMTOOL="$$(command -v promtool)" go test -count=1 -run Promtool ./internal/sampling
	cd internal/e2e && BINARY="$(abspath bin/otelcol-tracecore-node)" PROMETHEUS="$$(command -v prometheus)" \
		go test -count=1 -run 'Prometheus|Promtool' ./...
test-alerts: build-node sim ## Test docs/alerts with Debian's Prometheus and Alertmanager, installed if absent.
	@internal/tools/apt-install prometheus prometheus-alertmanager
	cd internal/tools/alerts && PROMTOOL="$$(command -v promtool)" AMTOOL="$$(command -v amtool)" ALERTMANAGER="$$(command -v prometheus-alertmanager)" go test -count=1 ./...
	go -C internal/tools/alerts run . -fast "$(CURDIR)/bin/alerts" ../../..
	cd internal/e2e && BINARY="$(abspath bin/otelcol-tracecore-node)" PROMETHEUS="$$(command -v prometheus)" ALERTMANAGER="$$(command -v prometheus-alertmanager)" \
		ALERT_RULES="$(CURDIR)/bin/alerts" go test -count=1 -run ShippedAlerts .
test-dashboards: build-node sim bin/demo ## Walk through the demo and ask its Prometheus, Debian's, for the data of every panel.
	@internal/tools/apt-install prometheus prometheus-alertmanager
	cd internal/tools/demo && DEMO_BINARY="$(abspath bin/demo)" go test -count=1 -run 'Left|Ends' .
	cd internal/tools/dashboards && DEMO_BINARY="$(abspath bin/demo)" go test -count=1 -run Demo .
test-health-checks: build-node sim ## Let Debian's Slurm, installed if absent, drain a node with unfit GPUs (needs root).
	@internal/tools/apt-install shellcheck slurmctld slurmd slurm-client munge
	shellcheck docs/examples/health-checks/gpu-verdict docs/examples/health-checks/slurm-* docs/examples/slurm/*.sh
	cd internal/e2e && BINARY="$(abspath bin/otelcol-tracecore-node)" SLURM=yes go test -count=1 -run 'Slurm|HealthCheckScripts' ./...

.PHONY: packages test-packages can-test-packages
packages: bills ## Build tar.gz, deb, rpm and bills of materials into dist/ (RELEASE_BINARIES=...).
	@$(MAKE) --no-print-directory .tools/nfpm
	@DIST='$(DIST)' VERSION=$(OTELCOL_VERSION) internal/tools/make-packages $(RELEASE_BINARIES)
# Takes the full distribution that bin/ has, and builds it only if there is none.
test-packages: can-test-packages build-node bin/otelcol-tracecore sim .tools/nfpm ## Test the packages on Debian systems, booted where that can be done (needs root).
	@internal/tools/apt-install binutils
	@$(MAKE) --no-print-directory sbom RELEASE_BINARIES='$(DISTRIBUTIONS)'
	DIST=bin/packages VERSION=$(OTELCOL_VERSION) internal/tools/make-packages $(DISTRIBUTIONS)
	internal/tools/test-packages bin/packages
can-test-packages:
	@internal/tools/test-packages
bin/otelcol-tracecore:
	$(MAKE) --no-print-directory build

# A picture of the status page with something in every section, for the documentation.
.PHONY: screenshot
screenshot:
	@internal/tools/apt-install chromium chromium-driver pngquant
	@mkdir -p bin/screenshots
	cd extension/healthsloextension && CHROMEDRIVER="$$(command -v chromedriver)" SCREENSHOTS="$(CURDIR)/bin/screenshots" go test -count=1 -run Chromium ./internal/statuspage
	pngquant --force --speed 1 --strip --output docs/images/status-page.png 64 bin/screenshots/busy-light-1280.png

# Pictures of the dashboards before the host engine of the demo's sick node dies, for the documentation.
PICTURES := fleet node gpu jobs incidents collector
.PHONY: dashboard-pictures
dashboard-pictures: build-node sim bin/demo
	@internal/tools/apt-install prometheus prometheus-alertmanager pngquant
	@mkdir -p bin/pictures
	cd internal/tools/dashboards && PICTURES="$(CURDIR)/bin/pictures" SPEED=4 DEMO_BINARY="$(CURDIR)/bin/demo" go test -count=1 -timeout 15m -run Demo .
	for board in $(PICTURES); do pngquant --force --speed 1 --strip --output docs/images/dashboard-$$board.png 48 bin/pictures/dashboard-$$board.png; done

.PHONY: verify-reproducible
verify-reproducible: ## Build HEAD in two directories and compare (DISTS=otelcol-tracecore for the full one).
	CACHE=$(CACHE) internal/tools/verify-reproducible $(or $(DISTS),otelcol-tracecore-node)

# What a release has. Each part is a target that writes its artefacts into $(DIST); checksums
# are made last, of everything there.
RELEASE_PARTS := packages images
RELEASE_BINARIES := otelcol-tracecore-node otelcol-tracecore otelcol-tracecore-static
RELEASE_BUILDS = $(patsubst otelcol-tracecore-%,build-%,$(patsubst otelcol-tracecore,build,$(RELEASE_BINARIES)))
DIST := dist
RELEASE_TOOLS := .tools/cyclonedx-gomod .tools/sbom
.PHONY: release bills sbom licenses govulncheck verify-release
release: ## Make every artefact of a release in dist/ (RELEASE_BINARIES=otelcol-tracecore-node for one).
	@[ '$(DIST)' = dist ] || [ ! -e '$(DIST)' ] || { echo '$(DIST) exists: a release is made in a new folder' >&2; exit 1; }
	@internal/tools/need $(NEEDED)
	@[ '$(DIST)' != dist ] || rm -rf dist
	@mkdir -p '$(DIST)'
	@$(MAKE) --no-print-directory $(RELEASE_PARTS)
	@cd '$(DIST)' && export LC_ALL=C && sums=$$(sha256sum -- *) && printf '%s\n' "$$sums" >SHA256SUMS
	@cat '$(DIST)/SHA256SUMS'
# What packages and images have in common: binaries, their bills and licence reports, in bin/.
# A tool that is missing is named before a build of minutes starts, with -j too: hence the inner make.
NEEDED := git go gcc objdump
images release: NEEDED += apt-get dpkg-deb
bills:
	@internal/tools/need $(NEEDED)
	@$(MAKE) --no-print-directory $(RELEASE_BUILDS) $(RELEASE_TOOLS)
	@for name in $(RELEASE_BINARIES); do internal/tools/release/bill "$$name"; done
# Both look at the binaries in bin/ that exist.
BUILT = $(notdir $(wildcard $(RELEASE_BINARIES:%=bin/%)))
sbom licenses: $(RELEASE_TOOLS)
	@[ -n '$(BUILT)' ] || { echo 'there is no binary in bin/: make build-node first' >&2; exit 1; }
	@for name in $(BUILT); do internal/tools/release/bill "$$name"; done
sbom: ## Write a CycloneDX bill of materials of each binary in bin/.
licenses: ## Write a licence report of each binary in bin/; fails on licences that are not allowed.
# The newest archive is what CI scans with: the same commit gets the same answer everywhere. What the full
# distribution calls takes more than 20 GB of memory to find out, so there what it imports counts.
VULNDB = $(lastword $(sort $(wildcard internal/tools/release/vulndb/*.tar.zst)))
govulncheck: .tools/vulncheck ## Look for known vulnerabilities (VULNDB=https://vuln.go.dev for the newest).
	@$(VULNCHECK) -scan symbol distribution/otelcol-tracecore-node
	@$(VULNCHECK) -scan package distribution/otelcol-tracecore
VULNCHECK = .tools/vulncheck -db '$(VULNDB)' -ignores internal/tools/release/vulnerabilities.tsv
verify-release: ## Make the release of the node agent twice and compare the artefacts.
	@internal/tools/release/verify

.PHONY: complete
complete: ## Add to the full distribution what your module proxy serves of otelcol-contrib and it lacks, and build it.
	@added=$$(internal/tools/complete) || exit 1; [ -n "$$added" ] || exit 0; printf '%s\n' "$$added"; \
		$(MAKE) --no-print-directory generate-distributions generate-docs build

.PHONY: upstream
upstream: ## Move every pin to upstream's release VERSION=0.153.0 and show what broke (DRY_RUN=yes: the edits alone).
	@internal/tools/upstream '$(VERSION)' $(if $(DRY_RUN),--dry-run)

.PHONY: tags
tags: ## Print the tags of a release, one per module (CREATE=yes makes them at HEAD).
	@internal/tools/tags $(if $(CREATE),create)

# An arm64 binary bin/<name>-arm64 is taken along.
IMAGES_RUN = go -C internal/tools/images run . -root ../../.. -version $(OTELCOL_VERSION)
.PHONY: images test-images generate-images
images: bills ## Build container images into dist/, as OCI archives (RELEASE_BINARIES=...).
	@$(IMAGES_RUN) -out '$(abspath $(DIST))' $(RELEASE_BINARIES)
test-images: images sim ## Compare the images with their golden lists and run them, as root.
	@internal/tools/apt-install ca-certificates libstdc++6 skopeo
	@rm -rf bin/images-again && $(IMAGES_RUN) -out '$(CURDIR)/bin/images-again' $(RELEASE_BINARIES)
	@for file in bin/images-again/*; do cmp "$$file" "$(DIST)/$${file##*/}"; done
	cd internal/tools/images && IMAGES='$(RELEASE_BINARIES)' IMAGES_DIR='$(abspath $(DIST))' IMAGES_VERSION=$(OTELCOL_VERSION) go test -count=1 ./...
generate-images:
	go -C internal/tools/images run . -root ../../.. -dockerfiles

.PHONY: test-kubernetes
test-kubernetes: build-node ## Check the Kubernetes examples against Kubernetes' own types and admission.
	cd internal/tools/kubernetes && BINARY="$(abspath bin/otelcol-tracecore-node)" go test -count=1 ./...

.PHONY: clean
clean: ## Remove what was built.
	rm -rf bin dist .tools

.tools/builder: TOOL := go.opentelemetry.io/collector/cmd/builder
.tools/mdatagen: TOOL := go.opentelemetry.io/collector/cmd/mdatagen
.tools/golangci-lint: TOOL := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
.tools/cyclonedx-gomod: TOOL := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
.tools/sbom: TOOL := ./sbom
.tools/sbom: $(wildcard internal/tools/release/sbom/*.go)
.tools/vulncheck: TOOL := ./vulncheck
.tools/vulncheck: $(wildcard internal/tools/release/vulncheck/*.go)
.tools/cyclonedx-gomod .tools/sbom .tools/vulncheck: internal/tools/release/go.mod internal/tools/release/go.sum
	go -C internal/tools/release build -o ../../../$@ $(TOOL)
.tools/nfpm: internal/tools/packaging/go.mod internal/tools/packaging/go.sum
	go -C internal/tools/packaging build -o ../../../$@ github.com/goreleaser/nfpm/v2/cmd/nfpm
.tools/%: internal/tools/go.mod internal/tools/go.sum
	go -C internal/tools build -o ../../$@ $(TOOL)
