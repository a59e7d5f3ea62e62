#!/bin/sh
# Slurm prolog: writes down which job has which GPUs, as dcgm-exporter and gpu_attribution read it. Run it on the node,
# as root: Prolog=/etc/slurm/prolog.d/50-gpu-jobs.sh
set -eu

directory=${GPU_JOBS_DIRECTORY:-/var/lib/dcgm-exporter/job-mapping}
job=${SLURM_JOB_ID:?is set by Slurm}
gpus=${SLURM_JOB_GPUS:-}

[ -n "$gpus" ] || exit 0 # The job has no GPU.
umask 022
mkdir -p "$directory"

# The files of one node are changed by one prolog or epilog at a time.
exec 9>"$directory/.lock"
flock 9

# put FILE replaces a file by standard input, at once: who reads it never sees half of it.
put() {
	cat >"$directory/.new.$$"
	mv "$directory/.new.$$" "$directory/$1"
}

{
	echo "user=${SLURM_JOB_USER:-}"
	echo "account=${SLURM_JOB_ACCOUNT:-}"
	echo "partition=${SLURM_JOB_PARTITION:-}"
} | put "job.$job"

# One id of a job to a line; a GPU that jobs share has several. SLURM_JOB_GPUS has the node's own numbers, 0,2,3.
echo "$gpus" | tr ',' '\n' | while read -r gpu; do
	{
		[ ! -f "$directory/$gpu" ] || grep -vxF "$job" "$directory/$gpu" || true
		echo "$job"
	} | put "$gpu"
done
