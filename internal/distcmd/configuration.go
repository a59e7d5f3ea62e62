// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/explain"
)

// configuration is what the flags of the validate command name. Its flags can be those of
// other commands too.
type configuration struct {
	set      otelcol.CollectorSettings
	memory   *memory
	sources  func() []explain.URI
	validate func(*cobra.Command, []string) error
}

func newConfiguration(validate *cobra.Command, set otelcol.CollectorSettings, memory *memory) *configuration {
	return &configuration{set: set, memory: memory, sources: sourcesOf(validate, set), validate: validate.RunE}
}

// explain returns what is wrong with the configuration, if anything, and its explanation,
// unless there is no configuration at all.
func (c *configuration) explain(cmd *cobra.Command, args []string) (explanation *explain.Explanation, invalid error) {
	c.memory.start()
	invalid = c.validate(cmd, args)
	uris := c.sources()
	if len(uris) == 0 {
		return nil, invalid
	}
	explanation = explain.Explain(cmd.Context(), c.set, uris)
	return explanation, explanation.HideError(invalid)
}
