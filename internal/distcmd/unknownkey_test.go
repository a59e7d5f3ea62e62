// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
)

const contribModule = "github.com/open-telemetry/opentelemetry-collector-contrib/"

func TestUnknownKeysOfOlderModules(t *testing.T) {
	modules := map[string]map[component.Type]string{"receiver": {
		component.MustNewType("chrony"): contribModule + "receiver/chronyreceiver v0.146.0",
		component.MustNewType("redis"):  contribModule + "receiver/redisreceiver v0.152.0",
		component.MustNewType("otlp"):   "go.opentelemetry.io/collector/receiver/otlpreceiver v0.152.1",
		component.MustNewType("dcgm"):   "github.com/tracecoreai/tracecore/receiver/dcgmreceiver v0.1.0",
	}}
	const chrony = `'receivers' error reading configuration for "chrony/a": decoding failed due to the following error(s):` + "\n\n'' has invalid keys: "
	for _, tt := range []struct{ name, text, advice string }{
		{"a key that came later", chrony + "file_mount_path", ` ("file_mount_path" came to the chronyreceiver in 0.151.0, and this build has it at 0.146.0; see ` + compatibility + ")"},
		{"among others", chrony + "endpont, file_mount_path", ` ("file_mount_path" came to the chronyreceiver in 0.151.0, and this build has it at 0.146.0; see ` + compatibility + ")"},
		{"a key that nobody knows", chrony + "endpont", ` (this build has the chronyreceiver at 0.146.0, which lacks what it got until 0.152.0; see ` + compatibility + ")"},
		{"a module of 0.152", strings.Replace(chrony, "chrony", "redis", 1) + "file_mount_path", ""},
		{"a module of the core", strings.Replace(chrony, "chrony", "otlp", 1) + "file_mount_path", ""},
		{"a module of this repository", strings.Replace(chrony, "chrony", "dcgm", 1) + "file_mount_path", ""},
		{"a component that is not known", strings.Replace(chrony, "chrony", "other", 1) + "file_mount_path", ""},
		{"another error", `'receivers' error reading configuration for "chrony": no endpoint`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.text+tt.advice, rewriteUnknownKeys(tt.text, modules))
			other := "\n" + strings.Replace(chrony, "chrony", "redis", 1) + "x\n"
			require.Equal(t, other+tt.text+tt.advice+other, rewriteUnknownKeys(other+tt.text+other, modules), "between other errors")
		})
	}
}

func TestEveryCommandNamesOlderModules(t *testing.T) {
	config := "yaml:" + strings.Replace(good, "receivers: {nop: }", "receivers: {nop: {new_key: 1}}", 1)
	for _, args := range [][]string{{"validate"}, {"print-config"}, nil} {
		_, err := run(NewCommand(moduleSettings(contribModule+"receiver/nopreceiver v0.146.0")), append(args, "--config", config)...)
		require.ErrorContains(t, err, `has invalid keys: new_key (this build has the nopreceiver at 0.146.0`)
	}
}

// Every older module that is carried is on the list with what it lacks, in columns.
func TestOlderModulesAreListed(t *testing.T) {
	modules := map[string]bool{}
	for _, r := range rows(olderModules) {
		require.Len(t, r, 7)
		require.Less(t, r[2], r[3], "%v", r)
		require.LessOrEqual(t, r[3], line, "%v", r)
		modules[r[1]] = true
	}
	require.Greater(t, len(modules), 15)
}

// warner warns of one key and reads it as none.
type warner struct{ logger *zap.Logger }

func (w warner) Convert(_ context.Context, conf *confmap.Conf) error {
	if conf.IsSet("later") {
		w.logger.Warn(`"later" is a later name`)
		conf.Delete("later")
	}
	w.logger.Info("not a warning")
	return nil
}

func TestValidateWarnsOfWhatConvertersWarnOf(t *testing.T) {
	for config, want := range map[string]string{good + "later: 1\n": "warning: \"later\" is a later name\n", good: ""} {
		set := nopSettings()
		set.ConfigProviderSettings.ResolverSettings.ConverterFactories = []confmap.ConverterFactory{
			confmap.NewConverterFactory(func(set confmap.ConverterSettings) confmap.Converter { return warner{set.Logger} }),
		}
		var warned bytes.Buffer
		cmd := NewCommand(set)
		cmd.SetErr(&warned)
		cmd.SetArgs([]string{"validate", "--config", "yaml:" + config})
		require.NoError(t, cmd.Execute())
		require.Equal(t, want, warned.String())
	}
}
