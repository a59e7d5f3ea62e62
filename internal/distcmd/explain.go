// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/explain"
)

// addExplain gives the validate command the flag --explain.
func addExplain(cmd *cobra.Command, set otelcol.CollectorSettings, memory *memory) {
	on := cmd.Flags().Bool("explain", false, "Print every setting with its value, secrets redacted, and where it comes from")
	format := cmd.Flags().String("format", "yaml", "Format of --explain: "+strings.Join(explain.Formats, " or "))
	sources := sourcesOf(cmd, set)
	validate := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case !slices.Contains(explain.Formats, *format):
			return fmt.Errorf(`"--format": must be %s, got %q`, strings.Join(explain.Formats, " or "), *format)
		case !*on && cmd.Flags().Changed("format"):
			return errors.New(`"--format": needs "--explain"`)
		case !*on:
			return validate(cmd, args)
		}
		memory.start()
		invalid := validate(cmd, args)
		uris := sources()
		if len(uris) == 0 {
			return invalid
		}
		explanation := explain.Explain(cmd.Context(), set, uris)
		text, err := explanation.Format(*format)
		if err == nil {
			_, err = cmd.OutOrStdout().Write(text)
		}
		return errors.Join(explanation.HideError(invalid), err)
	}
}
