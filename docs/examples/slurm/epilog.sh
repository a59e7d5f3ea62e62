#!/bin/sh
# Slurm epilog: takes the job out of the files that prolog.sh wrote. Run it on the node, as root,
# as /etc/slurm/epilog.d/50-gpu-jobs.sh: Epilog=/etc/slurm/epilog.d/*
# An epilog that fails drains its node. So this one reports an error and always ends with 0.
set -u

directory=${GPU_JOBS_DIRECTORY:-/var/lib/dcgm-exporter/job-mapping}
job=${SLURM_JOB_ID:-}
new=$directory/.new.$$

complain() { echo "gpu-jobs epilog: job $job is still written down: $1" >&2; }

case $job in
'' | *[!0-9]*)
	complain "SLURM_JOB_ID is no number: '$job'"
	exit 0
	;;
esac
[ -d "$directory" ] || exit 0
trap 'rm -f "$new"' EXIT

# The files of one node are changed by one prolog or epilog at a time.
if ! (: >>"$directory/.lock") 2>/dev/null; then
	complain "the directory cannot be written: $directory"
	exit 0
fi
exec 9>>"$directory/.lock"
if ! flock -w 5 9; then
	complain "another prolog or epilog holds $directory/.lock"
	exit 0
fi

# remove FILE takes the job out of a GPU's file. A file without a job goes: its GPU is free. A file that cannot be
# written again stays as it is, with its other jobs.
remove() {
	(: >"$new") 2>/dev/null || return 1
	grep -vxF "$job" "$1" >"$new"
	case $? in
	0) mv "$new" "$1" ;;
	1) [ ! -s "$new" ] && rm -f "$1" ;;
	*) false ;;
	esac
}

# Every file that names the job, whatever GPUs Slurm says now.
for file in "$directory"/[0-9]*; do
	grep -qsxF "$job" "$file" || continue
	remove "$file" || complain "$file cannot be changed"
done
rm -f "$directory/job.$job"
exit 0
