// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBadInputOfSupportBundle(t *testing.T) {
	existing := filepath.Join(t.TempDir(), "bundle.tar.gz")
	require.NoError(t, os.WriteFile(existing, nil, 0o600))
	config := "yaml:" + good
	for want, args := range map[string][]string{
		`at least one config flag must be provided`:                                 {},
		`"--timeout": must be positive, got 0s`:                                     {"--config", config, "--timeout=0s"},
		`"--health-endpoint": must be host:port, http://host:port`:                  {"--config", config, "--health-endpoint=x"},
		`"--metrics-endpoint": must be host:port, http://host:port`:                 {"--config", config, "--metrics-endpoint=x"},
		`"--output": must not exist: open ` + existing:                              {"--config", config, "--timeout=1s", "--output", existing},
		`"--output": open ` + filepath.Dir(existing) + `/none/x: no such file or d`: {"--config", config, "--timeout=1s", "--output", filepath.Dir(existing) + "/none/x"},
	} {
		out, err := execute(append([]string{"support-bundle"}, args...)...)
		require.ErrorContains(t, err, want)
		require.Empty(t, out)
	}
}
