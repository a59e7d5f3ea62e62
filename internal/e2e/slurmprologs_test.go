// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// writePrologs puts the scripts of both pages into folders as Slurm reads them, with what is of this test in their environment. It returns
// the folder of the jobs.
func (s *slurm) writePrologs(t *testing.T, health string) (jobs string) {
	t.Helper()
	examples, err := filepath.Abs(root + "/docs/examples")
	require.NoError(t, err)
	jobs = s.dir + "/jobs"
	for name, script := range map[string]string{
		"prolog.d/" + health:      s.dir + "/slurm-prolog",
		"prolog.d/50-gpu-jobs.sh": examples + "/slurm/prolog.sh",
		"epilog.d/50-gpu-jobs.sh": examples + "/slurm/epilog.sh",
	} {
		path := filepath.Join(s.dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\nexport GPU_JOBS_DIRECTORY="+jobs+"\nexec "+script+"\n"), 0o700))
	}
	return jobs
}

// written returns the names of files about jobs.
func written(dir string) string {
	files, _ := filepath.Glob(dir + "/[^.]*")
	for i, file := range files {
		files[i] = filepath.Base(file)
	}
	return strings.Join(files, " ")
}

// Slurm orders the scripts of a folder as its release does: both orders do.
func TestSlurmRunsThePrologsOfHealthAndOfJobsTogether(t *testing.T) {
	for _, health := range []string{"10-gpu-health", "90-gpu-health"} {
		t.Run(health, func(t *testing.T) {
			n := startJudged(t)
			s := startSlurm(t, n.health, "HealthCheckInterval=0", "Prolog=DIR/prolog.d/*", "Epilog=DIR/epilog.d/*", "PrologFlags=Alloc")
			jobs := s.writePrologs(t, health)
			s.waitNode(t, "State=IDLE ")
			output, err := s.run("srun", "--gres=gpu:1", "ls", jobs)
			require.NoError(t, err, output)
			require.Equal(t, "0\njob.1\n", output)
			eventually(t, func() bool { return written(jobs) == "" }, "the job that has ended stays")

			n.send(t, "gpu_lost gpu=3")
			waitVerdict(t, n.health, "", 503, "unfit: ")
			output, err = s.run("sbatch", "--gres=gpu:1", "--wrap", "touch begun")
			require.NoError(t, err, output)
			s.waitNode(t, "+DRAIN", "Reason=GPUs unfit: Simulated GPU nvidia3 is unfit: lost (RESTART_BM)")
			eventually(t, func() bool { return written(jobs) == "" }, "the job that was refused stays")
			require.NoFileExists(t, s.dir+"/begun")
		})
	}
}
