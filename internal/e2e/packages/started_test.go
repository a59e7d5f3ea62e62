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
	block := regexp.MustCompile("(?s)\n## " + section + "\n.*?```console\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, block, section)
	commands := strings.Split(strings.TrimSpace(string(block[1])), "\n")
	require.LessOrEqual(t, len(commands), 6, section)
	return commands
}

// follow runs commands as a reader does, in a checkout with its packages. There is no host engine but a library that has simulated GPUs, and
// what asks the Collector may have to wait for the first collection.
func (m *machine) follow(t *testing.T, commands []string, before func(command string)) {
	t.Helper()
	for _, command := range commands {
		before(command)
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

	m.follow(t, started(t, "A Linux host"), func(string) {})
	m.run(t, "dpkg", "--purge", node)
	m.follow(t, started(t, "Slurm"), func(command string) {
		if strings.HasPrefix(command, "curl ") { // A job has begun.
			m.run(t, "env", "SLURM_JOB_ID=4711", "SLURM_JOB_GPUS=0", "/etc/slurm/prolog.d/50-gpu-jobs.sh")
		}
	})
}
