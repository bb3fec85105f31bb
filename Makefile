# make demo     one photograph, a real node, real DDS: depth, sigma and points in demo_output/ (installs into .venv first)
# make test     everything: ruff, mypy --strict, pytest with real processes over DDS; two processes of pytest, about 6 minutes, 2.7 GB in .venv
# make teach    a rendered robot drives, and a model learns its room: report in teach_output/ (minutes on 2 cores, needs EGL)
# make resolve  check that the requirements can be resolved for Python 3.10 to 3.14
#
# PYTHON=python3.13 chooses the interpreter of the environment. DEMO="--seconds 5" and PYTEST="-k camera" add arguments.

PY := .venv/bin/python
CODE := grin_ros export benchmarks scripts

unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
ifndef ROS_DISTRO
# The ROS 2 wheels need this variable. A sourced ROS 2 sets its own.
export AMENT_PREFIX_PATH := $(CURDIR)/.venv
endif

.PHONY: demo teach test lint resolve bench clean clean-all help

demo:
	@./scripts/environment.sh demo
	@echo "[3/3] demo: the node as its own process, a real photograph at 10 Hz over DDS"
	@$(PY) -m grin_ros.cli demo $(DEMO)

test:
	@./scripts/environment.sh test
	@echo "[3/3] ruff, mypy --strict, two processes of pytest: about 6 to 10 minutes on two cores"
	@$(MAKE) --no-print-directory lint
	$(PY) -m pytest -n 2 --dist loadfile $(PYTEST)

teach:
	@./scripts/environment.sh test
	@echo "[3/3] teach: a rendered drive with a level lidar, labels, a few minutes of training"
	@$(PY) -m grin_ros.cli teach --demo --out teach_output --minutes 10 --steps 150 $(TEACH)

lint:
	$(PY) -m ruff check .
	$(PY) -m mypy $(CODE)

resolve:
	@./scripts/environment.sh test
	$(PY) scripts/check_requirements.py

bench:
	@./scripts/environment.sh test
	$(PY) benchmarks/node_latency.py $(BENCH)

clean:
	rm -rf build dist install log demo_output teach_output *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find grin_ros tests export benchmarks launch -name __pycache__ -type d -prune -exec rm -rf {} +

clean-all: clean
	rm -rf .venv

help:
	@sed -n 's/^# //p' Makefile | head -n 5
