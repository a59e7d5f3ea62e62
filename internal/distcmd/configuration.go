// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/explain"
)

// configuration is what the flags of a command name, and the run of that command. The flags of the
// validate command can be those of other commands too.
type configuration struct {
	set     otelcol.CollectorSettings
	memory  *memory
	warned  *converterLog
	sources func() []explain.URI
	run     func(*cobra.Command, []string) error
}

func newConfiguration(cmd *cobra.Command, set otelcol.CollectorSettings, memory *memory, warned *converterLog) *configuration {
	return &configuration{set: set, memory: memory, warned: warned, sources: sourcesOf(cmd, set), run: cmd.RunE}
}

// explain returns what is wrong with the configuration, if anything, and its explanation,
// unless there is no configuration at all.
func (c *configuration) explain(cmd *cobra.Command, args []string) (explanation *explain.Explanation, invalid error) {
	c.memory.start()
	invalid = c.run(cmd, args)
	explanation = c.explanation(cmd)
	if explanation == nil {
		return nil, invalid
	}
	return explanation, explanation.HideError(invalid)
}

// explanation is nil where there is no configuration at all.
func (c *configuration) explanation(cmd *cobra.Command) *explain.Explanation {
	uris := c.sources()
	if len(uris) == 0 {
		return nil
	}
	return explain.Explain(cmd.Context(), c.set, uris)
}

// check returns what is wrong with the configuration, without its secrets: errors quote values.
func (c *configuration) check(cmd *cobra.Command, args []string) error {
	c.memory.start()
	invalid := c.run(cmd, args)
	return c.hide(cmd, invalid)
}

// hide returns err without the secrets of the configuration.
func (c *configuration) hide(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	if explanation := c.explanation(cmd); explanation != nil {
		return explanation.HideError(err)
	}
	return err
}
