// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	curlCommand = regexp.MustCompile(`(?m)^curl .*\blocalhost:(\d+).*$`)
	metricsGrep = regexp.MustCompile(`(?m)^curl -s localhost:13134/metrics \| grep (?:-E )?'?([^'\n]+)'?$`)
)

// absentWhileWell are what nobody has to show of while nothing is wrong.
var absentWhileWell = []string{"init_errors"}

// Commands of the runbook ask ports that the shipped examples serve, and find there what they look for.
func TestRunbookCommandsAreAnsweredByTheExamples(t *testing.T) {
	runbook, err := os.ReadFile(root + "/docs/runbook.md")
	require.NoError(t, err)
	for _, command := range curlCommand.FindAllStringSubmatch(string(runbook), -1) {
		require.Contains(t, []string{"13134", "9464"}, command[1], command[0])
	}
	wanted := map[string]bool{}
	for _, m := range metricsGrep.FindAllStringSubmatch(string(runbook), -1) {
		wanted[m[1]] = !slices.Contains(absentWhileWell, m[1])
	}
	require.Greater(t, len(wanted), 4)
	var answering []*trial
	for _, name := range []string{"agent-single-node.yaml", "agent-slurm.yaml"} {
		env, settings := more(t, name)
		answering = append(answering, try(t, readHead(t, examplesFolder+name), env, settings...))
	}
	for pattern, must := range wanted {
		found := func() bool {
			return slices.ContainsFunc(answering, func(x *trial) bool {
				_, body := get(x.health, "/metrics")
				return regexp.MustCompile(pattern).MatchString(body)
			})
		}
		if must {
			eventually(t, found, "no example has %s", pattern)
		}
	}
	for _, x := range answering {
		x.stop(t)
	}
}
