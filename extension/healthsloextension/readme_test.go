// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func TestExamplesOfTheReadmeAreValid(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	examples := 0
	for _, match := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(match[1]))
		require.NoError(t, err, match[1])
		conf, err := retrieved.AsConf()
		if err != nil || !conf.IsSet("extensions::health_slo") {
			continue // It is of Kubernetes, Prometheus or the builder.
		}
		examples++
		ours, err := conf.Sub("extensions::health_slo")
		require.NoError(t, err, match[1])
		cfg := createDefaultConfig()
		require.NoError(t, ours.Unmarshal(cfg), match[1])
		require.NoError(t, confmap.Validate(cfg), match[1])
	}
	require.Equal(t, strings.Count(string(readme), "\n  health_slo:\n"), examples)
	require.NotZero(t, examples)
}
