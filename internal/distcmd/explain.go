// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/explain"
)

// addExplain gives the validate command the flag --explain.
func addExplain(cmd *cobra.Command, config *configuration) {
	formats := strings.Join(explain.Formats, " or ")
	on := cmd.Flags().Bool("explain", false, "Print every setting with its value, secrets redacted, and where it comes from")
	format := cmd.Flags().String("format", "yaml", "Format of --explain: "+formats)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case !slices.Contains(explain.Formats, *format):
			return fmt.Errorf(`"--format": must be %s, got %q`, formats, *format)
		case !*on && cmd.Flags().Changed("format"):
			return errors.New(`"--format": needs "--explain"`)
		case !*on:
			return config.validateAndWarn(cmd, args)
		}
		explanation, invalid := config.explain(cmd, args)
		if explanation == nil {
			return invalid
		}
		text, err := explanation.Format(*format)
		if err == nil {
			_, err = cmd.OutOrStdout().Write(text)
		}
		return errors.Join(invalid, err)
	}
}
