// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// started returns the commands of a section of docs/getting-started.md.
func started(t *testing.T, section string) []string {
	t.Helper()
	page, err := os.ReadFile(repository + "/docs/getting-started.md")
	require.NoError(t, err)
	text := regexp.MustCompile("(?s)\n## " + section + "\n(.*?)\n## ").FindSubmatch(page)
	require.NotNil(t, text, section)
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)\n```").FindAllSubmatch(text[1], -1) {
		commands = append(commands, strings.Split(string(block[1]), "\n")...)
	}
	require.NotEmpty(t, commands, section)
	require.LessOrEqual(t, len(commands), 6, section)
	return commands
}

// follow runs commands as a reader does, in a checkout with its packages. There is no host engine but a library that has simulated GPUs, and
// what asks the Collector may have to wait for the first collection.
func (m *machine) follow(t *testing.T, commands []string) {
	t.Helper()
	for _, command := range commands {
		if !strings.HasPrefix(command, "curl ") {
			m.run(t, "sh", "-c", command)
			continue
		}
		require.Eventually(t, func() bool {
			out, err := exec.Command("nsenter", "--target", m.init, "--net", "sh", "-c", command).Output() //nolint:gosec // It is the page's.
			return err == nil && len(out) > 0
		}, 2*patience, interval, command)
	}
}

func TestGettingStartedOnAHostAndWithSlurm(t *testing.T) {
	deb := pack(t, node, "deb")
	t.Parallel()
	m := boot(t)
	output(t, "mkdir", m.root+"/dist", m.root+"/docs")
	output(t, "cp", deb, m.root+"/dist/")
	output(t, "cp", "-r", repository+"/docs/examples", m.root+"/docs/")
	output(t, "cp", repository+"/bin/sim/libdcgm.so.4", m.root+"/usr/lib/")
	output(t, "cp", "-r", repository+"/internal/dcgmsim/scenarios", repository+"/internal/dcgmsim/models", m.root+"/usr/share/")
	output(t, "mkdir", m.root+"/etc/systemd/system/"+node+".service.d")
	m.write(t, "/etc/systemd/system/"+node+".service.d/gpus.conf", "[Service]\nEnvironment=DCGMSIM_SCENARIO=/usr/share/scenarios/h100x8.scenario\n")
	m.write(t, "/etc/systemd/system/nvidia-dcgm.service", "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n")

	m.follow(t, started(t, "A Linux host"))
	m.run(t, "dpkg", "--purge", node)
	commands := started(t, "Slurm")
	last := len(commands) - 1
	m.follow(t, commands[:last])
	// A job has begun, and runs what srun is given.
	m.run(t, "env", "SLURM_JOB_ID=4711", "SLURM_JOB_GPUS=0", "/etc/slurm/prolog.d/50-gpu-jobs.sh")
	job := regexp.MustCompile(`^srun --gpus=1 sh -c 'sleep \d+; (curl .*)'$`).FindStringSubmatch(commands[last])
	require.NotNil(t, job, commands[last])
	m.follow(t, job[1:])
	m.run(t, "systemd-tmpfiles", "--boot", "--remove", "/etc/tmpfiles.d/gpu-jobs.conf")
	require.NoFileExists(t, m.root+"/var/lib/dcgm-exporter/job-mapping/0")
}
