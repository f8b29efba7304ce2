# Two commands for everybody: `make demo` and `make test`. They install what is missing and say so.

PACKAGES = mosquitto mosquitto-clients libmosquitto-dev mosquitto-dev libisal-dev libssl-dev openssl libsqlite3-dev util-linux python3-paho-mqtt curl iproute2 nftables avahi-daemon avahi-utils dbus chromium chromium-driver fonts-dejavu-core
SUDO = $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: demo test test-all benchmark files-benchmark panel-benchmark panel-soak model-check simulate mutations load-check show-check planted-faults build lint format setup

demo: build ## A whole site on this machine: Main is killed, the Backup takes over, Main returns.
	@.build/release/understudy demo

test: setup ## All tests, on real brokers, and a sixth of the mutations. Root runs a few more, and says which are skipped otherwise.
	swift build --build-tests
	swift test --skip-build --no-parallel
	$(MAKE) --no-print-directory model-check simulate load-check SECONDS=15
	$(MAKE) --no-print-directory mutations PART="$(shell git rev-list --count HEAD 2>/dev/null || echo 0)/6"
	$(MAKE) --no-print-directory show-check SECONDS=30
	$(SHOW_CHECK) --seconds 20 --keys

test-all: test benchmark files-benchmark panel-benchmark panel-soak ## The tests and the longer runs, each of them a quarter of an hour.
	$(MAKE) --no-print-directory load-check show-check planted-faults mutations
	UNDERSTUDY_KILLS=50 swift test --skip-build --filter HTTPFileCrashTests
	$(SHOW_CHECK) --seconds 600 --keys
	$(SHOW_CHECK) --seconds 120 --topics 20000
	$(SIMULATION) --first-seed 1001 --seeds 40000
	$(MODEL_CHECK) --witnesses 1 --ticks 9 --faults 2 --recover-every 100 --kinds orders cuts
	$(MODEL_CHECK) --witnesses 1 --ticks 9 --faults 2 --recover-every 100 --kinds orders isolation
	$(MODEL_CHECK) --witnesses 1 --ticks 9 --faults 2 --recover-every 100 --kinds orders hangs
	$(MODEL_CHECK) --witnesses 1 --ticks 9 --faults 2 --recover-every 100 --kinds orders witnesses
	$(MODEL_CHECK) --witnesses 1 --ticks 6 --faults 2 --recover-every 100 --kinds orders crashes stores

MODEL_CHECK = .build/release/ModelCheck

model-check: setup ## Every state of a site within bounds, on the product's own election code.
	swift build -c release --product ModelCheck
	$(MODEL_CHECK) --witnesses 0 --ticks 9 --faults 1
	$(MODEL_CHECK) --witnesses 1 --ticks 9 --faults 1
	$(MODEL_CHECK) --witnesses 1 --ticks 9 --faults 2 --kinds cuts
	$(MODEL_CHECK) --witnesses 2 --ticks 7 --faults 2 --fault-ticks 1 --recover-every 100 --kinds partings cuts
	$(MODEL_CHECK) --witnesses 3 --ticks 5 --faults 1 --recover-every 100
	$(MODEL_CHECK) --witnesses 1 --ticks 9 --faults 1 --kinds force

SIMULATION = .build/release/Simulation

simulate: setup ## A thousand sites with random faults on simulated time, on the same code; each seed can be replayed.
	swift build -c release --product Simulation
	$(SIMULATION) --seeds 1000

mutations: setup ## The rules of the election left out, one after the other: each must be missed. PART=2/3: every third, from the second.
	@PART=$(PART) Tests/Mutations/run

SECONDS = 600

load-check: setup ## No switch while brokers and processors are busy; SECONDS of each load.
	swift build -c release --product understudy
	swift build -c release --product BrokerAccess
	swift build -c release --product LoadCheck
	.build/release/LoadCheck --seconds $(SECONDS)

SHOW_CHECK = .build/release/ShowCheck

show-check: setup ## Nothing lost, nothing twice, in order: faults for SECONDS while programs work. Root cuts cables, too.
	swift build -c release --product understudy
	swift build -c release --product BrokerAccess
	swift build -c release --product ShowCheck
	$(SHOW_CHECK) --seconds $(SECONDS)

planted-faults: setup ## Servers with a fault in their replication, one after the other: each must be found.
	swift build -c release --product ShowCheck
	@Tests/PlantedFaults/run

benchmark: build ## How long the loss of a server is felt, and a publish takes, on this machine.
	@.build/release/FailoverBenchmark --fault main-killed --clients 1
	@.build/release/FailoverBenchmark --fault main-killed --clients 50
	@.build/release/FailoverBenchmark --fault main-hung --fault main-unplugged --fault hub-broker-hung
	@.build/release/FailoverBenchmark --fault backup-killed --fault backup-hung --fault backup-unplugged
	@.build/release/FailoverBenchmark --keys --fault main-killed --fault main-hung --fault main-unplugged
	@.build/release/ShowBenchmark

files-benchmark: build ## Large and small files pushed and pulled, beside curl with nginx.
	@command -v nginx > /dev/null || { $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends nginx-light libnginx-mod-http-dav-ext; }
	@Tests/FilesBenchmark/run

panel-benchmark: build ## What fifty open panels cost a server of a site with five hundred machines.
	@Tests/PanelBenchmark/run

panel-soak: build ## A panel that is left open for SECONDS while its site changes and fails over.
	@SECONDS=$(SECONDS) Tests/PanelSoak/run

build: setup
	@echo "Building Understudy (the first time takes a few minutes)…"
	@swift build -c release

lint: setup ## The code as `make format` would leave it.
	swift format lint --strict --recursive --parallel Sources Tests Package.swift broker-config

format:
	swift format --in-place --recursive --parallel Sources Tests Package.swift broker-config

setup:
	@command -v swift >/dev/null || { echo "Swift 6.2 or newer is missing. Install it as https://www.swift.org/install/linux/ says, then try again."; exit 1; }
	@missing=""; for package in $(PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
		command -v apt-get >/dev/null || { echo "These packages are missing:$$missing. Install them, then try again."; exit 1; }; \
		echo "Installing what is missing:$$missing"; \
		$(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; \
	fi
