// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/explain"
)

// recorder remembers what a flag was set to, which upstream's value does not give back.
type recorder struct {
	pflag.Value

	set []string
}

// Set implements [pflag.Value].
func (r *recorder) Set(value string) error {
	r.set = append(r.set, value)
	return r.Value.Set(value)
}

// record makes a flag of cmd remember what it is set to.
func record(cmd *cobra.Command, flag string) *recorder {
	f := cmd.Flags().Lookup(flag)
	r := &recorder{Value: f.Value}
	f.Value = r
	return r
}

// sourcesOf returns a function that says, once the flags are parsed, where the configuration
// comes from: from every --config and then every --set, as upstream has it.
func sourcesOf(cmd *cobra.Command, set otelcol.CollectorSettings) func() []explain.URI {
	configs, sets := record(cmd, "config"), record(cmd, "set")
	return func() []explain.URI {
		given := configs.set
		if len(given)+len(sets.set) == 0 {
			given = set.ConfigProviderSettings.ResolverSettings.URIs
		}
		var uris []explain.URI
		for i, uri := range given {
			uris = append(uris, explain.URI{URI: uri, Label: configLabel(uri, i+1)})
		}
		for i, assignment := range sets.set {
			// The text may be a secret, so its number stands for it.
			uris = append(uris, explain.URI{URI: setURI(assignment), Label: fmt.Sprintf("--set #%d", i+1), OneLine: true})
		}
		return uris
	}
}

// configLabel is what a source is called; content may hold secrets, and so may URLs.
func configLabel(uri string, number int) string {
	if strings.HasPrefix(uri, "yaml:") {
		return fmt.Sprintf("--config #%d", number)
	}
	return explain.Label(uri)
}

// setURI is the URI upstream makes of the value of --set.
func setURI(assignment string) string {
	key, value, _ := strings.Cut(assignment, "=")
	return "yaml:" + strings.TrimSpace(strings.ReplaceAll(key, ".", "::")) + ": " + strings.TrimSpace(value)
}
