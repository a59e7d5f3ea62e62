#!/bin/sh
# Slurm prolog: writes down which job has which GPUs, as dcgm-exporter and gpu_attribution read it. Run it on the node,
# as root, with PrologFlags=Alloc, as /etc/slurm/prolog.d/50-gpu-jobs.sh: Prolog=/etc/slurm/prolog.d/*
# A prolog that fails drains its node. So this one reports an error and always ends with 0.
set -u

directory=${GPU_JOBS_DIRECTORY:-/var/lib/dcgm-exporter/job-mapping}
job=${SLURM_JOB_ID:-}
gpus=${SLURM_JOB_GPUS:-}
new=$directory/.new.$$

give_up() {
	echo "gpu-jobs prolog: job $job is not written down: $1" >&2
	exit 0
}

case $job in
'' | *[!0-9]*) give_up "SLURM_JOB_ID is no number: '$job'" ;;
esac
[ -n "$gpus" ] || exit 0 # The job has no GPU.
umask 022
mkdir -p "$directory" || give_up "the directory cannot be made"
[ -w "$directory" ] || give_up "the directory cannot be written: $directory"
trap 'rm -f "$new"' EXIT

# put FILE replaces a file by standard input, at once: who reads it never sees half of it.
put() {
	cat >"$new" && mv "$new" "$directory/$1"
}

# line VALUE is a value without line breaks.
line() { printf '%s' "$1" | tr -d '\n'; }

# others FILE prints the jobs that a GPU's file names beside this one. grep finding none is no error.
others() {
	[ -f "$directory/$1" ] || return 0
	grep -vxF "$job" "$directory/$1"
	[ $? -le 1 ]
}

# write GPU adds the job to a GPU's file: one id of a job to a line; a GPU that jobs share has several.
write() {
	before=$(others "$1") || return 1
	printf '%s\n' ${before:+"$before"} "$job" | put "$1"
}

# forget_other_boots: no job outlives a boot, and a node that crashed has run no epilog. What an earlier boot wrote goes.
# .boot changes before a job is written down, so nothing of this boot is ever taken for that of another.
forget_other_boots() {
	boot=$(cat /proc/sys/kernel/random/boot_id) || return 1
	written=$(cat "$directory/.boot" 2>/dev/null)
	[ "$boot" != "$written" ] || return 0
	[ -z "$written" ] || rm -f "$directory"/[0-9]* "$directory"/job.* || return 1
	echo "$boot" | put .boot
}

# numbers turns 0,2-3 into 0 2 3, the node's own numbers. It fails for anything else.
numbers() {
	case $1 in
	*[!0-9,-]*) return 1 ;;
	esac
	echo "$1" | tr ',' '\n' | awk -F- '
		NF > 2 || $1 == "" || (NF == 2 && ($2 == "" || $2 + 0 < $1 + 0 || $2 - $1 > 255)) { exit 1 }
		{ for (gpu = $1 + 0; gpu <= (NF == 2 ? $2 : $1) + 0; gpu++) print gpu }'
}

# The files of one node are changed by one prolog or epilog at a time.
(: >>"$directory/.lock") 2>/dev/null || give_up "the lock cannot be made"
exec 9>>"$directory/.lock"
flock -w 5 9 || give_up "another prolog or epilog holds $directory/.lock"

list=$(numbers "$gpus") || give_up "SLURM_JOB_GPUS is no list of numbers: '$gpus'"
forget_other_boots || give_up "jobs of another boot stand: $directory/.boot cannot be written"
{
	echo "user=$(line "${SLURM_JOB_USER:-}")"
	echo "account=$(line "${SLURM_JOB_ACCOUNT:-}")"
	echo "partition=$(line "${SLURM_JOB_PARTITION:-}")"
} | put "job.$job" || give_up "its file cannot be written"
for gpu in $list; do
	write "$gpu" || give_up "the file of GPU $gpu cannot be written"
done
exit 0
