#!/usr/bin/env bash
# Re-makes requirements.lock from pyproject.toml: exact pins for every platform, without the CUDA
# packages that torch lists on Linux (pip and uv add them by themselves where they are wanted).
set -euo pipefail
cd "$(dirname "$0")/.."
unset UV_FIND_LINKS  # a local torch wheel would pin its local tag, which PyPI does not have
cuda=(cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc
  nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver
  nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13
  nvidia-nvtx triton)
.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate \
  --extra dev --extra map "${cuda[@]/#/--no-emit-package=}" "$@" pyproject.toml --output-file requirements.lock
