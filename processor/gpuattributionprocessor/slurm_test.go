// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gpuattributionprocessor

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// full makes every write fail, as on a full disk.
const full = "ulimit -f 0; trap '' XFSZ; "

// slurm runs one of the example scripts, which must never fail: Slurm would take the node out of service.
func slurm(t *testing.T, dir, before, script, job, gpus string) (output string) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "docs", "examples", "slurm", script))
	require.NoError(t, err)
	run := exec.CommandContext(t.Context(), "sh", "-c", before+`exec sh "$0"`, path)
	run.Env = append(os.Environ(), "GPU_JOBS_DIRECTORY="+dir, "SLURM_JOB_ID="+job, "SLURM_JOB_GPUS="+gpus)
	out, err := run.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// files are those of a directory that a reader reads.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	out := map[string]string{}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") {
			text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
			require.NoError(t, err)
			out[entry.Name()] = strings.ReplaceAll(string(text), "\n", " ")
		}
	}
	return out
}

func TestPrologAndEpilogWriteDownEachJobsGPUs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "jobs")
	require.Empty(t, slurm(t, dir, "", "prolog.sh", "17", "0-1,3"))
	require.Empty(t, slurm(t, dir, "", "prolog.sh", "17", "0-1,3"))
	require.Empty(t, slurm(t, dir, "", "prolog.sh", "18", "3"))
	require.Empty(t, slurm(t, dir, "", "prolog.sh", "19", ""))
	job := "user= account= partition= "
	require.Equal(t, map[string]string{"0": "17 ", "1": "17 ", "3": "17 18 ", "job.17": job, "job.18": job}, files(t, dir))
	require.Empty(t, slurm(t, dir, "", "epilog.sh", "17", ""))
	require.Equal(t, map[string]string{"3": "18 ", "job.18": job}, files(t, dir))
	require.Empty(t, slurm(t, dir, "", "epilog.sh", "18", "3"))
	require.Empty(t, files(t, dir))
}

// A node that crashed has run no epilog.
func TestPrologForgetsTheJobsOfAnEarlierBoot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "jobs")
	require.Empty(t, slurm(t, dir, "", "prolog.sh", "4711", "0-1"))
	require.Empty(t, slurm(t, dir, "", "prolog.sh", "4712", "0"))
	require.Equal(t, "4711 4712 ", files(t, dir)["0"], "jobs of one boot stay")

	boot := filepath.Join(dir, ".boot")
	require.FileExists(t, boot)
	require.NoError(t, os.WriteFile(boot, []byte("5f1c0c5e-0d0e-4a5b-8e0b-000000000000\n"), 0o600))
	for range 2 {
		require.Empty(t, slurm(t, dir, "", "prolog.sh", "4800", "0"))
	}
	require.Equal(t, map[string]string{"0": "4800 ", "job.4800": "user= account= partition= "}, files(t, dir))
}

// Without it, the jobs of before a crash are held to run until the next one begins.
func TestTmpfilesOfTheExampleRemovesAllJobsAtBoot(t *testing.T) {
	if _, err := exec.LookPath("systemd-tmpfiles"); err != nil {
		t.Skip("systemd-tmpfiles is not installed")
	}
	root, err := filepath.Abs(t.TempDir())
	require.NoError(t, err)
	dir := filepath.Join(root, "var/lib/dcgm-exporter/job-mapping")
	require.Empty(t, slurm(t, dir, "", "prolog.sh", "4711", "0-1"))
	conf, err := filepath.Abs("../../docs/examples/slurm/tmpfiles.conf")
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), "systemd-tmpfiles", "--boot", "--remove", "--root="+root, conf).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, files(t, dir))
}

func TestPrologAndEpilogReportWhatTheyCannotDoAndChangeNothing(t *testing.T) {
	hold := func(dir string) string {
		return `flock "` + dir + `/.lock" sh -c 'sleep 10 >/dev/null 2>&1 & exit 0'; `
	}
	for name, tt := range map[string]struct {
		before           func(dir string) string
		script, job, gpu string
		want             string
	}{
		"prolog on a full disk":         {func(string) string { return full }, "prolog.sh", "19", "0", "cannot be written"},
		"prolog behind a lock":          {hold, "prolog.sh", "19", "0", "another prolog or epilog holds"},
		"prolog without a directory":    {func(dir string) string { return "export GPU_JOBS_DIRECTORY=" + dir + "/0/x; " }, "prolog.sh", "19", "0", "the directory cannot be made"},
		"prolog of a path":              {nil, "prolog.sh", "19", "../x", "is no list of numbers"},
		"prolog of a name":              {nil, "prolog.sh", "19", "gpu0", "is no list of numbers"},
		"prolog of half a range":        {nil, "prolog.sh", "19", "3-", "is no list of numbers"},
		"prolog of a job that is no id": {nil, "prolog.sh", "../19", "0", "SLURM_JOB_ID is no number"},
		"epilog on a full disk":         {func(string) string { return full }, "epilog.sh", "17", "0", "cannot be changed"},
		"epilog behind a lock":          {hold, "epilog.sh", "17", "0", "another prolog or epilog holds"},
		"epilog of a job that is no id": {nil, "epilog.sh", "../17", "0", "SLURM_JOB_ID is no number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "0"), []byte("17\n18\n"), 0o600))
			before := ""
			if tt.before != nil {
				before = tt.before(dir)
			}
			require.Contains(t, slurm(t, dir, before, tt.script, tt.job, tt.gpu), tt.want)
			require.Equal(t, map[string]string{"0": "17 18 "}, files(t, dir))
		})
	}
}
