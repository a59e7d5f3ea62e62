#!/bin/sh
# Slurm epilog: takes the job out of the files that prolog.sh wrote. Run it on the node, as root:
# Epilog=/etc/slurm/epilog.d/50-gpu-jobs.sh
set -eu

directory=${GPU_JOBS_DIRECTORY:-/var/lib/dcgm-exporter/job-mapping}
job=${SLURM_JOB_ID:?is set by Slurm}

[ -d "$directory" ] || exit 0

# The files of one node are changed by one prolog or epilog at a time.
exec 9>"$directory/.lock"
flock 9

# Every file that names the job, whatever GPUs Slurm says now. A file without a job goes: its GPU is free.
for file in "$directory"/[0-9]*; do
	grep -qsxF "$job" "$file" || continue
	if grep -vxF "$job" "$file" >"$directory/.new.$$"; then
		mv "$directory/.new.$$" "$file"
	else
		rm -f "$directory/.new.$$" "$file"
	fi
done
rm -f "$directory/job.$job"
