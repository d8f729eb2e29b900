#!/bin/bash
# Eight tasks of a Slurm array, each with its part of the same pictures; no queue is needed. From the pictures' folder:
#   sbatch slurm-array.sh steps.json scans large
# A part that was stopped goes on where it was when the same line is submitted again.
#SBATCH --job-name=lway
#SBATCH --array=1-8
#SBATCH --cpus-per-task=8
#SBATCH --mem=8G
#SBATCH --time=08:00:00
# Half a minute before the time is over, so that nothing unfinished stays.
#SBATCH --signal=TERM@30

set -euo pipefail
steps=$1 pictures=$2 results=$3
# As many as --array says above, also where some of them are submitted again (sbatch --array=3,5 …).
parts=8

exec srun lway play "$steps" "$pictures" --recursive --output "$results" \
  --part "$SLURM_ARRAY_TASK_ID/$parts" --json
